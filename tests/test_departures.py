"""The figure of departures shows what docs/theory.md says of it: read off the lines that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.plots import THEORY
from experiments.verify.departures import departures


@pytest.fixture(scope="module")
def panels():
    return departures().axes


def line(panel, label: str) -> np.ndarray:
    """Return what the line whose label begins so shows."""
    (found,) = [drawn for drawn in panel.lines if str(drawn.get_label()).startswith(label)]
    return np.asarray(found.get_ydata(), float)


def test_theory_is_drawn_dashed_in_each_of_four_panels(panels):
    assert len(panels) == 4
    for panel in panels:
        assert [drawn.get_linestyle() for drawn in panel.lines if drawn.get_color() == THEORY] == ["--"]
        assert len(panel.get_legend().get_texts()) == len(panel.get_legend_handles_labels()[1]) >= 3


def test_beliefs_stick_unless_coverage_is_published(panels):
    needed = line(panels[0], "detection that deters")[0]
    stuck, informed = line(panels[0], "believed, coverage not"), line(panels[0], "believed, coverage published")
    assert np.ptp(stuck) == 0
    assert stuck[-1] > needed > informed[-1]
    assert line(panels[0], "true detection").max() == 0


def test_learning_cycles_above_the_limit_and_settles_below_it(panels):
    rest = line(panels[1], "quantal response")[0]
    settled, cycling = line(panels[1], "0.85")[-20:], line(panels[1], "1.3")[-20:]
    assert np.abs(settled - rest).max() < 0.05 < 0.3 < np.ptp(cycling)


def test_some_rangers_check_more_and_most_less_than_equals_would(panels):
    rest = line(panels[2], "equilibrium")[0]
    for bars in panels[2].containers:
        checking = np.array([bar.get_height() for bar in bars])
        assert checking[0] > 2 * rest
        assert (checking < 0.01).sum() >= 3


def test_slashed_sequencers_offend_more_and_a_minimum_stake_ends_it(panels):
    start = line(panels[3], "stake as at the start")[0]
    free, bound = line(panels[3], "no minimum"), line(panels[3], "out below half")
    assert free[:3].mean() == pytest.approx(start, rel=0.05)
    assert free[-1] > 4 * start
    assert np.nanmax(bound) < 2.5 * start
    assert np.isnan(bound[-1])
