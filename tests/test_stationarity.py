"""What has settled: evidence counted in independent records, false alarms and power, gaps, and the run it is about."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import Scenario, simulate
from model.metrics import METRICS, compute
from model.stationarity import LEAST_EFFECTIVE, Verdict, effective_size, judge

SERIES = 2000
SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200,
)  # fmt: skip


def autoregression(phi: float, n: int, rows: int = SERIES, seed: int = 1) -> np.ndarray:
    """Return rows of a stationary AR(1) of unit variance."""
    shocks = np.random.default_rng(seed).standard_normal((rows, n))
    series = shocks.copy()
    for t in range(1, n):
        series[:, t] = phi * series[:, t - 1] + math.sqrt(1 - phi**2) * shocks[:, t]
    return series


def geyer(residuals: list[float]) -> float:
    """Return the effective size, as in the paper: autocovariances by definition, pairs until one is negative."""
    n = len(residuals)
    covariance = [sum(residuals[i] * residuals[i + lag] for i in range(n - lag)) for lag in range(n)]
    if covariance[0] == 0:
        return n
    total, smallest = 0.0, math.inf
    for k in range(n // 2):
        smallest = min(smallest, covariance[2 * k] + covariance[2 * k + 1])
        if smallest <= 0:
            break
        total += smallest
    return n / max((2 * total - covariance[0]) / covariance[0], 1)


def judged(series: list[float]) -> Verdict:
    """Return the verdict on one series, step by step."""
    values = [x for x in series if math.isfinite(x)]
    n, half = len(values), len(values) // 2
    first, second = values[:half], values[half:]
    drift = sum(second) / len(second) - sum(first) / len(first)
    within = [x - sum(first) / len(first) for x in first] + [x - sum(second) / len(second) for x in second]
    deviation = math.sqrt(sum(x * x for x in within) / (n - 2))
    effective = geyer([x - sum(values) / n for x in values])
    error = deviation * math.sqrt(n / geyer(within) * (1 / len(first) + 1 / len(second)))
    gap = next(k for k in range(len(series)) if math.isfinite(series[-1 - k]))
    ended = gap > 0 and (1 - n / (len(series) - gap)) ** gap < 0.01
    moved = abs(drift) > 3 * error and abs(drift) > deviation / 2
    return Verdict(effective, drift, deviation, effective >= 10 and not moved and not ended)


def mser5(series: np.ndarray) -> int:
    """Return where MSER-5 cuts (White 1997): the batches left have the least variance over their number squared."""
    batches = series[: len(series) // 5 * 5].reshape(-1, 5).mean(axis=1)
    cuts = range(len(batches) // 2 + 1)
    return 5 * min(cuts, key=lambda cut: batches[cut:].var() / (len(batches) - cut))


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.7, 0.9])
def test_the_effective_size_of_an_autoregression_is_the_closed_form(phi):
    """At 4,000 records the estimate's own scatter, over 200 series, is below 1 %; its bias below 3 %."""
    series = autoregression(phi, 4000, rows=200)
    size = effective_size(series - series.mean(axis=1, keepdims=True), np.full(200, 4000))
    assert np.mean(size) == pytest.approx(4000 * (1 - phi) / (1 + phi), rel=0.04)


@given(st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=40))
def test_the_effective_size_is_geyers(values):
    residuals = np.array(values) - np.mean(values)
    if np.square(residuals).sum() > 1e-6:
        assert effective_size(residuals[None], np.array([len(values)])) == pytest.approx([geyer(list(residuals))])


@pytest.mark.parametrize("n", [12, 27, 64])
def test_all_series_at_once_are_judged_as_each_alone_step_by_step(n):
    random = np.random.default_rng(n)
    rows = [
        *autoregression(0.0, n, 20), *autoregression(0.8, n, 20), *random.standard_normal((20, n)).cumsum(axis=1),
        *(random.standard_normal((20, n)) + 4 * (np.arange(n) > n // 2)),
    ]  # fmt: skip
    series = np.array(rows)
    series[::3][random.random((len(series[::3]), n)) < 0.2] = np.nan
    series[::7, -4:] = np.nan
    for measured, expected in zip(judge(series), zip(*map(judged, series.tolist()), strict=True), strict=True):
        assert measured == pytest.approx(np.array(expected), rel=1e-9, abs=1e-9)


@given(
    st.lists(st.integers(-1000, 1000), min_size=10, max_size=40),
    st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3),
    st.integers(-1000, 1000),
)
def test_neither_unit_nor_level_matters(values, scale, level):
    series = np.array([values], float)
    here, there = judge(series), judge(scale * (series + level))
    assert there.effective == pytest.approx(here.effective, rel=1e-6)
    assert there.drift == pytest.approx(scale * here.drift, rel=1e-6, abs=1e-9 * abs(scale))
    assert there.deviation == pytest.approx(abs(scale) * here.deviation, rel=1e-6, abs=1e-9 * abs(scale))


def cycles(n: int) -> np.ndarray:
    phase = np.random.default_rng(2).random((SERIES, 1))
    return np.sin(2 * np.pi * (5 * np.arange(n) / n + phase)) + 0.3 * autoregression(0.0, n)


@pytest.mark.parametrize(
    ("series", "alarms"),
    [
        (autoregression(0.0, 26), 0.02),
        (autoregression(0.0, 52), 0.005),
        (autoregression(0.5, 52), 0.05),
        (autoregression(0.5, 104), 0.02),
        (autoregression(0.8, 260), 0.02),
        (np.exp(1.5 * autoregression(0.0, 26)), 0.01),
        ((autoregression(0.0, 104) > 1.645).astype(float), 0.001),
        (cycles(52), 0.001),
        (np.full((SERIES, 26), 0.2), 0.0),
    ],
    ids=[
        "noise-26",
        "noise-52",
        "ar.5-52",
        "ar.5-104",
        "ar.8-260",
        "lognormal-26",
        "events-104",
        "cycle-52",
        "constant",
    ],
)
def test_what_has_settled_is_said_to_have(series, alarms):
    """Alarms measured at this seed, rounded up; four standard errors of the rate are allowed on top."""
    assert np.mean(~judge(series).stationary) <= alarms + 4 * math.sqrt(alarms / SERIES)


def ramp(n: int, after: float) -> np.ndarray:
    return np.maximum(np.arange(n) / n - after, 0.0)


@pytest.mark.parametrize(
    ("series", "power"),
    [
        (autoregression(0.0, 26).cumsum(axis=1), 0.91),
        (autoregression(0.0, 260).cumsum(axis=1), 0.91),
        (autoregression(0.0, 26) + 3.5 * ramp(26, 0.0), 0.93),
        (autoregression(0.5, 52) + 3.5 * ramp(52, 0.0), 0.92),
        (autoregression(0.0, 260) + 3.5 * ramp(260, 0.0), 0.99),
        (np.tile(ramp(52, 0.0), (SERIES, 1)), 1.0),
        (np.tile(ramp(52, 0.5), (SERIES, 1)), 1.0),
        (autoregression(0.5, 52) + 3 * (np.arange(52) >= 13), 0.95),
        (autoregression(0.5, 52) + 3 * (np.arange(52) >= 26), 0.98),
        (autoregression(0.5, 52) + 3 * (np.arange(52) >= 39), 0.95),
        (autoregression(0.3, 52) + 10 * np.exp(-np.arange(52) / 5), 0.98),
        (autoregression(0.3, 52) + 10 * np.exp(-np.arange(52) / 16), 0.99),
    ],
    ids=[
        "walk-26", "walk-260", "trend-26", "trend-ar.5-52", "trend-260", "drained-52", "begins-52", "step-early",
        "step-middle", "step-late", "transient-5", "transient-16",
    ],
)  # fmt: skip
def test_what_moves_is_said_not_to_have_settled(series, power):
    """Power measured at this seed, rounded down; the trend moves by one standard deviation of the noise, twice over."""
    misses = 1 - power
    assert np.mean(judge(series).stationary) <= misses + 4 * math.sqrt(misses / SERIES)


@pytest.mark.parametrize(("drift", "settled"), [(0.3, True), (0.8, False)])
def test_a_drift_is_held_against_a_metric_if_it_is_certain_and_matters(drift, settled):
    """Seven and eighteen standard errors, and both sizes of drift leave ten effective records at 2,000."""
    verdict = judge(autoregression(0.0, 2000, rows=100) + drift * (np.arange(2000) >= 1000))
    assert (verdict.effective > LEAST_EFFECTIVE).all()
    assert (verdict.stationary == settled).all()


def test_rounding_is_no_movement():
    noise = np.random.default_rng(3).random((50, 26)) * 1e-16
    verdict = judge(0.2 + noise)
    assert verdict.stationary.all()
    assert (verdict.drift == 0).all()
    assert (verdict.deviation == 0).all()


def test_nothing_is_said_of_fewer_records_than_are_needed():
    assert judge(np.ones((1, int(LEAST_EFFECTIVE)))).stationary.all()
    assert not judge(np.ones((1, int(LEAST_EFFECTIVE) - 1))).stationary.any()


@pytest.mark.parametrize("n", range(1, 6))
def test_a_short_or_empty_series_is_judged_without_a_warning(n):
    series = np.array(
        [np.ones(n), np.arange(n), np.full(n, np.nan), np.full(n, np.inf), [*np.ones(n)[:-1], np.nan][:n]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = judge(series)
    assert not verdict.stationary.any()
    assert verdict.effective[2:4].tolist() == [0, 0]


def test_gaps_are_closed():
    values = autoregression(0.5, 40, rows=30)
    gappy = np.insert(values, [3, 3, 17, 25], np.nan, axis=1)
    for with_gaps, without in zip(judge(gappy), judge(values), strict=True):
        assert with_gaps == pytest.approx(without)


@pytest.mark.parametrize("missing", [1, 5, 26])
def test_what_becomes_undefined_for_good_has_not_settled(missing):
    series = autoregression(0.0, 52, rows=100)
    settled = judge(series).stationary
    series[:, -missing:] = np.nan
    assert settled.any()
    assert not judge(series).stationary.any()


def test_what_is_seldom_defined_may_settle_and_seldom_ends_by_chance():
    series = autoregression(0.0, 260)
    series[np.random.default_rng(4).random(series.shape) < 0.8] = np.nan
    assert np.mean(~judge(series).stationary) < 0.03


def test_a_cut_that_is_sought_in_the_run_leaves_rare_events_out():
    """An event in one record of twenty: the later half counts them all, MSER-5 three quarters of them."""
    events = (autoregression(0.0, 52) > 1.6449).astype(float)
    later = events[:, 26:].mean()
    cut = np.mean([run[mser5(run) :].mean() for run in events])
    assert later == pytest.approx(0.05, abs=4 * math.sqrt(0.05 / SERIES / 26))
    assert cut < 0.8 * 0.05


@pytest.fixture(scope="module")
def years():
    """Return weekly records of 400 years of Metis in two metrics that rare events make, (400, 52) each."""
    names = ["wrongful_slashes", "ranger_profit"]
    scenario = Scenario.preset("metis")
    runs = [compute(simulate(scenario, seed, epochs=364, record_every=7).history, names) for seed in range(400)]
    return {name: np.array([run[name] for run in runs]) for name in names}


@pytest.mark.parametrize(
    ("metric", "year", "later", "cut"), [("wrongful_slashes", 0.53, 0.45, 0.29), ("ranger_profit", 19.8, 21.3, 17.4)]
)
def test_on_metis_too_a_cut_that_is_sought_in_the_run_leaves_events_out(years, metric, year, later, cut):
    """The figures of docs/odd.md, section 7. The losses are 5.5 and 7.3 standard errors, paired with the whole year.

    Four come by chance once in 30,000; less often still where, as here, losses are few and large.
    """
    records = years[metric]
    kept = np.array([series[mser5(series) :].mean() for series in records])
    loss = records.mean(axis=1) - kept
    assert loss.mean() > 4 * loss.std(ddof=1) / math.sqrt(len(loss))
    assert [records.mean(), records[:, 26:].mean(), kept.mean()] == pytest.approx([year, later, cut], rel=0.02)


@pytest.fixture(scope="module")
def run():
    return simulate(SMALL, seed=3, epochs=57, record_every=2)


def test_a_stock_is_a_mean_and_a_flow_one_interval_over_the_later_half(run):
    """The run has 29 records, the last of one epoch: its later half begins after 28 epochs and is 29 long."""
    values = run.summary()
    halves = simulate(SMALL, seed=3, epochs=57, record_every=28).history
    by_epoch = run.metrics.iloc[[*np.repeat(range(14, 28), 2), 28]].mean()
    for name, metric in METRICS.items():
        if metric.kind != "rate":
            expected = metric.compute(halves.interval(1, 3))[0] if metric.kind == "flow" else by_epoch[name]
            assert values[name] == pytest.approx(expected, nan_ok=True), name


def test_the_judgement_is_of_the_later_half_without_a_shorter_last_record(run):
    settled = run.settled()
    expected = judge(run.metrics.iloc[14:-1].to_numpy().T)
    for name, array in expected._asdict().items():
        np.testing.assert_array_equal(getattr(settled, name), array)
    assert set(settled.start) == {28}


def test_metrics_come_in_the_order_asked_for(run):
    names = ["price", "honesty_by_value", "top_share_blocks_node", "trust"]
    rows = run.settling().loc[names]
    for column, array in run.settled(names)._asdict().items():
        np.testing.assert_array_equal(rows[column], array)
    assert list(run.settling().index) == list(METRICS) == list(run.summary().index)


def test_a_run_of_one_record_has_values_and_has_settled_in_nothing():
    run = simulate(SMALL, seed=3, epochs=5, record_every=5)
    assert run.summary()["volume"] == run.metrics["volume"].iloc[0]
    assert not run.settling()["stationary"].any()


def test_what_is_drained_or_wanders_never_settles_and_what_comes_anew_every_day_does():
    """A year of Metis, 20 runs: a price without a level, a reserve that pays, and the volume of trade."""
    runs = [simulate(Scenario.preset("metis"), seed, epochs=364, record_every=7) for seed in range(20)]
    price, reserve, volume = np.mean(
        [run.settled(["price", "reserve_left", "volume"]).stationary for run in runs], axis=0
    )
    assert price <= 0.3
    assert reserve == 0
    assert volume >= 0.9


def test_honesty_without_anyone_who_serves_is_no_number():
    """Whoever is found out is removed for good, and everybody offends: soon nobody is left."""
    scenario = SMALL.replace(
        byzantine_share=1.0, sanction="slash", expel=True, enforcement=1.0, sampling_probability=0.5, entry_rate=0.0
    )
    settling = simulate(scenario, seed=1, epochs=100, record_every=2).settling()
    assert math.isnan(settling.loc["honesty_by_value", "value"])
    assert not settling.loc["honesty_by_value", "stationary"]
    assert settling.loc["sequencers_active", ["value", "stationary"]].tolist() == [0.0, True]
