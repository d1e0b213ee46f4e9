"""How far a sweep is, as data; drawing it is the command line's business."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from experiments.sweeps.plan import Plan


class Progress(NamedTuple):
    """Runs done, wanted in all, and failed; runs a second, and seconds and bytes that are still expected.

    With a precision that is asked for, `precise` of `points` points have reached it, and `total` may still grow.
    """

    done: int
    total: int
    failed: int
    rate: float
    seconds_left: float
    bytes_left: int
    precise: int | None
    points: int


class Pace:
    """The rate of a sweep: as estimated from a probe until results arrive, then as they do."""

    def __init__(self, estimate: float) -> None:
        """Begin with an estimate in runs per second."""
        self._estimate = estimate
        self._first: float | None = None
        self._runs = 0

    def count(self, runs: int) -> None:
        """Count runs that have ended. The first only start the clock, for they waited for the workers to start."""
        if self._first is not None:
            self._runs += runs
        elif runs:
            self._first = time.monotonic()

    @property
    def rate(self) -> float:
        """Runs per second."""
        seconds = 0.0 if self._first is None else time.monotonic() - self._first
        return self._runs / seconds if self._runs and seconds > 0 else self._estimate


def bytes_per_run(plan: Plan) -> int:
    """Return about how many bytes a run takes in a store, compressed as it is there."""
    metrics = len(plan.metrics)
    records = -(-plan.epochs // plan.record_every) if plan.series else 0
    return 60 + 16 * metrics + 7 * metrics * records
