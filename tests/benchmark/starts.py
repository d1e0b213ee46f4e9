"""How long a command takes to start, with kernels to compile and with kernels cached."""

from __future__ import annotations

import tempfile
import time

import numpy as np

from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Contestant, Line, race

ALLOWED, TO_COMPILE = 2.0, 40.0
SIMULATE = 'from model import Scenario, simulate; simulate(Scenario.preset("metis"), seed=1, epochs=365).metrics'
FIRST_RUN = """
import sys, tempfile
from pathlib import Path
from experiments.question import load
from experiments.report import answer
with tempfile.TemporaryDirectory() as folder:
    answer(load("honesty"), Path(folder), workers=1, progress=lambda progress: sys.exit())
"""


def starts(laps: int) -> Chapter:
    """Time commands in processes of their own, by the clock on the wall."""
    commands = {
        "A first `simulate`": ["-c", SIMULATE],
        "`list`": ["-m", "experiments", "list"],
        "`explain metis`": ["-m", "experiments", "explain", "metis"],
        "`run honesty`, until its first run is done": ["-c", FIRST_RUN],
    }
    with tempfile.TemporaryDirectory() as folder:
        contestants = {"cold": _starter(commands["A first `simulate`"], folder)}
        contestants |= {name: _starter(command, folder) for name, command in commands.items()}
        costs = race(contestants, laps, warm_up=False)
    allowed = np.full(laps, ALLOWED)
    return Chapter(
        "Starts",
        [
            Line("A first `simulate`, kernels to compile", costs["cold"], "cached", costs["A first `simulate`"]),
            Line(
                "Its kernels, compiled",
                costs["cold"] - costs["A first `simulate`"],
                "allowed",
                np.full(laps, TO_COMPILE),
                at_most=1,
            ),
            *(Line(name, costs[name], "allowed", allowed, at_most=1) for name in commands),
        ],
        "Processes of their own, from start to end, on the wall clock; kernels are compiled once per version of the "
        "core into a cache on disk. `simulate` is a year of `metis` with its metrics. `list` and `explain` import no "
        "compiler; a run's start is imports (numba, pandas) and loading kernels.",
    )


def _starter(command: list[str], folder: str) -> Contestant:
    """Return a contestant that starts Python with that command; each lap begins with an empty cache of kernels."""

    def contestant(lap: int) -> float:
        start = time.perf_counter()
        python(*command, NUMBA_CACHE_DIR=f"{folder}/{lap}")
        return time.perf_counter() - start

    return contestant
