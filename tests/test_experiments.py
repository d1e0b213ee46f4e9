"""Designs, sweeps and their files: the same bytes for any number of workers, common luck, nothing half written."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import model
from experiments import Design, ExperimentError, store, sweep
from experiments.estimates import boundary, point_means
from experiments.sweep import replicate_seeds
from model import simulate
from model.metrics import METRICS
from model.parameters import Scenario, ScenarioError

SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200,
)  # fmt: skip
DESIGN = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.5])
PLAN = {"replicates": 3, "epochs": 6, "record_every": 2, "seed": 11}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sweep(SMALL, DESIGN, workers=1, **PLAN)


def test_a_row_is_the_summary_of_that_run(table):
    row = table.iloc[-1]
    scenario = SMALL.replace(sampling_probability=0.1, slash_fraction=0.5)
    expected = simulate(scenario, seed=int(row["seed"]), epochs=6, record_every=2).summary()
    pd.testing.assert_series_equal(row[list(METRICS)].astype(float), expected[list(METRICS)], check_names=False)
    assert list(table.columns) == [*DESIGN.axes, "replicate", "seed", *METRICS, "error"]


def test_every_point_meets_the_same_luck(table):
    _, seeds = replicate_seeds(PLAN["seed"], PLAN["replicates"])
    assert len(set(seeds)) == PLAN["replicates"]
    assert table["seed"].tolist() == seeds * len(DESIGN.points)


def test_more_points_and_replicates_change_no_other_row(table):
    wider = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.1, 0.5])
    larger = sweep(SMALL, wider, workers=1, **{**PLAN, "replicates": 4})
    kept = larger[(larger["slash_fraction"] != 0.1) & (larger["replicate"] < 3)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, table, check_exact=True)


def test_one_and_two_workers_write_the_same_bytes(tmp_path):
    for workers in (1, 2):
        sweep(SMALL, DESIGN, workers=workers, store=tmp_path / str(workers), **PLAN)
    for name in ("runs.parquet", "runs.csv", "manifest.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_files_hold_the_table_and_how_to_repeat_it(tmp_path, table):
    sweep(SMALL, DESIGN, store=tmp_path, **PLAN)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "runs.parquet"), table)
    written = pd.read_csv(tmp_path / "runs.csv", keep_default_na=False, na_values={name: [""] for name in METRICS})
    pd.testing.assert_frame_equal(written[list(METRICS)], table[list(METRICS)], check_dtype=False, check_exact=True)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    again = Scenario(**manifest["scenario"])
    assert again == SMALL
    assert manifest["points"] == [dict(point) for point in DESIGN.points]
    assert {name: manifest[name] for name in ("epochs", "record_every", "seed")} == {
        name: PLAN[name] for name in ("epochs", "record_every", "seed")
    }
    assert {"code", "versions", "seeds"} <= manifest.keys()


def test_a_drawn_root_seed_is_recorded_and_repeats_the_table(tmp_path):
    plan = {"replicates": 2, "epochs": 4, "record_every": 1}
    first = sweep(SMALL, DESIGN, store=tmp_path, **plan)
    seed = json.loads((tmp_path / "manifest.json").read_text())["seed"]
    pd.testing.assert_frame_equal(sweep(SMALL, DESIGN, seed=seed, **plan), first)


def test_a_run_that_raises_loses_no_other(monkeypatch, table):
    _, seeds = replicate_seeds(PLAN["seed"], PLAN["replicates"])

    def fragile(scenario, seed, **plan):
        if seed == seeds[1] and scenario.slash_fraction == 0.5:
            raise FloatingPointError("overflow\nin a kernel")
        return simulate(scenario, seed=seed, **plan)

    monkeypatch.setattr(model, "simulate", fragile, raising=False)
    broken = sweep(SMALL, DESIGN, workers=2, **PLAN)
    failed = broken["error"] != ""
    assert failed.sum() == 2
    assert set(broken.loc[failed, "error"]) == {"FloatingPointError: overflow in a kernel"}
    assert broken.loc[failed, list(METRICS)].isna().all(axis=None)
    pd.testing.assert_frame_equal(broken[~failed], table[~failed])


@pytest.mark.parametrize(
    ("design", "plan", "message"),
    [
        (Design.grid(slash_fraction=[0.1, 1.5]), {}, "slash_fraction = 1.5"),
        (Design.grid(token_supply=[1_000.0, 7e6]), {}, "token_supply = 1000"),
        (DESIGN, {"replicates": 0}, "replicates = 0"),
        (DESIGN, {"epochs": 2.5}, "epochs = 2.5"),
        (DESIGN, {"workers": -1}, "workers = -1"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs_or_is_written(monkeypatch, tmp_path, design, plan, message):
    monkeypatch.setattr(model, "simulate", lambda *_, **__: pytest.fail("it ran"), raising=False)
    with pytest.raises((ScenarioError, ExperimentError), match=message):
        sweep(SMALL, design, store=tmp_path / "out", **{**PLAN, **plan})
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_noticed_before_anything_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(model, "simulate", lambda *_, **__: pytest.fail("it ran"), raising=False)
    (tmp_path / "file").touch()
    with pytest.raises(ExperimentError, match="cannot write to"):
        sweep(SMALL, DESIGN, store=tmp_path / "file" / "results", **PLAN)


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "kept.txt"
    path.write_text("before")

    def full_disk(partial):
        partial.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ExperimentError, match="No space left on device"):
        store.write(path, full_disk)
    assert [(child.name, child.read_text()) for child in tmp_path.iterdir()] == [("kept.txt", "before")]


def test_progress_is_told_after_every_run():
    seen = []
    sweep(SMALL, DESIGN, workers=2, progress=lambda done, total: seen.append((done, total)), **PLAN)
    assert seen == [(done, 12) for done in range(1, 13)]


def linear_runs(centres: list[float]) -> pd.DataFrame:
    """Return runs whose outcome is log y less a centre per replicate: the boundary of the mean is known exactly."""
    rows = [
        (x, y, r, math.log(y) - c - x) for x in (0.0, 1.0) for y in (0.1, 0.7, 4.0, 30.0) for r, c in enumerate(centres)
    ]
    return pd.DataFrame(rows, columns=["x", "y", "replicate", "outcome"])


def test_the_interval_of_a_linear_boundary_is_students(table):
    centres = [0.1, 0.4, -0.2, 0.3, 0.25]
    edge = boundary(linear_runs(centres), "x", "y", "outcome", 0.0)
    low, high = stats.t.interval(0.95, 4, np.mean(centres), stats.sem(centres))
    for x in (0.0, 1.0):
        row = edge[edge["x"] == x].iloc[0]
        assert np.log([row["y"], row["low"], row["high"]]) == pytest.approx(np.array([np.mean(centres), low, high]) + x)
        assert row["side"] == "inside"


@pytest.mark.parametrize(("level", "side"), [(-50.0, "below"), (50.0, "above")])
def test_a_boundary_outside_the_range_says_on_which_side(level, side):
    edge = boundary(linear_runs([0.0, 0.1]), "x", "y", "outcome", level)
    assert edge["side"].tolist() == [side, side]
    assert edge[["y", "low", "high"]].isna().all(axis=None)


def test_an_outcome_that_never_changes_has_its_boundary_on_one_side():
    runs = linear_runs([0.0, 0.1]).assign(outcome=0.3)
    assert boundary(runs, "x", "y", "outcome", 0.9)["side"].tolist() == ["above", "above"]
    assert boundary(runs, "x", "y", "outcome", 0.1)["side"].tolist() == ["below", "below"]


def test_a_falling_outcome_has_the_same_boundary():
    runs = linear_runs([0.1, 0.4, -0.2])
    mirrored = boundary(runs.assign(outcome=-runs["outcome"]), "x", "y", "outcome", 0.0)
    pd.testing.assert_frame_equal(mirrored, boundary(runs, "x", "y", "outcome", 0.0))


def test_one_replicate_gives_a_boundary_without_an_interval():
    edge = boundary(linear_runs([0.5]), "x", "y", "outcome", 0.0)
    assert np.log(edge["y"].to_numpy()) == pytest.approx([0.5, 1.5])
    assert edge[["low", "high"]].isna().all(axis=None)


def test_means_have_students_interval():
    runs = linear_runs([0.1, 0.4, -0.2])
    points = point_means(runs, ["x", "y"], ["outcome"])
    sample = runs.loc[(runs["x"] == 1.0) & (runs["y"] == 0.7), "outcome"]
    row = points[(points["x"] == 1.0) & (points["y"] == 0.7)].iloc[0]
    low, high = stats.t.interval(0.95, 2, sample.mean(), stats.sem(sample))
    assert [row["outcome"] - row["outcome_half_width"], row["outcome"] + row["outcome_half_width"]] == pytest.approx(
        [low, high]
    )
    assert row["runs"] == 3
