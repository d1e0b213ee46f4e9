"""Sweeps small enough to be broken a hundred times, what their stores come to, and what can happen to them."""

from __future__ import annotations

import itertools
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dask import config

from experiments import Design, files, sweep
from experiments.__main__ import main
from experiments.sweeps import dispatch, manifest, sweeping
from experiments.sweeps.plan import replicate_seed
from experiments.sweeps.store import REJECTED, Store
from experiments.sweeps.worker import Batch, Outcome, run_batch
from model.parameters import Scenario

ROOT = Path(__file__).parent.parent

SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200,
)  # fmt: skip
DESIGN = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.5])
METRICS = ("honesty_by_value", "detected_share", "price")
"""The second is undefined in many of these runs."""

PLAN: dict[str, Any] = {
    "replicates": 10, "epochs": 6, "record_every": 2, "seed": 11, "metrics": METRICS, "series": True,
}  # fmt: skip
RUNS = 40

PATIENCE = 120.0
"""Seconds after which a test gives up on a process; it passes or fails for other reasons."""

HASTE = {
    "experiments.sweeps.dispatch.BATCH_SECONDS": 0.01,
    "experiments.sweeps.executors.WORTH_WORKERS": 0.0,
    "experiments.sweeps.sweeping.FLUSH_SECONDS": 0.0,
    "experiments.sweeps.store.RUNS_PER_PART": 16,
    "experiments.sweeps.store.SMALL": 8,
    "experiments.sweeps.store.MOST_SMALL_PARTS": 5,
}
"""With these a sweep of forty runs writes as many parts, and joins them as often, as one of a million."""


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Make sweeps of this process write and join often, and leave it to the system when that reaches the disk."""
    for name, value in HASTE.items():
        patch.setattr(name, value)
    patch.setattr(files, "_to_disk", lambda path: None)


def undisturbed(folder: Path) -> Path:
    """Sweep into a folder with one worker and return it."""
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        sweep(SMALL, DESIGN, store=folder, workers=1, **PLAN)
    return folder


def scattered(folder: Path) -> Path:
    """Sweep into a folder, leave every run in a part of its own, which is yet to be joined, and return it."""
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        patch.setattr("experiments.sweeps.dispatch.LARGEST_BATCH", 1)
        patch.setattr("experiments.sweeps.store.MOST_SMALL_PARTS", RUNS)
        patch.setattr(Store, "join", lambda store: None)
        sweep(SMALL, DESIGN, store=folder, workers=1, **PLAN)
    return folder


def contents(store: Path) -> dict[str, Any]:
    """Return every file of a store by its path, but for what was set aside, and for when and where it was begun."""
    found: dict[str, Any] = {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and REJECTED not in path.parts
    }
    found[manifest.MANIFEST] = {**json.loads(found[manifest.MANIFEST]), "written_by": None}
    return found


def part_names(store: Path) -> list[str]:
    """Return the names of the parts of a store."""
    return sorted(path.stem for path in (store / "runs").glob("*.parquet"))


def slowly(log: Path) -> None:
    """Let runs of this process and its workers take long enough to be disturbed, and log what begins and ends."""
    dispatch.run_batch = partial(_slow, log)


def hoarding(log: Path) -> None:
    """Let runs be slow, and this process write what has come only when it ends."""
    slowly(log)
    sweeping.FLUSH_SECONDS = math.inf


def deadly(seed: int) -> None:
    """Let runs of a seed at the largest slash kill the process they are in, as the system does for want of memory.

    Batches are of several runs. Dask gives up a call at once, and would give up workers that are away for a moment.
    """
    dispatch.run_batch, dispatch.BATCH_SECONDS = partial(_deadly, seed), 1.0
    config.set({"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "10ms"})


def endless(log: Path, seed: int) -> None:
    """Let runs of a seed at the largest slash log that they begin, and never end."""
    dispatch.run_batch = partial(_endless, log, seed)


def refused(size: int) -> None:
    """Let the system refuse what this process writes to a file beyond so many bytes, as if the disk were full then."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def dying(changes: int) -> None:
    """Let this process be killed at the n-th file that it renames or deletes."""
    left = itertools.count(changes, -1)
    for name in ("replace", "unlink"):
        setattr(os, name, partial(_dying, left, getattr(os, name)))


def commanded(log: Path, *arguments: str) -> None:
    """Give a command to the command line instead, and end as it does; runs are slow."""
    slowly(log)
    sys.argv = ["rangefinder", *arguments]
    main()


def begun(log: Path) -> list[int]:
    """Return how many runs each batch has that has begun, so far."""
    return _logged(log, "begins")


def ended(log: Path) -> list[int]:
    """Return how many runs each batch had that has ended, so far."""
    return _logged(log, "ends")


def seed(replicate: int) -> int:
    """Return the seed of a replicate of the plan."""
    return replicate_seed(PLAN["seed"], replicate)


def _slow(log: Path, batch: Batch) -> Outcome:
    _note(log, f"begins {len(batch.runs)}")
    time.sleep(0.02 * len(batch.runs))
    outcome = run_batch(batch)
    _note(log, f"ends {len(batch.runs)}")
    return outcome


def _note(log: Path, words: str) -> None:
    with log.open("a") as file:
        file.write(f"{words}\n")


def _logged(log: Path, event: str) -> list[int]:
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [int(words[1]) for words in lines if words[0] == event]


def _deadly(seed: int, batch: Batch) -> Outcome:
    if _has(batch, seed):
        os.kill(os.getpid(), signal.SIGKILL)
    return run_batch(batch)


def _endless(log: Path, seed: int, batch: Batch) -> Outcome:
    if _has(batch, seed):
        log.touch()
        while True:
            time.sleep(PATIENCE)
    return run_batch(batch)


def _has(batch: Batch, seed: int) -> bool:
    return any(own == seed and changes.get("slash_fraction") == 0.5 for changes, own in batch.runs)


def _dying(left: Iterator[int], change: Callable[..., None], *given: Any, **how: Any) -> None:
    if next(left) <= 1:
        os.kill(os.getpid(), signal.SIGKILL)
    change(*given, **how)
