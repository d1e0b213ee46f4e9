"""What is read from stores and joined from several; what is refused, and what starting over leaves alone."""

import csv
import json
import random
import shutil
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from experiments import Design, ExperimentError, sweep
from experiments.sweeps import manifest, reading
from experiments.sweeps.parts import DIAGNOSTICS, RUNS, SERIES
from experiments.sweeps.plan import engine
from experiments.sweeps.reading import export, merge, read_table
from model import Scenario
from tests import faults
from tests.faults import DESIGN, METRICS, PLAN, SMALL, contents


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    faults.hasten(monkeypatch)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return faults.undisturbed(tmp_path_factory.mktemp("store") / "whole")


@pytest.mark.parametrize("shards", [2, 4])
def test_shards_merge_to_the_whole(tmp_path, whole, shards):
    folders = [tmp_path / str(place) for place in range(shards)]
    for place, folder in enumerate(folders, start=1):
        part = sweep(SMALL, DESIGN, store=folder, shard=(place, shards), workers=1, **PLAN)
        assert part["point"].unique().tolist() == list(range(place - 1, 4, shards))
    random.Random(5).shuffle(folders)
    merged = merge(folders, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)
    pd.testing.assert_frame_equal(merged, reading.read(whole))
    merge([folders[0], tmp_path / "merged", whole], tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("table", [RUNS, DIAGNOSTICS, SERIES])
def test_a_damaged_copy_of_a_part_takes_the_place_of_no_good_one(tmp_path, whole, order, table):
    shutil.copytree(whole, tmp_path / "damaged")
    for path in (tmp_path / "damaged" / table).iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    folders = [whole, tmp_path / "damaged"]
    for target in ("merged", "good"):
        if target == "good":
            shutil.copytree(whole, tmp_path / target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            merge([folders[place] for place in order], tmp_path / target)
        assert contents(tmp_path / target) == contents(whole)


def test_nothing_is_no_store_to_merge(tmp_path):
    with pytest.raises(ExperimentError, match="no stores to merge"):
        merge([], tmp_path / "merged")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"seed": 12}, "seed: 11 before, 12 now"),
        ({"epochs": 8}, "epochs: 6 before, 8 now"),
        ({"record_every": 3}, "record_every: 2 before, 3 now"),
        ({"series": False}, "series: true before, false now"),
        ({"metrics": METRICS[:2]}, 'metrics: ["honesty_by_value", "detected_share", "price"] before'),
        ({"scenario": SMALL.replace(jail_epochs=3, token_price=2.0)}, "token_price: 3.3 before, 2.0 now; jail_epochs"),
        ({"design": Design.grid(sampling_probability=[0.001, 0.2], slash_fraction=[0.01, 0.5])}, "the points (see"),
        ({"design": Design.grid(slash_fraction=[0.01, 0.5])}, 'axes: ["sampling_probability", "slash_fraction"]'),
    ],
)  # fmt: skip
def test_another_sweep_is_refused_with_the_difference_and_leaves_no_trace(tmp_path, whole, change, difference):
    asked = {"scenario": SMALL, "design": DESIGN, **PLAN, **change}
    before = contents(whole)
    with pytest.raises(ExperimentError) as refusal:
        sweep(store=whole, workers=1, **asked)
    assert difference in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert contents(whole) == before
    sweep(store=tmp_path / "other", workers=1, **{**asked, "replicates": 1})
    with pytest.raises(ExperimentError) as refusal:
        merge([whole, tmp_path / "other"], tmp_path / "merged")
    assert difference in str(refusal.value)
    assert not (tmp_path / "merged").exists()


def test_other_code_is_refused_by_the_names_of_its_files(tmp_path, monkeypatch, whole):
    shutil.copytree(whole, tmp_path / "old")
    written = tmp_path / "old" / manifest.MANIFEST
    content = json.loads(written.read_text())
    content["identity"]["code"] = "0" * 24
    content["sources"]["model/core/market.py"] = "1" * 24
    del content["sources"]["model/core/ledger.py"]
    written.write_text(json.dumps(content))
    with pytest.raises(ExperimentError, match=r"the model's code \(model/core/ledger.py, model/core/market.py\)"):
        sweep(SMALL, DESIGN, store=tmp_path / "old", workers=1, **PLAN)


def test_other_libraries_are_refused(tmp_path, monkeypatch, whole):
    shutil.copytree(whole, tmp_path / "old")
    written = tmp_path / "old" / manifest.MANIFEST
    content = json.loads(written.read_text())
    content["identity"]["numpy"] = "1.0"
    written.write_text(json.dumps(content))
    with pytest.raises(ExperimentError, match='numpy: "1.0" before, ".*" now'):
        sweep(SMALL, DESIGN, store=tmp_path / "old", workers=1, **PLAN)


def test_an_unreadable_manifest_is_refused_and_forced(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "store")
    (tmp_path / "store" / manifest.MANIFEST).write_text('{"identity": {"ax')
    with pytest.raises(ExperimentError, match="cannot be read as a manifest; .*--force"):
        sweep(SMALL, DESIGN, store=tmp_path / "store", workers=1, **PLAN)
    sweep(SMALL, DESIGN, store=tmp_path / "store", workers=1, force=True, **PLAN)
    assert contents(tmp_path / "store") == contents(whole)


def test_force_starts_over_and_leaves_the_users_files_alone(tmp_path, whole):
    store = tmp_path / "store"
    sweep(SMALL, DESIGN, store=store, workers=1, **{**PLAN, "seed": 99})
    mine = [store / name for name in ("notes.txt", f"{RUNS}/mine.csv", "rejected/mine.parquet", "mine/runs.csv")]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    sweep(SMALL, DESIGN, store=store, workers=1, force=True, **PLAN)
    assert [path.read_text() for path in mine] == ["mine"] * 4
    for path in mine:
        path.unlink()
    assert contents(store) == contents(whole)


def test_force_deletes_nothing_where_there_is_no_store(tmp_path):
    mine = tmp_path / RUNS / "0123456789abcdef0123-0123456789ab.parquet"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.warns(UserWarning, match="1 damaged or foreign"):
        sweep(SMALL, DESIGN, store=tmp_path, workers=1, force=True, **{**PLAN, "replicates": 1})
    assert (tmp_path / "rejected" / f"{RUNS}-{mine.name}").read_text() == "mine"


def test_no_seed_is_the_stores(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "store")
    table = sweep(SMALL, DESIGN, store=tmp_path / "store", workers=1, **{**PLAN, "seed": None})
    pd.testing.assert_frame_equal(table, reading.read(whole))


@pytest.mark.parametrize("table", [RUNS, DIAGNOSTICS, SERIES])
def test_export_keeps_every_digit(tmp_path, whole, table):
    expected = read_table(whole, table)
    with export(whole, tmp_path / "table.csv", table).open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(expected.columns)
    assert len(rows) == len(expected)
    for place, name in enumerate(header):
        read = expected[name].dtype.type if pd.api.types.is_float_dtype(expected[name]) else str
        kept = [np.nan if row[place] == "" and read is not str else read(row[place]) for row in rows]
        written = expected[name] if read is not str else expected[name].map(str)
        np.testing.assert_array_equal(np.array(kept), written.to_numpy())


@pytest.mark.parametrize("table", [RUNS, DIAGNOSTICS, SERIES])
def test_pandas_polars_and_duckdb_read_a_store_as_it_is(whole, table):
    order = ["point", "replicate", "epoch"] if table == SERIES else ["point", "replicate"]
    expected = read_table(whole, table)
    nulls = expected.isna().sum()
    glob = f"{whole / table}/*.parquet"
    frames = {
        "pandas": pd.read_parquet(whole / table),
        "polars": pl.read_parquet(whole / table).to_pandas(),
        "polars, by pattern": pl.read_parquet(glob).to_pandas(),
        "duckdb": duckdb.sql(f"select * from '{glob}'").df(),
    }
    for name, frame in frames.items():
        ordered = frame.sort_values(order).reset_index(drop=True)
        pd.testing.assert_frame_equal(ordered, expected, check_exact=True, check_dtype=False, obj=name)
    if table == RUNS:
        assert 0 < nulls["detected_share"] < faults.RUNS
        assert pl.read_parquet(glob)["detected_share"].null_count() == nulls["detected_share"]
        assert pl.read_parquet(glob)["detected_share"].is_nan().sum() == 0
        means = duckdb.sql(f"select avg(detected_share) from '{glob}'").fetchall()
        assert means == [(pytest.approx(expected["detected_share"].mean()),)]


def test_the_manifest_tells_what_the_runs_are_runs_of(tmp_path):
    design = Design.sobol(4, "enforcement", slash_fraction=(0.01, 0.5), seed=3)
    sweep(SMALL, design, store=tmp_path, workers=1, **{**PLAN, "replicates": 1})
    content = manifest.read(tmp_path)
    identity = content["identity"]
    assert Scenario(**{**identity["scenario"], **design.points[0]}) == SMALL.replace(**design.points[0])
    assert identity["scenario"].keys().isdisjoint(design.axes)
    assert [identity[name] for name in ("seed", "epochs", "record_every", "series")] == [11, 6, 2, True]
    assert identity["metrics"] == list(METRICS)
    assert identity["code"] == engine()["code"]
    assert {"numpy", "numba"} <= identity.keys()
    assert content["design"]["design"] == "sobol"
    assert content["design"]["seed"] == 3
    assert "model/core/epoch.py" in content["sources"]
    assert content["written_by"].keys() == {"time", "python", "machine", "cpus"}
    assert Design.from_csv(tmp_path / manifest.POINTS) == design


def test_series_and_diagnostics_of_a_store_are_read_when_they_are_asked_for(tmp_path):
    table, kept = sweep(SMALL, DESIGN, workers=1, store=tmp_path, **PLAN), sweep(SMALL, DESIGN, workers=1, **PLAN)
    for name in ("series", "diagnostics"):
        pd.testing.assert_frame_equal(getattr(table, name), getattr(kept, name))
        pd.testing.assert_frame_equal(getattr(reading.read(tmp_path), name), getattr(kept, name))
    assert set(table[table["point"] == 1].series["point"]) == {1}
