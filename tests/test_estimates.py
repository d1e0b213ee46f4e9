"""Estimates from runs: intervals against scipy and by coverage, R-hat against a loop over records, drift over runs."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments import Design, ExperimentError, sweep
from experiments.estimates import apart, clear, half_width, paired, point_means, split_r_hat
from model.parameters import Scenario
from model.stationarity import judge

WORLDS = 4000


def chains(levels: list[float], n: int, seed: int = 1) -> np.ndarray:
    """Return independent normal records of unit deviation around a level per run, (runs, n)."""
    return np.array(levels)[:, None] + np.random.default_rng(seed).standard_normal((len(levels), n))


def known(records: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the diagnostics keep of runs: mean, drift, deviation within halves."""
    first, second = np.split(records, 2, axis=1)
    within = (first.var(axis=1, ddof=1) + second.var(axis=1, ddof=1)) / 2
    return records.mean(axis=1), second.mean(axis=1) - first.mean(axis=1), np.sqrt(within)


def gelman(records: np.ndarray) -> float:
    """Return split R-hat from the records themselves, step by step as in Bayesian Data Analysis, (11.1) to (11.4)."""
    halves = [half for run in records for half in np.split(run, 2)]
    n, m = len(halves[0]), len(halves)
    means = [sum(half) / n for half in halves]
    grand = sum(means) / m
    between = n / (m - 1) * sum((mean - grand) ** 2 for mean in means)
    within = sum(sum((x - mean) ** 2 for x in half) / (n - 1) for half, mean in zip(halves, means, strict=True)) / m
    return math.sqrt(((n - 1) / n * within + between / n) / within)


@pytest.mark.parametrize("levels", [[0.0] * 8, [0.0, 0.0, 3.0, 3.0], [0.0, 0.5, 1.0]])
def test_r_hat_from_what_is_kept_of_runs_is_that_of_their_records(levels):
    """Equal but for (n - 1) / n, that is, 1 / n within the root."""
    records = chains(levels, 2000)
    assert split_r_hat(*known(records)) ** 2 - 1 / 1000 == pytest.approx(gelman(records) ** 2, rel=1e-9)


def test_r_hat_is_one_for_runs_at_one_level_and_large_for_runs_at_two():
    assert split_r_hat(*known(chains([0.0] * 16, 1000))) == pytest.approx(1.0, abs=0.01)
    assert split_r_hat(*known(chains([0.0] * 8 + [5.0] * 8, 1000))) > 2.5


def test_r_hat_is_large_for_runs_that_are_on_their_way_together():
    records = chains([0.0] * 16, 1000) + np.linspace(0, 7, 1000)
    assert split_r_hat(*known(records)) > 1.4


def test_r_hat_has_no_unit():
    values, drifts, deviations = known(chains([0.0, 1.0, 2.0], 50))
    here = split_r_hat(values, drifts, deviations)
    assert split_r_hat(1000 * values + 7, 1000 * drifts, 1000 * deviations) == pytest.approx(here)
    assert split_r_hat(-values, -drifts, deviations) == pytest.approx(here)


def test_r_hat_of_runs_that_do_not_vary():
    still = np.zeros(3)
    assert split_r_hat(np.array([0.2, 0.2, 0.2 + 1e-16]), still, still) == 1
    assert split_r_hat(np.array([0.2, 0.2, 0.3]), still, still) == math.inf
    assert math.isnan(split_r_hat(*np.empty((3, 0))))


def autoregressions(phi: float, n: int, levels: float = 0.0) -> np.ndarray:
    """Return 1,000 points of 16 runs, AR(1) of unit variance around levels of that deviation, (1000, 16, n)."""
    random = np.random.default_rng(1)
    shocks = random.standard_normal((n, 1000, 16))
    records = [shocks[0]]
    for shock in shocks[1:]:
        records.append(phi * records[-1] + math.sqrt(1 - phi**2) * shock)
    return np.stack(records, axis=2) + levels * random.standard_normal((1000, 16, 1))


def said_apart(records: np.ndarray) -> float:
    """Return at what share of points the runs are said to be apart."""
    points, runs, n = records.shape
    verdict = judge(records.reshape(-1, n))
    values = records.mean(axis=2), verdict.drift.reshape(points, runs), verdict.deviation.reshape(points, runs)
    r_hats = [split_r_hat(*point) for point in zip(*values, strict=True)]
    return float(apart(pd.Series(r_hats), pd.Series(verdict.effective.reshape(points, runs).mean(axis=1))).mean())


@pytest.mark.parametrize(
    ("phi", "n", "alarms"), [(0.0, 26, 0.0), (0.3, 26, 0.001), (0.5, 26, 0.04), (0.5, 52, 0.001), (0.7, 52, 0.04)]
)
def test_runs_of_few_effective_records_at_one_level_are_seldom_said_to_be_apart(phi, n, alarms):
    """Alarms of 10,000 points, rounded up; four standard errors of 1,000 on top. R-hat alone is above 1.1 at 650."""
    assert said_apart(autoregressions(phi, n)) <= alarms + 4 * math.sqrt(alarms / 1000)


@pytest.mark.parametrize(("phi", "n"), [(0.0, 26), (0.5, 26), (0.7, 52)])
def test_runs_whose_levels_differ_by_three_quarters_of_a_deviation_are_said_to_be_apart(phi, n):
    """Power measured: 0.96 to 0.99; four standard errors are allowed below."""
    assert said_apart(autoregressions(phi, n, levels=0.75)) > 0.95 - 4 * math.sqrt(0.05 * 0.95 / 1000)


def test_runs_that_never_vary_are_apart_unless_they_are_equal():
    assert apart(pd.Series([1.0, math.inf, math.nan]), pd.Series([26.0, 26.0, math.nan])).tolist() == [
        False,
        True,
        False,
    ]


def runs_of_two_points() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return four runs at each of two points, and their diagnostics in another order; one run lacks the outcome."""
    records = chains([0.0] * 4 + [1.0, 2.0, 3.0, 4.0], 40)
    value, drift, deviation = known(records)
    effective = np.arange(8.0)
    table = pd.DataFrame({
        "key": list("abcdefgh"), "x": [1] * 4 + [2] * 4, "choice": ["p"] * 4 + ["q"] * 4, "outcome": value,
        "outcome_stationary": [True, True, True, False, True, False, False, True],
    })  # fmt: skip
    table.loc[7, "outcome"] = np.nan
    parts = {"outcome_effective": effective, "outcome_drift": drift, "outcome_deviation": deviation}
    return table, pd.DataFrame({"key": table["key"], **parts}).sample(frac=1, random_state=1)


@pytest.mark.parametrize("axes", [["x"], ["x", "choice"]])
def test_a_point_says_what_share_of_its_runs_settled_and_whether_they_agree(axes):
    table, diagnostics = runs_of_two_points()
    points = point_means(table, axes, ["outcome"], diagnostics)
    rows = table.merge(diagnostics, on="key").dropna()
    assert points["outcome_stationary"].tolist() == pytest.approx([3 / 4, 1 / 3])
    for x, r_hat in zip(points["x"], points["outcome_r_hat"], strict=True):
        expected = split_r_hat(
            *rows.loc[rows["x"] == x, ["outcome", "outcome_drift", "outcome_deviation"]].to_numpy().T
        )
        assert r_hat == pytest.approx(expected)
    assert points["runs"].tolist() == [4, 3]
    assert points["outcome_effective"].tolist() == [1.5, 5.0]


def test_the_drift_of_a_point_has_the_interval_of_its_replicates():
    table, diagnostics = runs_of_two_points()
    points = point_means(table, ["x"], ["outcome"], diagnostics).set_index("x")
    rows = table.merge(diagnostics, on="key").dropna()
    for x, drifts in rows.groupby("x")["outcome_drift"]:
        centre, width = points.loc[x, ["outcome_drift", "outcome_drift_half_width"]]
        interval = stats.ttest_1samp(drifts, 0).confidence_interval(0.95)
        assert [centre - width, centre + width] == pytest.approx([*interval])


def test_a_trend_that_no_run_shows_is_seen_in_all_of_them():
    """A trend of 0.3 deviations parts the halves by 0.15, 8 standard errors of 400 runs: missed once in 10^8."""
    records = chains([0.0] * 400, 26, seed=8) + np.linspace(0, 0.3, 26)
    verdict = judge(records)._asdict()
    table = pd.DataFrame({"key": range(400), "x": 1, "outcome": records.mean(axis=1)})
    table["outcome_stationary"] = verdict.pop("stationary")
    diagnostics = pd.DataFrame(verdict).add_prefix("outcome_").assign(key=range(400))
    point = point_means(table, ["x"], ["outcome"], diagnostics).iloc[0]
    assert point["outcome_stationary"] > 0.95
    assert point["outcome_drift_clear"]
    assert point["outcome_drift"] > point["outcome_drift_half_width"]


def drifts(share: float, moved: int, seed: int) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return means, half-widths and runs of 100 points of 16 replicates that share luck; so many points move by 1.2."""
    random = np.random.default_rng(seed)
    luck = random.standard_normal((16, 1)) * random.choice([-1, 1], 100)
    values = math.sqrt(share) * luck + math.sqrt(1 - share) * random.standard_normal((16, 100))
    values[:, :moved] += 1.2
    runs = np.full(100, 16)
    return pd.Series(values.mean(axis=0)), pd.Series(half_width(values.std(axis=0, ddof=1), runs)), pd.Series(runs)


def test_what_is_clear_is_benjamini_and_hochbergs():
    means, widths, runs = drifts(0.0, 10, seed=1)
    errors = widths / stats.t.ppf(0.975, 15)
    chances = sorted(
        (2 * stats.t.sf(abs(mean / error), 15), place)
        for place, (mean, error) in enumerate(zip(means, errors, strict=True))
    )
    last = max(rank for rank, (chance, _) in enumerate(chances, start=1) if chance <= 0.05 * rank / 100)
    found = clear(means, widths, runs)
    assert set(found.index[found]) == {place for _, place in chances[:last]}


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_where_nothing_moves_nothing_is_clear_in_nineteen_cases_of_twenty(share):
    """1,000 sets of 100 points, with luck in common or not; four standard errors of the rate are allowed on top."""
    alarms = np.mean([clear(*drifts(share, 0, seed)).any() for seed in range(1000)])
    assert alarms < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_what_moves_is_clear_and_one_in_twenty_of_what_is_clear_does_not_move(share):
    """Found are 0.97 of 30 (standard error 0.007 with common luck), wrong 0.035 (0.002) and 0.024 (0.008) of what is.

    Without a correction for their number a tenth of what is found would be wrong.
    """
    found = np.array([clear(*drifts(share, 30, seed)) for seed in range(200)])
    wrong = found[:, 30:].sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    assert found[:, :30].mean() > 0.9
    assert wrong.mean() < 0.06


def test_what_is_zero_in_every_run_or_known_from_one_is_not_clear_and_what_moves_alike_in_all_is():
    means, widths, runs = (
        pd.Series([0.0, 1.0, 1.0, math.nan]),
        pd.Series([0.0, math.nan, 0.0, math.nan]),
        pd.Series([4, 1, 4, 0]),
    )
    assert clear(means, widths, runs).tolist() == [False, False, True, False]
    assert not clear(means[:2], widths[:2], runs[:2]).any()


def test_a_table_without_judgements_has_means_and_widths_alone():
    table, _ = runs_of_two_points()
    plain = point_means(table.drop(columns=["key", "outcome_stationary"]), ["x"], ["outcome"])
    assert list(plain.columns) == ["x", "runs", "outcome", "outcome_half_width"]
    pd.testing.assert_frame_equal(point_means(table, ["x"], ["outcome"])[list(plain.columns)], plain)


def test_a_point_where_every_run_failed_has_no_share_and_no_agreement():
    table, diagnostics = runs_of_two_points()
    table["outcome_stationary"] = table["outcome_stationary"].astype(object)
    table.loc[table["x"] == 2, ["outcome", "outcome_stationary"]] = [np.nan, None]
    points = point_means(table, ["x"], ["outcome"], diagnostics).set_index("x")
    assert (
        points.loc[2, ["outcome", "outcome_half_width", "outcome_stationary", "outcome_r_hat", "outcome_drift"]]
        .isna()
        .all()
    )
    assert not points.loc[2, "outcome_drift_clear"]
    assert points.loc[1, "outcome_stationary"] == 3 / 4


def worlds(n: int, common: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs of two policies that share luck of deviation `common`, with 1 and 2 of their own; b is 0.7 better."""
    luck, first, second = np.random.default_rng(seed).standard_normal((3, n))
    a = pd.DataFrame({"seed": range(n), "outcome": common * luck + first})
    b = pd.DataFrame({"seed": range(n), "outcome": common * luck + 2 * second + 0.7})
    return a, b.sample(frac=1, random_state=seed)


def test_the_paired_interval_is_scipys_and_so_is_the_unpaired():
    a, b = worlds(12, 3.0, seed=5)
    row = paired(a, b, ["outcome"]).loc["outcome"]
    x, y = a["outcome"], b.sort_values("seed")["outcome"]
    for result, width in [
        (stats.ttest_rel(y, x), "half_width"), (stats.ttest_ind(y, x, equal_var=False), "half_width_unpaired"),
    ]:  # fmt: skip
        low, high = result.confidence_interval(0.95)
        assert [row["difference"] - row[width], row["difference"] + row[width]] == pytest.approx([low, high])
    assert [row["mean_a"], row["mean_b"], row["runs"]] == pytest.approx([x.mean(), y.mean(), 12])


def test_the_gain_is_what_common_luck_takes_out_of_the_difference():
    """Variances 9 + 1 and 9 + 4 apart, 1 + 4 together: 23 / 5, within four standard errors at 20,000 runs."""
    gain = paired(*worlds(20_000, 3.0, seed=6), ["outcome"]).loc["outcome", "gain"]
    assert gain == pytest.approx(23 / 5, rel=0.06)
    assert paired(*worlds(20_000, 0.0, seed=6), ["outcome"]).loc["outcome", "gain"] == pytest.approx(1, rel=0.06)


@pytest.mark.parametrize("n", [2, 8])
def test_the_paired_interval_holds_the_truth_nineteen_times_in_twenty(n):
    """4,000 true differences of 0.7, a column each: the share of hits is within four standard errors of 0.95."""
    luck, first, second = np.random.default_rng(n).standard_normal((3, n, WORLDS))
    a, b = (pd.DataFrame(runs).assign(seed=range(n)) for runs in (3 * luck + first, 3 * luck + 2 * second + 0.7))
    table = paired(a, b, range(WORLDS))
    hits = np.mean(np.abs(table["difference"] - 0.7) <= table["half_width"])
    assert hits == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / WORLDS))


def test_runs_are_matched_by_seed_and_those_without_the_metric_left_out():
    a = pd.DataFrame({"seed": [1, 2, 3, 4], "p": [1.0, 2.0, np.nan, 9.0], "q": [0.0, 1.0, 2.0, 9.0]})
    b = pd.DataFrame({"seed": [3, 2, 1, 5], "p": [5.0, 4.0, 4.0, 9.0], "q": [2.0, 1.0, 0.0, 9.0]})
    table = paired(a, b, ["p", "q"])
    assert table["runs"].tolist() == [2, 3]
    assert table.loc["p", ["mean_a", "mean_b", "difference"]].tolist() == [1.5, 4.0, 2.5]
    assert table.loc["q", ["difference", "half_width", "gain"]].tolist() == [0.0, 0.0, math.inf]


def test_one_pair_has_a_difference_without_an_interval():
    row = paired(*worlds(1, 1.0, seed=1), ["outcome"]).loc["outcome"]
    assert row[["mean_a", "mean_b", "difference"]].notna().all()
    assert row[["half_width", "half_width_unpaired", "gain"]].isna().all()


def test_what_is_the_same_in_every_run_has_intervals_of_no_width():
    a = pd.DataFrame({"seed": range(4), "outcome": 1.0})
    row = paired(a, a.assign(outcome=3.0), ["outcome"]).loc["outcome"]
    assert row[["difference", "half_width", "half_width_unpaired"]].tolist() == [2.0, 0.0, 0.0]


@pytest.mark.parametrize(("seeds", "message"), [([1, 1], "seed = 1 is twice"), ([8, 9], "share no seed")])
def test_tables_that_cannot_be_compared_say_why(seeds, message):
    a = pd.DataFrame({"seed": [1, 2], "outcome": [0.0, 1.0]})
    with pytest.raises(ExperimentError, match=message):
        paired(a, a.assign(seed=seeds), ["outcome"])
    with pytest.raises(ExperimentError, match=message):
        paired(a.assign(seed=seeds), a, ["outcome"])


def test_policies_that_luck_does_not_see_differ_by_nothing_in_what_luck_decides():
    """Slashing moves no price: under common seeds the difference is exactly zero, unpaired it would be unknown."""
    small = Scenario(
        number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2,
        possible_rangers=3, number_of_apps=3, blocks_per_epoch=200,
    )  # fmt: skip
    plan = {"replicates": 4, "epochs": 10, "record_every": 2, "seed": 3}
    tables = [sweep(small, Design.grid(slash_fraction=[slash]), **plan) for slash in (0.01, 0.5)]
    price = paired(*tables, ["price"]).loc["price"]
    assert [price["difference"], price["half_width"]] == [0.0, 0.0]
    assert price["half_width_unpaired"] > 0
