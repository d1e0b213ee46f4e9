"""sweep: every point of a design, several times over, as one tidy table that no crash takes away."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.checks import check_counts, check_metrics, check_seed
from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.idleness import idle_throughout
from experiments.sweeps import manifest
from experiments.sweeps.executors import LOCAL, connected
from experiments.sweeps.interrupts import SweepInterrupted, interrupts
from experiments.sweeps.plan import Plan, new_root
from experiments.sweeps.precision import precision_of
from experiments.sweeps.progress import Progress
from experiments.sweeps.sweeping import Sweeping
from experiments.sweeps.wanted import Wanted, described
from model.parameters.idle import IdleWarning

if TYPE_CHECKING:
    from experiments.sweeps.store import Store
    from experiments.sweeps.table import Table
    from model.parameters import Scenario

CHECKED_POINTS = 256
"""Points that are populated before anything runs, spread over the design, to find what cannot be early."""

ROUNDS = 10
"""How often runs are made up for that another process dropped, before something must be wrong."""


def sweep(
    scenario: Scenario,
    design: Design,
    *,
    replicates: int = 8,
    epochs: int = 364,
    record_every: int = 7,
    seed: int | None = None,
    metrics: Sequence[str] | None = None,
    series: bool = False,
    store: str | Path | None = None,
    force: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    shard: tuple[int, int] | None = None,
    precision: Mapping[str, float] | None = None,
    most_replicates: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Table:
    """Run every point of the design `replicates` times and return one row per run.

    Columns: `key`, `point` (its place in the design), `replicate`, the swept parameters, `seed`, the `metrics` (all if
    not named) over the stationary part of the run (`Run.summary`), `error`, which is empty unless the run raised (its
    metrics are then missing; the others go on), and `<metric>_stationary`, which says whether that metric settled.
    Replicate r has the same seed at every point, so points are compared under the same luck; equal points run once.
    The table's `diagnostics` tell how every metric settled, its `series` hold every record, if asked for.

    With `store`, a folder, finished runs are kept there (see `experiments.sweeps.store`) and the same call continues
    where it was left; `force` starts over. A store of another sweep is refused. A `seed` of None is the store's, or
    else drawn and recorded there.

    The table is the same for any number of `workers` (processes; as many as pay, if not given), for any Dask
    `scheduler` (an address, or "local"), and after any crash. `shard = (k, n)` runs the k-th of n parts of the sweep,
    for stores that `merge` joins. `precision`, metric to half-width, adds replicates point by point until the 95 %
    interval of the mean is as narrow, from 16 replicates on, up to `most_replicates` (16 times `replicates`).

    Raises ScenarioError or ExperimentError before anything runs if what is asked cannot be; SweepInterrupted, with all
    that was under way written, after Ctrl-C. Warns (IdleWarning) of settings without effect at any point.
    """
    from model.metrics import METRICS

    _check_types(scenario, design)
    check_counts(replicates=replicates, epochs=epochs, record_every=record_every)
    check_counts(workers=workers, most_replicates=most_replicates)
    check_seed(seed)
    measured = tuple(METRICS) if metrics is None else check_metrics("metrics", metrics)
    target = precision_of(precision, most_replicates, measured, replicates)
    _check_places(shard, workers, scheduler)
    for words in idle_throughout(scenario, design):
        warnings.warn(words, IdleWarning, stacklevel=2)
    with _folder(store) as folder, connected(scheduler, workers) as cluster:
        plan = Plan(scenario, design, _root(folder, seed, force), epochs, record_every, measured, series)
        if shard is not None and shard[1] > len(plan.points):
            raise ExperimentError(
                f"shard = {shard!r}: a shard has whole points, and there are {len(plan.points)} points"
            )
        _populate_some(plan)
        plan, opened = _opened(folder, plan, force, adopt=seed is None)
        wanted = Wanted(plan, opened, replicates, target, shard or (1, 1))
        for _ in range(ROUNDS):
            with interrupts() as asked:
                Sweeping(plan, opened, wanted, asked, progress).run(workers, cluster)
            if asked.asked:
                raise SweepInterrupted(_how_to_resume(store, len(opened.done)))
            opened.join()
            if (table := _table(plan, folder, wanted)) is not None:
                if store is None:
                    table.source = {"diagnostics": table.diagnostics, "series": table.series}
                return table
            opened.recount()
        raise ExperimentError(f"{folder} loses runs as fast as they are written; let nothing else delete files there")


def _check_types(scenario: Any, design: Any) -> None:
    from model.parameters import Scenario

    if not isinstance(scenario, Scenario):
        raise ExperimentError(f"scenario = {scenario!r}: give a Scenario, such as Scenario.preset('metis')")
    if not isinstance(design, Design):
        raise ExperimentError("design is no Design: give one, such as Design.grid(slash_fraction=[0.01, 0.1])")


def _check_places(shard: tuple[int, int] | None, workers: int | None, scheduler: str | None) -> None:
    whole = isinstance(shard, tuple | list) and len(shard) == 2 and all(isinstance(n, int) for n in shard)
    if shard is not None and not (whole and 1 <= shard[0] <= shard[1]):
        raise ExperimentError(f"shard = {shard!r}: give (k, n), the k-th of n shards, such as (1, 4)")
    if scheduler not in (None, LOCAL) and workers is not None:
        raise ExperimentError(f"workers = {workers}: the cluster at {scheduler} has its own; leave one of them out")


@contextmanager
def _folder(store: str | Path | None) -> Iterator[Path]:
    if store is not None:
        yield Path(store)
        return
    with tempfile.TemporaryDirectory(prefix="rangefinder-") as folder:
        yield Path(folder)


def _root(folder: Path, seed: int | None, force: bool) -> int:
    """Return the root of all seeds: as given, or as a store has it that is to be continued, or drawn."""
    if seed is not None:
        return seed
    if (folder / manifest.MANIFEST).exists() and not force:
        return int(manifest.read(folder)["identity"]["seed"])
    return new_root()


def _populate_some(plan: Plan) -> None:
    """Raise ScenarioError if no point can be populated; if some cannot, warn: their runs will be errors.

    Looks at some only if there are very many.
    """
    from model.parameters import ScenarioError
    from model.population import populate

    points = range(0, len(plan.values), -(-len(plan.values) // CHECKED_POINTS))
    refused: dict[int, ScenarioError] = {}
    for point in points:
        try:
            populate(plan.scenario.replace(**plan.changes(point)), plan.seed)
        except ScenarioError as reason:
            refused[point] = reason
    if not refused:
        return
    first, error = next(iter(refused.items()))
    words = f"point {first + 1} ({described(plan, [first])}): {error}"
    if len(refused) == len(points):
        raise ScenarioError(words)
    warnings.warn(f"{len(refused)} of {len(points)} points cannot be populated and become rows with an error, such as "
                  f"{words}", stacklevel=3)  # fmt: skip


def _opened(folder: Path, plan: Plan, force: bool, adopt: bool) -> tuple[Plan, Store]:
    """Return the store in a folder, and the plan; if its seed may be adopted, with that of the store."""
    from experiments import files
    from experiments.sweeps.store import Store, clear

    manifest.check_folder(folder)
    files.prepare(folder)
    if force:
        clear(folder)
    content = manifest.create(folder, plan)
    if adopt:
        plan = replace(plan, seed=content["identity"]["seed"])
    manifest.check(folder, content, plan)
    manifest.write_points(folder, plan)
    store = Store(folder, content)
    store.refresh()
    store.forget_the_dead()
    store.report_rejected("their runs are computed again")
    return plan, store


def _how_to_resume(store: str | Path | None, done: int) -> str:
    if store is None:
        return "interrupted; nothing was kept, for no store was given"
    return f"interrupted; {done:,} runs are kept in {store}: give the same command again to go on"


def _table(plan: Plan, folder: Path, wanted: Wanted) -> Table | None:
    """Return what was asked for, of all that the store holds; None if another process has dropped some of it."""
    from experiments.sweeps.parts import DIAGNOSTICS
    from experiments.sweeps.reading import read, read_table

    keys = {task.key for task in wanted.tasks()}
    table, judged = read(folder), read_table(folder, DIAGNOSTICS, ["key"])
    if not keys <= set(table["key"]) & set(judged["key"]):
        return None
    table = table if len(table) == len(keys) else table[table["key"].isin(keys)].reset_index(drop=True)
    table.imprecise = described(plan, wanted.imprecise())
    return table
