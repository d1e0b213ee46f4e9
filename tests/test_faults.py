"""Faults that a sweep survives, with real processes: then the resumed store is the undisturbed one, byte for byte.

`tests/test_store.py` has the same for a crash between any two changes of the folder.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import psutil
import pytest

from experiments.sweeps.executors import GONE
from experiments.sweeps.reading import read_table
from tests import coordinators, faults
from tests.coordinators import Coordinator, all_gone
from tests.faults import begun, contents, ended

LOKY, DASK = "loky.backend.popen", "multiprocessing.spawn"
"""In the command lines of worker processes."""

QUESTION = """
replicates = 10
epochs = 6
record_every = 2
figure = "none"
[set]
number_of_delegators = 20
blocks_per_epoch = 200
[vary]
sampling_probability = [0.001, 0.1]
slash_fraction = [0.01, 0.5]
"""


@pytest.fixture(autouse=True)
def _no_survivors() -> Iterator[None]:
    yield
    coordinators.end_all()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return faults.undisturbed(tmp_path_factory.mktemp("store") / "whole")


@pytest.fixture(scope="module")
def scattered(tmp_path_factory) -> Path:
    return faults.scattered(tmp_path_factory.mktemp("store") / "scattered")


def test_a_coordinator_killed_at_random_moments_loses_nothing(tmp_path, whole):
    rng, sweeps, kills = random.Random(1), 0, 0
    while kills < 20:
        store, sweeps, status = tmp_path / str(sweeps), sweeps + 1, None
        while status != 0:
            coordinator = Coordinator(store, partial(faults.slowly, tmp_path / "log"), workers=1)
            if kills < 20 and coordinator.wait(rng.uniform(0, 1.5)) is None:
                coordinator.kill()
                kills += 1
            status = coordinator.wait()
            assert status in (0, -signal.SIGKILL), coordinator.said
        assert contents(store) == contents(whole)


def test_a_coordinator_killed_with_workers_loses_nothing_and_leaves_no_orphans(tmp_path, whole):
    rng, store, log = random.Random(2), tmp_path / "store", tmp_path / "log"
    for how in ({}, {}, {"scheduler": "local"}):
        coordinator = Coordinator(store, partial(faults.slowly, log), workers=2, **how)
        enough = len(ended(log)) + rng.randint(1, 6)
        coordinator.until(lambda enough=enough: len(ended(log)) >= enough)
        family = coordinator.kill()
        assert coordinator.wait() == -signal.SIGKILL
        assert len(family) >= 2
        assert all_gone(family)
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


@pytest.mark.parametrize("changes", range(1, 50, 8))
def test_a_coordinator_killed_as_it_joins_loses_nothing(tmp_path, whole, scattered, changes):
    store = tmp_path / "store"
    shutil.copytree(scattered, store)
    assert len(faults.part_names(store)) == faults.RUNS
    assert Coordinator(store, partial(faults.dying, changes), workers=1).wait() == -signal.SIGKILL
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


@pytest.mark.parametrize(("how", "worker"), [({}, LOKY), ({"scheduler": "local"}, DASK)])
def test_workers_that_are_killed_lose_nothing(tmp_path, whole, how, worker):
    store, log = tmp_path / "store", tmp_path / "log"
    coordinator = Coordinator(store, partial(faults.slowly, log), workers=2, **how)
    coordinator.until(lambda: len(ended(log)) >= 4)
    assert coordinator.kill_one(worker)
    enough = len(begun(log)) + 1
    coordinator.until(lambda: len(begun(log)) >= enough)
    coordinator.kill_one(worker)
    assert coordinator.wait() == 0, coordinator.said
    assert contents(store) == contents(whole)


@pytest.mark.parametrize("how", [{}, {"scheduler": "local"}])
def test_a_run_that_kills_its_worker_is_told_and_tried_again(tmp_path, whole, how):
    """When the sweep is resumed it has nothing else left to do, and nobody says how many workers there should be."""
    store, seed = tmp_path / "store", faults.seed(3)
    expected = read_table(whole)
    lost = (expected["seed"] == seed) & (expected["slash_fraction"] == 0.5)
    for given in ({"workers": 2}, {}):
        coordinator = Coordinator(store, partial(faults.deadly, seed), **given, **how)
        assert coordinator.wait() == 0, coordinator.said
        table = read_table(store)
        assert table.loc[lost, "error"].str.startswith("WorkerDied: the worker died 2 times").all()
        pd.testing.assert_frame_equal(table[~lost], expected[~lost])
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ({"workers": 1}, signal.SIGINT),
        ({"workers": 2}, signal.SIGINT),
        ({"workers": 2}, signal.SIGTERM),
        ({"workers": 2, "scheduler": "local"}, signal.SIGINT),
    ],
)
def test_a_sweep_that_is_asked_to_stop_keeps_what_is_under_way(tmp_path, whole, how, number):
    store, log = tmp_path / "store", tmp_path / "log"
    coordinator = Coordinator(store, partial(faults.hoarding, log), **how)
    coordinator.until(lambda: len(ended(log)) >= 6)
    family = coordinator.family()
    coordinator.send(number)
    assert coordinator.wait() == coordinators.STOPPED, coordinator.said
    assert all_gone(family)
    done = len(read_table(store))
    assert 6 <= done == sum(ended(log)) == sum(begun(log)) < faults.RUNS
    assert f"{done} runs are kept in {store}: give the same command again to go on" in coordinator.said
    assert "Traceback" not in coordinator.said
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_interrupt_ends_a_sweep_at_once(tmp_path, whole, workers):
    store, log = tmp_path / "store", tmp_path / "log"
    coordinator = Coordinator(store, partial(faults.endless, log, faults.seed(3)), workers=workers)
    coordinator.until(log.exists)
    family = coordinator.family()
    coordinator.send(signal.SIGINT)
    assert coordinator.wait(0.5) is None
    coordinator.send(signal.SIGINT)
    assert coordinator.wait() == 1
    assert all_gone(family)
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


def test_an_interrupted_command_says_how_to_go_on_and_does(tmp_path):
    question, log = tmp_path / "ask.toml", tmp_path / "log"
    question.write_text(QUESTION)
    stores = [tmp_path / "disturbed", tmp_path / "undisturbed"]
    command = partial(faults.commanded, log, "run", str(question), "--workers", "1", "--out")
    coordinator = Coordinator(stores[0], partial(command, str(stores[0])))
    coordinator.until(lambda: len(ended(log)) >= 6)
    coordinator.send(signal.SIGINT)
    assert coordinator.wait() == 130, coordinator.said
    kept = f"interrupted; {sum(ended(log))} runs are kept in {stores[0]}: give the same command again to go on\n"
    assert coordinator.said == kept
    for store in stores:
        assert Coordinator(store, partial(command, str(store))).wait() == 0
    assert contents(stores[0]) == contents(stores[1])


def dask(role: str, *arguments: str) -> subprocess.Popen:
    """Start a part of a cluster, as its owner would."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--no-dashboard", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(faults.ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)


def test_a_cluster_that_loses_a_worker_and_one_that_loses_its_scheduler(tmp_path, whole):
    place, log = tmp_path / "scheduler.json", tmp_path / "log"
    scheduler = dask("scheduler", "--port", "0", "--scheduler-file", str(place))
    cluster = [scheduler]
    try:
        for name in ("a", "b"):
            local = ["--nthreads", "1", "--local-directory", str(tmp_path / name)]
            cluster.append(dask("worker", "--scheduler-file", str(place), *local))
        while not place.exists():
            time.sleep(0.05)
        address = json.loads(place.read_text())["address"]

        coordinator = Coordinator(tmp_path / "a-worker-lost", partial(faults.slowly, log), scheduler=address)
        coordinator.until(lambda: len(ended(log)) >= 4)
        psutil.Process(cluster[1].pid).children(recursive=True)[-1].kill()
        assert coordinator.wait() == 0, coordinator.said
        assert contents(tmp_path / "a-worker-lost") == contents(whole)

        enough = len(ended(log)) + 4
        coordinator = Coordinator(tmp_path / "all-lost", partial(faults.slowly, log), scheduler=address)
        coordinator.until(lambda: len(ended(log)) >= enough)
        scheduler.kill()
        assert coordinator.wait() == 2, coordinator.said
        assert coordinator.said == f"error: {GONE}\n"
        assert Coordinator(tmp_path / "all-lost", workers=1).wait() == 0
        assert contents(tmp_path / "all-lost") == contents(whole)
    finally:
        for process in cluster:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize("size", [200, 700, 3_000, 4_500, 6_000])
def test_a_disk_that_takes_no_more_ends_in_one_line_and_the_sweep_goes_on_when_it_does(tmp_path, whole, size):
    """The manifest is refused, or parts of it, or one table of a part but not another, or only what is joined."""
    store = tmp_path / "store"
    refused = Coordinator(store, partial(faults.refused, size), workers=1)
    assert refused.wait() == 2, refused.said
    assert refused.said.startswith(f"error: cannot write to {store}")
    assert refused.said.endswith("give another folder (--out)\n")
    assert len(refused.said.splitlines()) == 1
    assert not list(store.rglob(".*"))
    assert Coordinator(store, workers=1).wait() == 0
    assert contents(store) == contents(whole)


def test_two_coordinators_share_one_sweep(tmp_path, whole):
    store, log = tmp_path / "store", tmp_path / "log"
    both = [Coordinator(store, partial(faults.slowly, log), workers=1) for _ in range(2)]
    assert [coordinator.wait() for coordinator in both] == [0, 0], [coordinator.said for coordinator in both]
    assert contents(store) == contents(whole)
    assert sum(ended(log)) < 1.5 * faults.RUNS
