"""The plan of a sweep: which runs there are, and the key that names each by all that decides its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.design import Design

if TYPE_CHECKING:
    from model.parameters import Scenario

KEY_BYTES = 12
"""96 bits: among a hundred million runs two share a key with a chance of one in ten trillion."""

NO_PARAMETER = ("name",)
"""Fields of a scenario that change no result, so two scenarios that differ in them alone share their runs."""


class Task(NamedTuple):
    """One run of a plan: its key, the place of its point in the design, its replicate and seed."""

    key: str
    point: int
    replicate: int
    seed: int


@dataclass(frozen=True)
class Plan:
    """What is run: every point of a design around a scenario, under seeds that depend on the replicate alone.

    `metrics` are those that are kept, in this order; `series` says whether every record is kept as well.
    """

    scenario: Scenario
    design: Design
    seed: int
    epochs: int
    record_every: int
    metrics: tuple[str, ...]
    series: bool = False

    def tasks(self, points: Iterable[int], replicates: int) -> Iterator[Task]:
        """Yield the first replicates of some points."""
        for point in points:
            for replicate in range(replicates):
                seed = replicate_seed(self.seed, replicate)
                yield Task(digest(f"{self._identities[point]}-{seed}"), point, replicate, seed)

    def changes(self, point: int) -> dict[str, Any]:
        """Return what a point sets: parameter to validated value."""
        return dict(zip(self.design.axes, self.values[point], strict=True))

    @cached_property
    def engine(self) -> dict[str, str]:
        """What computes a run, as far as it decides numbers: the model's code, and the libraries under it."""
        return engine()

    @cached_property
    def points(self) -> list[int]:
        """Places of the points that are run: of equal ones the first."""
        places: dict[str, int] = {}
        for place, identity in enumerate(self._identities):
            places.setdefault(identity, place)
        return list(places.values())

    @cached_property
    def values(self) -> list[tuple[Any, ...]]:
        """Validated values of every point, in the order of the axes. Raises ScenarioError if a point cannot be."""
        return [value for value, _ in self._validated]

    @cached_property
    def _identities(self) -> list[str]:
        return [identity for _, identity in self._validated]

    @cached_property
    def _validated(self) -> list[tuple[tuple[Any, ...], str]]:
        context = [self.epochs, self.record_every, self.engine]
        points = []
        for scenario in self.design.scenarios(self.scenario):
            known = {name: value for name, value in scenario.model_dump().items() if name not in NO_PARAMETER}
            points.append((tuple(getattr(scenario, name) for name in self.design.axes), digest([known, context])))
        return points


def digest(content: Any) -> str:
    """Return a short digest of anything that can be written as JSON; tuples count as lists."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).hexdigest()


@cache
def engine() -> dict[str, str]:
    """Return digest and versions of what decides the numbers of a run in this process."""
    from importlib.metadata import version

    from model.core.compiled import digest as code

    return {"code": code(), **{name: version(name) for name in ("numpy", "numba")}}


def new_root() -> int:
    """Draw a root seed from the operating system, for sweeps that name none; the manifest records it."""
    from model.simulation import new_seed

    return new_seed()


@cache
def replicate_seed(root: int, replicate: int) -> int:
    """Return the seed of a replicate, 63 bits, spawned from the root: the same at every point, and for ever."""
    from numpy.random import SeedSequence

    return int(SeedSequence(root, spawn_key=(replicate,)).generate_state(1, "uint64")[0] >> 1)
