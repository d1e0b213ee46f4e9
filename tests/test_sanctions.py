"""Sanctions: what is taken, from whom, when, and who gets it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.core import ledger
from model.core.options import NOBODY, Conduct, Offence, Status
from model.core.sanctions import sanctions
from model.core.verification import verification
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.simulation import Engine
from tests.scenarios import stage

QUIET = {"initial_delegation": 1.0, "honest_fault_rate": 0.0, "jail_epochs": 0, "correlation_penalty": 0.0}
STAKES = (30_000.0, 40_000.0, 50_000.0, 60_000.0, 70_000.0)


def convict(engine: Engine, row: int, *offences: Offence) -> None:
    """Run the sanctions of an epoch in which one node stands convicted."""
    engine.state.sequencers.convicted = 0
    for offence in offences:
        engine.state.sequencers[row].convicted[offence] += 1
    sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    engine.state.sequencers.convicted = 0


@settings(derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_slash_is_never_more_than_everything(fraction, reorder, insert, censor):
    multipliers = {"reorder": reorder, "insert": insert, "censor": censor}
    scenario = Scenario(slash_fraction=fraction, **{f"slash_multiplier_{kind}": x for kind, x in multipliers.items()})
    slash = rules_of(scenario).slash
    assert slash == pytest.approx([min(1, fraction * x) for x in multipliers.values()], rel=1e-15)
    assert slash.max() <= 1


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (2, 1, 3)])
def test_convictions_of_an_epoch_compound_and_hit_own_and_delegated_stake_alike(counts):
    engine = stage(stakes=STAKES, min_stake=1.0, slash_multiplier_insert=4.0, slash_multiplier_censor=2.0, **QUIET)
    node = engine.state.sequencers[2]
    own, pool = node.self_stake, node.pool
    convict(engine, 2, *(offence for offence in Offence for _ in range(counts[offence])))
    kept = np.prod((1 - engine.rules.slash) ** counts)
    assert pool > 0
    assert node.self_stake == pytest.approx(kept * own, rel=1e-12)
    assert node.pool == pytest.approx(kept * pool, rel=1e-12)
    assert node.slashed == pytest.approx(1 - kept, rel=1e-12)
    assert engine.state.totals.slashed == pytest.approx((1 - kept) * (own + pool), rel=1e-12)
    assert engine.state.totals.convicted == sum(counts)


def test_nobody_is_convicted_where_nothing_is_sanctioned():
    engine = stage(stakes=STAKES, sanction="none", honest_fault_rate=100.0)
    engine.state.sequencers.fault = 1
    before = engine.state.sequencers.self_stake.copy()
    convict(engine, 2, Offence.REORDER)
    assert engine.state.sequencers.self_stake.tolist() == before.tolist()
    assert engine.state.totals.slashed == engine.state.totals.convicted == 0


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_stake_is_taken_when_the_delay_is_over(delay):
    engine = stage(stakes=STAKES, min_stake=1.0, slash_delay=delay, slash_fraction=0.1, **QUIET)
    node = engine.state.sequencers[0]
    own = node.self_stake
    for epoch in range(3, 3 + delay + 3):
        engine.state.market.epoch = epoch
        convict(engine, 0, *([Offence.REORDER] if epoch == 3 else []))
        assert node.self_stake == pytest.approx(own * (0.9 if epoch >= 3 + delay else 1.0), rel=1e-12)


@pytest.mark.parametrize(
    ("slashable", "left_at", "hit"), [(True, 6, False), (True, 7, True), (True, 9, True), (False, 9, False)]
)
def test_stake_that_left_is_slashed_only_if_it_was_there_at_the_offence(slashable, left_at, hit):
    """The offence is of epoch 7, the slash of epoch 10: what left in epoch 6 is out of reach."""
    engine = stage(stakes=STAKES, slash_delay=3, slash_fraction=0.25, unbonding_slashable=slashable, **QUIET)
    state, node = engine.state, engine.state.sequencers[1]
    member = int(np.flatnonzero(state.delegators.pool == 1)[0])
    state.market.epoch = left_at
    ledger.undelegate(state, member, engine.rules.exit_delay)
    bucket = state.unbonding[1, left_at % state.unbonding.shape[1]]
    ledger.leave(node, left_at)
    node.status = Status.EXITING
    state.market.epoch = 7
    convict(engine, 1, Offence.REORDER)
    state.market.epoch = 10
    convict(engine, 1)
    kept = 0.75 if hit else 1.0
    assert bucket > 0
    assert node.exiting == pytest.approx(kept * 40_000, rel=1e-12)
    assert state.unbonding[1].sum() == pytest.approx(kept * bucket, rel=1e-12)
    assert state.totals.slashed > 0


@pytest.mark.parametrize("top_up", [True, False])
@pytest.mark.parametrize("wallet", [0.0, 4_999.0, 5_000.0])
def test_below_the_minimum_a_node_refills_or_is_removed(top_up, wallet):
    engine = stage(stakes=STAKES, min_stake=20_000, slash_fraction=0.5, top_up=top_up, **QUIET)
    node = engine.state.sequencers[0]
    node.wallet = wallet
    convict(engine, 0, Offence.REORDER)
    if top_up and wallet >= 5_000:
        assert (node.status, node.self_stake, node.wallet) == (Status.ACTIVE, 20_000, 0)
    else:
        assert (node.status, node.self_stake, node.exiting, node.wallet) == (Status.REMOVED, 0, 15_000, wallet)
        assert engine.state.totals.removals == 1


def test_without_a_minimum_a_node_with_nothing_left_is_removed():
    engine = stage(min_stake=0.0, slash_fraction=1.0, **QUIET)
    convict(engine, 0, Offence.REORDER)
    assert engine.state.sequencers[0].status == Status.REMOVED
    assert engine.state.sequencers[1].status == Status.ACTIVE


def test_the_expelled_are_removed_for_good_with_what_is_left():
    engine = stage(stakes=STAKES, expel=True, slash_fraction=0.1, **QUIET)
    node = engine.state.sequencers[3]
    convict(engine, 3, Offence.REORDER)
    assert node.status == Status.REMOVED
    assert node.exiting == pytest.approx(0.9 * 60_000)
    engine.epoch = 1
    engine.advance(engine.scenario.exit_delay + 1)
    assert node.status == Status.REMOVED
    assert node.exiting == 0
    assert node.wallet >= 0.9 * 60_000


@pytest.mark.parametrize("reporters", [1, 2, 3])
def test_reporters_share_the_bounty_equally_and_the_rest_goes_where_it_should(reporters):
    """Rangers who surely find an offence have equal claims; the others none. All slashed tokens are accounted for."""
    engine = stage(
        stakes=STAKES, number_of_rangers=reporters, sampling_probability=1.0, evidence_reorder=1.0, diligent_share=1.0,
        enforcement=1.0, bounty_share=0.3, compensation_share=0.2, treasury_share=0.1, slash_fraction=0.1, **QUIET,
    )  # fmt: skip
    state, node = engine.state, engine.state.sequencers[4]
    wallets = state.rangers.wallet.copy()
    node.made, node.offences[Offence.REORDER] = 10, 2
    verification(state, engine.rules, engine.streams.verification)
    assert node.convicted[Offence.REORDER] == 2
    stake = node.self_stake + node.pool
    sanctions(state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    taken = (1 - 0.9**2) * stake
    assert state.totals.slashed == pytest.approx(taken)
    assert (state.rangers.wallet - wallets)[:reporters] == pytest.approx(0.3 * taken / reporters)
    assert np.all(state.rangers.wallet[reporters:] == wallets[reporters:])
    assert state.accounts.users == pytest.approx(0.2 * taken)
    assert state.accounts.treasury == pytest.approx(0.1 * taken)
    assert state.accounts.burned == pytest.approx(0.4 * taken)


def test_an_unclaimed_bounty_is_burned():
    engine = stage(stakes=STAKES, honest_fault_slash=0.1, bounty_share=1.0, honest_fault_rate=1.0)
    engine.state.sequencers.fault[1] = 1
    stake = engine.state.sequencers[1].self_stake + engine.state.sequencers[1].pool
    sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert engine.state.accounts.burned == pytest.approx(0.1 * stake)
    assert engine.state.sequencers[1].status == Status.ACTIVE
    assert engine.state.totals.wrongful == engine.state.totals.faults == 1


def test_the_correlation_penalty_grows_with_what_else_was_slashed():
    """Alone, a node loses its own slash and a little; convicted with all others, it loses almost everything."""
    lost = []
    for others in (0, 1, 4):
        engine = stage(stakes=STAKES, slash_fraction=0.1, min_stake=1.0, **{**QUIET, "correlation_penalty": 3.0})
        for row in range(1, 1 + others):
            engine.state.sequencers[row].convicted[Offence.REORDER] = 1
        own = engine.state.sequencers[0].self_stake
        engine.state.sequencers[0].convicted[Offence.REORDER] = 1
        sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
        lost.append(1 - (engine.state.sequencers[0].self_stake + engine.state.sequencers[0].exiting) / own)
    assert 0.1 < lost[0] < lost[1] < lost[2] <= 1


def test_a_rejected_accuser_pays_and_loses_its_seat_at_half_its_bond():
    engine = stage(
        griefing_share=0.34, accusation_rate=100.0, wrongful_conviction=0.0, false_accusation_slash=0.3,
        ranger_bond=1_000.0, **QUIET,
    )  # fmt: skip
    accuser = engine.state.rangers[0]
    assert accuser.conduct == Conduct.GRIEFING
    sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert accuser.status == Status.REMOVED
    assert (accuser.bond, accuser.wallet) == (0, pytest.approx(490))
    assert engine.state.accounts.burned == pytest.approx(510)
    assert engine.state.totals.accusations == 2
    assert engine.state.totals.wrongful == 0


def test_an_upheld_accusation_convicts_the_innocent_and_pays_the_accuser():
    engine = stage(griefing_share=0.34, accusation_rate=100.0, wrongful_conviction=1.0, min_stake=1.0, **QUIET)
    sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    totals = engine.state.totals
    assert totals.wrongful == totals.accusations == totals.convicted > 50
    assert engine.state.rangers[0].wallet == pytest.approx(0.4 * totals.slashed)
    assert engine.state.sequencers.owner.max() == NOBODY
