"""Entry, exit and diligence: acts whose odds are a power of benefit over cost.

Statistical tests use fixed seeds and reject at 1e-5; each shows that a neighbouring chance would be rejected.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.core.choice import willingness
from model.core.entry import entry, expected_profit
from model.core.learning import choose_diligence
from model.core.options import Choice, Conduct, Status
from model.core.selection import mean_blocks, weigh, weight_of
from model.simulation import Engine
from tests.scenarios import stage

TIMES = 8_000
REJECT = 1e-5
CALM = {"downtime": 0.0, "sequencer_cost": 10.0, "cost_dispersion": 0.0, "honest_fault_rate": 0.0}
LONE = {"possible_sequencers": 6, "stakes": (30_000.0,) * 5, "number_of_rangers": 0, "entry_rate": 1.0, **CALM}
costs = st.floats(1e-6, 1e6)


@given(st.sampled_from(Choice), costs, costs, costs, st.floats(0.01, 100))
@settings(derandomize=True, deadline=None)
def test_willingness_rises_in_benefit_and_falls_in_cost(choice, benefit, more, cost, precision):
    def willing(benefit: float, cost: float) -> float:
        return float(willingness(benefit, cost, precision, choice))

    base = willing(benefit, cost)
    assert 0 <= base <= 1
    assert willing(benefit + more, cost) >= base
    assert willing(benefit, cost + more) <= base
    assert willing(cost, cost) == (0.0 if choice == Choice.BEST_RESPONSE else 0.5)
    if benefit != cost:
        assert willing(benefit, cost) + willing(cost, benefit) == pytest.approx(1)


def test_willingness_is_its_closed_form():
    assert willingness(6.0, 3.0, 2.0, Choice.LUCE) == pytest.approx(4 / 5)
    assert willingness(6.0, 3.0, 0.5, Choice.LOGIT) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert willingness(-6.0, -3.0, 0.5, Choice.LOGIT) == pytest.approx(1 / (1 + math.exp(1.5)))
    assert [willingness(6.0, cost, 2.0, Choice.BEST_RESPONSE) for cost in (-7.0, 5.9, 6.0, 6.1)] == [1, 1, 0, 0]


def test_willingness_at_its_ends():
    assert willingness(0.0, 1.0, 4.0, Choice.LUCE) == willingness(-1.0, 0.0, 4.0, Choice.LUCE) == 0
    assert willingness(1.0, 0.0, 4.0, Choice.LUCE) == 1


def entries(engine: Engine, times: int) -> int:
    """Count how often the candidate of row 5 enters when the phase is repeated from the same state."""
    node = engine.state.sequencers[5]
    before, count = node.copy(), 0
    for _ in range(times):
        entry(engine.state, engine.rules, engine.streams.entry)
        count += node.status == Status.ACTIVE
        engine.state.sequencers[5] = before
    return count


@pytest.mark.parametrize("admission", ["open", "vote"])
@pytest.mark.parametrize("cost", [10.0, 14.0, 16.0, 40.0])
def test_candidates_enter_with_the_stated_odds(admission, cost):
    """A candidate compares expected profit with the return on its capital; a chance a quarter lower is told apart."""
    engine = stage(admission=admission, admission_probability=0.4, exit_rate=0.0, **LONE)
    state, rules = engine.state, engine.rules
    candidate = state.sequencers[5]
    candidate.cost, candidate.capital, candidate.wallet = cost, 25_000.0, 26_000.0
    total = weigh(state, rules)
    share = 25_000 / (25_000 + total)
    blocks = rules.blocks_per_epoch * share
    per_block = state.market.net_fee + rules.honest_capture * state.market.mean_opportunity
    profit = blocks * (rules.reward_per_block * state.market.price + per_block) - cost
    ratio = profit / (25_000 * state.market.price * rules.opportunity_yield / 365)
    odds = max(0.0, ratio) ** rules.sequencer_precision
    chance = odds / (1 + odds) * (0.4 if admission == "vote" else 1.0)
    count = entries(engine, TIMES)
    if profit <= 0:
        assert count == 0
    else:
        assert stats.binomtest(count, TIMES, chance).pvalue > REJECT
        assert stats.binomtest(round(0.75 * chance * TIMES), TIMES, chance).pvalue < REJECT


def test_profit_draws_and_cost_deters():
    """The luck is the same every time, so the order is certain."""
    counts = []
    for cost in (10.0, 30.0, 60.0, 120.0):
        engine = stage(exit_rate=0.0, **LONE)
        engine.state.sequencers.cost[5] = cost
        counts.append(entries(engine, 1_000))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


@pytest.mark.parametrize(("wallet", "enters"), [(19_999.0, False), (20_000.0, True)])
def test_nobody_enters_below_the_minimum(wallet, enters):
    engine = stage(min_stake=20_000.0, opportunity_yield=0.0, exit_rate=0.0, **LONE)
    node = engine.state.sequencers[5]
    node.wallet = node.capital = wallet
    entry(engine.state, engine.rules, engine.streams.entry)
    assert (node.status == Status.ACTIVE) == enters
    assert (node.self_stake, node.wallet) == ((wallet, 0) if enters else (0, wallet))


def test_loss_makers_leave_wait_and_may_come_back():
    engine = stage(exit_rate=1.0, exit_delay=3, **{**LONE, "entry_rate": 0.0})
    state = engine.state
    state.sequencers.profit_average[:3] = -1.0, 1.0, -1.0
    state.sequencers.conduct[2] = Conduct.BYZANTINE
    for epoch in range(4):
        state.market.epoch = epoch
        entry(state, engine.rules, engine.streams.entry)
        left = state.sequencers[0]
        assert left.status == (Status.EXITING if epoch < 3 else Status.CANDIDATE)
        assert (left.exiting, left.wallet) == ((30_000, 0) if epoch < 3 else (0, 30_000))
    assert np.all(state.sequencers.status[1:5] == Status.ACTIVE)
    assert state.totals.exits == 1


def test_expected_profit_falls_with_rivals_and_rises_with_every_income():
    def profit(others: float = 1e5, **changes: Any) -> float:
        engine = stage(**{**LONE, **changes})
        node = engine.state.sequencers[0]
        blocks = mean_blocks(engine.rules, weight_of(node, engine.rules), others)
        return float(expected_profit(engine.state.market, engine.rules, node, blocks, 0.0))

    assert profit(1e5) > profit(2e5) > profit(1e9) > -10 * 12 / 365 - 1e-3
    assert profit(reward_per_block=1.0) > profit(reward_per_block=0.1)
    assert profit(fee_bps=9.0) > profit()
    assert profit(honest_capture=0.9) > profit()
    assert profit(sequencer_cost=1e5) < profit()
    target = {"reward_rule": "target_rate", "fee_bps": 0.0, "honest_capture": 0.0, "batch_cost_fixed": 0.0}
    assert profit(target_rate=0.2, **target) > profit(target_rate=0.1, **target)


def diligence(**changes: Any) -> np.ndarray:
    engine = stage(**{"prior_misconduct": 0.001, "cost_per_check": 0.02, **changes})
    choose_diligence(engine.state.sequencers, engine.state.rangers, engine.rules, engine.state.market)
    return copy.copy(engine.state.rangers.diligence[:3])


@pytest.mark.parametrize(
    ("lever", "low", "high"),
    [("reward_per_check", 0.001, 0.05), ("bounty_share", 0.0, 0.9), ("slash_fraction", 0.0, 0.5),
     ("prior_misconduct", 0.0, 0.1), ("enforcement", 0.0, 1.0), ("trap_penalty", 0.0, 9.0)],
)  # fmt: skip
def test_what_pays_for_checking_raises_diligence(lever, low, high):
    traps = {"proof_of_check": False, "trap_rate": 0.01} if lever == "trap_penalty" else {}
    assert np.all(diligence(**{lever: low}, **traps) < diligence(**{lever: high}, **traps))


def test_cost_lowers_diligence_and_volunteers_do_not_mind():
    assert np.all(diligence(cost_per_check=0.1) < diligence(cost_per_check=0.01))
    assert np.all(diligence(cost_per_check=1e4, diligent_share=1.0) == 1)
    assert np.all(diligence(cost_per_check=1e4, griefing_share=1.0) == 1)


def test_without_pay_or_bounty_nobody_checks():
    assert np.all(diligence(reward_per_check=0.0, sanction="none") == 0)


def test_who_watches_for_reasons_of_its_own_stays_without_pay():
    """A diligent Ranger does not leave for want of pay; a rational one does."""
    unpaid = {"number_of_rangers": 1, "possible_rangers": 1, "proof_of_check": False, "reward_per_check": 0.0,
              "bounty_share": 0.0, "exit_rate": 1.0, "entry_rate": 0.0}  # fmt: skip
    for diligent, left in ((1.0, 1), (0.0, 0)):
        engine = stage(**unpaid, diligent_share=diligent, trap_rate=1.0, trap_penalty=1e-3)
        engine.advance(60)
        assert (engine.state.rangers["status"] == Status.ACTIVE).sum() == left
