"""Damage that a sweep notices, tells of and makes good: broken parts, files of others, clocks that go back."""

import itertools
import os
import random
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest

import model
from experiments import ExperimentError, sweep
from experiments.sweeps.parts import delete_part
from experiments.sweeps.reading import merge, read_table
from model import simulate
from tests import faults
from tests.faults import DESIGN, PLAN, SMALL, contents


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    faults.hasten(monkeypatch)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return faults.undisturbed(tmp_path_factory.mktemp("store") / "whole")


def truncated(rng: random.Random, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def flipped(rng: random.Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= rng.randrange(1, 256)
    path.write_bytes(content)


@pytest.mark.parametrize("table", ["runs", "diagnostics", "series"])
@pytest.mark.parametrize("damage", [truncated, flipped, lambda rng, path: path.unlink()])
def test_a_part_that_is_damaged_is_told_set_aside_and_computed_again(tmp_path, whole, table, damage):
    rng = random.Random(3)
    for place in range(8):
        store = tmp_path / str(place)
        shutil.copytree(whole, store)
        name = rng.choice(faults.part_names(store))
        damage(rng, store / table / f"{name}.parquet")
        if name in faults.part_names(store):
            with pytest.warns(UserWarning, match=f"1 damaged or foreign .* computed again: part {name}"):
                sweep(SMALL, DESIGN, store=store, workers=1, **PLAN)
            assert (store / "rejected" / f"runs-{name}.parquet").exists()
        else:
            sweep(SMALL, DESIGN, store=store, workers=1, **PLAN)
        assert contents(store) == contents(whole)


def test_a_damaged_part_is_refused_by_who_only_reads(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "store")
    (name, *_) = faults.part_names(whole)
    truncated(random.Random(4), tmp_path / "store" / "runs" / f"{name}.parquet")
    with pytest.raises(ExperimentError, match=f"part {name} .* is damaged .*; run the sweep again"):
        read_table(tmp_path / "store")
    with pytest.warns(UserWarning, match="1 damaged or foreign .* resume the sweep"):
        merged = merge([tmp_path / "store"], tmp_path / "merged")
    assert len(merged) < faults.RUNS
    sweep(SMALL, DESIGN, store=tmp_path / "merged", workers=1, **PLAN)
    pd.testing.assert_frame_equal(read_table(tmp_path / "merged"), read_table(whole))


def test_files_that_are_not_of_this_sweep_are_told_and_set_aside(tmp_path, whole):
    other, store = tmp_path / "other", tmp_path / "store"
    sweep(SMALL, DESIGN, store=other, workers=1, **{**PLAN, "seed": 12, "replicates": 1})
    shutil.copytree(whole, store)
    (foreign,) = faults.part_names(other)
    for table in ("runs", "diagnostics", "series"):
        shutil.copy(other / table / f"{foreign}.parquet", store / table)
    pd.DataFrame({"mine": [1.0]}).to_parquet(store / "runs" / "mine.parquet")
    (name, *_) = faults.part_names(whole)
    shutil.copy(store / "runs" / f"{name}.parquet", store / "runs" / f"copy of {name}.parquet")
    (store / "runs" / "empty.parquet").touch()
    with pytest.warns(UserWarning, match="4 damaged or foreign parts") as told:
        sweep(SMALL, DESIGN, store=store, workers=1, **PLAN)
    assert f"part {foreign}: it is from another sweep" in str(told[0].message)
    assert "part empty: it was not written by a sweep" in str(told[0].message)
    assert {path.stem for path in (store / "rejected").iterdir()} == {
        *(f"{table}-{foreign}" for table in ("runs", "diagnostics", "series")),
        "runs-mine", "runs-empty", f"runs-copy of {name}",
    }  # fmt: skip
    assert contents(store) == contents(whole)


def test_a_clock_that_goes_back_and_files_from_the_future_change_nothing(tmp_path, monkeypatch, whole):
    store, future, ran = tmp_path / "store", 4_000_000_000, []
    faults.scattered(store)
    for place, name in enumerate(faults.part_names(store)):
        os.utime(store / "runs" / f"{name}.parquet", (future * (place % 2), future * (place % 2)))
        if place % 3 == 0:
            delete_part(store, name)
    left = len(read_table(store))
    clock = itertools.count(future, -1_000)
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    monkeypatch.setattr(model, "simulate", lambda *given, **how: (ran.append(given), simulate(*given, **how))[1])
    sweep(SMALL, DESIGN, store=store, workers=1, **PLAN)
    assert len(ran) == faults.RUNS - left > 0
    assert contents(store) == contents(whole)
