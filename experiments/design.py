"""Designs of experiments: which points of parameter space a sweep visits. Points are data."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import points as csv
from experiments import sampling
from experiments.errors import ExperimentError
from experiments.ranges import KEYS, Range, check_keys, declaration, distinct, held, plain
from model.parameters import Scenario, ScenarioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHOWN = 100
"""Characters of a point that an error shows, at most."""


@dataclass(frozen=True)
class Design:
    """Points of parameter space: one mapping `name -> value` each, all over the same names (`axes`).

    Points keep their order and may repeat, as those of a sample do; a sweep runs equal points once. `provenance` says
    how a sample was drawn, in what JSON can hold: design, count, seed, ranges. Designs are equal if their points are.

    A sample (`random`, `latin_hypercube`, `sobol`, `saltelli`, `morris`) takes names, to vary over the ranges that are
    declared as studied, and ranges by name: (low, high), a list of the only values wanted, or a mapping with any of
    low, high and scale. Numbers are spread evenly on their scale, linear or log; whole numbers and options have equal
    shares. The same seed gives the same points.
    """

    axes: tuple[str, ...]
    points: tuple[Mapping[str, Any], ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Raise ExperimentError if there is no point, or if one is not over the axes."""
        if not self.points:
            raise ExperimentError("a design has no points; give at least one")
        for row, point in enumerate(self.points, start=1):
            if point.keys() != set(self.axes):
                raise ExperimentError(f"point {row} ({_shown(point)}) is not over the axes {', '.join(self.axes)}")

    @classmethod
    def grid(cls, **values: Iterable[Any] | Mapping[str, Any]) -> Design:
        """Return every combination of the values of each parameter; the last parameter changes fastest.

        Values are a list, or a mapping with any of low, high, points (9) and scale, which spaces them evenly.
        Raises ScenarioError for an unknown name, ExperimentError for values that are no list, are none, or repeat.
        """
        lists = {name: _values(name, given) for name, given in values.items()}
        points = tuple(dict(zip(lists, point, strict=True)) for point in itertools.product(*lists.values()))
        return cls(tuple(lists), points)

    @classmethod
    def one_at_a_time(cls, scenario: Scenario, **values: Iterable[Any] | Mapping[str, Any]) -> Design:
        """Return the point where the scenario is, then every value of each parameter with the others left there.

        Values are given, and refused, as for `grid`. The scenario's own are there once.
        """
        lists = {name: _values(name, given) for name, given in values.items()}
        base = {name: getattr(scenario, name) for name in lists}
        alone = ({**base, name: value} for name, found in lists.items() for value in found if value != base[name])
        return cls(tuple(lists), (base, *alone))

    @classmethod
    def listed(cls, points: Iterable[Mapping[str, Any]]) -> Design:
        """Return the design of points given one by one, as mappings over the same names.

        Raises ScenarioError for an unknown name, ExperimentError if there are none, if they differ in their names, or
        if two are equal.
        """
        rows = list(points)
        axes = _common_axes(rows)
        design = cls._of_columns({name: held(name, [row[name] for row in rows]) for name in axes})
        places: dict[tuple[Any, ...], int] = {}
        for row, point in enumerate(design.points, start=1):
            if (first := places.setdefault(tuple(point.values()), row)) != row:
                raise ExperimentError(f"points {first} and {row} are equal ({_shown(point)}); give every point once")
        return design

    @classmethod
    def from_csv(cls, path: str | Path) -> Design:
        """Return the points in a CSV file: a header of parameters, a point per row.

        Raises ExperimentError naming file, row and column if it is unreadable or empty, or a cell is of the wrong type.
        """
        return cls._of_columns(csv.read(Path(path)))

    @property
    def is_grid(self) -> bool:
        """Whether there is a point for every combination of the values of each axis."""
        lengths = (len({point[name] for point in self.points}) for name in self.axes)
        return math.prod(lengths) == len({tuple(map(point.get, self.axes)) for point in self.points})

    def to_csv(self, path: str | Path) -> None:
        """Write the points to a CSV file; `from_csv` returns exactly the same. Raises ExperimentError if it cannot."""
        csv.write(Path(path), self.axes, self.points)

    @classmethod
    def random(cls, count: int, *names: str, seed: int = 0, **ranges: Any) -> Design:
        """Return `count` points drawn independently."""
        return cls._sample("random", count, names, seed, ranges)

    @classmethod
    def latin_hypercube(cls, count: int, *names: str, seed: int = 0, **ranges: Any) -> Design:
        """Return `count` points, one in each of `count` equal slices of every range (McKay, Beckman, Conover 1979)."""
        return cls._sample("latin_hypercube", count, names, seed, ranges)

    @classmethod
    def sobol(cls, count: int, *names: str, seed: int = 0, **ranges: Any) -> Design:
        """Return the first `count` points, a power of two, of a scrambled Sobol sequence, which fills space evenly."""
        return cls._sample("sobol", count, names, seed, ranges)

    @classmethod
    def saltelli(cls, count: int, *names: str, seed: int = 0, **ranges: Any) -> Design:
        """Return count x (D + 2) points for Sobol's indices of D parameters, first-order and total (Saltelli 2010).

        `count` is a power of two. `SALib.analyze.sobol.analyze(problem, outcomes, calc_second_order=False)` takes the
        outcomes in the order of the points, with problem = `sampling.problem(**design.provenance["ranges"])`.
        """
        return cls._sample("saltelli", count, names, seed, ranges)

    @classmethod
    def morris(cls, count: int, *names: str, seed: int = 0, **ranges: Any) -> Design:
        """Return `count` trajectories of D + 1 points for the elementary effects of D parameters (Morris 1991).

        `SALib.analyze.morris.analyze(problem, design.places(), outcomes)` takes the outcomes in the order of the
        points, with problem = `sampling.problem(**design.provenance["ranges"])`.
        """
        return cls._sample("morris", count, names, seed, ranges)

    def places(self, **ranges: Any) -> NDArray[np.float64]:
        """Return where the points lie in the unit cube, shape (points, axes): each in its range, in order of scale.

        Ranges are the sample's own; of other designs the studied ones, unless given. Raises ExperimentError for a
        point outside them.
        """
        import numpy as np

        given = {**self.provenance.get("ranges", {}), **ranges}
        found = [Range.of(name, given.get(name)) for name in self.axes]
        return np.array([[one.place(point[one.name]) for one in found] for point in self.points])

    def scenarios(self, base: Scenario) -> Iterator[Scenario]:
        """Yield the scenario of each point. Raises ScenarioError, naming the point, at the first that cannot be."""
        for row, point in enumerate(self.points, start=1):
            try:
                scenario = base.replace(**point)
            except ScenarioError as error:
                raise ScenarioError(f"point {row} ({_shown(point)}): {error}") from None
            yield scenario

    @classmethod
    def _sample(cls, kind: str, count: int, names: tuple[str, ...], seed: int, given: dict[str, Any]) -> Design:
        ranges = sampling.ranges(names, given)
        sample = sampling.draw(kind, count, len(ranges), seed)
        columns = {
            one.name: [one.value(place) for place in places.tolist()]
            for one, places in zip(ranges, sample.T, strict=True)
        }
        stated = {one.name: one.stated for one in ranges}
        return cls._of_columns(columns, {"design": kind, "count": count, "seed": seed, "ranges": stated})

    @classmethod
    def _of_columns(cls, columns: Mapping[str, list[Any]], provenance: Mapping[str, Any] | None = None) -> Design:
        points = (dict(zip(columns, point, strict=True)) for point in zip(*columns.values(), strict=True))
        return cls(tuple(columns), tuple(points), provenance or {})


def _values(name: str, given: Any) -> list[Any]:
    declaration(name)
    given = plain(given)
    if isinstance(given, Mapping):
        check_keys(name, given, (*KEYS, "points"))
        bounds = {key: given[key] for key in KEYS if key in given}
        counts = {"points": given["points"]} if "points" in given else {}
        return Range.of(name, bounds).spaced(**counts)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ExperimentError(f"{name} = {given!r}: give a list of values to vary it, such as [{given!r}]")
    return distinct(name, given)


def _common_axes(rows: list[Mapping[str, Any]]) -> tuple[str, ...]:
    if not rows:
        raise ExperimentError("there are no points; give at least one")
    for row, point in enumerate(rows, start=1):
        if not isinstance(point, Mapping) or not point:
            raise ExperimentError(f"point {row} is {point!r}; give a table of name = value")
        different = sorted(point.keys() ^ rows[0].keys())
        for name in point if row == 1 or different else ():
            declaration(name)
        if different:
            without, having = (row, 1) if different[0] in rows[0] else (1, row)
            raise ExperimentError(
                f"point {without} has no {different[0]}, but point {having} has; give both the same parameters"
            )
    return tuple(rows[0])


def _shown(point: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name} = {value!r}" for name, value in point.items())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
