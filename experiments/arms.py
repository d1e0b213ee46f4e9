"""Arms: named variants of a scenario that a question compares side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.ranges import declaration, held
from model.parameters import Scenario

Arms = Mapping[str, Mapping[str, Any]]
"""Name of an arm to its point: what any arm sets, and what is varied, where the arm is at home."""


def arms_of(given: Sequence[Any], vary: Mapping[str, Any], scenario: Scenario) -> tuple[Arms, Design]:
    """Return the arms of a question, and the points of its design: each arm at home, then along each varied parameter.

    What an arm does not set is the scenario's, as are, at home, the parameters that vary. Raises ExperimentError for
    fewer than two arms, one without a name or with that of another, arms that do not differ, and a parameter under
    `[vary]` that an arm sets or that is no number; ScenarioError for an unknown parameter.
    """
    settings = _settings(given)
    for name in vary:
        if any(name in changes for changes in settings.values()):
            raise ExperimentError(f"{name} stands under [[arms]] and under [vary]; keep one of them")
        if "low" not in declaration(name):
            raise ExperimentError(f"{name} is no number; arms are compared along numbers, so make it an arm")
    axes = dict.fromkeys(name for changes in settings.values() for name in changes)
    arms = {
        arm: {name: changes.get(name, getattr(scenario, name)) for name in axes} for arm, changes in settings.items()
    }
    _check_different(arms)
    home = {name: getattr(scenario, name) for name in vary}
    along = Design.one_at_a_time(scenario, **vary).points if vary else ({},)
    points = [{**changes, **place} for changes in arms.values() for place in along]
    return {arm: {**changes, **home} for arm, changes in arms.items()}, Design.listed(points)


def _settings(given: Sequence[Any]) -> dict[str, dict[str, Any]]:
    if len(given) < 2:
        raise ExperimentError(f"{len(given)} arm: give at least two [[arms]] to compare")
    settings: dict[str, dict[str, Any]] = {}
    for row, arm in enumerate(given, start=1):
        name = arm.get("name") if isinstance(arm, Mapping) else None
        if not isinstance(name, str) or not name:
            raise ExperimentError(f'arm {row} has no name; write name = "..." under [[arms]]')
        if name in settings:
            raise ExperimentError(f"two arms are called {name!r}; give every arm a name of its own")
        settings[name] = {key: _value(key, value) for key, value in arm.items() if key != "name"}
    return settings


def _value(name: str, value: Any) -> Any:
    declaration(name)
    return held(name, [value])[0]


def _check_different(arms: Arms) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for arm, changes in arms.items():
        if (same := seen.setdefault(tuple(changes.values()), arm)) != arm:
            raise ExperimentError(f"arms {same!r} and {arm!r} differ in nothing; change a parameter of one")
