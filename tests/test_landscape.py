"""compare --all: what is told of each design, and which no other dominates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments import ExperimentError, dots
from experiments.estimates import paired
from experiments.landscape import (
    GOALS,
    OUTCOMES,
    Landscape,
    beyond_chance,
    dominates,
    front,
    front_table,
    in_words,
    landscape,
    write,
)
from model.metrics import METRICS
from model.parameters import Scenario
from model.simulation import simulate
from tests.scenarios import SMALL

PLAN: dict[str, Any] = {"replicates": 4, "epochs": 24, "record_every": 6, "seed": 1, "workers": 1}
BASE = Scenario(**{**SMALL, "mev_bps": 0.5, "name": "base"})
ISSUED = BASE.replace(name="issued", reward_source="issuance", sanction="none", fee_bps=9.0)
RIVALRY = ("user_cost", "outage_share")
"""What users pay, and what is luck alone and thus the same for all."""

DEAR = BASE.replace(name="dear", fee_bps=9.0)


@pytest.fixture(scope="module")
def found() -> Landscape:
    return landscape([BASE, ISSUED, DEAR], "base", RIVALRY, **PLAN)


def runs(**goals: Any) -> pd.DataFrame:
    table = pd.DataFrame(goals, dtype=float)
    return table.assign(seed=range(len(table)))


def test_the_table_has_every_design_and_every_outcome_that_is_measured(found):
    outcomes = [name for name in OUTCOMES if name in METRICS]
    assert list(found.table["design"]) == [name for name in ("base", "issued", "dear") for _ in outcomes]
    assert set(found.table["outcome"]) == set(outcomes) >= set(GOALS)
    reference = found.table[found.table["design"] == "base"]
    assert (reference["difference"].dropna() == 0).all()
    assert not reference["clear"].any()


def test_means_and_differences_are_those_of_the_runs(found):
    good = {name: found.runs[found.runs["point"] == point] for point, name in enumerate(("base", "issued", "dear"))}
    for name, own in good.items():
        for _, row in found.table[found.table["design"] == name].iterrows():
            assert row["mean"] == pytest.approx(own[row["outcome"]].astype(float).mean(), nan_ok=True)
            apart = paired(good["base"], own, [row["outcome"]]).iloc[0]
            assert row["difference"] == pytest.approx(apart["difference"], nan_ok=True)
            assert row["difference_half_width"] == pytest.approx(apart["half_width"], nan_ok=True)


def test_all_that_differs_in_fees_alone_is_dominated_by_the_cheaper(found):
    assert "base" in (found.front["dear"] or [])
    assert found.front["base"] == []
    table = front_table(found).set_index("design")
    assert table["front"].to_dict() == {name: by == [] for name, by in found.front.items()}


def test_dominance_takes_every_goal_and_one_that_is_clear():
    goals = ("honesty_by_value", "user_cost")
    good = runs(honesty_by_value=[0.9, 0.92, 0.91], user_cost=[2.0, 2.1, 2.05])
    same_but_dear = runs(honesty_by_value=[0.9, 0.92, 0.91], user_cost=[3.0, 3.1, 3.05])
    honest_but_dear = runs(honesty_by_value=[0.95, 0.97, 0.96], user_cost=[3.0, 3.1, 3.05])
    noisy = runs(honesty_by_value=[0.9, 0.92, 0.91], user_cost=[0.0, 4.5, 2.05])
    assert dominates(good, same_but_dear, goals, 2)
    assert not dominates(same_but_dear, good, goals, 2)
    assert not dominates(good, honest_but_dear, goals, 2)
    assert not dominates(honest_but_dear, good, goals, 2)
    assert not dominates(good, noisy, goals, 2)
    assert not dominates(good, good, goals, 2)
    lacking = runs(honesty_by_value=[np.nan] * 3, user_cost=[0.0, 0.0, 0.0])
    assert front({"a": good, "b": same_but_dear, "c": lacking}, goals) == {"a": [], "b": ["a"], "c": None}


def test_what_is_clear_is_so_for_all_cells_together(found):
    """Told of all designs at once, luck is told as a difference in 5 % of tables; cell by cell it would be in all."""
    cells = found.table[found.table["difference_half_width"] > 0]
    limit = stats.t.isf(0.025 / len(cells), cells["pairs"] - 1) / stats.t.isf(0.025, cells["pairs"] - 1)
    assert (cells["clear"] == (cells["difference"].abs() > limit * cells["difference_half_width"])).all()
    drawn = np.random.default_rng(1).standard_normal((400, 8, 100))
    told = []
    for luck in drawn:
        width = stats.t.isf(0.025, 7) * luck.std(axis=0, ddof=1) / np.sqrt(8)
        table = pd.DataFrame({"difference": luck.mean(axis=0), "difference_half_width": width, "pairs": 8})
        assert (table["difference"].abs() > width).any()
        told.append(beyond_chance(table).any())
    assert 0.02 < np.mean(told) < 0.09


def test_dominance_is_held_against_the_number_of_comparisons():
    """A difference beyond its own interval, but not beyond one for all pairs of a dozen designs."""
    goals = ("honesty_by_value", "user_cost")
    good = runs(honesty_by_value=[0.9] * 6, user_cost=[2.0, 2.1, 2.2, 2.0, 2.1, 2.2])
    worse = runs(honesty_by_value=[0.9] * 6, user_cost=[2.1, 2.3, 2.3, 2.3, 2.1, 2.5])
    assert paired(good, worse, goals).loc["user_cost"].pipe(lambda row: row["difference"] > row["half_width"])
    assert front({"good": good, "worse": worse}, goals)["worse"] == ["good"]
    others = {f"other_{k}": runs(honesty_by_value=[0.9] * 6, user_cost=[9.0 + k] * 6) for k in range(10)}
    assert front({"good": good, "worse": worse, **others}, goals)["worse"] == []


def test_words_name_the_front_and_the_dominated(found):
    words = in_words(found)
    assert words.startswith("Not dominated on user cost (lower), outage share (lower): base.")
    assert "dear is dominated by base" in words


def test_files_hold_the_tables_and_figures(found, tmp_path):
    paths = write(found, tmp_path)
    assert [path.name for path in paths] == ["designs.csv", "designs_front.csv", "designs.png", "designs_front.png"]
    kept = pd.read_csv(paths[0])
    assert list(kept["mean"].dropna()) == pytest.approx(list(found.table["mean"].dropna()))
    assert all(path.stat().st_size > 0 for path in paths)


def test_the_front_is_drawn_filled_and_every_point_is_named(found):
    dominated = pd.Series({name: bool(by) for name, by in found.front.items()}, dtype=object)
    better = {name: METRICS[name].better for name in found.goals}
    figure = dots.fronts(found.table, dominated, found.goals, better)
    for panel in figure.axes:
        names = ", ".join(text.get_text() for text in panel.texts).split(", ")
        assert sorted(names) == ["base", "dear", "issued"]
        faces = [line.get_markerfacecolor() for line in panel.lines if line.get_marker() == "o"]
        assert faces.count("white") == int(dominated.sum())
    assert figure.axes[0].xaxis_inverted()
    assert figure.axes[0].yaxis_inverted()


@pytest.mark.parametrize(("low", "high"), [(-4e5, 4e5), (-30.0, 3e6), (0.0, 0.4), (1.0, 3e9)])
def test_orders_of_magnitude_have_few_ticks_and_nothing_is_cut(low, high):
    """Tick labels stand apart, and every interval lies within the panel."""
    means = [low, *np.geomspace(high * 1e-4, high, 6)]
    table = pd.DataFrame(
        {"design": list("abcdefg"), "outcome": "fees", "mean": means, "half_width": 0.2 * high, "clear": False}
    ).assign(difference=0.0)
    figure = dots.dots(table, "a", {"fees": "neither"})
    figure.canvas.draw()
    panel = figure.axes[0]
    assert panel.get_xscale() == "symlog"
    left, right = panel.get_xlim()
    assert left < low - 0.2 * high < 1.2 * high < right
    boxes = [label.get_window_extent() for label in panel.get_xticklabels() if left <= label.get_position()[0] <= right]
    assert 2 <= len(boxes) <= 2 * dots.DECADES + 1
    assert all(a.x1 < b.x0 for a, b in zip(boxes[:-1], boxes[1:], strict=True))


@pytest.mark.parametrize(
    ("how", "hint"),
    [({"reference": "bas"}, "did you mean 'base'"), ({"goals": ["fees"]}, "neither"), ({"goals": ["fee"]}, "fee")],
)
def test_what_cannot_be_compared_is_refused(how, hint):
    with pytest.raises(ExperimentError, match=hint):
        landscape([BASE, DEAR], **{"reference": "base", **PLAN, **how})


def test_the_cost_to_users_is_fees_and_harm():
    run = simulate(BASE.replace(sanction="none", mev_bps=40.0), seed=3, epochs=12, record_every=4)
    metrics, volume = run.metrics, run.history.flow("volume")
    expected = 1e4 * run.history.flow("fees") / volume + metrics["user_harm"]
    assert metrics["user_harm"].min() > 0
    assert metrics["user_cost"].to_numpy() == pytest.approx(expected.to_numpy())


def test_a_reserve_lasts_as_long_as_its_pace_says():
    reserve = 1_000.0
    quiet = {"verification": "none", "downtime": 0.0, "reward_per_block": 0.01, "price_process": "constant"}
    run = simulate(Scenario(**{**SMALL, **quiet, "reserve": reserve}), seed=3, epochs=10, record_every=10)
    per_epoch = 200 * 0.01
    assert run.metrics["reserve_life"].iloc[0] == pytest.approx((reserve - 10 * per_epoch) / per_epoch / 365)
    issued = simulate(Scenario(**{**SMALL, **quiet, "reward_source": "issuance"}), seed=3, epochs=4)
    assert issued.metrics["reserve_life"].isna().all()
    spent = simulate(Scenario(**{**SMALL, **quiet, "reserve": 3.0}), seed=3, epochs=4, record_every=4)
    assert spent.metrics["reserve_life"].iloc[0] == 0
