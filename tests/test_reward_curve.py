"""The reward curve of the root: Espresso's rates, what they cost, and that all who reckon with them read the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from experiments.equilibrium.luck import Luck
from experiments.equilibrium.world import frozen
from model import theory
from model.core.delegation import gross_yield
from model.core.entry import expected_profit
from model.core.options import Status
from model.core.rewards import announce_rate, rewards
from model.core.selection import weigh
from model.metrics import compute
from model.parameters import Scenario
from model.simulation import Engine, simulate
from model.theory.conditions import ConditionError
from tests.scenarios import SMALL, stage

CURVE = {"reward_rule": "sqrt_curve", "reward_source": "issuance", "number_of_rangers": 0}
STILL = {
    **SMALL, **CURVE, "attention": 0.0, "entry_rate": 0.0, "exit_rate": 0.0, "honest_fault_rate": 0.0, "mev_bps": 0.0,
    "max_stake": 1e12, "restake_share": 0.0, "number_of_delegators": 0,
}  # fmt: skip
STAKES = (30_000.0, 40_000.0, 50_000.0, 60_000.0, 170_000.0)


def at_share(share: float) -> dict[str, float]:
    """Return the supply in which the stakes are that share."""
    return {"token_supply": sum(STAKES) / share}


@pytest.mark.parametrize(
    ("share", "rate", "inflation"),
    [
        (0.001, 0.2121, 0.0002), (0.01, 0.2121, 0.0021), (0.04, 0.1061, 0.0042), (0.25, 0.0424, 0.0106),
        (0.9, 0.0224, 0.0201),
    ],
)  # fmt: skip
def test_the_measured_rate_and_inflation_are_those_of_the_curve(share, rate, inflation):
    """Source of the rates: Espresso's documentation, 21.21 % below a share of 1 %, 2.12 % at the whole supply."""
    changes = {**STILL, **at_share(share), "stakes": STAKES, "number_of_sequencers": 5, "possible_sequencers": 5}
    measured = compute(simulate(Scenario(**changes), seed=1, epochs=2).history)
    assert measured["staking_ratio"] == pytest.approx(share, rel=1e-3)
    assert measured["reward_rate"] == pytest.approx(0.03 / math.sqrt(2 * max(share, 0.01)), rel=1e-3)
    assert measured["reward_rate"] == pytest.approx(rate, rel=0.005)
    assert measured["net_issuance"] == pytest.approx(inflation, abs=6e-5)


def test_the_rate_lies_between_its_ends_falls_with_stake_and_costs_more_the_more_is_staked():
    """From 21.21 to 2.12 % of stake, and from 0.21 to 2.12 % of supply once a hundredth of it is staked."""
    rates = []
    shares = np.geomspace(1e-4, 1, 40)
    for share in shares:
        engine = stage(**{**STILL, "stakes": STAKES, **at_share(0.5)})
        engine.state.sequencers.self_stake *= share / 0.5
        announce_rate(engine.state.market, engine.state.accounts, engine.state.sequencers, engine.rules)
        rates.append(float(engine.state.market.reward_rate))
    paid = np.array(rates) * shares
    assert max(rates) == pytest.approx(0.2121, abs=5e-5)
    assert min(rates) == pytest.approx(0.0212, abs=5e-5)
    assert np.all(np.diff(rates) <= 0)
    assert np.all(np.diff(paid) > 0)
    assert 0.0021 < paid[shares >= 0.01].min() < 0.0023
    assert paid.max() == pytest.approx(0.0212, abs=5e-5)


def test_the_reserve_is_no_supply_and_stake_on_its_way_out_is_not_staked():
    engine = stage(**{**STILL, "stakes": STAKES, "reserve": 1e9, "possible_sequencers": 5, **at_share(0.2)})
    nodes = engine.state.sequencers
    announce_rate(engine.state.market, engine.state.accounts, engine.state.sequencers, engine.rules)
    assert engine.state.market.reward_rate == pytest.approx(0.03 / math.sqrt(2 * 0.2))
    nodes.status[0] = Status.JAILED
    announce_rate(engine.state.market, engine.state.accounts, engine.state.sequencers, engine.rules)
    assert engine.state.market.reward_rate == pytest.approx(0.03 / math.sqrt(2 * 0.2))
    nodes.status[4] = Status.REMOVED
    nodes.exiting[4], nodes.self_stake[4] = nodes.self_stake[4], 0.0
    announce_rate(engine.state.market, engine.state.accounts, engine.state.sequencers, engine.rules)
    assert engine.state.market.reward_rate == pytest.approx(0.03 / math.sqrt(2 * 0.2 * 180 / 350))


def test_only_the_active_are_paid_on_counted_stake_whatever_blocks_they_made():
    for made in (0, 40):
        engine = stage(**{**STILL, **at_share(0.1), "stakes": STAKES, "max_stake": 1e5, "min_stake": 1.0})
        state = engine.state
        state.sequencers.made[2], state.sequencers.status[1] = made, Status.JAILED
        counted = np.minimum(state.sequencers.self_stake, 1e5) * (state.sequencers.status == Status.ACTIVE)
        rewards(state, engine.rules)
        rate = 0.03 / math.sqrt(0.2)
        assert state.sequencers.token_income == pytest.approx(rate / 365 * counted, rel=1e-3)
        assert state.sequencers.token_income[1] == 0


def test_at_an_announced_rate_curve_and_target_are_the_same_to_delegators_and_entrants():
    """Both are paid on counted stake: what delegators compare and entrants expect differs by the rate alone."""
    base = {**SMALL, "stakes": STAKES, **at_share(0.07), "max_stake": 1e5, "number_of_rangers": 0}
    curve = Engine(Scenario(**base, reward_rule="sqrt_curve"), 3)
    rate = float(curve.state.market.reward_rate)
    target = Engine(Scenario(**base, reward_rule="target_rate", target_rate=rate), 3)
    assert 0.05 < rate < 0.15
    for row in range(5):
        views = []
        for engine in (curve, target):
            node, total = engine.state.sequencers[row], weigh(engine.state, engine.rules)
            assert node.profit_average != 0
            views.append(
                (
                    float(gross_yield(node, engine.rules, total, engine.state.market)),
                    float(expected_profit(engine.state.market, engine.rules, node, 30.0, 0.0)),
                    float(node.profit_average),
                )
            )
        assert views[0] == views[1]


@pytest.mark.parametrize("rule", ["sqrt_curve", "target_rate", "per_block"])
def test_emission_on_stake_is_not_luck(rule):
    """The certificate takes out the emission of blocks dealt by chance: the only luck of a pool without convictions."""
    scenario = Scenario(**SMALL, reward_rule=rule, verification="none", mev_bps=400.0)
    engine = Engine(scenario, 2)
    engine.advance(10)
    world = frozen(engine, 5)
    rules, seen, _ = world.play(10)
    luck = Luck(world, rules, seen)
    lucky = [float(np.abs(luck.of_pool(i)).sum()) for i in range(5)]
    assert (max(lucky) > 0) == (rule == "per_block")


def test_closed_forms_that_know_no_curve_refuse_it():
    with pytest.raises(ConditionError, match="reward_rule"):
        theory.expected_income(Scenario(reward_rule="sqrt_curve"), 0.1, 1e5)
