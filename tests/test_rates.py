"""What relates a flow to a stock: the flow over the average stock, by hand and however the records are spaced."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from model import Scenario, simulate
from model.history import History
from model.metrics import METRICS, compute
from model.results import Run
from tests.scenarios import SMALL

BUSY = Scenario(**SMALL, mev_bps=400.0, byzantine_share=0.2, honest_fault_rate=20.0)
RESTAKED = BUSY.replace(sanction="restaked_slash", services=3, external_shock_rate=5.0, external_shock_size=0.001)
RATES = {name for name, metric in METRICS.items() if metric.kind == "rate"}
SERVING = (1, 2)


def records(epochs: Sequence[int], bonds: ArrayLike, earned: ArrayLike) -> Run:
    """Return a run with these bonds of one Ranger, at 2 USD, and its profits since the start; a year is 100 epochs."""
    scenario = BUSY.replace(epochs_per_year=100)
    every = simulate(scenario, seed=1, epochs=len(epochs) - 1).history.snapshots
    snapshots = copy.deepcopy(every)
    snapshots.epoch[:] = epochs
    snapshots.market["price"] = 2.0
    snapshots.rangers["bond"] = 0.0
    snapshots.rangers["bond"][:, 0] = bonds
    snapshots.totals["ranger_usd"] = earned
    return Run(History(scenario, snapshots), {})


def test_a_falling_stock_by_hand() -> None:
    """The later half are records of 10, 10 and 5 days; bonds fall from 100 to 20 tokens, the profit is 6 USD in each.

    On average 150, 70 and 40 USD are bonded: 15, 7 and 2 dollar-years. By the bonds at the end it would be 1.8 a year.
    """
    run = records([0, 10, 20, 30, 40, 45], [80, 90, 100, 50, 20, 20], [0, 1, 9, 15, 21, 27])
    assert run.metrics["yield_ranger"].iloc[2:].tolist() == pytest.approx([6 / 15, 6 / 7, 6 / 2])
    assert run.summary()["yield_ranger"] == pytest.approx(18 / (15 + 7 + 2))


def test_a_linear_stock_gives_the_same_however_it_is_recorded() -> None:
    profit = np.random.default_rng(1).exponential(size=41).cumsum()
    bonds = np.linspace(300.0, 2.0, 41)
    expected = (profit[40] - profit[20]) / (bonds[20:].mean() * 2.0 * 20 / 100)
    for epochs in (range(41), range(0, 41, 4), [0, 5, 20, 21, 40], [0, 20, 40]):
        run = records(epochs, bonds[list(epochs)], profit[list(epochs)])
        assert run.summary()["yield_ranger"] == pytest.approx(expected, rel=1e-12), list(epochs)


def test_records_without_stock_are_undefined_and_left_out() -> None:
    run = records([0, 10, 20, 30, 40], [10, 10, 40, 0, 0], [0, 0, 0, 8, 8])
    np.testing.assert_allclose(run.metrics["yield_ranger"], [0, 0, 8 / (20 * 2 * 0.1), np.nan])
    assert run.summary()["yield_ranger"] == pytest.approx(2.0)
    never = records([0, 10, 20, 30, 40], [0] * 5, [0, 1, 2, 3, 4])
    assert np.isnan(never.summary()["yield_ranger"])


def test_no_time_has_no_rate() -> None:
    """Two snapshots of one moment, as Mesa's collector takes the first."""
    history = simulate(BUSY, seed=3, epochs=8).history
    twice = history.part([4, 4])
    with np.errstate(divide="ignore", invalid="ignore"):
        assert np.isnan([compute(twice, RATES)[name] for name in RATES]).all()


def parts(run: Run) -> dict[str, tuple[Any, Any]]:
    """Return the flow over the later half of daily records, and the stock at every snapshot, of every rate."""
    later = run.history.part(slice((run.history.size - 1) // 2, None))
    sequencers, accounts, price = later.snapshots.sequencers, later.snapshots.accounts, later.snapshots.market["price"]
    change = {name: float(np.diff(later.path("totals", name)[[0, -1]])[0]) for name in ("sequencer_usd", "pool_tokens",
              "pool_slashed", "ranger_usd", "sequencer_tokens", "slashed", "volume")}  # fmt: skip
    supply = accounts["opening"] + accounts["minted"] - accounts["burned"] - accounts["reserve"]
    stake = ((sequencers["self_stake"] + sequencers["pool"]) * np.isin(sequencers["status"], SERVING)).sum(axis=1)
    elsewhere = {
        name: float(np.diff(later.path("totals", name)[[0, -1]])[0])
        for name in ("shocked", "service_tokens", "pool_elsewhere")
    }
    return {
        "stake_lost_elsewhere": (elsewhere["shocked"], stake),
        "service_yield": (elsewhere["service_tokens"], stake),
        "yield_sequencer": (change["sequencer_usd"], sequencers["self_stake"].sum(axis=1) * price),
        "yield_delegator": (
            change["pool_tokens"] - change["pool_slashed"] + elsewhere["pool_elsewhere"],
            sequencers["pool"].sum(axis=1),
        ),
        "yield_ranger": (change["ranger_usd"], later.snapshots.rangers["bond"].sum(axis=1) * price),
        "reward_rate": (change["sequencer_tokens"] + change["pool_tokens"], stake),
        "slashed_share": (change["slashed"], stake),
        "net_issuance": (supply[-1] - supply[0], supply),
    }


def test_a_rate_times_the_average_stock_is_the_flow() -> None:
    run = simulate(RESTAKED, seed=3, epochs=101)
    values = run.summary()
    assert parts(run).keys() == RATES - {"security_ratio"}
    for name, (flow, stock) in parts(run).items():
        average = (stock[1:] + stock[:-1]).mean() / 2
        assert flow != 0, name
        assert values[name] * average * (51 / BUSY.epochs_per_year) == pytest.approx(flow), name


def test_the_security_ratio_is_that_of_average_cost_and_average_profit() -> None:
    """Also where there are records without any volume, in which the ratio itself is undefined."""
    run = simulate(BUSY, seed=3, epochs=101)
    later = run.history.part(slice(50, None))
    cost = np.append(compute(run.history.part([49, 50]), ["cost_of_corruption"])["cost_of_corruption"],
                     compute(later, ["cost_of_corruption"])["cost_of_corruption"])  # fmt: skip
    expected = (cost[1:] + cost[:-1]).mean() / 2 / run.summary()["profit_from_corruption"]
    assert run.metrics["security_ratio"].iloc[50:].isna().any()
    assert run.summary()["security_ratio"] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["metis", "metis_deployed"])
def test_the_spacing_of_records_hardly_matters_to_rates_and_not_at_all_to_flows(name: str) -> None:
    """A year of five runs, in records of a day, a week and half a year.

    Rates at most 1.1 % apart by day and by week; two records leave out what prices did in between (36 %).
    """
    values = np.array([
        [simulate(Scenario.preset(name), seed, epochs=364, record_every=every).summary() for every in (1, 7, 182)]
        for seed in range(5)
    ])  # fmt: skip
    kinds = np.array([metric.kind for metric in METRICS.values()])
    flows, rates = values[..., kinds == "flow"], values[..., kinds == "rate"]
    for every in (1, 2):
        np.testing.assert_allclose(flows[:, every], flows[:, 0], rtol=1e-9)
    np.testing.assert_allclose(rates[:, 1], rates[:, 0], rtol=0.02)
    np.testing.assert_allclose(rates[:, 2], rates[:, 0], rtol=0.5)
