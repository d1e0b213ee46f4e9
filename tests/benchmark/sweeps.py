"""What a sweep costs beyond its runs: by one worker, by two, through Dask; and why workers are processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from experiments import Design
from experiments.sweeps.dispatch import Dispatch
from experiments.sweeps.executors import LOCAL, Processes
from experiments.sweeps.plan import engine
from experiments.sweeps.sweep import sweep
from experiments.sweeps.worker import Batch, Outcome, run_batch
from model.metrics import METRICS
from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.race import Chapter, Contestant, Line, cpu_seconds, race
from tests.benchmark.storage import SHORT, TWELVE

METIS = Scenario.preset("metis")
EPOCHS, RECORD_EVERY = 365, 7
RUNS, FEW, ALONE = 1_000, 8, 20
BATCHES = 4
WAYS: dict[str, tuple[int, str | None]] = {
    "one worker": (1, None),
    "two workers": (2, None),
    "two Dask workers": (2, LOCAL),
}


class Batches(NamedTuple):
    """Batches of a sweep in the order in which they came, (batches,) each: when, how many runs, seconds inside them."""

    arrival: np.ndarray
    runs: np.ndarray
    inside: np.ndarray


class Cost(NamedTuple):
    """Seconds of a sweep: all, all inside its runs; and of a run at the pace of the sweep, by the clock and inside."""

    whole: Any
    all_inside: Any
    run: Any
    inside: Any


def pace(batches: Batches, workers: int) -> tuple[float, float]:
    """Return seconds per run, by the clock and inside it, from when as many batches had come as there are workers.

    By then every worker has loaded its kernels. Of batches that were under way the runs count in proportion.
    """
    start, end = batches.arrival[workers - 1], batches.arrival[-1]
    share = np.clip((batches.arrival - start) / batches.inside, 0.0, 1.0)
    runs = share @ batches.runs
    return (end - start) / runs, share @ batches.inside / runs


@contextmanager
def noted() -> Iterator[list[tuple[float, int, float]]]:
    """Note arrival, runs and seconds inside of the batches of a sweep; of its probes, which come before, nothing."""
    notes: list[tuple[float, int, float]] = []
    results = Dispatch.results

    def results_noted(*asked: Any) -> Iterator[tuple[Sequence[Any], Outcome]]:
        notes.clear()
        for tasks, outcome in results(*asked):
            notes.append((time.perf_counter(), len(tasks), outcome.seconds))
            yield tasks, outcome

    with patch.object(Dispatch, "results", results_noted):
        yield notes


def swept(lap: int, runs: int, workers: int, scheduler: str | None) -> float:
    """Run Metis as it is so many times and return how long that took."""
    design = Design.grid(slash_fraction=[METIS.slash_fraction])
    start = time.perf_counter()
    sweep(
        METIS, design, replicates=runs, epochs=EPOCHS, record_every=RECORD_EVERY, seed=lap, workers=workers,
        scheduler=scheduler,
    )  # fmt: skip
    return time.perf_counter() - start


def _paced(lap: int, workers: int, scheduler: str | None) -> Cost:
    with noted() as notes:
        whole = swept(lap, RUNS, workers, scheduler)
    batches = Batches(*np.array(notes).T)
    return Cost(whole, batches.inside.sum(), *pace(batches, workers))


def _alone(lap: int) -> float:
    """Return the processor time of the epochs of a run in the core, and of nothing else."""
    engines = [Engine(METIS, lap * ALONE + k) for k in range(ALONE)]
    return cpu_seconds(lambda: [engine.advance(EPOCHS) for engine in engines]) / ALONE


def workers(laps: int) -> Chapter:
    """Time sweeps of the default run by one worker, by two, and by two of a Dask cluster."""
    contestants: dict[str, Contestant] = {"alone": _alone}
    for name, (count, scheduler) in WAYS.items():
        contestants[name] = partial(_paced, workers=count, scheduler=scheduler)
        contestants[f"few, {name}"] = partial(swept, runs=FEW, workers=count, scheduler=scheduler)
    costs = race(contestants, laps, warm_up=False)
    paced = {name: Cost(*costs[name].T) for name in WAYS}
    few = {name: costs[f"few, {name}"] for name in WAYS}
    one, two, dask = WAYS
    return Chapter(
        "Workers",
        [
            Line(f"A run, {one}", paced[one].run, two, paced[two].run, at_least=1.8),
            *(_overhead(name, paced[name], limit) for name, limit in ((one, 1.15), (two, 1.15), (dask, 1.3))),
            Line(f"Workers' time for a run, {two}", 2 * paced[two].run, "its epochs in the core", costs["alone"]),
            Line(f"A run, {dask}", paced[dask].run, two, paced[two].run),
            Line(f"{RUNS:,} runs, start to table, {one}", paced[one].whole, two, paced[two].whole),
            *(_whole(name, paced[name]) for name in WAYS),
            *(Line(f"{FEW} runs, start to table, {name}", few[name], one, few[one]) for name in (two, dask)),
        ],
        f"`metis` as it is, {EPOCHS} epochs, a record every {RECORD_EVERY}, all {len(METRICS)} metrics with how they "
        f"settled, {RUNS:,} runs in a store on disk, on the wall clock. A run is timed from when every worker has "
        "returned a batch, and so has its imports and kernels, until the last batch comes: writing, handing over and "
        "idle ends included. Workers' time is that of the clock times workers; inside a run is `simulate` and what it "
        "settled at, as the worker sees it. The core's epochs are timed alone, in processor time: the rest of a run is "
        "its population, snapshots, metrics and the test of what has settled. From start to table there is also what "
        f"a sweep of {FEW} runs consists of: workers that import (numba, pandas) and load kernels, a cluster that "
        "comes up, the store's parts joined and read. That hardly grows with runs: it decides small sweeps, which is "
        "why one that would take seconds starts no workers unless told to, and is little to large ones.",
    )


def _overhead(name: str, cost: Cost, limit: float) -> Line:
    time_spent = WAYS[name][0] * cost.run
    return Line(f"Workers' time for a run, {name}", time_spent, "inside the run", cost.inside, at_most=limit)


def _whole(name: str, cost: Cost) -> Line:
    time_spent = WAYS[name][0] * cost.whole
    return Line(f"Workers' time, start to table, {name}", time_spent, f"inside {RUNS:,} runs", cost.all_inside)


def threads(laps: int) -> Chapter:
    """Time batches of default and of short runs by one thread, by two, and by two processes, all of them up."""
    work = {
        "A run in a batch": Batch(METIS, _seeds(25), EPOCHS, RECORD_EVERY, tuple(METRICS), False, engine()),
        "A short run in a batch": Batch(METIS, _seeds(200), SHORT, 1, TWELVE, False, engine()),
    }
    processes = Processes(2)
    with ThreadPoolExecutor(1) as thread, ThreadPoolExecutor(2) as pair:
        pools = {"one thread": thread.submit, "two threads": pair.submit, "two processes": processes.submit}
        contestants = {
            (run, pool): partial(_batches, submit, batch)
            for run, batch in work.items()
            for pool, submit in pools.items()
        }
        costs = race(contestants, laps)
    processes.close()
    one, *two = pools
    return Chapter(
        "Threads",
        [Line(f"{run}, {one}", costs[run, one], pool, costs[run, pool]) for run in work for pool in two],
        f"{BATCHES} batches, as a worker of a sweep does them, in workers that have loaded their kernels: of "
        f"default runs, and of runs of {SHORT} epochs with {len(TWELVE)} metrics. All epochs of a run are one call of "
        "compiled code, which releases the interpreter lock; the population, the metrics and the test of what has "
        "settled are Python and small pieces of NumPy, which hold it, so threads wait for each other in proportion to "
        "that part of a run, and the more the more of them there are. So workers are processes.",
    )


def _seeds(count: int) -> list[tuple[dict[str, Any], int]]:
    return [({}, seed) for seed in range(count)]


def _batches(submit: Callable[..., Future[Outcome]], batch: Batch, lap: int) -> float:
    start = time.perf_counter()
    wait([submit(run_batch, batch) for _ in range(BATCHES)])
    return (time.perf_counter() - start) / (BATCHES * len(batch.runs))
