"""The core against the oracle, one phase at a time: the deterministic ones exactly, the others in distribution.

For the thresholds and the power see `test_oracle`.
"""

from __future__ import annotations

import numpy as np
import pytest

from model.core.conduct import conduct
from model.core.delegation import delegation
from model.core.entry import entry
from model.core.learning import learning
from model.core.market import market
from model.core.rewards import rewards
from model.core.sanctions import sanctions
from model.core.selection import selection
from model.core.users import users
from model.core.verification import verification
from model.population import new_streams
from model.simulation import Engine
from tests.duel import CORE, ORACLE, PER_PHASE, PHASES, SCENARIOS, WARM_UP, copy, disagreements, scenario
from tests.reference import Reference


def before(phase: str, engine: Engine) -> None:
    """Run the phases of one more epoch that come before `phase`."""
    state, rules, streams = engine.state, engine.rules, engine.streams
    state.market.epoch = engine.epoch
    steps = {
        "selection": lambda: selection(state, rules, streams.selection, streams.overlap),
        "conduct": lambda: conduct(state, rules, engine.shape, streams.conduct, streams.auction),
        "verification": lambda: verification(state, rules, streams.verification),
        "sanctions": lambda: sanctions(state, rules, streams.sanctions, streams.shocks, streams.attack),
        "rewards": lambda: rewards(state, rules),
        "learning": lambda: learning(state, rules, streams.learning),
        "delegation": lambda: delegation(state, rules, streams.delegation),
        "entry": lambda: entry(state, rules, streams.entry),
        "users": lambda: users(state, rules, streams.users, streams.elsewhere),
    }
    market(state, rules, streams.market, streams.luck)
    for name, step in steps.items():
        if name == phase:
            return
        step()


def warmed_up(name: str) -> Engine:
    """Return an engine of the scenario after WARM_UP epochs."""
    engine = Engine(scenario(name), 1)
    engine.advance(WARM_UP)
    return engine


@pytest.mark.parametrize("name", SCENARIOS)
def test_rewards_agree_exactly(name):
    """Paying the same epoch, core and oracle move every balance and average alike."""
    engine = warmed_up(name)
    before("rewards", engine)
    reference = Reference(engine.scenario, engine.state, 0)
    reference.harm = 0.0
    for node in reference.sequencers:
        node.token_income = node.usd_income = 0.0
    rewards(engine.state, engine.rules)
    reference.rewards()
    for field in ("self_stake", "wallet", "pool", "token_income", "usd_income", "profit_average", "slash_average"):
        theirs = [getattr(node, field) for node in reference.sequencers]
        np.testing.assert_allclose(engine.state.sequencers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)
    for field in ("wallet", "income_average", "total_usd"):
        theirs = [getattr(ranger, field) for ranger in reference.rangers]
        np.testing.assert_allclose(engine.state.rangers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)
    assert engine.state.accounts.reserve == pytest.approx(reference.accounts.reserve, rel=1e-12)
    assert engine.state.market.harm == pytest.approx(reference.harm, rel=1e-11, abs=1e-9)


def draws(name: str) -> bool:
    """Tell whether learning draws anything in the scenario of that name."""
    return scenario(name).learning == "imitation" or scenario(name).revision_rate < 1


@pytest.mark.parametrize("name", [name for name in SCENARIOS if not draws(name)])
def test_learning_agrees_exactly(name):
    """From the same epoch, core and oracle draw the same beliefs, attractions, policies and diligence."""
    engine = warmed_up(name)
    before("learning", engine)
    reference = Reference(engine.scenario, engine.state, 0)
    reference.detection = list(engine.state.market.detection)
    learning(engine.state, engine.rules, engine.streams.learning)
    reference.learning()
    for field in ("caught", "uncaught"):
        theirs = [getattr(node, field) for node in reference.sequencers]
        np.testing.assert_allclose(engine.state.sequencers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)
    for field in ("found", "checks", "diligence", "attraction", "experience"):
        theirs = [getattr(ranger, field) for ranger in reference.rangers]
        np.testing.assert_allclose(engine.state.rangers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)
    attractions = [node.attractions for node in reference.sequencers]
    np.testing.assert_allclose(engine.state.attractions, attractions, rtol=1e-9, atol=1e-7)
    mixes = [node.mix for node in reference.sequencers]
    np.testing.assert_allclose(engine.state.sequencers.mix, mixes, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SCENARIOS)
def test_trust_agrees_exactly(name):
    """Users of core and oracle answer the same harm with the same trust and memory."""
    engine = warmed_up(name)
    before("users", engine)
    reference = Reference(engine.scenario, engine.state, 0)
    users(engine.state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    reference.users()
    assert engine.state.market.trust == pytest.approx(reference.trust, rel=1e-12)
    np.testing.assert_allclose(engine.state.apps.memory, [app.memory for app in reference.apps], rtol=1e-11)
    np.testing.assert_allclose(engine.state.sisters.trust, [sister.trust for sister in reference.sisters], rtol=1e-11)
    assert engine.state.market.brand == pytest.approx(reference.brand, rel=1e-12)


def outcomes(phase: str, nodes, rangers, delegators) -> list[float]:  # type: ignore[no-untyped-def]
    """Return what a phase changes, node by node where that is telling."""
    if phase == "selection":
        return [float(node.assigned) for node in nodes]
    if phase == "conduct":
        sums = [(node.made, node.opportunity, float(np.sum(node.stolen)), node.turn_ended) for node in nodes]
        kinds = np.array([node.offences for node in nodes]).sum(axis=0), [node.detected for node in nodes]
        totals = [*np.sum(sums, axis=0), *kinds[0], *np.sum(kinds[1], axis=0)]
        return [float(x) for x in (*totals, *(ranger.checked for ranger in rangers))]
    if phase == "learning":
        rungs = np.arange(33.0)
        policies = [(float(np.sum(node.mix)), float(np.ravel(node.mix) @ rungs), node.payoff) for node in nodes]
        return [*np.ravel(policies), *(x for ranger in rangers for x in (ranger.diligence, ranger.payoff))]
    if phase == "delegation":
        members = sum(1 for who in delegators if who.release > 0)
        return [*(float(node.pool) for node in nodes), *(float(node.commission) for node in nodes), float(members)]
    stakes = [float(node.self_stake) for node in nodes]
    return [*stakes, *(float(node.status) for node in nodes), *(float(ranger.bond) for ranger in rangers)]


def play_by_oracle(reference: Reference, phase: str) -> None:
    """Run one phase of the oracle; blocks need their selection, and nodes and Rangers that start the epoch afresh."""
    if phase in ("selection", "conduct"):
        for node in reference.sequencers:
            outage, fault = node.outage, node.fault
            node.begin_epoch()
            node.outage, node.fault = outage, fault
        for ranger in reference.rangers:
            ranger.begin_epoch()
        reference.lost_blocks = 0
        reference.selection()
    if phase == "conduct":
        reference.conduct()
        reference.verification()
    if phase == "learning":
        for ranger in reference.rangers:
            ranger.profit = ranger.usd
        reference.learning()
    if phase == "delegation":
        reference.delegation()
    if phase == "entry":
        reference.entry_and_exit()


@pytest.mark.parametrize(
    ("name", "phase"),
    [(name, phase) for name in SCENARIOS for phase in PHASES if phase != "learning" or draws(name)],
)
def test_phases_agree_in_distribution(name, phase):
    """One random phase, run many times from one and the same state of a running economy."""
    engine = warmed_up(name)
    before("selection" if phase == "conduct" else phase, engine)
    start, rules = engine.state, engine.rules
    ours, theirs = [], []
    for seed in range(CORE):
        state, streams = copy(start), new_streams(5_000 + seed)
        if phase in ("selection", "conduct"):
            selection(state, rules, streams.selection, streams.overlap)
        if phase == "conduct":
            conduct(state, rules, engine.shape, streams.conduct, streams.auction)
            verification(state, rules, streams.verification)
        if phase in ("learning", "delegation", "entry"):
            {"learning": learning, "delegation": delegation, "entry": entry}[phase](
                state, rules, getattr(streams, phase)
            )
        ours.append(outcomes(phase, state.sequencers, state.rangers, state.delegators))
    for seed in range(ORACLE):
        reference = Reference(engine.scenario, start, 7_000 + seed)
        play_by_oracle(reference, phase)
        theirs.append(outcomes(phase, reference.sequencers, reference.rangers, reference.delegators))
    assert len(ours[0]) <= PER_PHASE
    assert not disagreements(np.array(ours), np.array(theirs), [str(j) for j in range(len(ours[0]))])
