"""The floor: the time to draw the random variates of a run and do nothing else.

`record` runs the core as plain Python in a process of its own, every generator replaced by one that notes what is
asked of it. `draw` then draws variates of the same kinds and parameters, in one tight compiled loop per kind.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from model.core import conduct
from model.core.rows import rows
from model.core.state import Streams
from model.core.thinning import SLATE
from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Contestant, Line, cpu_seconds, quantity, race

EPOCHS = 365
REPEATS = 5
NOTE = np.dtype([("stream", "i8"), ("kind", "i8"), ("a", "f8"), ("b", "f8"), ("value", "f8")])
"""One draw: number of its stream, of its kind in KINDS, the parameters asked for, and what came."""


@numba.njit(cache=True, error_model="numpy")
def _random(stream, a, b):
    total = 0.0
    for _ in range(a.size):
        total += stream.random()
    return total


@numba.njit(cache=True, error_model="numpy")
def _standard_normal(stream, a, b):
    total = 0.0
    for _ in range(a.size):
        total += stream.standard_normal()
    return total


@numba.njit(cache=True, error_model="numpy")
def _standard_gamma(stream, a, b):
    total = 0.0
    for i in range(a.size):
        total += stream.standard_gamma(a[i])
    return total


@numba.njit(cache=True, error_model="numpy")
def _binomial(stream, a, b):
    total = 0.0
    for i in range(a.size):
        total += stream.binomial(int(a[i]), b[i])
    return total


@numba.njit(cache=True, error_model="numpy")
def _geometric(stream, a, b):
    total = 0.0
    for i in range(a.size):
        total += stream.geometric(a[i])
    return total


@numba.njit(cache=True, error_model="numpy")
def _poisson(stream, a, b):
    total = 0.0
    for i in range(a.size):
        total += stream.poisson(a[i])
    return total


KINDS: dict[str, Callable[..., float]] = {
    "random": _random,
    "standard_normal": _standard_normal,
    "standard_gamma": _standard_gamma,
    "binomial": _binomial,
    "geometric": _geometric,
    "poisson": _poisson,
}


class Recorder:
    """Stands where a generator stands: hands every draw on, and notes it."""

    def __init__(self, generator: np.random.Generator, number: int, notes: list[tuple[Any, ...]]) -> None:
        self._generator = generator
        self._number = number
        self._notes = notes

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        draw_one = getattr(self._generator, kind)
        place = list(KINDS).index(kind)

        def noted(*parameters: float) -> Any:
            value = draw_one(*parameters)
            self._notes.append((self._number, place, *parameters, *(0.0,) * (2 - len(parameters)), value))
            return value

        return noted


def record(scenario: Scenario, seed: int, epochs: int) -> np.ndarray:
    """Return the draws, (n,) NOTE, of the first epochs of a run, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.npy"
        command = ("-m", "tests.benchmark.variates", str(path), str(seed), str(epochs))
        python(*command, given=scenario.model_dump_json(), NUMBA_DISABLE_JIT="1")
        return np.load(path)


def _record_here(path: str, seed: str, epochs: str) -> None:
    """Run the scenario on standard input, uncompiled, and save its draws."""
    engine = Engine(Scenario(**json.load(sys.stdin)), int(seed))
    notes: list[tuple[Any, ...]] = []
    engine.streams = Streams(*(Recorder(stream, i, notes) for i, stream in enumerate(engine.streams)))  # type: ignore[arg-type]
    _read_slates_by_name()
    with np.errstate(all="ignore"):
        engine.advance(int(epochs))
    np.save(path, np.array(notes, NOTE))


def _read_slates_by_name() -> None:
    """Give the uncompiled conduct phase a desk whose slate has its fields as attributes, as it has when compiled."""
    new_desk = conduct.new_desk
    conduct.new_desk = lambda shape: new_desk(shape)._replace(slate=rows(SLATE, 1))


def draw(stream: np.random.Generator, notes: np.ndarray) -> float:
    """Draw what the notes, all of one kind, say; return the sum of the variates."""
    loop, a, b = _loop_of(notes)
    return loop(stream, a, b)


def _loop_of(notes: np.ndarray, times: int = 1) -> tuple[Callable[..., float], np.ndarray, np.ndarray]:
    a, b = (np.tile(notes[name], times) for name in ("a", "b"))
    return list(KINDS.values())[notes["kind"][0]], a, b


def floor(laps: int) -> Chapter:
    """Time an epoch of Metis, and the variates of the same epochs alone."""
    scenario = Scenario.preset("metis")
    notes = record(scenario, 1, EPOCHS)
    kinds = {name: notes[notes["kind"] == place] for place, name in enumerate(KINDS) if place in notes["kind"]}
    stream = np.random.default_rng(2)

    def core(lap: int) -> float:
        engines = [Engine(scenario, 1) for _ in range(REPEATS)]
        return cpu_seconds(lambda: [engine.advance(EPOCHS) for engine in engines]) / (REPEATS * EPOCHS)

    def drawing(kind: np.ndarray) -> Contestant:
        loop, a, b = _loop_of(kind, REPEATS)
        return lambda lap: cpu_seconds(lambda: loop(stream, a, b)) / (REPEATS * EPOCHS)

    costs = race({"core": core, **{name: drawing(kind) for name, kind in kinds.items()}}, laps)
    line = Line(
        "An epoch of Metis, core", costs["core"], "its random variates", sum(costs[name] for name in kinds), at_most=8
    )
    drawn = ", ".join(
        f"{kind.size / EPOCHS:.0f} {name} at {quantity(float(np.median(costs[name])) * EPOCHS / kind.size, 's')}"
        for name, kind in kinds.items()
    )
    return Chapter(
        "Variates",
        [line],
        f"The core ran {EPOCHS} epochs of `metis` uncompiled and every draw was noted; compiled, it was timed over the "
        "same epochs, and as many variates of the same kinds and parameters were drawn in tight compiled loops, "
        f"one per kind: per epoch {drawn}. The rest of an epoch is arithmetic on rows.",
    )


if __name__ == "__main__":
    _record_here(*sys.argv[1:])
