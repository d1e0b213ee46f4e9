"""Rewards: what is due is paid as far as the source reaches, split as stated; fees and costs add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.core import audit, ledger
from model.core.options import Offence, Status
from model.core.rewards import rewards
from model.simulation import Engine
from tests.scenarios import scenarios, stage

STAKES = (30_000.0, 40_000.0, 50_000.0, 60_000.0, 170_000.0)
NO_RANGERS = {"number_of_rangers": 0}


def test_target_rate_pays_the_active_on_counted_stake():
    engine = stage(stakes=STAKES, reward_rule="target_rate", target_rate=0.2, max_stake=1e5, **NO_RANGERS)
    state = engine.state
    state.sequencers.status[1] = Status.JAILED
    stake = state.sequencers.self_stake + state.sequencers.pool
    due = 0.2 / 365 * np.minimum(stake, 1e5) * (state.sequencers.status == Status.ACTIVE)
    reserve = state.accounts.reserve
    rewards(state, engine.rules)
    paid = state.totals.sequencer_tokens + state.totals.pool_tokens
    assert paid == pytest.approx(due.sum(), rel=1e-12)
    assert reserve - state.accounts.reserve == pytest.approx(paid, rel=1e-9)
    assert state.sequencers.token_income[1] == 0


@pytest.mark.parametrize("members", [True, False])
@pytest.mark.parametrize("restake", [0.0, 0.4, 1.0])
def test_a_reward_is_split_with_the_pool_pro_rata_less_commission(members, restake):
    engine = stage(
        stakes=STAKES, reward_per_block=2.0, reward_source="issuance", restake_share=restake, **NO_RANGERS,
        initial_delegation=1.0 if members else 0.0,
    )  # fmt: skip
    node = engine.state.sequencers[3]
    node.made, node.commission, node.commission_income = 50, 0.2, 7.0
    own, pool = node.self_stake, node.pool
    rewards(engine.state, engine.rules)
    of_pool = 100 * pool / (own + pool)
    income = 100 - 0.8 * of_pool
    assert (pool > 0) == members
    assert node.token_income == pytest.approx(income, rel=1e-12)
    assert node.pool - pool == pytest.approx(0.8 * of_pool, rel=1e-6)
    assert node.commission_income == pytest.approx(7 + 0.2 * of_pool, rel=1e-12)
    assert node.self_stake - own == pytest.approx(restake * income, rel=1e-6)
    assert node.wallet == pytest.approx((1 - restake) * income, rel=1e-12)
    assert engine.state.accounts.minted == pytest.approx(100, rel=1e-12)


@pytest.mark.parametrize(("reserve", "scale"), [(0.0, 0.0), (30.0, 0.3), (100.0, 1.0), (500.0, 1.0)])
def test_a_short_reserve_pays_all_alike_and_never_runs_below_zero(reserve, scale):
    """90 tokens are due to sequencers and 10 to a Ranger."""
    engine = stage(reward_per_block=1.0, reserve=reserve, reward_per_check=1.0, token_price=2.0, initial_delegation=0.0)
    state = engine.state
    state.sequencers.made[:3] = 30
    state.rangers.checked[0] = 20
    rewards(state, engine.rules)
    assert state.market.pay_scale == pytest.approx(scale)
    assert state.sequencers.token_income[:4] == pytest.approx([30 * scale] * 3 + [0])
    assert state.totals.ranger_tokens == pytest.approx(10 * scale)
    assert state.accounts.reserve == pytest.approx(max(0, reserve - 100))


def test_when_the_reserve_is_dry_rewards_stop():
    engine = stage(reserve=50.0, reward_per_block=0.1)
    reserves = []
    for _ in range(6):
        engine.advance(1)
        reserves.append(float(engine.state.accounts.reserve))
    paid = float(engine.state.totals.sequencer_tokens)
    engine.advance(20)
    assert reserves[0] > reserves[1] > reserves[-1] == 0
    assert engine.state.market.pay_scale == 0
    assert engine.state.totals.sequencer_tokens == paid
    assert np.all(engine.state.sequencers.token_income == 0)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(scenarios(), st.integers(0, 1_000))
def test_fees_are_batch_cost_treasury_and_the_sequencers(scenario, seed):
    """Fees = batch cost + protocol's share + sequencers' share; the last is what they book, block by block.

    What sequencers pay for the right to order goes to the protocol on top of it.
    """
    engine = Engine(scenario, seed)
    for _ in range(5):
        before = engine.state.totals.copy()
        engine.advance(1)
        now, made = engine.state.totals, engine.state.sequencers.made.sum()
        fees, cost, kept, theirs = (
            now[x] - before[x] for x in ("fees", "batch_cost", "treasury_usd", "sequencer_fees")
        )
        paid = (engine.state.sequencers.payment * engine.state.sequencers.assigned).sum()
        kept -= paid
        size = 1e-9 * (abs(now.fees) + abs(now.batch_cost) + abs(now.treasury_usd) + 1e-9)
        assert fees == pytest.approx(cost + kept + theirs, rel=1e-9, abs=size)
        assert theirs == pytest.approx(made * engine.state.market.net_fee, rel=1e-9, abs=size)
        assert 0 <= kept <= max(0, fees) + size
        share = max(scenario.protocol_gross_share * fees, scenario.protocol_fee_share * max(0, fees - cost))
        assert kept == pytest.approx(share if scenario.revenue == "share_with_protocol" else 0.0, rel=1e-6, abs=size)


def test_fees_follow_the_volume_served():
    engine = stage(fee_bps=10.0, batch_cost_fixed=100.0, batch_cost_per_transaction=0.5, volume_per_transaction=50.0)
    state = engine.state
    state.market.volume = 1e6
    state.sequencers.made[:2] = 60, 40
    rewards(state, engine.rules)
    assert state.totals.fees == pytest.approx(500)
    assert state.totals.batch_cost == pytest.approx(100 + 5_000)
    assert state.totals.treasury_usd == 0
    assert state.market.net_fee == pytest.approx(-4_600 / 100)


@pytest.mark.parametrize("clawback", [0.0, 0.5, 1.0])
def test_income_adds_up(clawback):
    """Honest capture, gains less what is taken back of those found out, tokens at the price; less the running cost.

    The average of profits that decides on leaving also bears what honest faults cost on average.
    """
    engine = stage(
        clawback=clawback, token_price=3.0, gain_insert=2.0, exposure_insert=0.5, harm_insert=4.0, honest_capture=0.2,
        fee_bps=0.0, batch_cost_fixed=0.0, batch_cost_per_transaction=0.0, honest_fault_rate=2.0,
        honest_fault_slash=0.1, **NO_RANGERS,
    )  # fmt: skip
    state, node = engine.state, engine.state.sequencers[0]
    node.made, node.honest_value, node.skill = 10, 100.0, 1.5
    node.offences[Offence.INSERT], node.detected[Offence.INSERT], node.stolen[Offence.INSERT] = 4, 1, 80.0
    average = float(node.profit_average)
    rewards(state, engine.rules)
    gain = 2.0 * 0.5 * 1.5 * 80
    kept = gain * (1 - clawback / 4)
    assert node.usd_income == pytest.approx(0.2 * 100 + kept)
    assert state.market.harm == pytest.approx(4 * kept)
    assert state.totals.clawed_back == pytest.approx(gain - kept)
    profit = node.usd_income + 3 * node.token_income - node.cost
    keep = 0.5 ** (1 / engine.scenario.income_memory)
    assert node.total_usd == pytest.approx(profit)
    risk = 2.0 / 365 * 0.1 * node.self_stake * 3
    assert node.profit_average == pytest.approx(keep * average + (1 - keep) * (profit - risk))


@pytest.mark.parametrize("proven", [True, False])
def test_rangers_are_paid_for_proven_checks_or_for_assigned_blocks(proven):
    engine = stage(proof_of_check=proven, reward_per_check=0.5, token_price=2.0)
    ranger = engine.state.rangers[1]
    ranger.checked, ranger.assigned = 40, 100
    rewards(engine.state, engine.rules)
    tokens = 0.5 * (40 if proven else 100) / 2.0
    assert ranger.wallet == pytest.approx(tokens)
    assert ranger.usd == pytest.approx(2.0 * tokens - 40 * ranger.cost)


def test_emission_that_finds_no_taker_goes_back():
    engine = stage(reward_source="issuance")
    paid = ledger.emit(engine.state.accounts, engine.rules.reward_source, 10.0)
    ledger.give_back(engine.state.accounts, engine.rules.reward_source, paid)
    assert paid == 10
    assert audit.residual(engine.state.accounts, audit.total(engine.state)) == pytest.approx(0, abs=1e-6)
