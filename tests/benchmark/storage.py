"""What many runs take: the coordinator's memory, the store's bytes, and the time to open a table of a million rows.

`python -m tests.benchmark.storage FOLDER POINTS REPLICATES METRICS` is the coordinator of a sweep of short runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from experiments import Design
from experiments.sweeps import manifest
from experiments.sweeps.plan import KEY_BYTES, Plan, Task, replicate_seed
from experiments.sweeps.progress import Progress
from experiments.sweeps.store import Store
from experiments.sweeps.sweep import sweep
from experiments.sweeps.worker import new_outcome
from model.metrics import METRICS
from model.parameters import Scenario
from tests.benchmark.process import peak_memory, python
from tests.benchmark.race import Chapter, Contestant, Line, race

TWELVE = (
    "yield_sequencer", "reserve_left", "price",
    "honesty_by_value", "detected_share", "user_harm",
    "slashed_share", "security_ratio", "stake_to_control",
    "gini_stake_operator", "nakamoto_half_stake_operator", "top_share_blocks_operator",
)  # fmt: skip
"""Metrics of a study: three each of the economy, of honesty, of security and of concentration."""

SETS = {"twelve": TWELVE, "all": tuple(METRICS)}
LABELS = {"twelve": "12 metrics", "all": f"all {len(METRICS)} metrics"}
METIS = Scenario.preset("metis")
SHORT = 14
RANGES = {"sampling_probability": (1e-4, 0.1), "slash_fraction": (1e-3, 1.0)}
POINTS, REPLICATES, POINTS_OF_ALL = 1_000, 100, 40
ROWS, WRITTEN = 1_000_000, 2**16
ALLOWED_MB, ALLOWED_BYTES, ALLOWED_SECONDS = 600, 200, 1.0
OPENING = """
import sys, time
from experiments.sweeps.reading import read
start = time.perf_counter()
read(sys.argv[1])
print(time.perf_counter() - start)
"""


def coordinate(folder: Path, points: int, replicates: int, metrics: tuple[str, ...]) -> dict[str, float]:
    """Sweep short runs into a folder; return this process's peak in MB after a tenth, a half, all, and the table."""
    peaks: dict[str, float] = {}

    def watch(progress: Progress) -> None:
        for share in (0.1, 0.5, 1.0):
            if progress.done >= share * progress.total:
                peaks.setdefault(f"{share:.0%}", peak_memory() / 1e6)

    sweep(
        METIS, _design(points), replicates=replicates, epochs=SHORT, record_every=1, seed=1, metrics=metrics,
        workers=2, store=folder, progress=watch,
    )  # fmt: skip
    return {**peaks, "table": peak_memory() / 1e6}


def _design(points: int) -> Design:
    return Design.latin_hypercube(points, seed=1, **RANGES)


def bytes_per_run(folder: Path, runs: int) -> float:
    """Return what the files of a store take on disk, per run."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / runs


def fill(folder: Path, rows: int, metrics: tuple[str, ...]) -> None:
    """Write a store whose metrics are noise, which nothing compresses, as sweeps write and leave it."""
    plan = Plan(METIS, _design(POINTS), 1, SHORT, 1, metrics)
    folder.mkdir()
    store = Store(folder, manifest.create(folder, plan))
    replicates = -(-rows // len(plan.points))
    rng = np.random.default_rng(1)
    for first in range(0, rows, WRITTEN):
        places = [divmod(row, replicates) for row in range(first, min(rows, first + WRITTEN))]
        tasks = [Task(rng.bytes(KEY_BYTES).hex(), *place, replicate_seed(1, place[1])) for place in places]
        shape = len(tasks), len(metrics)
        noise = {name: _noise(rng, shape) for name in ("value", "effective", "drift", "deviation")}
        store.add(plan, tasks, new_outcome(*shape)._replace(stationary=rng.random(shape) < 0.5, **noise))
    store.join()


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return numbers of either sign and of any size between a billionth and a billion."""
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-9.0, 9.0, shape)


def storage(laps: int) -> Chapter:
    """Measure a sweep of a hundred thousand runs, and open tables of a million rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks = _coordinated(folder / "twelve", POINTS, "twelve")
        _coordinated(folder / "all", POINTS_OF_ALL, "all")
        stored = [
            bytes_per_run(folder / "twelve", POINTS * REPLICATES),
            bytes_per_run(folder / "all", POINTS_OF_ALL * REPLICATES),
        ]
        for size, metrics in SETS.items():
            fill(folder / f"noise-{size}", ROWS, metrics)
        noise = [bytes_per_run(folder / f"noise-{size}", ROWS) for size in SETS]
        opening = race({size: _opener(folder / f"noise-{size}") for size in SETS}, laps)
    return Chapter("Many runs", [*_memory(peaks), *_bytes(stored, noise), *_opening(opening)], _note())


def _coordinated(folder: Path, points: int, size: str) -> dict[str, float]:
    command = ("-m", "tests.benchmark.storage", str(folder), str(points), size)
    return dict(json.loads(python(*command)))


def _opener(folder: Path) -> Contestant:
    return lambda lap: float(python("-c", OPENING, str(folder)))


def _memory(peaks: dict[str, float]) -> list[Line]:
    runs = POINTS * REPLICATES
    done = {share: np.array([peaks[share]]) for share in peaks}
    return [
        Line(f"Coordinator's peak, {runs:,} runs done", done["100%"], f"{runs // 10:,} done", done["10%"], unit="MB",
             at_most=1.1),
        Line("Coordinator's peak, their table in hand", done["table"], "allowed", np.array([ALLOWED_MB]), unit="MB",
             at_most=1),
    ]  # fmt: skip


def _bytes(stored: list[float], noise: list[float]) -> list[Line]:
    twelve, everything = SETS
    allowed = np.array([float(ALLOWED_BYTES)])
    lines = []
    for what, (few, many) in (("", np.array(stored)[:, None]), (" of noise", np.array(noise)[:, None])):
        lines += [
            Line(f"Store per run, {LABELS[twelve]}{what}", few, "allowed", allowed, unit="B", at_most=1),
            Line(f"Store per run, {LABELS[everything]}{what}", many, LABELS[twelve], few, unit="B"),
        ]
    return lines


def _opening(costs: dict[str, np.ndarray]) -> list[Line]:
    twelve, everything = SETS
    allowed = np.full_like(costs[twelve], ALLOWED_SECONDS)
    return [
        Line(f"Opening a million rows, {LABELS[twelve]}", costs[twelve], "allowed", allowed, at_most=1),
        Line(f"Opening a million rows, {LABELS[everything]}", costs[everything], LABELS[twelve], costs[twelve]),
    ]


def _note() -> str:
    return (
        f"{POINTS:,} points of a Latin hypercube, {REPLICATES} replicates each, of `metis` for {SHORT} epochs, all "
        "recorded, by two workers. The coordinator is a process of its own; its peak is that of resident memory. Most "
        "of it is libraries (numba, pandas, Arrow). What grows with runs is the keys of those done and to be done, and "
        "at the end the table; never values, for finished runs are written every few seconds. Bytes are those of all "
        "files of the store, on disk: values, flags, and how each metric settled; 26 of them are keys, which nothing "
        f"compresses. All {len(METRICS)} metrics are those of a sweep of {POINTS_OF_ALL} points. Noise is a store of "
        f"{ROWS:,} rows, written as sweeps write it, with random numbers of either sign and of any size for metrics, "
        "which compress worse than any metric. It is opened whole, by `read` in a fresh process, imports done, from "
        "the cache of the operating system; `read(folder, columns)` takes the share of the columns asked for."
    )


if __name__ == "__main__":
    place, points, size = sys.argv[1:]
    print(json.dumps(coordinate(Path(place), int(points), REPLICATES, SETS[size])))
