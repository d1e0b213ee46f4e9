"""What a worker does: some runs of a plan, each of which may fail without harm to the others."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.errors import ExperimentError

if TYPE_CHECKING:
    import numpy as np

    from model.parameters import Scenario
    from model.results import Run

WATCH_SECONDS = 1.0

DIED = "WorkerDied"
"""Errors that begin so are tried again when the sweep is resumed: another machine may have the memory."""


class Batch(NamedTuple):
    """Runs for a worker: what each changes in the scenario and its seed, and how they are run and measured."""

    scenario: Scenario
    runs: list[tuple[dict[str, Any], int]]
    epochs: int
    record_every: int
    metrics: tuple[str, ...]
    series: bool
    engine: dict[str, str]


class Outcome(NamedTuple):
    """What came of some runs: arrays (runs, metrics), nan where a run failed or a metric is undefined.

    `error` is empty for a run that ended well, `series` has the epochs and the metrics (records, metrics) of each run
    that did, and `seconds` is what the runs took.
    """

    value: np.ndarray
    stationary: np.ndarray
    effective: np.ndarray
    drift: np.ndarray
    deviation: np.ndarray
    error: list[str]
    series: list[tuple[np.ndarray, np.ndarray]] | None
    seconds: float


class ForeignWorker(ExperimentError):
    """A worker that has other code or libraries than the sweep, so that its numbers would not be the same."""


def run_batch(batch: Batch) -> Outcome:
    """Run a batch. Raises ForeignWorker, before anything runs, if this process has other code than the sweep."""
    from experiments.sweeps.plan import engine

    if engine() != batch.engine:
        raise ForeignWorker(f"a worker runs {engine()}, the sweep {batch.engine}; install the same version on both")
    start = time.perf_counter()
    outcome = new_outcome(len(batch.runs), len(batch.metrics), batch.series)
    scenarios = _Scenarios(batch.scenario)
    for row, (changes, seed) in enumerate(batch.runs):
        try:
            _keep(outcome, row, _run(batch, scenarios.with_changes(changes), seed), batch.metrics)
        except Exception as error:
            outcome.error[row] = " ".join(f"{type(error).__name__}: {error}".split())
    return outcome._replace(seconds=time.perf_counter() - start)


def new_outcome(runs: int, metrics: int, series: bool = False, error: str = "") -> Outcome:
    """Return the outcome of runs that have not been run, or that ended in an error."""
    import numpy as np

    value, effective, drift, deviation = (np.full((runs, metrics), np.nan) for _ in range(4))
    stationary = np.zeros((runs, metrics), bool)
    kept: list[Any] | None = [] if series else None
    return Outcome(value, stationary, effective, drift, deviation, [error] * runs, kept, 0.0)


def concatenated(outcomes: list[Outcome]) -> Outcome:
    """Return several outcomes as one, in their order."""
    import numpy as np

    joined: dict[str, Any] = {}
    for name in Outcome._fields:
        values = [getattr(outcome, name) for outcome in outcomes]
        if isinstance(values[0], np.ndarray):
            joined[name] = np.concatenate(values)
        elif isinstance(values[0], list):
            joined[name] = [value for part in values for value in part]
        else:
            joined[name] = None if values[0] is None else sum(values)
    return Outcome(**joined)


class _Scenarios:
    """Scenarios of a batch, validated once as long as runs of the same point follow each other."""

    def __init__(self, base: Scenario) -> None:
        self._base = self._last = base
        self._changes: dict[str, Any] = {}

    def with_changes(self, changes: dict[str, Any]) -> Scenario:
        """Return the base with changes."""
        if changes != self._changes:
            self._last, self._changes = self._base.replace(**changes), changes
        return self._last


def _run(batch: Batch, scenario: Scenario, seed: int) -> Run:
    import model

    return model.simulate(scenario, seed=seed, epochs=batch.epochs, record_every=batch.record_every)


def _keep(outcome: Outcome, row: int, run: Run, metrics: tuple[str, ...]) -> None:
    settled = run.settled(metrics)
    for name in ("value", "stationary", "effective", "drift", "deviation"):
        getattr(outcome, name)[row] = getattr(settled, name)
    if outcome.series is not None:
        recorded = run.metrics[list(metrics)]
        outcome.series.append((recorded.index.to_numpy(), recorded.to_numpy(float)))


def prepare_worker(parent: int) -> None:
    """Leave interrupts to the coordinator, and end with it, however it ends."""
    leave_interrupts()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def leave_interrupts() -> None:
    """Ignore what a terminal or a batch system sends to every process to stop: the coordinator sees to it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
