"""Ranges: how far a parameter varies in a design, and on which scale. What is not given comes from its declaration."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.errors import ExperimentError, suggestion
from model.parameters import Scenario, check_names
from model.parameters.declaration import facts

SCALES = ("linear", "log")
KEYS = ("low", "high", "scale")
SIGNIFICANT_DIGITS = 6
"""Values inside a range are rounded, so that a point can be read in a table and typed again exactly."""

POINTS = 9
"""Values of a range in a grid that does not say how many."""


@dataclass(frozen=True)
class Range:
    """How one parameter varies: between two bounds, evenly on a linear or log scale, or over a list of options.

    A `whole` range holds whole numbers. Options are numbered from `low` = 0 to `high`, and are whole.
    Raises ExperimentError if the bounds are no numbers, have nothing between them, or do not suit the scale.
    """

    name: str
    low: float
    high: float
    scale: str = "linear"
    whole: bool = False
    options: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        """Check scale and bounds."""
        if self.scale not in SCALES:
            hint = suggestion(self.scale, SCALES)
            raise ExperimentError(f"{self.name}: scale = {self.scale!r}: allowed are {', '.join(SCALES)}{hint}")
        for key in ("low", "high"):
            _check_number(self.name, key, getattr(self, key), self.whole)
        if self.scale == "log" and self.low <= 0:
            raise ExperimentError(
                f"{self.name}: low = {self.low:g}: a log scale starts above zero; give a higher low or scale = 'linear'"
            )
        if not self._rounded(self.low) < self._rounded(self.high):
            raise ExperimentError(
                f"{self.name}: low = {self.low:g} is not below high = {self.high:g} in {SIGNIFICANT_DIGITS} digits; "
                "give a lower low or a higher high"
            )

    @classmethod
    def of(cls, name: str, given: Any = None) -> Range:
        """Return the range of a parameter: over what its declaration says is studied, unless `given` says otherwise.

        `given` is (low, high), anywhere in what is allowed; a list of the only values wanted; or a mapping with any of
        low, high and scale. Raises ScenarioError for an unknown parameter, ExperimentError for one that cannot vary and
        for bounds that are not allowed.
        """
        declared = declaration(name)
        if isinstance(given, tuple) and len(given) == 2 and "low" in declared:
            given = {"low": given[0], "high": given[1]}
        if given is None or isinstance(given, Mapping):
            return cls._declared(name, given or {}, declared)
        if isinstance(given, str | tuple) or not isinstance(given, Iterable):
            wanted = "(low, high) or a list of values" if "low" in declared else "a list of values"
            raise ExperimentError(f"{name} = {given!r}: give {wanted} to vary it")
        return cls._over(name, distinct(name, given))

    @classmethod
    def _over(cls, name: str, options: list[Any]) -> Range:
        if len(options) < 2:
            raise ExperimentError(f"{name} = {options!r}: give at least two values, or set it in the scenario")
        return cls(name, 0, len(options) - 1, whole=True, options=tuple(options))

    @classmethod
    def _declared(cls, name: str, given: Mapping[str, Any], declared: Mapping[str, Any]) -> Range:
        check_keys(name, given, KEYS)
        if "low" not in declared:
            if given:
                raise ExperimentError(f"{name} is no number; list its values")
            return cls._over(name, list(declared.get("options", (False, True))))
        studied = dict(zip(KEYS, (*declared["studied"], declared["scale"]), strict=True))
        low, high, scale = (plain(given.get(key, studied[key])) for key in KEYS)
        found = cls(name, low, high, scale, whole=is_whole(name))
        for key, bound in (("low", low), ("high", high)):
            if not declared["low"] <= bound <= declared["high"]:
                allowed = f"give a number from {declared['low']:g} to {declared['high']:g} ({declared['unit']})"
                raise ExperimentError(f"{name}: {key} = {bound:g}: {allowed}")
        return found

    @property
    def stated(self) -> Any:
        """What `Range.of` makes this range of, as JSON can hold it."""
        return list(self.options) if self.options else {key: getattr(self, key) for key in KEYS}

    def value(self, place: float) -> Any:
        """Return the value at a place in the unit interval, along which the scale runs evenly.

        Options have equal shares of the unit interval; a whole number k has what lies from k to k + 1 on the scale.
        """
        if self.whole:
            number = min(math.floor(self._number(place, self.high + 1)), int(self.high))
            return self.options[number] if self.options else number
        return self._rounded(self._number(place, self.high))

    def place(self, value: Any) -> float:
        """Return the place of a value in the unit interval, in the middle of its share if it has one.

        Raises ExperimentError if the value lies outside the range.
        """
        inside = value in self.options if self.options else self.low <= value <= self.high
        if not inside:
            allowed = f"one of {list(self.options)}" if self.options else f"from {self.low:g} to {self.high:g}"
            raise ExperimentError(f"{self.name} = {value!r} lies outside its range; values are {allowed}")
        number = self.options.index(value) if self.options else value
        number, top = (number + 0.5, self.high + 1) if self.whole else (number, self.high)
        if self.scale == "log":
            return (math.log(number) - math.log(self.low)) / (math.log(top) - math.log(self.low))
        return float((number - self.low) / (top - self.low))

    def spaced(self, points: int = POINTS) -> list[Any]:
        """Return `points` values from low to high, evenly spaced on the scale, or every option.

        Whole numbers are rounded and none is given twice. Raises ExperimentError if the count is below two.
        """
        if isinstance(points, bool) or not isinstance(points, int):
            raise ExperimentError(f"{self.name}: points = {points!r}: give a whole number")
        if points < 2:
            raise ExperimentError(f"{self.name}: points = {points}: give at least 2")
        if self.options:
            return list(self.options)
        numbers = [self._number(step / (points - 1), self.high) for step in range(points)]
        return sorted({round(number) if self.whole else self._rounded(number) for number in numbers})

    def _number(self, place: float, top: float) -> float:
        if self.scale == "log":
            return self.low * math.exp(place * (math.log(top) - math.log(self.low)))
        return self.low + place * (top - self.low)

    def _rounded(self, number: float) -> float:
        if self.whole:
            return number
        return float(min(max(float(f"{number:.{SIGNIFICANT_DIGITS}g}"), self.low), self.high))


def declaration(name: str) -> dict[str, Any]:
    """Return unit, source, scale, and bounds and studied range, or options, of a parameter that can vary.

    Raises ScenarioError for an unknown name, ExperimentError for what belongs to a scenario but is no parameter.
    """
    check_names([name])
    declared = facts(Scenario.model_fields[name])
    if not declared:
        raise ExperimentError(f"{name} cannot be varied; set it in the scenario and vary parameters that have a unit")
    return declared


def is_whole(name: str) -> bool:
    """Say whether a parameter takes whole numbers only."""
    return Scenario.model_fields[name].annotation is int


def held(name: str, given: Iterable[Any]) -> list[Any]:
    """Return values as their parameter holds them: numpy's as Python's, 1 as 1.0 if it is a float, 1.0 as 1 if whole.

    Whether each is allowed is for the scenario to say. Raises ExperimentError for a list where one value belongs.
    """
    kind = Scenario.model_fields[name].annotation
    found = [plain(value) for value in given]
    for place, value in enumerate(found):
        if not isinstance(value, bool | int | float | str):
            raise ExperimentError(f"{name} = {value!r}: give one value")
        if kind is float and type(value) is int or kind is int and type(value) is float and value.is_integer():
            found[place] = kind(value)
    return found


def distinct(name: str, given: Iterable[Any]) -> list[Any]:
    """Return values as their parameter holds them. Raises ExperimentError if there are none, or one twice."""
    found = held(name, given)
    if not found:
        raise ExperimentError(f"{name} = []: give at least one value")
    for value, count in Counter(found).items():
        if count > 1:
            raise ExperimentError(f"{name} has {value!r} twice; give every value once")
    return found


def plain(value: Any) -> Any:
    """Return a numpy scalar as Python's, and anything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def check_keys(name: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Raise ExperimentError if a table for a parameter has a key that is not known."""
    for key in given:
        if key not in known:
            allowed = f"allowed are {', '.join(known)}"
            raise ExperimentError(f"{name} has an unknown key {key!r}{suggestion(key, known)}; {allowed}")


def _check_number(name: str, key: str, bound: Any, whole: bool) -> None:
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not math.isfinite(bound):
        raise ExperimentError(f"{name}: {key} = {bound!r}: give a number")
    if whole and bound != int(bound):
        raise ExperimentError(f"{name}: {key} = {bound:g}: give a whole number")
