"""Precision: replicates until an interval is narrow enough. Laws of the rule, coverage where it stops, and sweeps."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments import Design, ExperimentError, sweep
from experiments.sweeps.precision import LEAST, Precision
from experiments.sweeps.progress import Progress
from experiments.sweeps.reading import merge
from experiments.sweeps.table import Table
from model.parameters import Scenario

MOST = 100
WORLDS = 3000

pools = st.builds(
    lambda seed, columns, tails: np.random.default_rng(seed).standard_t(tails, (MOST, columns)),
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.sampled_from([1.5, 3.0, 50.0]),
)
"""Values of MOST replicates, one column per metric, from wild to nearly normal."""

widths = st.floats(0.01, 3.0)
firsts = st.integers(1, 40)


def wanted(*half_widths: float, most: int = MOST) -> Precision:
    return Precision({f"metric {place}": width for place, width in enumerate(half_widths)}, most)


def half_width(values: np.ndarray) -> float:
    """Return half of Student's 95 % interval of the mean."""
    return float(stats.sem(values, axis=None) * stats.t.ppf(0.975, len(values) - 1))


def replicates(pool: np.ndarray, precision: Precision, first: int, chunk: int) -> int:
    """Return how many a sweep runs that starts with `chunk` and adds what is asked for, until nothing is."""
    have = chunk
    while (asked := precision.replicates(pool[:have], first)) > have:
        have = asked
    return asked


@given(pools, st.lists(widths, min_size=3, max_size=3), firsts)
def test_never_fewer_than_the_first_nor_more_than_the_most(pool, asked, first):
    precision = wanted(*asked[: pool.shape[1]])
    for have in (0, 1, LEAST, 50, MOST):
        assert min(max(first, LEAST), MOST) <= precision.replicates(pool[:have], first) <= MOST


@given(pools, widths, widths, firsts)
def test_a_narrower_width_never_takes_fewer(pool, one, other, first):
    narrow, wide = (wanted(*[width] * pool.shape[1]) for width in sorted((one, other)))
    assert narrow.replicates(pool, first) >= wide.replicates(pool, first)


@given(pools, widths, widths, firsts)
def test_another_metric_never_takes_fewer(pool, one, other, first):
    both = wanted(one, other).replicates(pool[:, [0, -1]], first)
    assert both >= max(wanted(one).replicates(pool[:, :1], first), wanted(other).replicates(pool[:, -1:], first))


@given(pools, widths, firsts)
def test_it_stops_at_the_first_look_that_shows_what_was_asked_for(pool, width, first):
    """Looks are at 5/4 of each other, rounded up, beginning with the first replicates."""
    precision, pool = wanted(width), pool[:, :1]
    count = precision.replicates(pool, first)
    looks = [max(first, LEAST)]
    while looks[-1] < MOST:
        looks.append(min(MOST, math.ceil(1.25 * looks[-1])))
    enough = [look for look in looks if half_width(pool[:look]) <= width]
    assert count == (enough[0] if enough else MOST)
    assert precision.met(pool, first) == bool(enough)


@given(pools, widths, firsts, st.integers(0, MOST))
def test_however_often_a_sweep_is_resumed_it_comes_to_the_same_number(pool, width, first, chunk):
    precision = wanted(*[width] * pool.shape[1])
    assert replicates(pool, precision, first, chunk) == precision.replicates(pool, first)


@given(pools, widths, firsts)
def test_runs_beyond_the_last_that_is_needed_change_nothing(pool, width, first):
    precision, pool = wanted(width), pool[:, :1]
    count = precision.replicates(pool, first)
    other = np.concatenate([pool[:count], 1e6 * pool[count:]])
    assert precision.replicates(other, first) == count
    assert precision.met(other, first) == precision.met(pool[:count], first)


@given(pools, widths, firsts, st.integers(-30, 30))
def test_the_unit_of_a_metric_does_not_matter(pool, width, first, power):
    pool, scale = pool[:, :1], 2.0**power
    assert wanted(width * scale).replicates(pool * scale, first) == wanted(width).replicates(pool, first)


@pytest.mark.parametrize("first", [1, LEAST, 40])
def test_what_does_not_vary_takes_no_more(first):
    precision = wanted(1e-9)
    constant = np.full((MOST, 1), 0.1)
    assert precision.replicates(constant, first) == max(first, LEAST)
    assert precision.met(constant, first)
    assert not precision.met(constant[: LEAST - 1], first)


def test_runs_without_a_value_do_not_count():
    """A half-width is believed of LEAST values, however many runs it takes to get them."""
    values = np.full((MOST, 1), np.nan)
    assert wanted(1.0).replicates(values, 8) == LEAST
    values[::2] = 0.5
    count = wanted(1.0).replicates(values, 8)
    assert LEAST <= len(values[:count:2]) <= math.ceil(1.25 * LEAST)
    assert wanted(1.0).met(values, 8)
    assert not wanted(1.0, most=LEAST).met(values, 8)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_few_at_most_are_believed_if_there_are_all_and_at_least_two(most):
    precision = wanted(0.1, most=most)
    values = np.full((MOST, 1), 0.5)
    assert precision.replicates(values, 1) == most
    assert precision.met(values, 1) == (most > 1)
    assert not precision.met(values[: most - 1], 1)


DRAWN = {
    "normal": (lambda generator: generator.standard_normal((WORLDS, 400)), 0.0),
    "exponential": (lambda generator: generator.standard_exponential((WORLDS, 400)), 1.0),
}
"""Values of unit standard deviation, and their mean."""


def coverage(kind: str, width: float) -> float:
    """Return how often the interval has the mean when it has stopped at a half-width, in standard deviations."""
    draw, mean = DRAWN[kind]
    precision, hits = wanted(width, most=400), 0
    for pool in draw(np.random.default_rng(17)):
        values = pool[: precision.replicates(pool[:, None], 1)]
        hits += abs(values.mean() - mean) <= half_width(values)
    return hits / WORLDS


@pytest.mark.parametrize(
    ("kind", "width", "low"),
    [
        ("normal", 0.5, 0.925),
        ("normal", 0.35, 0.925),
        ("normal", 0.2, 0.925),
        ("exponential", 0.5, 0.875),
        ("exponential", 0.35, 0.86),
        ("exponential", 0.2, 0.86),
    ],
)
def test_the_interval_where_it_stops_has_the_mean_nearly_as_often_as_it_says(kind, width, low):
    """Stopping when runs happen to agree costs 1 % of normal intervals, 3 % of exponential ones, which have 91 % of 16.

    The error of a share of 3,000 is 0.005 or 0.006, a fifth of what stopping from 4 on would cost the exponential.
    """
    assert low < coverage(kind, width) < 0.97


SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200, mev_bps=400.0,
)  # fmt: skip
DESIGN = Design.grid(sampling_probability=[0.001, 0.01, 0.1], slash_fraction=[0.01, 0.5])
WANTED = {"honesty_by_value": 0.1, "volume": 50_000.0}
PLAN = {"epochs": 8, "record_every": 2, "seed": 5, "metrics": [*WANTED, "price"]}
ASKED = {"replicates": 3, "precision": WANTED, "most_replicates": 40, **PLAN}


@pytest.fixture(scope="module")
def precise() -> Table:
    return sweep(SMALL, DESIGN, workers=1, **ASKED)


def groups(table: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return dict(iter(table.groupby("point")))


def is_narrow(runs: pd.DataFrame) -> bool:
    return all(half_width(runs[name].dropna()) <= width for name, width in WANTED.items())


def test_a_sweep_reaches_its_precision_or_names_the_points_that_did_not(precise):
    """At one point the least are enough, at three more are needed, and at two the most do not do."""
    counts = {point: len(runs) for point, runs in groups(precise).items()}
    assert sorted(counts.values()) == [16, 20, 25, 32, 40, 40]
    for point, runs in groups(precise).items():
        assert runs["replicate"].tolist() == list(range(len(runs)))
        assert is_narrow(runs) or counts[point] == 40
    missed = [point for point, runs in groups(precise).items() if not is_narrow(runs)]
    assert len(missed) == 2
    for point in missed:
        values = precise[precise["point"] == point].iloc[0]
        named = f"sampling_probability {values['sampling_probability']}, slash_fraction {values['slash_fraction']}"
        assert named in precise.imprecise
    assert precise.imprecise.count("sampling_probability") == 2


def test_the_runs_of_a_precise_sweep_are_those_of_a_plain_one(precise):
    plain = sweep(SMALL, DESIGN, replicates=40, workers=1, **PLAN)
    assert plain.imprecise == ""
    among = plain["key"].isin(precise["key"])
    pd.testing.assert_frame_equal(plain[among].reset_index(drop=True), precise, check_exact=True)


def test_two_workers_come_to_the_same_table(precise):
    both = sweep(SMALL, DESIGN, workers=2, **ASKED)
    pd.testing.assert_frame_equal(both, precise, check_exact=True)
    assert both.imprecise == precise.imprecise


class Enough(Exception):
    """Ends a sweep from within, as a crash would."""


def test_a_sweep_that_is_broken_off_and_resumed_comes_to_the_same_table(precise, tmp_path):
    for done in (10, 40, 90):
        with pytest.raises(Enough):
            sweep(SMALL, DESIGN, workers=1, store=tmp_path, progress=breaking(done), **ASKED)
    resumed = sweep(SMALL, DESIGN, workers=1, store=tmp_path, **ASKED)
    pd.testing.assert_frame_equal(resumed, precise, check_exact=True)
    assert resumed.imprecise == precise.imprecise


def breaking(after: int):
    """Return a callback that ends the sweep once so many runs are done."""

    def tell(progress: Progress) -> None:
        if progress.done >= after:
            raise Enough

    return tell


@pytest.mark.parametrize("replicates", [2, 60])
def test_a_sweep_goes_on_from_one_without_precision(precise, tmp_path, replicates):
    """Whether that has fewer runs than are needed or more."""
    sweep(SMALL, DESIGN, workers=1, store=tmp_path, replicates=replicates, **PLAN)
    later = sweep(SMALL, DESIGN, workers=1, store=tmp_path, **ASKED)
    pd.testing.assert_frame_equal(later, precise, check_exact=True)
    assert later.imprecise == precise.imprecise


def test_shards_reach_their_precision_each_for_itself(precise, tmp_path):
    for place in (1, 2):
        sweep(SMALL, DESIGN, workers=1, store=tmp_path / str(place), shard=(place, 2), **ASKED)
    both = merge([tmp_path / "1", tmp_path / "2"], tmp_path / "both")
    pd.testing.assert_frame_equal(both, precise, check_exact=True)


def test_progress_tells_how_many_points_are_precise(precise):
    told: list[Progress] = []
    sweep(SMALL, DESIGN, workers=1, progress=told.append, **ASKED)
    assert {progress.points for progress in told} == {6}
    assert told[0].precise == 0
    assert all(one.precise <= other.precise for one, other in itertools.pairwise(told))
    assert all(one.total <= other.total for one, other in itertools.pairwise(told))
    assert told[-1].precise == 4
    assert told[-1].done == told[-1].total == len(precise)


def test_without_precision_there_is_no_talk_of_it():
    told: list[Progress] = []
    sweep(SMALL, Design.grid(expel=[True]), replicates=3, workers=1, progress=told.append, **PLAN)
    assert {progress.precise for progress in told} == {None}


def test_at_most_sixteen_times_the_first_replicates_unless_more_are_allowed():
    design = Design.grid(expel=[True])
    impossible = {"precision": {"price": 1e-12}, "workers": 1, **PLAN}
    assert len(sweep(SMALL, design, replicates=2, **impossible)) == 32
    assert len(sweep(SMALL, design, replicates=2, most_replicates=7, **impossible)) == 7


def test_an_outcome_that_does_not_vary_takes_no_more_than_the_least():
    table = sweep(SMALL.replace(price_process="constant"), DESIGN, replicates=2, workers=1,
                  precision={"price": 1e-9}, **PLAN)  # fmt: skip
    assert set(table.groupby("point").size()) == {LEAST}
    assert table.imprecise == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": {"honesty": 0.1}}, "precision of 'honesty': no such metric is measured; did you mean"),
        ({"precision": {"trust": 0.1}}, "precision of 'trust': no such metric is measured"),
        ({"precision": {"price": 0.0}}, "precision of price = 0.0: give a half-width above zero"),
        ({"precision": {"price": -1.0}}, "precision of price = -1.0: give a half-width above zero"),
        ({"precision": {"price": math.nan}}, "precision of price = nan: give a half-width above zero"),
        ({"precision": {"price": math.inf}}, "precision of price = inf: give a half-width above zero"),
        ({"precision": {"price": "small"}}, "precision of price = 'small': give a half-width above zero"),
        ({"precision": {"price": True}}, "precision of price = True: give a half-width above zero"),
        ({"precision": {}}, "precision = {}: give metric and half-width"),
        ({"precision": 0.01}, "precision = 0.01: give metric and half-width"),
        ({"most_replicates": 2}, "most_replicates = 2 is below replicates = 3; raise it"),
        ({"most_replicates": 0}, "most_replicates = 0"),
        ({"precision": None}, "most_replicates = 40: it caps what precision adds; give precision as well"),
    ],
)
def test_a_precision_that_cannot_be_is_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(ExperimentError, match=message):
        sweep(SMALL, DESIGN, store=tmp_path / "out", **{**ASKED, **changes})
    assert not (tmp_path / "out").exists()
