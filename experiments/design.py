"""Designs: which points of parameter space a sweep visits. Points are data."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from model.parameters import Scenario, check_names

SCALES = ("linear", "log")
SIGNIFICANT_DIGITS = 6
"""Spaced values are rounded, so that a point can be read in a table and typed again exactly."""


class ExperimentError(ValueError):
    """A question that cannot be asked: says what is wrong, what is allowed and what to do, in one line."""


@dataclass(frozen=True)
class Design:
    """Points of parameter space: one mapping `name -> value` each, all over the same names (`axes`)."""

    axes: tuple[str, ...]
    points: tuple[Mapping[str, Any], ...]

    @classmethod
    def grid(cls, **values: Iterable[Any]) -> Design:
        """Return every combination of the values given per parameter; the last parameter changes fastest.

        Raises ScenarioError for an unknown name, ExperimentError for an axis that is no list, is empty or has repeats.
        """
        check_names(values)
        lists = {name: _axis(name, given) for name, given in values.items()}
        points = tuple(dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values()))
        return cls(tuple(lists), points)

    def scenarios(self, base: Scenario) -> list[Scenario]:
        """Return the scenario of each point, all validated. Raises ScenarioError for the first that cannot be."""
        return [base.replace(**point) for point in self.points]


def _axis(name: str, given: Iterable[Any]) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ExperimentError(f"{name} = {given!r}: give a list of values to vary it, such as [{given!r}]")
    values = given.tolist() if hasattr(given, "tolist") else list(given)
    if not values:
        raise ExperimentError(f"{name} = []: give at least one value")
    repeated = [value for place, value in enumerate(values) if value in values[:place]]
    if repeated:
        raise ExperimentError(f"{name} has {repeated[0]!r} twice; give every value once")
    return values


def spaced(low: float, high: float, points: int, scale: str = "linear") -> list[float]:
    """Return `points` values from `low` to `high`, evenly spaced on a linear or log scale, to six significant digits.

    Raises ExperimentError if the range is empty, the count is below two, or a log scale would start at or below zero.
    """
    if scale not in SCALES:
        raise ExperimentError(f"scale = {scale!r}: allowed are {', '.join(SCALES)}{suggestion(scale, SCALES)}")
    if points < 2:
        raise ExperimentError(f"points = {points}: give at least 2")
    if not low < high:
        raise ExperimentError(f"low = {low:g} is not below high = {high:g}; swap or widen them")
    if scale == "log" and low <= 0:
        raise ExperimentError(f"low = {low:g}: a log scale starts above zero; raise it or use scale = 'linear'")
    steps = [step / (points - 1) for step in range(points)]
    if scale == "log":
        return [_rounded(low * math.exp(step * math.log(high / low))) for step in steps]
    return [_rounded(low + step * (high - low)) for step in steps]


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def suggestion(name: Any, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' for the nearest known name, or nothing if none is near."""
    match = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
