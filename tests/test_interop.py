"""Interoperability: SALib, the EMA workbench, Mesa's batch_run and xarray get the numbers that simulate gives."""

import math
import pickle
import sys
import warnings
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from mesa.batchrunner import batch_run
from SALib.analyze import sobol
from SALib.sample import latin
from SALib.sample import sobol as saltelli

import model
from experiments import Design, ExperimentError, sweep
from experiments.interop import batch_run_rows, ema_model, outcome_of, salib_design, salib_problem
from experiments.sweeps.plan import replicate_seed
from experiments.sweeps.reading import read
from experiments.sweeps.table import NO_RUN, Table
from model import METRICS, Economy, Scenario, ScenarioError, simulate

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="ipyparallel")
    import ema_workbench
    from ema_workbench.em_framework.evaluators import perform_experiments

BUSY: dict[str, Any] = {
    "number_of_sequencers": 3, "possible_sequencers": 4, "number_of_delegators": 20, "number_of_rangers": 2,
    "possible_rangers": 3, "number_of_apps": 3, "blocks_per_epoch": 200, "mev_bps": 400.0,
}  # fmt: skip
SMALL = Scenario(**BUSY)
PLAN: dict[str, Any] = {"replicates": 3, "epochs": 6, "record_every": 2, "seed": 11}
OUTCOMES = ["honesty_by_value", "user_harm", "stake_total"]
GRID = Design.grid(selection=["stake", "equal"], slash_fraction=[0.01, 0.5], expel=[True, False])
RANGES = {
    "sampling_probability": (1e-3, 0.1),
    "number_of_rangers": (0, 3),
    "admission": None,
    "slash_delay": [0, 7, 30],
}
"""A log scale, whole numbers, a choice, and a list of numbers."""


def means(point: dict[str, Any], name: str) -> float:
    """Return the mean of a metric at a point over the replicates of PLAN, run one by one."""
    seeds = [replicate_seed(PLAN["seed"], replicate) for replicate in range(PLAN["replicates"])]
    runs = [simulate(SMALL.replace(**point), seed, PLAN["epochs"], PLAN["record_every"]) for seed in seeds]
    return float(np.mean([run.summary()[name] for run in runs]))


@pytest.fixture(scope="module")
def table() -> Table:
    return sweep(SMALL, GRID, metrics=OUTCOMES, series=True, workers=1, **PLAN)


def test_salib_gets_an_outcome_per_point_in_the_order_of_the_design():
    design = Design.saltelli(4, seed=3, **RANGES)
    shuffled = sweep(SMALL, design, metrics=OUTCOMES, workers=1, **PLAN).sample(frac=1, random_state=1)
    distinct = {tuple(point.items()) for point in design.points}
    assert len(shuffled) == PLAN["replicates"] * len(distinct) < PLAN["replicates"] * len(design.points)
    found = outcome_of(shuffled, design, "user_harm")
    assert found == pytest.approx([means(dict(point), "user_harm") for point in design.points], rel=1e-12)


def test_an_outcome_along_one_axis():
    design = Design.morris(4, expel=None)
    found = outcome_of(sweep(SMALL, design, metrics=OUTCOMES, workers=1, **PLAN), design, "stake_total")
    assert len(set(found)) == 2
    assert found == pytest.approx([means(dict(point), "stake_total") for point in design.points], rel=1e-12)


def invented(design: Design) -> pd.DataFrame:
    """Return two replicates of each distinct point whose mean is a known sum, in no order."""
    points = pd.DataFrame(design.points).drop_duplicates()
    outcome = points.apply(lambda point: sum_of(point), axis=1)
    runs = [points.assign(replicate=replicate, known=outcome + noise) for replicate, noise in enumerate((-5.0, 5.0))]
    return pd.concat(runs).sample(frac=1, random_state=2)


def sum_of(point: Any) -> float:
    return (
        0.5 * math.log(point["sampling_probability"]) + point["number_of_rangers"] + 3 * (point["admission"] == "vote")
    )


KNOWN = {"sampling_probability": (1e-3, 0.1), "number_of_rangers": (0, 3), "admission": None}
PARTS = np.array([0.25 * math.log(100) ** 2 / 12, 15 / 12, 9 / 4])
"""Variances of the three terms of `sum_of`; each over their sum is an index, first-order and total."""


def test_salib_recovers_known_indices_through_a_table():
    design = Design.saltelli(1024, seed=1, **KNOWN)
    found = sobol.analyze(salib_problem(**KNOWN), outcome_of(invented(design), design, "known"), False, seed=1)
    assert found["S1"] == pytest.approx(PARTS / PARTS.sum(), abs=0.01)
    assert found["ST"] == pytest.approx(PARTS / PARTS.sum(), abs=0.01)


def test_salib_recovers_known_indices_from_points_of_its_own():
    """With second-order indices, which a design does not draw, and which a sum does not have."""
    design = salib_design(saltelli.sample(salib_problem(**KNOWN), 1024, seed=1), **KNOWN)
    found = sobol.analyze(salib_problem(**KNOWN), outcome_of(invented(design), design, "known"), seed=1)
    assert found["S1"] == pytest.approx(PARTS / PARTS.sum(), abs=0.01)
    assert found["S2"][np.triu_indices(3, 1)] == pytest.approx(0.0, abs=0.02)


def test_points_of_salib_are_scenarios_and_every_option_has_its_share():
    names = ("expel", "choice")
    sample = latin.sample(salib_problem(*names, **RANGES), 120, seed=1)
    design = salib_design(sample, *names, **RANGES)
    assert design.axes == (*names, *RANGES)
    list(design.scenarios(SMALL))
    points = pd.DataFrame(design.points)
    for name, levels in {"expel": 2, "choice": 3, "number_of_rangers": 4, "admission": 2, "slash_delay": 3}.items():
        assert points[name].value_counts().tolist() == [120 // levels] * levels
    assert points["sampling_probability"].tolist() == sample[:, 2].tolist()
    assert type(design.points[0]["number_of_rangers"]) is int


def test_the_ends_of_a_problem_are_the_ends_of_the_ranges():
    problem = salib_problem("expel", **RANGES)
    low, high = salib_design(np.array(problem["bounds"]).T, "expel", **RANGES).points
    assert list(low.values()) == [False, 1e-3, 0, "open", 0]
    assert list(high.values()) == [True, 0.1, 3, "vote", 30]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ([[0.5, 0.5]], "shape \\(1, 2\\): give a row per point and 1 column"),
        ([0.5], "shape \\(1,\\)"),
        ([[0.5], [2.5]], "number_of_rangers: the sample has 5, outside the problem's 0 to 4"),
        ([[-0.1]], "number_of_rangers: the sample has -0.2, outside"),
        ([[math.nan]], "number_of_rangers: the sample has nan, outside"),
    ],
)
def test_a_sample_of_another_problem_is_refused(sample, message):
    with pytest.raises(ExperimentError, match=message):
        salib_design(np.array(sample) * 2, number_of_rangers=(0, 3))


def test_outcomes_come_from_the_runs_that_have_them(table):
    thinned = table.copy()
    first = thinned["point"] == 0
    thinned.loc[first & (thinned["replicate"] < 2), "user_harm"] = np.nan
    thinned.loc[thinned["point"] == 1, "user_harm"] = np.nan
    found = outcome_of(thinned, GRID, "user_harm")
    assert found[0] == table.loc[first & (table["replicate"] == 2), "user_harm"].item()
    assert np.isnan(found[1])
    assert not np.isnan(found[2:]).any()


@pytest.mark.parametrize(
    ("design", "metric", "message"),
    [
        (GRID, "user_harms", "no column 'user_harms'; did you mean 'user_harm'"),
        (Design.grid(price_drift=[0.0]), "user_harm", "no column 'price_drift'"),
        (Design.grid(selection=["stake"], slash_fraction=[0.02], expel=[True]), "user_harm", "point 1 .* not in the"),
    ],
)
def test_outcomes_of_another_design_are_refused(table, design, metric, message):
    with pytest.raises(ExperimentError, match=message):
        outcome_of(table, design, metric)


def economy(**changes: Any) -> Any:
    """Return the small economy as a model of the workbench, over every type of parameter."""
    uncertainties = ["price_volatility", ("sampling_probability", (1e-3, 0.1)), ("blocks_per_epoch", (10, 1000))]
    levers = ["choice", "expel", ("slash_delay", [0, 7, 30]), ("number_of_rangers", (0, 3))]
    asked = {"uncertainties": uncertainties, "levers": levers, "outcomes": OUTCOMES, **PLAN}
    return ema_model(SMALL, **{**asked, **changes})


@pytest.mark.parametrize("processes", [1, 2])
def test_the_workbench_gets_what_a_sweep_gets(processes):
    evaluator: Any = ema_workbench.SequentialEvaluator(economy())
    if processes > 1:
        evaluator = ema_workbench.MultiprocessingEvaluator(economy(), n_processes=processes)
    with warnings.catch_warnings(), evaluator:
        warnings.simplefilter("ignore")
        experiments, outcomes = evaluator.perform_experiments(scenarios=3, policies=2)
    axes = [name for name in experiments if name in Scenario.model_fields]
    assert len(axes) == 7
    assert len(experiments) == 6
    points = [dict(zip(axes, row, strict=True)) for row in experiments[axes].astype(object).to_numpy()]
    design = Design.listed(points)
    expected = sweep(SMALL, design, metrics=OUTCOMES, workers=1, **PLAN)
    for name in OUTCOMES:
        assert outcomes[name] == pytest.approx(outcome_of(expected, design, name), rel=1e-14)
        assert len(set(outcomes[name])) > 1


def test_parameters_of_the_workbench_have_the_declared_types_and_bounds():
    asked = economy()
    parameters = {one.name: one for one in (*asked.uncertainties, *asked.levers)}
    assert {name: (type(one).__name__, one.lower_bound, one.upper_bound) for name, one in parameters.items()} == {
        "price_volatility": ("RealParameter", 0, 1.5),
        "sampling_probability": ("RealParameter", pytest.approx(1e-3), pytest.approx(0.1)),
        "blocks_per_epoch": ("IntegerParameter", 10, 1000),
        "choice": ("CategoricalParameter", 0, 2),
        "expel": ("BooleanParameter", 0, 1),
        "slash_delay": ("CategoricalParameter", 0, 2),
        "number_of_rangers": ("IntegerParameter", 0, 3),
    }
    assert [category.value for category in parameters["slash_delay"].categories] == [0, 7, 30]
    assert [category.value for category in parameters["choice"].categories] == ["luce", "logit", "best_response"]
    assert {one.name for one in asked.levers} == {"choice", "expel", "slash_delay", "number_of_rangers"}


def test_the_workbench_samples_log_scales_as_a_design_does():
    """Quantiles of the workbench's distributions are the values at those places of the range."""
    from experiments.ranges import Range

    asked = economy()
    places = (np.arange(200) + 0.5) / 200
    for name, given in (("sampling_probability", (1e-3, 0.1)), ("blocks_per_epoch", (10, 1000))):
        one = Range.of(name, given)
        drawn = asked.uncertainties[name].dist.ppf(places)
        assert drawn == pytest.approx([one.value(place) for place in places], rel=1e-5)


def test_outcomes_of_the_workbench_know_which_direction_is_better():
    from ema_workbench import ScalarOutcome

    kinds = {
        outcome.name: outcome.kind for outcome in economy(outcomes=["honesty_by_value", "user_harm", "price"]).outcomes
    }
    assert kinds == {
        "honesty_by_value": ScalarOutcome.MAXIMIZE, "user_harm": ScalarOutcome.MINIMIZE, "price": ScalarOutcome.INFO,
    }  # fmt: skip


def test_the_workbench_may_choose_levers_alone():
    asked = ema_model(SMALL.replace(name="a name-1"), levers=["expel"], outcomes=["stake_total"], **PLAN)
    assert asked.name == "aname1"
    Policy = getattr(ema_workbench, "Policy", None) or ema_workbench.Sample
    for value in (False, True):
        _, outcomes = perform_experiments(asked, policies=[Policy(str(value), expel=value)])
        assert outcomes["stake_total"] == pytest.approx([means({"expel": value}, "stake_total")])


def test_without_a_seed_one_is_drawn_for_all_experiments():
    one, other = (ema_model(SMALL, ["clawback"], outcomes=["price"], epochs=4, replicates=2).function for _ in range(2))
    assert one(clawback=0.5) == one(clawback=0.5)
    assert one(clawback=0.5) != other(clawback=0.5)


def test_runs_without_an_outcome_do_not_count():
    unchecked = ema_model(SMALL, ["expel"], outcomes=["user_harm", "yield_ranger"], **PLAN).function
    found = unchecked(expel=True, verification="none", number_of_rangers=0)
    assert np.isnan(found["yield_ranger"])
    assert found["user_harm"] > 0


def test_the_function_of_the_workbench_can_be_sent_to_other_processes():
    asked = economy()
    sent = pickle.loads(pickle.dumps(asked))
    assert sent.function(clawback=0.5) == asked.function(clawback=0.5)
    assert sent.uncertainties["blocks_per_epoch"].dist.ppf(0.5) == asked.uncertainties["blocks_per_epoch"].dist.ppf(0.5)


def test_without_the_workbench_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ema_workbench", None)
    with pytest.raises(ExperimentError, match="pip install ema_workbench"):
        economy()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcomes": ["honesty"]}, "unknown metric 'honesty'; did you mean"),
        ({"outcomes": []}, "at least one metric"),
        ({"outcomes": ["price", "price"]}, "name every metric once"),
        ({"levers": ["slash_fracton"]}, "did you mean 'slash_fraction'"),
        ({"levers": [("slash_fraction", 0.1)]}, "slash_fraction = 0.1: give"),
        ({"levers": [("selection", (0, 1))]}, "selection = \\(0, 1\\): give a list"),
        ({"levers": ["price_volatility"]}, "price_volatility is named twice"),
        ({"uncertainties": [], "levers": []}, "nothing varies"),
        ({"replicates": 0}, "replicates = 0"),
        ({"epochs": 2.5}, "epochs = 2.5"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_what_cannot_be_a_model_of_the_workbench_is_refused(changes, message):
    with pytest.raises((ExperimentError, ScenarioError), match=message):
        economy(**changes)


def mesa_rows(seeds: list[int], period: int, epochs: int) -> list[dict[str, Any]]:
    """Return Mesa's rows over two points; how it takes seeds changed between its versions."""
    options: dict[str, Any] = {"max_steps": epochs, "data_collection_period": period, "display_progress": False}
    values = {**BUSY, "slash_fraction": [0.01, 0.5]}
    if tuple(int(part) for part in mesa.__version__.split(".")[:2]) >= (3, 5):
        return batch_run(Economy, values, number_processes=1, rng=seeds, **options)
    each = [batch_run(Economy, {**values, "seed": [seed]}, number_processes=1, **options) for seed in seeds]
    return [
        {**row, "iteration": iteration, "RunId": 2 * iteration + row["RunId"]}
        for iteration, rows in enumerate(each)
        for row in rows
    ]


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether rows are equal, nan counting as equal to nan."""
    return one.keys() == other.keys() and all(one[key] == other[key] or one[key] != one[key] for key in one)


def test_rows_are_those_of_mesas_batch_run():
    """All but the state before the first epoch, which is no record of a run, and the parameters that do not vary."""
    seeds = [replicate_seed(5, replicate) for replicate in range(2)]
    design = Design.grid(slash_fraction=[0.01, 0.5])
    found = batch_run_rows(sweep(SMALL, design, replicates=2, epochs=4, record_every=1, seed=5, series=True, workers=1))
    expected = [
        {name: value for name, value in row.items() if name not in BUSY}
        for row in mesa_rows(seeds, 1, 4)
        if row["Step"] > 0
    ]
    assert len(found) == len(expected) == 2 * 2 * 4
    assert all(same(ours, theirs) for ours, theirs in zip(found, expected, strict=True))
    assert list(found[0]) == ["RunId", "iteration", "Step", "slash_fraction", "seed", *METRICS]
    assert {type(value) for row in found for value in row.values()} == {int, float}


def test_iterations_and_runs_are_numbered_as_batch_run_numbers_them(table):
    seedless: dict[str, Any] = {"iterations": PLAN["replicates"]}
    if tuple(int(part) for part in mesa.__version__.split(".")[:2]) >= (3, 5):
        seedless = {"rng": [None] * PLAN["replicates"]}
    values = {**BUSY, "selection": ["stake", "equal"], "slash_fraction": [0.01, 0.5], "expel": [True, False]}
    expected = batch_run(Economy, values, 1, max_steps=1, display_progress=False, **seedless)
    found = [row for row in batch_run_rows(table) if row["Step"] == 2]
    names = ["RunId", "iteration", "selection", "slash_fraction", "expel"]
    assert [[row[name] for name in names] for row in found] == [[row[name] for name in names] for row in expected]


def test_without_a_series_there_is_a_row_per_run_with_its_summary(table):
    plain = sweep(SMALL, GRID, metrics=OUTCOMES, workers=1, **PLAN)
    rows = batch_run_rows(plain)
    assert len(rows) == len(plain)
    assert {row["Step"] for row in rows} == {PLAN["epochs"]}
    last = plain[(plain["point"] == 7) & (plain["replicate"] == 2)]
    assert {name: rows[-1][name] for name in OUTCOMES} == last[OUTCOMES].iloc[0].to_dict()
    assert rows[-1]["seed"] == last["seed"].item()
    assert rows[-1]["expel"] is False
    assert rows[-1]["selection"] == "equal"


def test_a_run_that_failed_has_a_row_without_metrics(monkeypatch):
    monkeypatch.setattr(model, "simulate", failing(replicate_seed(11, 1)))
    for series in (False, True):
        broken = sweep(SMALL, Design.grid(expel=[True, False]), metrics=OUTCOMES, workers=1, series=series, **PLAN)
        rows = batch_run_rows(broken)
        assert len(rows) == (2 + 4 * 3 if series else 6)
        failed = [row for row in rows if row["iteration"] == 1]
        assert [row["RunId"] for row in failed] == [2, 3]
        assert all(row["Step"] == PLAN["epochs"] for row in failed)
        assert all(np.isnan(row[name]) for row in failed for name in OUTCOMES)


def failing(bad: int) -> Any:
    """Return `simulate` as it would be if every run with one seed raised."""

    def fragile(scenario: Scenario, seed: int, **plan: Any) -> Any:
        if seed == bad:
            raise FloatingPointError("overflow")
        return simulate(scenario, seed=seed, **plan)

    return fragile


def test_rows_of_some_of_the_runs(table):
    some = table[table["slash_fraction"] == 0.5]
    rows = batch_run_rows(some)
    assert [row["RunId"] for row in rows] == [run for run in range(12) for _ in range(3)]
    assert {row["slash_fraction"] for row in rows} == {0.5}


def test_rows_need_the_columns_that_say_which_run_they_are(table):
    with pytest.raises(ExperimentError, match="no column 'seed'"):
        batch_run_rows(table.drop(columns="seed"))


def test_a_grid_is_an_array_over_what_was_swept_and_the_replicates(table):
    grid = table.to_xarray()
    assert isinstance(grid, xr.Dataset)
    assert dict(grid.sizes) == {"selection": 2, "slash_fraction": 2, "expel": 2, "replicate": 3}
    assert grid["selection"].to_numpy().tolist() == ["equal", "stake"]
    assert grid["expel"].to_numpy().tolist() == [False, True]
    assert set(grid.data_vars) == {*OUTCOMES, "error", *(f"{name}_stationary" for name in OUTCOMES)}
    for row in table.to_dict("records"):
        cell = grid.sel({name: row[name] for name in (*GRID.axes, "replicate")})
        assert cell["seed"].item() == row["seed"]
        for name in grid.data_vars:
            assert cell[name].item() == row[name] or np.isnan(row[name])


def test_an_array_has_units(table):
    grid = table.to_xarray()
    assert {name: grid[name].attrs["units"] for name in ("user_harm", "stake_total", "slash_fraction", "expel")} == {
        "user_harm": "bps of volume", "stake_total": "tokens", "slash_fraction": "share of stake", "expel": "yes/no",
    }  # fmt: skip


def test_means_of_an_array_are_those_of_the_table(table):
    found = table.to_xarray()["user_harm"].mean("replicate").sel(selection="stake").transpose("slash_fraction", "expel")
    expected = table[table["selection"] == "stake"].pivot_table(
        index="slash_fraction", columns="expel", values="user_harm"
    )
    assert found.to_numpy() == pytest.approx(expected.to_numpy())


def test_runs_that_are_missing_have_no_numbers_and_keep_all_types(table):
    """As after a precision that was reached sooner at some points: seeds stay whole, flags stay flags."""
    gone = (table["point"] == 0) & (table["replicate"] == 2)
    grid = table[~gone].to_xarray()
    missing = grid.sel(selection="stake", slash_fraction=0.01, expel=True, replicate=2)
    assert np.isnan(missing["user_harm"])
    assert missing["error"] == NO_RUN
    assert not missing["user_harm_stationary"]
    assert missing["seed"] == replicate_seed(PLAN["seed"], 2)
    whole = table.to_xarray()
    assert grid.dtypes == whole.dtypes
    assert int(grid["user_harm"].isnull().sum()) == int(whole["user_harm"].isnull().sum()) + 1
    there = grid["error"] != NO_RUN
    assert whole.where(there).drop_vars("error").equals(grid.where(there).drop_vars("error"))


def test_an_array_of_some_columns(table, tmp_path):
    some = table[[*GRID.axes, "replicate", "user_harm"]].to_xarray()
    assert list(some.data_vars) == ["user_harm"]
    assert "seed" not in some.coords
    sweep(SMALL, GRID, metrics=OUTCOMES, workers=1, store=tmp_path, **PLAN)
    again = read(tmp_path, columns=[*GRID.axes, "replicate", "user_harm"]).to_xarray()
    assert again.identical(some)


def test_an_array_of_one_axis():
    grid = sweep(SMALL, Design.grid(expel=[True, False]), metrics=["price"], workers=1, **PLAN).to_xarray()
    assert grid["price"].dims == ("expel", "replicate")


def test_what_is_no_grid_is_no_array(table):
    points = Design.latin_hypercube(3, "clawback", "expel", seed=1)
    scattered = sweep(SMALL, points, metrics=["price"], workers=1, **PLAN)
    with pytest.raises(ExperimentError, match="3 points in a grid of 6 cells"):
        scattered.to_xarray()
    with pytest.raises(ExperimentError, match="no column 'expel'"):
        table.drop(columns="expel").to_xarray()
    with pytest.raises(ExperimentError, match="several runs share"):
        Table(pd.concat([table, table])).to_xarray()
