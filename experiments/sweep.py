"""Sweeps: every point of a design, several times over, as one tidy table."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import store as files
from experiments.design import Design, ExperimentError

if TYPE_CHECKING:
    import pandas as pd

    from model.parameters import Scenario

RUNS = "runs"
MANIFEST = "manifest.json"


def sweep(
    scenario: Scenario,
    design: Design,
    *,
    replicates: int = 8,
    epochs: int = 365,
    record_every: int = 7,
    seed: int | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run every point of the design `replicates` times and return one row per run.

    Columns: the swept parameters, `replicate`, `seed`, the summary of every metric (`Run.summary`), and `error`,
    which is empty unless the run raised (its metrics are then missing; the others go on). Replicate r has the same
    seed at every point, so points are compared under the same luck. The table is the same for any number of `workers`
    (threads; all processors by default). With `store`, a folder, it is also written there as Parquet and CSV with a
    manifest. `progress(done, total)` is called after every run. A `seed` of None draws one; the manifest records it.

    Raises ScenarioError or ExperimentError, before anything runs, if a point, a count or the folder is of no use.
    """
    from model.metrics import METRICS
    from model.population import populate

    scenarios = list(design.scenarios(scenario))
    check_counts(replicates=replicates, epochs=epochs, record_every=record_every, workers=workers)
    root, seeds = replicate_seeds(seed, replicates)
    for point in scenarios:
        populate(point, seeds[0])
    folder = files.prepare(Path(store)) if store is not None else None
    runs = [(place, replicate) for place in range(len(scenarios)) for replicate in range(replicates)]

    def attempt(run: tuple[int, int]) -> dict[str, Any]:
        place, replicate = run
        outcome = _outcome(scenarios[place], seeds[replicate], epochs, record_every)
        swept = {name: getattr(scenarios[place], name) for name in design.axes}
        return {**swept, "replicate": replicate, "seed": seeds[replicate], **outcome}

    columns = [*design.axes, "replicate", "seed", *METRICS, "error"]
    table = _collect(attempt, runs, columns, workers, progress)
    if folder is not None:
        _write(folder, table, scenario, design, epochs=epochs, record_every=record_every, seed=root, seeds=seeds)
    return table


def check_counts(**counts: int | None) -> None:
    """Raise ExperimentError unless every count given is a whole number above zero."""
    for name, count in counts.items():
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise ExperimentError(f"{name} = {count!r}: give a whole number above zero")


def replicate_seeds(seed: int | None, replicates: int) -> tuple[int, list[int]]:
    """Return the root seed (drawn if None) and one seed of 63 bits per replicate, spawned from it."""
    from numpy.random import SeedSequence

    root = SeedSequence(seed)
    children = root.spawn(replicates)
    return int(root.entropy), [int(child.generate_state(1, "uint64")[0] >> 1) for child in children]  # type: ignore[arg-type]


def _outcome(scenario: Scenario, seed: int, epochs: int, record_every: int) -> dict[str, Any]:
    from model import simulate

    try:
        run = simulate(scenario, seed=seed, epochs=epochs, record_every=record_every)
        return {**run.summary(), "error": ""}
    except Exception as error:
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())}


def _collect(
    attempt: Callable[[tuple[int, int]], dict[str, Any]],
    runs: list[tuple[int, int]],
    columns: list[str],
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    try:
        for row in pool.map(attempt, runs):
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(runs))
    finally:
        pool.shutdown(cancel_futures=True)
    return pd.DataFrame(rows, columns=columns)


def _write(folder: Path, table: pd.DataFrame, scenario: Scenario, design: Design, **plan: Any) -> None:
    from model.core.compiled import digest
    from model.results import versions

    points = [dict(point) for point in design.points]
    manifest = {"scenario": scenario.model_dump(), "points": points, **plan, "code": digest(), "versions": versions()}
    for suffix in (".parquet", ".csv"):
        files.write_table(folder / f"{RUNS}{suffix}", table)
    files.write_json(folder / MANIFEST, manifest)
