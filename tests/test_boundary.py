"""Where an outcome crosses a level: exact on runs whose boundary is known, with the interval of its replicates."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.estimates import boundary, boundary_ratio, point_means


def linear_runs(centres: list[float]) -> pd.DataFrame:
    """Return runs whose outcome is log y less a centre per replicate: the boundary of the mean is known exactly."""
    rows = [
        (x, y, r, math.log(y) - c - x) for x in (0.0, 1.0) for y in (0.1, 0.7, 4.0, 30.0) for r, c in enumerate(centres)
    ]
    return pd.DataFrame(rows, columns=["x", "y", "replicate", "outcome"])


def test_the_interval_of_a_linear_boundary_is_students():
    centres = [0.1, 0.4, -0.2, 0.3, 0.25]
    edge = boundary(linear_runs(centres), "x", "y", "outcome", 0.0)
    low, high = stats.t.interval(0.95, 4, np.mean(centres), stats.sem(centres))
    for x in (0.0, 1.0):
        row = edge[edge["x"] == x].iloc[0]
        assert np.log([row["y"], row["low"], row["high"]]) == pytest.approx(np.array([np.mean(centres), low, high]) + x)
        assert row["side"] == "inside"


def lucky_runs(luck: np.ndarray) -> pd.DataFrame:
    """Return runs at places 0, 1, ... whose boundary is exp(place + luck), by replicate and place, (R, places)."""
    rows = [
        (place, y, r, math.log(y) - place - centre)
        for (r, place), centre in np.ndenumerate(luck)
        for y in (0.01, 0.7, 4.0, 30.0, 900.0)
    ]
    return pd.DataFrame(rows, columns=["x", "y", "replicate", "outcome"])


def test_the_ratio_to_a_theory_has_students_interval_over_replicates_however_many_places_share_their_luck():
    """Each place has a little luck of its own; what they have in common is as wide at seven places as at one."""
    random = np.random.default_rng(4)
    luck = 0.3 * random.standard_normal((8, 1)) + 0.02 * random.standard_normal((8, 7))
    theory = pd.Series(np.exp(np.arange(7.0)) / 1.1, index=range(7))
    ratio, low, high = boundary_ratio(lucky_runs(luck), "x", "y", "outcome", 0.0, theory)
    means = luck.mean(axis=1) + math.log(1.1)
    interval = stats.t.interval(0.95, 7, means.mean(), stats.sem(means))
    assert np.log([ratio, low, high]) == pytest.approx([means.mean(), *interval])


def test_the_ratio_is_of_the_places_of_the_theory_and_at_one_of_them_the_boundary_itself():
    runs = lucky_runs(np.array([[0.1, 5.0], [0.4, -3.0], [-0.2, 4.0]]))
    edge = boundary(runs, "x", "y", "outcome", 0.0).set_index("x")
    assert boundary_ratio(runs, "x", "y", "outcome", 0.0, pd.Series({0: 2.0})) == pytest.approx(
        edge.loc[0, ["y", "low", "high"]].to_numpy(float) / 2
    )


def test_a_ratio_has_no_interval_without_replicates_or_where_one_alone_makes_a_crossing():
    theory = pd.Series({0: 1.0})
    ratio, low, high = boundary_ratio(lucky_runs(np.array([[0.5]])), "x", "y", "outcome", 0.0, theory)
    assert ratio == pytest.approx(math.exp(0.5))
    assert np.isnan([low, high]).all()
    ratio, low, high = boundary_ratio(lucky_runs(np.array([[0.0], [9.0], [9.0]])), "x", "y", "outcome", 0.0, theory)
    assert ratio == pytest.approx(math.exp(6))
    assert np.isnan([low, high]).all()


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
