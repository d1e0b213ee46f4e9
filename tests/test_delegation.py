"""Delegation: vault accounting, and choices that follow the stated logit.

Statistical tests use fixed seeds and reject at 1e-5; the power against the neighbouring rule is computed in the test.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.core import ledger
from model.core.delegation import delegation, move
from model.core.options import NOBODY, Status
from model.core.state import State
from tests.scenarios import stage

CROWD = 20_000
REJECT = 1e-5
STAKES = (30_000.0, 40_000.0, 50_000.0, 60_000.0, 70_000.0)
CHOICES = {
    "stakes": STAKES, "number_of_delegators": CROWD, "attention": 1.0, "delegated_wealth": 1e-6, "risk_dispersion": 0.0,
    "commission_step": 0.0, "blocks_per_epoch": 4_937,
}  # fmt: skip
operations = st.tuples(st.sampled_from(["join", "leave", "reward", "slash"]), st.integers(0, 5), st.floats(0.01, 0.99))


def worth(state: State, row: int) -> np.ndarray:
    """Return what each delegator's shares of a pool are worth."""
    node = state.sequencers[row]
    inside = (state.delegators.pool == row) & (state.delegators.release == 0)
    return np.where(inside, state.delegators.shares, 0) * (node.pool / node.pool_shares if node.pool_shares > 0 else 0)


def burn(state: State, row: int, fraction: float) -> None:
    """Slash a node and its pool; what is taken is burned."""
    ledger.split_slash(state.accounts, 0.0, 0.0, sum(ledger.seize(state, row, fraction, 0, False)))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(operations, max_size=40))
def test_rewards_and_slashes_hit_members_pro_rata_and_others_never(steps):
    """A vault against plain bookkeeping of what everybody owns; the last one out leaves it empty."""
    engine = stage(number_of_delegators=6, initial_delegation=0.0)
    state, node = engine.state, engine.state.sequencers[0]
    liquid, owned = state.delegators.liquid.copy(), np.zeros(6)
    for what, who, size in steps:
        if what == "join" and state.delegators.pool[who] == NOBODY:
            move(state, engine.rules, who, 0)
            owned[who], liquid[who] = liquid[who], 0
        elif what == "leave" and state.delegators.pool[who] == 0:
            move(state, engine.rules, who, NOBODY)
            owned[who] = 0
        elif what == "reward" and node.members > 0:
            ledger.reward_node(node, 0.0, 0.0, 100 * size)
            owned *= 1 + 100 * size / owned.sum()
        elif what == "slash":
            burn(state, 0, size)
            owned *= 1 - size
        assert worth(state, 0) == pytest.approx(owned, rel=1e-9)
        assert node.pool == pytest.approx(owned.sum(), rel=1e-9)
    for who in range(6):
        if state.delegators.pool[who] == 0:
            move(state, engine.rules, who, NOBODY)
    assert (node.pool, node.pool_shares, node.members) == (0, 0, 0)


def test_leaving_waits_exit_delay_epochs_and_returns_what_the_stake_was_worth():
    engine = stage(exit_delay=5, attention=0.0, initial_delegation=1.0, number_of_delegators=3, number_of_sequencers=1)
    state = engine.state
    value = worth(state, 0)
    state.market.epoch = 2
    for who in range(3):
        move(state, engine.rules, who, NOBODY)
    for epoch in range(3, 7):
        state.market.epoch = epoch
        delegation(state, engine.rules, engine.streams.delegation)
        assert state.accounts.liquid == pytest.approx(0, abs=1e-9)
    state.market.epoch = 7
    delegation(state, engine.rules, engine.streams.delegation)
    assert state.delegators.liquid == pytest.approx(value, rel=1e-12)
    assert state.unbonding.sum() == 0
    assert np.all(state.delegators.pool == NOBODY)


def test_a_pool_slashed_to_nothing_takes_deposits_again_when_its_members_have_left():
    engine = stage(number_of_delegators=6, initial_delegation=0.0)
    state, node = engine.state, engine.state.sequencers[0]
    for who in range(2):
        move(state, engine.rules, who, 0)
    burn(state, 0, 1.0)
    move(state, engine.rules, 2, 0)
    assert state.delegators.pool[2] == NOBODY
    for who in range(2):
        move(state, engine.rules, who, NOBODY)
    move(state, engine.rules, 2, 0)
    assert (state.delegators.pool[2], node.members) == (0, 1)
    assert worth(state, 0)[2] == pytest.approx(node.pool)


def test_members_who_came_with_nothing_are_in_nobodys_way():
    engine = stage(number_of_delegators=6, initial_delegation=0.0)
    state, node = engine.state, engine.state.sequencers[0]
    state.delegators.liquid[0] = 0
    wealth = state.delegators.liquid[1]
    for who in range(2):
        move(state, engine.rules, who, 0)
    assert worth(state, 0)[:2] == pytest.approx([0, wealth])
    for who in (1, 0):
        move(state, engine.rules, who, NOBODY)
    assert (node.pool, node.pool_shares, node.members) == (0, 0, 0)
    assert state.unbonding.sum() == pytest.approx(wealth)


def logit(state: State, rules: np.record) -> np.ndarray:
    """Return the stated odds of each starting pool and of the outside option, as probabilities."""
    nodes = state.sequencers[:5]
    counted = np.minimum(nodes.self_stake + nodes.pool, rules.max_stake)
    emission = rules.blocks_per_epoch * rules.reward_per_block * 365 * counted / counted.sum()
    gross = emission / (nodes.self_stake + nodes.pool)
    slashing = nodes.slash_average * 365 + rules.honest_fault_rate * rules.honest_fault_slash
    value = 100 * ((1 - nodes.commission) * gross - rules.risk_aversion * slashing) + nodes.brand
    odds = np.exp(rules.delegator_precision * np.append(value, 100 * rules.opportunity_yield))
    return odds / odds.sum()


@pytest.mark.parametrize("precision", [0.0, 0.5, 2.0])
def test_delegators_choose_by_the_stated_logit(precision):
    """A precision a tenth higher, or risks left out, would be told apart with probability above 0.99."""
    engine = stage(initial_delegation=0.0, delegator_precision=precision, **CHOICES)
    state = engine.state
    state.sequencers.slash_average[:5] = 0, 1e-5, 2e-5, 0, 5e-5
    expected = logit(state, engine.rules)
    delegation(state, engine.rules, engine.streams.delegation)
    chosen = np.bincount(state.delegators.pool + 1, minlength=6)[:6]
    counts = np.append(chosen[1:], chosen[0])
    assert stats.chisquare(counts, CROWD * expected).pvalue > REJECT
    if precision > 0:
        engine.rules.delegator_precision = 1.1 * precision + 0.05
        other = logit(stage(initial_delegation=0.0, **CHOICES).state, engine.rules)
        noncentrality = CROWD * ((other - expected) ** 2 / expected).sum()
        assert stats.ncx2.sf(stats.chi2.isf(REJECT, 5), 5, noncentrality) > 0.99


def test_a_higher_yield_draws_more_delegators():
    """With the same luck, the lower a node's commission, the more choose it; at precision 0 it does not matter."""
    for precision, matters in ((0.5, True), (0.0, False)):
        members = []
        for commission in (0.5, 0.25, 0.0):
            engine = stage(initial_delegation=0.0, delegator_precision=precision, **CHOICES)
            engine.state.sequencers.commission[2] = commission
            delegation(engine.state, engine.rules, engine.streams.delegation)
            members.append(int(engine.state.sequencers.members[2]))
        assert (members[0] < members[1] < members[2]) == matters
        assert (members[0] == members[1] == members[2]) != matters


def test_attention_is_the_share_that_reconsiders():
    """Everyone who reconsiders leaves a pool that pays nothing: a binomial count; 0.3 is told from 0.28 and 0.32."""
    choices = {
        **CHOICES,
        "attention": 0.3,
        "delegator_precision": 1e3,
        "reward_per_block": 0.0,
        "brand_dispersion": 0.0,
    }
    engine = stage(initial_delegation=1.0, opportunity_yield=1.0, **choices)
    delegation(engine.state, engine.rules, engine.streams.delegation)
    moved = int((engine.state.delegators.release > 0).sum())
    assert stats.binomtest(moved, CROWD, 0.3).pvalue > REJECT
    for other in (0.28, 0.32):
        assert stats.binomtest(round(CROWD * other), CROWD, 0.3).pvalue < REJECT


def test_only_active_nodes_are_chosen_and_the_unbonding_wait():
    engine = stage(initial_delegation=0.0, delegator_precision=0.0, **CHOICES)
    engine.state.sequencers.status[:3] = Status.JAILED, Status.REMOVED, Status.EXITING
    engine.state.delegators.release[:100] = 10**6
    delegation(engine.state, engine.rules, engine.streams.delegation)
    pools = engine.state.delegators.pool
    assert set(pools.tolist()) == {NOBODY, 3, 4}
    assert np.all(pools[:100] == NOBODY)


@pytest.mark.parametrize(
    ("direction", "commission", "income", "before", "moved"),
    [
        (1.0, 0.20, 5.0, 4.0, 0.25),
        (1.0, 0.20, 4.0, 4.0, 0.25),
        (1.0, 0.20, 3.0, 4.0, 0.15),
        (-1.0, 0.20, 5.0, 4.0, 0.15),
        (-1.0, 0.20, 3.0, 4.0, 0.25),
        (-1.0, 0.02, 5.0, 4.0, 0.00),
        (-1.0, 0.00, 0.0, 4.0, 0.05),
        (1.0, 0.38, 5.0, 4.0, 0.40),
    ],
)
def test_commissions_are_searched_one_step_at_a_time(direction, commission, income, before, moved):
    """On while income does not fall, round when it does, within the bounds; the turn of node 2 is epoch 8 of 10."""
    engine = stage(
        commission_step=0.05, commission_period=10, max_commission=0.4, attention=0.0, initial_delegation=1.0
    )
    state, node = engine.state, engine.state.sequencers[2]
    node.commission_direction, node.commission = direction, commission
    node.commission_income, node.commission_before = income, before
    for epoch in range(9):
        assert (node.commission, node.commission_income) == (commission, income)
        state.market.epoch = epoch
        delegation(state, engine.rules, engine.streams.delegation)
    assert node.commission == pytest.approx(moved, abs=1e-12)
    assert (node.commission_before, node.commission_income) == (income, 0)


def test_a_node_without_members_lowers_its_commission():
    engine = stage(commission_step=0.05, commission_period=1, attention=0.0, initial_delegation=0.0)
    node = engine.state.sequencers[0]
    node.commission_direction, node.commission = 1.0, 0.3
    delegation(engine.state, engine.rules, engine.streams.delegation)
    assert node.commission == pytest.approx(0.25)
