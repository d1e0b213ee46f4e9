"""Verification: Rangers find independently, silence is bought only where it pays, beliefs follow what was seen.

Statistical tests use fixed seeds and reject at 1e-5; that the neighbouring rule is rejected is part of each test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from model.core.conduct import consider
from model.core.docket import file
from model.core.learning import learning
from model.core.options import NOBODY, OFFENCES, Conduct, Offence, Status, Tactic
from model.core.policy import believed_detection
from model.core.verification import coverage, offer_bribes, reported, verification
from model.simulation import Engine
from tests.scenarios import stage

REJECT = 1e-5
OFFENDED = 40_000
WATCH = {"sampling_probability": 0.4, "evidence_reorder": 0.5, "enforcement": 0.7, "number_of_rangers": 3}
SILENCE = {"colluding_share": 0.34, "bribe": 1e6, "bribery_budget": 1e12, "sybil_nodes": 1}


def offended(**changes: Any) -> Engine:
    """Return an economy in which every block of node 0 was reordered, before anybody looked."""
    engine = stage(blocks_per_epoch=OFFENDED, **{**WATCH, "jail_epochs": 0, **changes})
    engine.state.rangers.diligence[:3] = 1.0, 0.6, 0.3
    node = engine.state.sequencers[0]
    node.made = node.offences[Offence.REORDER] = OFFENDED
    return engine


def finding(engine: Engine) -> np.ndarray:
    return 0.4 * 0.5 * np.asarray(engine.state.rangers.diligence[:3])


def test_offences_are_reported_checked_and_convicted_at_the_stated_rates():
    engine = offended()
    state, node = engine.state, engine.state.sequencers[0]
    found = finding(engine)
    any_found = 1 - np.prod(1 - found)
    verification(state, engine.rules, engine.streams.verification)
    for count, chance in (
        (node.detected[0], any_found),
        (node.convicted[0], 0.7 * any_found),
        *zip(state.rangers.reported[:3], found, strict=True),
        *zip(state.rangers.checked[:3], 2 * found, strict=True),
    ):
        assert stats.binomtest(int(count), OFFENDED, chance).pvalue > REJECT
        assert stats.binomtest(int(count), OFFENDED, 0.9 * chance).pvalue < REJECT
    assert np.all(state.rangers.reported <= state.rangers.checked)


def test_claims_of_reporters_add_up_to_the_convictions():
    engine = offended()
    verification(engine.state, engine.rules, engine.streams.verification)
    claims, slash = engine.state.claims[0, 0], engine.rules.slash[Offence.REORDER]
    assert claims.sum() == pytest.approx(slash * engine.state.sequencers[0].convicted[0])
    assert claims[0] > claims[1] > claims[2] > 0 == claims[3]


def test_detection_and_coverage_are_those_of_independent_rangers():
    engine = offended()
    found = np.empty(OFFENCES)
    reported(engine.state, engine.rules, NOBODY, found)
    assert found[0] == pytest.approx(1 - np.prod(1 - finding(engine)))
    assert coverage(engine.state.rangers, engine.rules) == pytest.approx(1 - np.prod(1 - 2 * finding(engine)))
    engine.state.rangers.status[0] = 0
    reported(engine.state, engine.rules, NOBODY, found)
    assert found[0] == pytest.approx(1 - np.prod(1 - finding(engine)[1:]))


def test_without_rangers_nothing_is_found():
    engine = offended(verification="none")
    verification(engine.state, engine.rules, engine.streams.verification)
    assert engine.state.sequencers.detected.sum() == engine.state.rangers.checked.sum() == 0
    assert coverage(engine.state.rangers, engine.rules) == 0


def bribed(**changes: Any) -> Engine:
    engine = offended(**{**SILENCE, **changes})
    node = engine.state.sequencers[0]
    node.owner = Tactic.SYBIL
    offer_bribes(engine.state, engine.rules)
    verification(engine.state, engine.rules, engine.streams.verification)
    return engine


def test_a_colluding_ranger_is_silent_at_a_price():
    engine = bribed()
    state = engine.state
    assert state.rangers.reported[0] == 0
    assert stats.binomtest(int(state.rangers.silenced[0]), OFFENDED, finding(engine)[0]).pvalue > REJECT
    assert state.attackers.spent[Tactic.BRIBERY] == pytest.approx(1e6 * state.rangers.silenced[0])
    assert state.rangers.usd[0] == pytest.approx(1e6 * state.rangers.silenced[0])
    others = 1 - np.prod(1 - finding(engine)[1:])
    assert stats.binomtest(int(state.sequencers.detected[0, 0]), OFFENDED, others).pvalue > REJECT


@pytest.mark.parametrize("changes", [{"bribe": 1.0}, {"bribery_budget": 10.0}])
def test_silence_is_not_bought_where_it_does_not_pay(changes):
    """A bounty above the bribe, or a budget below one bribe: the Ranger reports like any other."""
    engine = bribed(**changes)
    assert engine.state.rangers.silenced.sum() == engine.state.attackers.spent.sum() == 0
    assert engine.state.rangers.reported[0] > 0


def test_a_budget_is_never_overspent():
    engine = bribed(bribery_budget=2.5e6)
    assert engine.state.attackers.spent[Tactic.BRIBERY] == pytest.approx(2.5e6)
    assert engine.state.rangers.silenced[0] > 3


def test_owners_reckon_with_the_detection_and_the_bribes_that_they_buy():
    engine = offended(**SILENCE, enforcement=0.0)
    state, node = engine.state, engine.state.sequencers[0]
    offer_bribes(state, engine.rules)
    consider(state, engine.rules, node, 0, int(Offence.REORDER), 0.5)
    assert node.reservation[Offence.REORDER] == 0
    node.owner = Tactic.SYBIL
    gain = engine.rules.gain[0] * node.skill - engine.rules.honest_capture
    expected = finding(engine)[0] * 1e6 / gain
    consider(state, engine.rules, node, 0, int(Offence.REORDER), 0.5)
    assert node.reservation[Offence.REORDER] == pytest.approx(expected)


@pytest.mark.parametrize("changes", [{"colluding_share": 0.0}, {"verification": "social"}, {"bribery_budget": 10.0}])
def test_without_a_ranger_that_takes_them_bribes_are_not_on_offer_and_owners_know_no_more_than_others(changes):
    """Nobody to collude, nobody whose report counts, or no money: a bribe then changes nothing at all."""
    engine = offended(**{**SILENCE, **changes})
    state, node = engine.state, engine.state.sequencers[0]
    node.owner = Tactic.SYBIL
    offer_bribes(state, engine.rules)
    assert state.market.bribes_offered == 0
    consider(state, engine.rules, node, 0, int(Offence.REORDER), 0.5)
    told = float(node.reservation[Offence.REORDER])
    node.owner = NOBODY
    consider(state, engine.rules, node, 0, int(Offence.REORDER), 0.5)
    assert told == float(node.reservation[Offence.REORDER]) > 0


def test_bribes_are_on_offer_while_a_ranger_that_takes_them_has_its_seat():
    engine = offended(**SILENCE)
    offer_bribes(engine.state, engine.rules)
    assert engine.state.market.bribes_offered == 1
    engine.state.rangers.status[engine.state.rangers.conduct == Conduct.COLLUDING] = Status.CANDIDATE
    offer_bribes(engine.state, engine.rules)
    assert engine.state.market.bribes_offered == 0


@pytest.mark.parametrize("published", [True, False])
def test_evidence_is_own_in_full_others_in_part_and_fades(published):
    engine = stage(proof_of_check=published, transparency=30.0, publicity=0.2, memory=10.0)
    state = engine.state
    state.sequencers.caught, state.sequencers.uncaught = 5.0, 8.0
    state.sequencers.offences[0] = 10, 0, 0
    state.sequencers.detected[0] = 4, 0, 0
    state.market.detection = 0.25, 0.5, 0.75
    file(state.docket, state.sequencers, state.market.epoch)
    learning(state, engine.rules, engine.streams.learning)
    keep, seen = 0.5 ** (1 / 10), 30.0 if published else 0.0
    assert state.sequencers.caught[0] == pytest.approx(keep * 5 + np.array([4, 0, 0]) + seen * state.market.detection)
    assert state.sequencers.caught[3, 0] == pytest.approx(keep * 5 + 0.2 * 4 + seen * 0.25)
    assert state.sequencers.uncaught[3, 0] == pytest.approx(keep * 8 + 0.2 * 6 + seen * 0.75)


def test_with_fixed_beliefs_nothing_is_learned():
    engine = stage(learning="fixed", mev_bps=500.0)
    engine.advance(20)
    assert engine.state.totals.offences.sum() > 0
    assert engine.state.sequencers.caught.sum() == engine.state.rangers.checks.sum() == 0


def test_published_coverage_teaches_the_truth():
    """Whatever they believed, sequencers come to believe the detection there is."""
    engine = stage(transparency=1_000.0, learning="belief", diligent_share=1.0, exit_rate=0.0, sampling_probability=0.2)
    engine.advance(200)
    truth = 1 - (1 - 0.2 * 0.5) ** 3
    for node in engine.state.sequencers[:5]:
        assert believed_detection(node, engine.rules, int(Offence.REORDER), 0.9) == pytest.approx(truth, rel=0.01)
