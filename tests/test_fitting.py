"""fit: the market is quiet and starts equal, the loss is as stated, and what was put in is found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments import ExperimentError
from experiments.fitting import report, search
from experiments.fitting.market import market, stakes_of, statistics
from experiments.fitting.search import Fit, checked, fit, loss
from experiments.sweeps.plan import replicate_seed
from model import decentralization
from model.parameters import Scenario, ScenarioError
from model.parameters.plights import PLIGHTS
from model.simulation import simulate

QUICK = {"number_of_delegators": 600, "attention": 0.2, "wealth_gini": 0.3}
EPOCHS = 120


@pytest.fixture(scope="module")
def found() -> Fit:
    """Return the fit to what the market itself makes of a brand dispersion of 3, rank by rank the mean of 8 runs."""
    runs = [simulate(market(30, brand_dispersion=3.0, **QUICK), seed, EPOCHS, EPOCHS) for seed in range(90, 98)]
    made = np.mean([stakes_of(run) for run in runs], axis=0)
    return fit(made * 1e6, ["brand_dispersion"], QUICK, epochs=EPOCHS, replicates=6, workers=1)


def test_the_market_starts_equal_and_nothing_but_delegation_moves_stake():
    still = simulate(market(12, attention=0.0, number_of_delegators=5_000), 1, 60, 60)
    stakes = stakes_of(still)
    assert stakes.size == 12
    assert decentralization.gini(stakes) < 0.35
    equal = simulate(market(12, number_of_delegators=0), 1, 60, 60)
    assert stakes_of(equal) == pytest.approx(np.full(12, 1e6 / 12))
    metrics = still.metrics
    assert (metrics["honesty_by_value"].dropna() == 1).all()
    assert (metrics[["sequencers_active", "sequencers_removed"]].to_numpy() == [12, 0]).all()


def test_more_taste_for_names_concentrates_stake():
    ginis = [
        np.mean([statistics(stakes_of(simulate(market(12, brand_dispersion=b, **QUICK), s, EPOCHS, EPOCHS)))[0]
                 for s in range(4)])
        for b in (0.1, 3.0, 9.0)
    ]  # fmt: skip
    assert ginis == sorted(ginis)
    assert ginis[2] - ginis[0] > 0.2


def test_the_loss_is_the_stated_one():
    aim = np.array([0.7, 5, 9, 16, 0.03])
    runs = np.array([[0.72, 5, 9, 16, 0.5], [0.76, 5, 9, 16, 0.5]])
    assert loss(aim, runs) == pytest.approx(((0.74 - 0.7) / 0.02) ** 2)
    runs = np.array([[0.7, 5 * np.e, 9, 16, 0.0], [0.7, 5 / np.e, 9, 16, 0.0]])
    assert loss(aim, runs) == pytest.approx(0.0, abs=1e-9)
    assert loss(aim, runs * [1, 1, 2, 1, 1]) == pytest.approx((np.log(2) / 0.1) ** 2)


def test_the_fit_finds_what_was_put_in(found):
    """A vector made at 3 is fitted near 3, and far better than by the lowest value."""
    assert 1.5 < found.best.values[0] < 6.0
    assert found.best.loss == min(trial.loss for trial in found.trials)
    assert found.best.loss < found.trials[0].loss / 4
    assert found.scenario.brand_dispersion == found.best.values[0]
    assert found.scenario.number_of_sequencers == found.observed.size


def test_all_trials_are_within_the_ranges(found):
    low, high = search.RANGES["brand_dispersion"]
    assert all(low <= trial.values[0] <= high * (1 + 1e-9) for trial in found.trials)
    assert len(found.trials) <= search.GRID + search.MOST_STEPS + 2


def test_the_report_shows_what_the_fit_has(found, tmp_path):
    paths = report.write(found, "made", tmp_path)
    assert [path.name for path in paths] == ["fit.png", "fit.csv", "fit_ranks.csv", "fit_trials.csv", "fitted.toml"]
    shares = report.ranks(found)
    assert shares["observed"].sum() == pytest.approx(1)
    assert shares["simulated"].sum() == pytest.approx(1)
    assert (shares["low"] <= shares["high"]).all()
    table = report.table(found).set_index("statistic")
    assert table.loc["gini", "observed"] == pytest.approx(decentralization.gini(found.observed))
    assert found.plausible()
    assert int(report.trials(found)["plausible"].sum()) == len(found.plausible())
    words = report.in_words(found)
    assert "brand_dispersion = " in words
    assert "hardly more than the product of brand_dispersion" in words
    assert (tmp_path / "fitted.toml").read_text().splitlines()[1] == f"brand_dispersion = {found.best.values[0]!r}"


def test_the_file_of_a_fit_is_the_fitted_market(found, tmp_path):
    path = tmp_path / "fitted.toml"
    path.write_text(report.as_toml(found, "made"))
    assert Scenario.from_toml(path) == found.scenario
    renamed = replace(found, scenario=found.scenario.replace(name='a "b" é', exit_delay=3, unbonding_slashable=False))
    path.write_text(report.as_toml(renamed, "made"))
    assert Scenario.from_toml(path) == renamed.scenario


@pytest.mark.parametrize(
    ("how", "hint"),
    [
        (([1.0, 2.0], ["wealth_gini"], {}, 8), "2 stakes"),
        (([1.0] * 5, ["wealth"], {}, 8), "did you mean 'wealth_gini'"),
        (([1.0] * 5, [], {}, 8), "one to three"),
        (([1.0] * 5, ["wealth_gini"], {"wealth_gini": 0.5}, 8), "both set and free"),
        (([1.0] * 5, ["wealth_gini"], {}, 1), "replicates = 1"),
        (([1.0] * 5, ["wealth_gini"], {}, 8, 0), "epochs = 0"),
        (([1.0] * 5, ["wealth_gini"], {}, 8, 9, -1), "seed = -1"),
        (([1.0] * 5, ["wealth_gini"], {}, 8, 9, 1, 0), "workers = 0"),
        (
            ([1.0] * 5, ["commission_high"], {"commission_low": 0.1}, 8),
            r"tries commission_high from 0.05 to 0.5, where commission_low = 0.1 is above commission_high = 0.05",
        ),
        (
            ([1.0] * 5, ["wealth_gini", "commission_high"], {"max_commission": 0.3}, 8),
            "commission_high from 0.05 to 0.5, where .* max_commission = 0.3",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(how, hint):
    with pytest.raises(ExperimentError, match=hint):
        checked(*how)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"sequencers": 5}, "unknown parameter 'sequencers'"),
        ({"slash_fraction": 7}, "^slash_fraction = 7: give a number from 0 to 1"),
        ({"delegated_wealth": 1.0}, "the agents own .* tokens at the start"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_the_search(settings, hint):
    with pytest.raises(ScenarioError, match=hint):
        checked([1.0] * 5, ["wealth_gini"], settings, 8)


def test_replicates_have_the_seeds_of_a_sweep(found, monkeypatch):
    asked = []
    monkeypatch.setattr(search, "one_run", lambda task: asked.append(task[1]) or np.full(5, 2.0))
    monkeypatch.setattr(search, "_shares", lambda scenario, seed, epochs: asked.append(seed) or np.ones(5))
    fit([5.0, 4.0, 3.0, 2.0, 1.0], ["wealth_gini"], epochs=1, replicates=3, seed=7, workers=1)
    assert set(asked) == {replicate_seed(7, replicate) for replicate in range(3)}


def test_nothing_in_the_market_is_without_force_but_what_is_off():
    assert not [plight.words for plight in PLIGHTS if plight.when(market(5))]
