"""Sweeps: common luck, the same table whoever runs it, nothing lost to a run that fails, early refusals."""

import math

import numpy as np
import pandas as pd
import pytest

import model
from experiments import Design, ExperimentError, files, sweep
from experiments.sweeps.plan import Plan, replicate_seed
from model import simulate
from model.metrics import METRICS
from model.parameters import Scenario, ScenarioError

SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200,
)  # fmt: skip
DESIGN = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.5])
PLAN = {"replicates": 3, "epochs": 6, "record_every": 2, "seed": 11}
SEEDS = [replicate_seed(PLAN["seed"], replicate) for replicate in range(PLAN["replicates"])]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sweep(SMALL, DESIGN, workers=1, **PLAN)


def test_a_row_is_what_that_run_settled_at(table):
    row = table.iloc[-1]
    scenario = SMALL.replace(sampling_probability=0.1, slash_fraction=0.5)
    run = simulate(scenario, seed=int(row["seed"]), epochs=6, record_every=2)
    pd.testing.assert_series_equal(row[list(METRICS)].astype(float), run.summary(), check_names=False)
    flags = [row[f"{name}_stationary"] for name in METRICS]
    assert flags == run.settled().stationary.tolist()
    ends = ["key", "point", "replicate", *DESIGN.axes, "seed", *METRICS, "error"]
    assert list(table.columns) == [*ends, *(f"{name}_stationary" for name in METRICS)]


def test_diagnostics_and_series_are_those_of_the_runs():
    table = sweep(SMALL, DESIGN, metrics=["honesty_by_value", "price"], series=True, workers=1, **PLAN)
    run = simulate(SMALL.replace(**DESIGN.points[2]), seed=SEEDS[1], epochs=6, record_every=2)
    series = table.series[(table.series["point"] == 2) & (table.series["replicate"] == 1)]
    assert series["epoch"].tolist() == [2, 4, 6]
    recorded = run.metrics[["honesty_by_value", "price"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(series[["honesty_by_value", "price"]].reset_index(drop=True), recorded)
    row = table.diagnostics[(table.diagnostics["point"] == 2) & (table.diagnostics["replicate"] == 1)].iloc[0]
    settled = run.settled(["honesty_by_value", "price"])
    for kind in ("drift", "deviation", "effective"):
        kept = [row[f"{name}_{kind}"] for name in ("honesty_by_value", "price")]
        assert kept == pytest.approx(getattr(settled, kind).tolist(), rel=2**-8)


def test_every_point_meets_the_same_luck(table):
    assert len(set(SEEDS)) == PLAN["replicates"]
    assert table["seed"].tolist() == SEEDS * len(DESIGN.points)


def test_seeds_are_those_that_numpy_spawns():
    children = np.random.SeedSequence(7).spawn(3)
    assert [replicate_seed(7, r) for r in range(3)] == [int(c.generate_state(1, "uint64")[0] >> 1) for c in children]


def test_more_points_and_replicates_change_no_other_row(table):
    wider = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.1, 0.5])
    larger = sweep(SMALL, wider, workers=1, **{**PLAN, "replicates": 4})
    kept = larger[(larger["slash_fraction"] != 0.1) & (larger["replicate"] < 3)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept.drop(columns="point"), table.drop(columns="point"), check_exact=True)


def test_equal_points_run_once_and_stand_where_they_first_do():
    design = Design(("slash_fraction",), ({"slash_fraction": 0.1}, {"slash_fraction": 0.5}, {"slash_fraction": 0.1}))
    assert sweep(SMALL, design, workers=1, **PLAN)["point"].tolist() == [0, 0, 0, 1, 1, 1]


def test_a_run_has_one_key_however_its_point_is_written():
    def key(scenario, value):
        return next(Plan(scenario, Design.grid(slash_fraction=[value]), 1, 6, 2, ("price",)).tasks([0], 1)).key

    assert key(SMALL, 1) == key(SMALL, 1.0) == key(SMALL, np.float64(1)) == key(SMALL.replace(name="other"), 1)
    assert key(SMALL, 1) != key(SMALL, 0.5)
    assert key(SMALL, 1) != key(SMALL.replace(jail_epochs=3), 1)


def test_more_replicates_go_on_with_what_is_there(tmp_path, monkeypatch, table):
    sweep(SMALL, DESIGN, workers=1, store=tmp_path, **{**PLAN, "replicates": 2})
    ran = []

    def counted(scenario, seed, **plan):
        ran.append(seed)
        return simulate(scenario, seed=seed, **plan)

    monkeypatch.setattr(model, "simulate", counted)
    larger = sweep(SMALL, DESIGN, workers=1, store=tmp_path, **PLAN)
    assert ran == [SEEDS[2]] * len(DESIGN.points)
    pd.testing.assert_frame_equal(larger, table, check_exact=True)
    assert len(sweep(SMALL, DESIGN, workers=1, store=tmp_path, **{**PLAN, "replicates": 1})) == len(DESIGN.points)


def test_a_drawn_root_seed_is_kept_and_repeats_the_table(tmp_path):
    plan = {"replicates": 2, "epochs": 4, "record_every": 1, "workers": 1}
    first = sweep(SMALL, DESIGN, store=tmp_path / "a", **plan)
    again = sweep(SMALL, DESIGN, store=tmp_path / "a", **plan)
    other = sweep(SMALL, DESIGN, store=tmp_path / "b", **plan)
    pd.testing.assert_frame_equal(again, first)
    assert first["seed"].tolist() != other["seed"].tolist()


def test_a_run_that_raises_loses_no_other(monkeypatch, table):
    def fragile(scenario, seed, **plan):
        if seed == SEEDS[1] and scenario.slash_fraction == 0.5:
            raise FloatingPointError("overflow\nin a kernel")
        return simulate(scenario, seed=seed, **plan)

    monkeypatch.setattr(model, "simulate", fragile)
    told = []
    broken = sweep(SMALL, DESIGN, workers=1, progress=told.append, **PLAN)
    failed = broken["error"] != ""
    assert failed.sum() == 2
    assert told[-1].failed == 2
    assert set(broken.loc[failed, "error"]) == {"FloatingPointError: overflow in a kernel"}
    assert broken.loc[failed, list(METRICS)].isna().all(axis=None)
    assert not broken.loc[failed, [f"{name}_stationary" for name in METRICS]].any(axis=None)
    pd.testing.assert_frame_equal(broken[~failed], table[~failed])


@pytest.mark.parametrize(
    ("design", "plan", "message"),
    [
        (Design.grid(slash_fraction=[0.1, 1.5]), {}, "slash_fraction = 1.5"),
        (Design.grid(token_supply=[1_000.0, 2_000.0]), {}, "token_supply = 1000"),
        (DESIGN, {"replicates": 0}, "replicates = 0"),
        (DESIGN, {"epochs": 2.5}, "epochs = 2.5"),
        (DESIGN, {"workers": -1}, "workers = -1"),
        (DESIGN, {"seed": -1}, "seed = -1"),
        (DESIGN, {"metrics": ["honesty"]}, "did you mean"),
        (DESIGN, {"metrics": []}, "at least one"),
        (DESIGN, {"metrics": ["price", "price"]}, "once"),
        (DESIGN, {"shard": (0, 2)}, "k-th of n"),
        (DESIGN, {"shard": (1, 5)}, "4 points"),
        (DESIGN, {"precision": {"price": math.nan}}, "above zero"),
        (DESIGN, {"precision": {"price": 1.0}, "most_replicates": 2}, "below replicates"),
        (DESIGN, {"most_replicates": 9}, "precision"),
        (DESIGN, {"scheduler": "tcp://127.0.0.1:9"}, "running Dask scheduler"),
        (DESIGN, {"scheduler": "nonsense", "workers": 2}, "has its own"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_runs_or_is_written(monkeypatch, tmp_path, design, plan, message):
    monkeypatch.setattr(model, "simulate", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises((ScenarioError, ExperimentError), match=message):
        sweep(SMALL, design, store=tmp_path / "out", **{**PLAN, **plan})
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_noticed_before_anything_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(model, "simulate", lambda *_, **__: pytest.fail("it ran"))
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
        files.write(path, full_disk)
    assert [(child.name, child.read_text()) for child in tmp_path.iterdir()] == [("kept.txt", "before")]


def test_progress_begins_with_an_estimate_and_ends_with_everything_done():
    told = []
    sweep(SMALL, DESIGN, workers=1, progress=told.append, **PLAN)
    assert told[0].done < told[0].total == 12
    assert told[0].seconds_left > 0
    assert told[0].bytes_left > 0
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert told[-1].done == 12
    assert told[-1].seconds_left == 0


def test_a_few_points_that_cannot_be_populated_are_told_and_become_errors():
    design = Design.grid(token_supply=[1_000.0, 6e6, 7e6])
    with pytest.warns(UserWarning, match=r"1 of 3 points cannot be populated .* point 1 \(token_supply 1000\.0\)"):
        table = sweep(SMALL, design, workers=1, **PLAN)
    assert (table["error"] != "").tolist() == [True] * 3 + [False] * 6
    assert table["error"].iloc[0].startswith("ScenarioError: token_supply = 1000")


@pytest.mark.parametrize(
    ("scenario", "design", "message"),
    [
        ("metis", DESIGN, "give a Scenario"),
        (SMALL, {"slash_fraction": [0.1]}, "give one, such as Design.grid"),
    ],
)
def test_what_is_no_scenario_or_design_is_refused(scenario, design, message):
    with pytest.raises(ExperimentError, match=message):
        sweep(scenario, design, **PLAN)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_other_things_is_left_alone(tmp_path, force):
    (tmp_path / "thesis.tex").write_text("a year of work")
    with pytest.raises(ExperimentError, match=r"holds other things \(thesis.tex\)"):
        sweep(SMALL, DESIGN, store=tmp_path, force=force, **PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_sweeps_of_one_process_may_each_start_a_cluster(table):
    for _ in range(2):
        pd.testing.assert_frame_equal(sweep(SMALL, DESIGN, scheduler="local", workers=1, **PLAN), table)
