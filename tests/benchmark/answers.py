"""How long it takes to check theory, and to certify a scenario, on the machine as it is."""

from __future__ import annotations

import time

import numpy as np

from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Contestant, Line, race

ALLOWED = {"verify": 180.0, "equilibrium metis": 60.0}
"""Seconds from start to end on two cores, kernels compiled."""


def answers(laps: int) -> Chapter:
    """Time the commands in processes of their own, by the clock on the wall."""
    costs = race({command: _command(command) for command in ALLOWED}, laps)
    return Chapter(
        "Answers",
        [
            Line(f"`{command}`", costs[command], "allowed", np.full(laps, seconds), at_most=1)
            for command, seconds in ALLOWED.items()
        ],
        "Processes of their own, from start to end, on the wall clock, kernels cached. `verify` recovers every closed "
        "form at every point; `equilibrium metis` searches the deviations of all roles and measures the best.",
    )


def _command(command: str) -> Contestant:
    def contestant(lap: int) -> float:
        start = time.perf_counter()
        python("-m", "experiments", *command.split())
        return time.perf_counter() - start

    return contestant
