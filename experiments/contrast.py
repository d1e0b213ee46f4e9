"""One design against another, in plain words: the axes on which they differ, then every value that does."""

from __future__ import annotations

from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple

from experiments.axes import AXES
from experiments.errors import ExperimentError
from experiments.explain import STAKES, Entry, is_assumption, listed, measured, scenario_of, summary
from model.parameters import GROUPS, Scenario, parameter_names
from model.parameters.idle import without_effect

NAME = 28
COLUMN = 44


class Side(NamedTuple):
    """A design to be set beside another."""

    scenario: Scenario
    listed: dict[str, Entry]


def contrast(a: str, b: str) -> str:
    """Return how design `a` differs from `b`, side by side: the axes, then all other values, with confidence.

    Raises ScenarioError for a design that is not there, ExperimentError for one against itself or its equal.
    """
    if a == b:
        raise ExperimentError(f"{a} against itself: name another design")
    sides = [Side(scenario_of(name), listed(name)) for name in (a, b)]
    every = (*parameter_names(), STAKES)
    apart = [name for name in every if len({getattr(side.scenario, name) for side in sides}) > 1]
    if not apart:
        raise ExperimentError(f"{a} and {b} differ in nothing; name another design")
    axes = [axis for axis in AXES if axis in apart]
    alike = [f"{axis} {getattr(sides[0].scenario, axis)}" for axis in AXES if axis not in apart]
    lines = [_row("", *(side.scenario.name for side in sides)), *_cells("", summary(a), summary(b))]
    lines += ["", f"Axes on which they differ: {len(axes)} of {len(AXES)}"]
    for axis in axes:
        lines += _axis(axis, *(getattr(side.scenario, axis) for side in sides))
    lines += [f"  alike: {', '.join(alike)}"] if alike else []
    for group in GROUPS:
        names = [name for name in group.model_fields if name in apart and name not in AXES]
        if names:
            lines += ["", group.__name__]
            lines += [_row(f"  {name}", *(_told(side, name) for side in sides)) for name in names]
    if STAKES in apart:
        lines += ["", "Stakes", *_stakes(*sides)]
    return "\n".join([*lines, "", f"`rangefinder explain {a}` and `explain {b}` have the sources."])


def _axis(axis: str, *options: str) -> list[str]:
    return [_row(f"  {axis}", *options), *_cells("", *(AXES[axis].options[option] for option in options))]


def _stakes(*sides: Side) -> list[str]:
    words = [_told(side, STAKES) for side in sides]
    if len(set(words)) == 1:
        words[-1] += ", but not the same row by row"
    return _cells(f"  {STAKES}", *words)


def _told(side: Side, parameter: str) -> str:
    value, entry = measured(parameter, getattr(side.scenario, parameter)), side.listed.get(parameter)
    known = "default"
    if entry is not None:
        known = "assumption" if is_assumption(entry.source) else entry.confidence
    notes = [known] if known else []
    if without_effect(side.scenario, parameter):
        notes.append("no effect here")
    return f"{value} ({', '.join(notes)})" if notes else value


def _cells(name: str, *texts: str) -> list[str]:
    """Return a row whose texts run over as many lines as they need."""
    rows = zip_longest(*(wrap(text, COLUMN - 2) for text in texts), fillvalue="")
    return [_row("" if line else name, *row) for line, row in enumerate(rows)]


def _row(name: str, *cells: str) -> str:
    return f"{name:<{NAME}} {' '.join(f'{cell:<{COLUMN}}' for cell in cells)}".rstrip()
