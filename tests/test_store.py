"""Laws of a store: what a key says, the same bytes whoever wrote them and when, no half of anything left by a crash."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments import Design, files, sweep
from experiments.sweeps import manifest, parts
from experiments.sweeps.parts import DIAGNOSTICS, RUNS, SERIES
from experiments.sweeps.plan import Plan, Task
from experiments.sweeps.reading import merge, read_table
from experiments.sweeps.store import Store
from experiments.sweeps.worker import DIED, Batch, Outcome, concatenated, new_outcome, run_batch
from model import Scenario, simulate
from tests import faults
from tests.faults import DESIGN, METRICS, PLAN, SMALL, contents, part_names
from tests.test_every_parameter import BASE, CONTEXTS, MOVES


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    faults.hasten(monkeypatch)


@pytest.fixture(scope="module")
def plan() -> Plan:
    given = {name: PLAN[name] for name in ("seed", "epochs", "record_every", "metrics", "series")}
    return Plan(SMALL, DESIGN, **given)


@pytest.fixture(scope="module")
def done(plan) -> list[tuple[Task, Outcome]]:
    """Return every run of the plan and what came of it, one by one."""
    found = []
    for task in plan.tasks(plan.points, PLAN["replicates"]):
        runs = [(plan.changes(task.point), task.seed)]
        batch = Batch(SMALL, runs, plan.epochs, plan.record_every, plan.metrics, plan.series, plan.engine)
        found.append((task, run_batch(batch)))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return faults.undisturbed(tmp_path_factory.mktemp("store") / "whole")


def opened(folder: Path, plan: Plan) -> Store:
    """Return a store as a process that starts now sees it."""
    files.prepare(folder)
    content = manifest.create(folder, plan)
    manifest.write_points(folder, plan)
    store = Store(folder, content)
    store.refresh()
    return store


def add(store: Store, plan: Plan, runs: list[tuple[Task, Outcome]]) -> None:
    tasks, outcomes = zip(*runs, strict=True)
    store.add(plan, list(tasks), concatenated(list(outcomes)))


def dead_process() -> int:
    """Return the number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def key(scenario: Scenario = SMALL, design: Design = DESIGN, seed: int = 1, epochs: int = 6, every: int = 2) -> str:
    return next(Plan(scenario, design, seed, epochs, every, METRICS).tasks([0], 1)).key


def test_a_key_depends_on_every_parameter_and_not_on_the_name():
    keys = {}
    for name, (value, context) in MOVES.items():
        before = {**BASE, **CONTEXTS[context]}
        base, moved = Scenario(**before), Scenario(**{**before, name: value})
        fixed = Design.grid(delegator_precision=[base.delegator_precision])
        keys[name] = key(moved, Design.grid(**{name: [getattr(moved, name)]}))
        assert keys[name] != key(base, fixed), name
        assert key(base.replace(name="another"), fixed) == key(base, fixed)


def test_a_key_depends_on_seed_epochs_records_and_on_what_computes(monkeypatch):
    known = [key(), key(seed=2), key(epochs=7), key(every=3)]
    engine = Plan(SMALL, DESIGN, 1, 6, 2, METRICS).engine
    assert engine.keys() >= {"code", "numpy", "numba"}
    for name in engine:
        monkeypatch.setattr("experiments.sweeps.plan.engine", lambda name=name: {**engine, name: "another"})
        known.append(key())
    assert len(set(known)) == len(known)


def test_keys_of_a_plan_are_distinct(plan):
    tasks = list(plan.tasks(plan.points, 10))
    assert len({task.key for task in tasks}) == len(tasks) == faults.RUNS


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_writes_the_same_bytes(tmp_path, whole, workers):
    sweep(SMALL, DESIGN, store=tmp_path / "again", workers=workers, **PLAN)
    assert contents(tmp_path / "again") == contents(whole)


def test_without_series_the_other_tables_are_the_same(tmp_path, whole):
    sweep(SMALL, DESIGN, store=tmp_path, workers=1, **{**PLAN, "series": False})
    assert not (tmp_path / SERIES).exists()
    for table in (RUNS, DIAGNOSTICS):
        pd.testing.assert_frame_equal(read_table(tmp_path, table), read_table(whole, table), check_exact=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_arrival_at_two_processes_comes_to_the_same_bytes(tmp_path_factory, plan, done, whole, data):
    """Two processes, each of which adds, looks and joins when it likes; a run may well be done by both."""
    folder = tmp_path_factory.mktemp("order")
    stores = [opened(folder, plan), opened(folder, plan)]
    for first in range(0, faults.RUNS, 5):
        batch = data.draw(st.permutations(done[first : first + 5]))
        places = data.draw(st.sampled_from([(0,), (1,), (0, 1), (1, 0)]))
        for place in places:
            add(stores[place], plan, list(batch))
        action = data.draw(st.sampled_from([None, Store.join, Store.refresh, Store.recount]))
        if action is not None:
            action(stores[data.draw(st.integers(0, 1))])
    for store in stores:
        store.join()
        store.recount()
        assert len(store.done) == faults.RUNS
    assert contents(folder) == contents(whole)
    before = contents(folder)
    opened(folder, plan).join()
    assert contents(folder) == before


FEW = {**PLAN, "replicates": 2}


def swept(folder: Path, shards: list[Path]) -> None:
    sweep(SMALL, DESIGN, store=folder, workers=1, **FEW)


def merged(folder: Path, shards: list[Path]) -> None:
    merge(shards, folder)


def extended(folder: Path, shards: list[Path]) -> None:
    """Go on with a finished store that has fewer replicates."""
    if not folder.exists():
        shutil.copytree(shards[-1], folder)
    swept(folder, shards)


@pytest.mark.parametrize("work", [swept, merged, extended])
def test_a_crash_at_any_moment_loses_nothing(tmp_path, monkeypatch, work):
    """Before each change of the folder it is copied, as a kill at that moment would leave it; each copy is resumed."""
    store, copies, shards = tmp_path / "store", tmp_path / "copies", [tmp_path / name for name in ("a", "b", "less")]
    for place, shard in enumerate(shards[:2], start=1):
        sweep(SMALL, DESIGN, store=shard, workers=1, shard=(place, 2), **FEW)
    sweep(SMALL, DESIGN, store=shards[2], workers=1, **{**PLAN, "replicates": 1})
    seen: set[str] = set()

    def snapshot() -> None:
        state = str([(str(path.relative_to(store)), path.stat().st_size) for path in sorted(store.rglob("*"))])
        if store.exists() and state not in seen:
            seen.add(state)
            shutil.copytree(store, copies / str(len(seen)))

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "link"):
            change = getattr(os, name)
            patch.setattr(os, name, lambda *given, change=change, **how: (snapshot(), change(*given, **how)))
        work(store, shards)
    assert len(seen) > 30
    gone = dead_process()
    for copy in copies.iterdir():
        for path in copy.rglob(f".*-{os.getpid()}-*"):
            path.rename(path.with_name(path.name.replace(f"-{os.getpid()}-", f"-{gone}-")))
        with warnings.catch_warnings(action="error"):
            work(copy, shards)
        assert contents(copy) == contents(store), copy.name


def test_a_sweep_under_way_joins_few_runs_at_a_time(tmp_path, monkeypatch, plan, done):
    """However many a joined part may hold in the end: what is joined is held in memory."""
    monkeypatch.setattr("experiments.sweeps.store.RUNS_PER_PART", 1_000)
    store, sizes = opened(tmp_path, plan), {}
    for first in range(0, len(done), 4):
        add(store, plan, done[first : first + 4])
        now = {path.stem: len(pd.read_parquet(path)) for path in (tmp_path / RUNS).glob("*.parquet")}
        small = [name for name, rows in now.items() if rows < 8]
        assert len(small) <= 5
        assert max(now.values()) < 16
        assert {name for name in sizes if sizes[name] >= 8} <= now.keys()
        assert sum(now.values()) == len(done[: first + 4])
        sizes = now
    assert sum(rows >= 8 for rows in sizes.values()) > 2
    store.join()
    assert len(part_names(tmp_path)) == 1


def test_what_a_living_process_or_another_machine_is_at_is_left_alone(tmp_path, plan, done):
    store = opened(tmp_path, plan)
    add(store, plan, done[:4])
    (name,) = part_names(tmp_path)
    (tmp_path / RUNS / f"{name}.parquet").unlink()
    here = files.own_name().rsplit("-", 2)[0]
    claims = {owner: tmp_path / "partial" / f".{owner}-0.{name}" for owner in
              (f"{here}-{os.getpid()}", f"elsewhere-{dead_process()}", f"{here}-{dead_process()}")}  # fmt: skip
    *others, own = claims.values()
    for claim in others:
        claim.touch()
    opened(tmp_path, plan)
    assert all(claim.exists() for claim in others)
    assert (tmp_path / SERIES / f"{name}.parquet").exists()
    own.touch()
    opened(tmp_path, plan)
    assert all(claim.exists() for claim in others)
    assert not own.exists()
    assert not (tmp_path / SERIES / f"{name}.parquet").exists()
    assert not (tmp_path / DIAGNOSTICS / f"{name}.parquet").exists()


def test_runs_that_another_process_drops_are_made_up_for(tmp_path, monkeypatch, whole):
    """Nothing but a count of what is there, at the end, can tell."""
    join, dropped = Store.join, []

    def joined_and_robbed(store: Store) -> None:
        join(store)
        if len(dropped) < 2:
            dropped.append(part_names(tmp_path)[0])
            parts.delete_part(tmp_path, dropped[-1])

    monkeypatch.setattr(Store, "join", joined_and_robbed)
    assert len(sweep(SMALL, DESIGN, store=tmp_path, workers=1, **PLAN)) == faults.RUNS
    assert len(dropped) == 2
    assert contents(tmp_path) == contents(whole)


def died(plan: Plan, runs: list[tuple[Task, Outcome]]) -> list[tuple[Task, Outcome]]:
    return [(task, new_outcome(1, len(METRICS), plan.series, f"{DIED}: in this test")) for task, _ in runs]


def test_runs_whose_worker_died_are_forgotten_and_no_others(tmp_path, plan, done, whole):
    store = opened(tmp_path, plan)
    add(store, plan, died(plan, done[:2]) + done[2:20])
    add(store, plan, died(plan, done[20:21]) + died(plan, done[21:22]))
    assert store.failed == 4
    again = opened(tmp_path, plan)
    again.forget_the_dead()
    lost = {task.key for task, _ in [*done[:2], *done[20:22]]}
    assert again.forgotten == lost
    assert again.done == {task.key for task, _ in done[2:20]}
    assert again.failed == 0
    add(again, plan, done[:2] + done[20:])
    again.join()
    assert contents(tmp_path) == contents(whole)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_run_that_ended_well_anywhere_outweighs_one_whose_worker_died(tmp_path, plan, done, whole, order):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, dead in zip(folders, ([3, 30], [17]), strict=True):
        store = opened(folder, plan)
        add(store, plan, [died(plan, [run])[0] if place in dead else run for place, run in enumerate(done)])
        store.join()
    merge([folders[place] for place in order], tmp_path / "both")
    assert contents(tmp_path / "both") == contents(whole)


def test_a_run_that_raises_has_no_series_and_takes_none(tmp_path, monkeypatch, whole):
    seeds = set(read_table(whole)["seed"][:3])

    def fragile(scenario, seed, **how):
        if seed in seeds:
            raise FloatingPointError("overflow")
        return simulate(scenario, seed=seed, **how)

    monkeypatch.setattr("model.simulate", fragile)
    table = sweep(SMALL, DESIGN, store=tmp_path, workers=1, **PLAN)
    expected = read_table(whole, SERIES)
    good = expected[expected["key"].isin(table.loc[table["error"] == "", "key"])].reset_index(drop=True)
    assert 0 < len(good) < len(expected)
    pd.testing.assert_frame_equal(table.series, good)


def test_series_can_be_of_no_run_at_all(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise FloatingPointError("overflow")

    monkeypatch.setattr("model.simulate", broken)
    table = sweep(SMALL, DESIGN, store=tmp_path, workers=1, **PLAN)
    assert set(table["error"]) == {"FloatingPointError: overflow"}
    assert len(table.series) == 0
