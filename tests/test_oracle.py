"""The core against the oracle: the same rules written twice must agree, phase by phase and over whole runs.

Deterministic phases must agree to rounding. For the others, outcomes of many runs from one population are compared by
the two-sample Kolmogorov-Smirnov test and by the difference of means. All p-values together must exceed ALARM over the
number of tests, so that a false alarm is rarer than one in ten thousand.

Power: with ORACLE runs of the oracle against CORE of the core, a difference of means of 0.5 standard deviations of an
outcome is found with probability above 0.97 (critical z at the corrected level 5.3, standard error 0.065), in
whole runs as in single phases.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from model.core.conduct import conduct
from model.core.delegation import delegation
from model.core.entry import entry
from model.core.learning import learning
from model.core.market import market
from model.core.options import Status
from model.core.rewards import rewards
from model.core.sanctions import sanctions
from model.core.selection import selection
from model.core.state import State
from model.core.users import users
from model.core.verification import verification
from model.parameters import Scenario
from model.population import new_streams
from model.simulation import Engine
from tests.reference import Reference

ALARM = 1e-4
SMALL = {
    "blocks_per_epoch": 120,
    "blocks_per_span": 10,
    "number_of_sequencers": 6,
    "possible_sequencers": 9,
    "number_of_delegators": 40,
    "number_of_rangers": 3,
    "possible_rangers": 5,
    "sampling_probability": 0.3,
    "attention": 0.3,
    "exit_delay": 2,
    "reward_per_block": 0.5,
    "daily_volume_usd": 400_000,
    "sequencer_cost": 3_000,
    "entry_rate": 0.3,
    "exit_rate": 0.3,
    "honest_fault_rate": 10,
    "downtime": 0.05,
    "commission_period": 3,
    "number_of_apps": 4,
}
SCENARIOS = {
    "deterred": {"mev_bps": 40},
    "tempted": {"mev_bps": 4_000, "slash_fraction": 0.02},
    "lawless": {"sanction": "none", "mev_bps": 100},
    "blind": {"verification": "none", "mev_bps": 100, "selection": "equal"},
    "no jail": {"jail_epochs": 0, "mev_bps": 4_000, "slash_fraction": 0.05, "clawback": 0.5, "failover": 0.5},
    "expulsion": {"expel": True, "mev_bps": 8_000, "slash_fraction": 0.0, "top_up": False},
    "delayed slash": {"slash_delay": 2, "mev_bps": 4_000, "slash_fraction": 0.1, "correlation_penalty": 1.0},
    "byzantine": {"byzantine_share": 0.4, "selection": "sqrt_stake", "slash_fraction": 0.01, "jail_epochs": 1},
    "bribery": {
        "sybil_nodes": 3, "colluding_share": 0.67, "bribe": 5e4, "bribery_budget": 1e6, "mev_bps": 3_000,
    },
    "griefing": {"griefing_share": 0.34, "accusation_rate": 2, "wrongful_conviction": 0.3, "mev_bps": 40},
    "traps": {"proof_of_check": False, "trap_rate": 0.2, "trap_penalty": 0.06, "mev_bps": 400},
    "rate and reserve": {"reward_rule": "target_rate", "target_rate": 2.0, "reserve": 9_000, "restake_share": 0.5},
    "issuance": {"reward_source": "issuance", "price_process": "reflexive", "storm_share": 0.3, "volume_growth": 0.5},
    "light tail": {"opportunity": "exponential", "mev_bps": 2_000, "enforcement": 0.3, "learning": "fixed"},
    "flat": {"opportunity": "constant", "mev_bps": 2_000, "bounty_share": 0.2, "compensation_share": 0.3},
    "small cap": {"max_stake": 21_000, "min_stake": 20_000, "treasury_share": 0.5, "mev_bps": 4_000},
}  # fmt: skip
EPOCHS = 5
ORACLE = 300
CORE = 1_200
OUTCOMES = (
    "blocks_made", "offending_blocks", "convicted", "wrongful", "accusations", "opportunity", "stolen", "harm", "fees",
    "sequencer_tokens", "pool_tokens", "ranger_tokens", "sequencer_usd", "ranger_usd", "slashed", "bounties", "checks",
    "checks_assigned", "coverage", "entries", "exits", "removals",
)  # fmt: skip
STOCKS = ("stake", "pool", "wallet", "liquid", "diligence", "trust", "active", "commission", "caught", "profit")
PHASES = ("selection", "conduct", "delegation", "entry")
PER_PHASE = 40
TESTS = 2 * len(SCENARIOS) * (len(OUTCOMES) + len(STOCKS) + len(PHASES) * PER_PHASE)
WARM_UP = 4


def scenario(name: str) -> Scenario:
    """Return the small scenario of that name."""
    return Scenario(**{**SMALL, **SCENARIOS[name]})


def stocks(nodes, rangers, liquid, trust) -> list[float]:  # type: ignore[no-untyped-def]
    """Return the sums over agents that STOCKS names."""
    return [
        sum(node.self_stake for node in nodes),
        sum(node.pool for node in nodes),
        sum(node.wallet for node in nodes),
        liquid,
        sum(ranger.diligence for ranger in rangers),
        trust,
        sum(node.status == Status.ACTIVE for node in nodes),
        sum(node.commission for node in nodes),
        sum(float(np.sum(node.caught)) for node in nodes),
        sum(node.profit_average for node in nodes),
    ]


def copy(state: State) -> State:
    """Return an independent copy of a state."""
    return State(*(part.copy() for part in state))


def by_core(engine: Engine, start: State, seed: int) -> list[float]:
    """Return outcomes and stocks of one run of the core from `start`, luck from `seed`."""
    engine.state, engine.streams, engine.epoch = copy(start), new_streams(1_000 + seed), 0
    engine.advance(EPOCHS)
    state = engine.state
    totals = [float(state.totals[name]) for name in OUTCOMES]
    return totals + stocks(state.sequencers, state.rangers, state.accounts.liquid, state.market.trust)


def by_oracle(plan: Scenario, start: State, seed: int) -> list[float]:
    """Return the same of one run of the oracle."""
    reference = Reference(plan, start, seed)
    reference.run(EPOCHS)
    totals = [float(getattr(reference.totals, name)) for name in OUTCOMES]
    liquid = sum(delegator.liquid for delegator in reference.delegators)
    return totals + stocks(reference.sequencers, reference.rangers, liquid, reference.trust)


def alike(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the smaller p-value of equal distributions and of equal means; values equal to rounding are equal."""
    unit = max(np.abs(ours).max(), np.abs(theirs).max(), 1e-300) * 1e-9
    ours, theirs = np.round(ours / unit), np.round(theirs / unit)
    if np.ptp(np.concatenate([ours, theirs])) <= 2:
        return 1.0
    shape = stats.ks_2samp(ours, theirs, method="asymp").pvalue
    spread = np.hypot(ours.std(ddof=1) / np.sqrt(ours.size), theirs.std(ddof=1) / np.sqrt(theirs.size))
    mean = 2 * stats.norm.sf(abs(ours.mean() - theirs.mean()) / spread) if spread > 0 else 0.0
    return float(min(shape, mean))


def disagreements(ours: np.ndarray, theirs: np.ndarray, labels: list[str]) -> dict[str, tuple[float, float, float]]:
    """Return p-value and means of the outcomes (columns) that differ by more than chance."""
    pvalues = {label: alike(ours[:, j], theirs[:, j]) for j, label in enumerate(labels)}
    return {
        label: (p, ours[:, j].mean(), theirs[:, j].mean())
        for j, (label, p) in enumerate(pvalues.items())
        if p < ALARM / TESTS
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_whole_runs_agree_in_distribution(name):
    """Totals and stocks after EPOCHS epochs have the same distribution in core and oracle."""
    plan = scenario(name)
    engine = Engine(plan, 1)
    start = copy(engine.state)
    ours = np.array([by_core(engine, start, seed) for seed in range(CORE)])
    theirs = np.array([by_oracle(plan, start, seed) for seed in range(ORACLE)])
    assert not disagreements(ours, theirs, [*OUTCOMES, *STOCKS])


def before(phase: str, engine: Engine) -> None:
    """Run the phases of one more epoch that come before `phase`."""
    state, rules, streams = engine.state, engine.rules, engine.streams
    state.market.epoch = engine.epoch
    steps = {
        "selection": lambda: selection(state, rules, streams),
        "conduct": lambda: conduct(state, rules, engine.shape, streams),
        "verification": lambda: verification(state, rules, streams),
        "sanctions": lambda: sanctions(state, rules, streams),
        "rewards": lambda: rewards(state, rules),
        "learning": lambda: learning(state, rules),
        "delegation": lambda: delegation(state, rules, streams),
        "entry": lambda: entry(state, rules, streams),
        "users": lambda: users(state, rules, streams),
    }
    market(state, rules, streams)
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


@pytest.mark.parametrize("name", SCENARIOS)
def test_learning_agrees_exactly(name):
    """From the same epoch, core and oracle draw the same beliefs and the same diligence."""
    engine = warmed_up(name)
    before("learning", engine)
    reference = Reference(engine.scenario, engine.state, 0)
    reference.detection = list(engine.state.market.detection)
    learning(engine.state, engine.rules)
    reference.learning()
    for field in ("caught", "uncaught"):
        theirs = [getattr(node, field) for node in reference.sequencers]
        np.testing.assert_allclose(engine.state.sequencers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)
    for field in ("found", "checks", "diligence"):
        theirs = [getattr(ranger, field) for ranger in reference.rangers]
        np.testing.assert_allclose(engine.state.rangers[field], theirs, rtol=1e-11, atol=1e-9, err_msg=field)


@pytest.mark.parametrize("name", SCENARIOS)
def test_trust_agrees_exactly(name):
    """Users of core and oracle answer the same harm with the same trust and memory."""
    engine = warmed_up(name)
    before("users", engine)
    reference = Reference(engine.scenario, engine.state, 0)
    users(engine.state, engine.rules, engine.streams)
    reference.users()
    assert engine.state.market.trust == pytest.approx(reference.trust, rel=1e-12)
    np.testing.assert_allclose(engine.state.apps.memory, [app.memory for app in reference.apps], rtol=1e-11)


def outcomes(phase: str, nodes, rangers, delegators) -> list[float]:  # type: ignore[no-untyped-def]
    """Return what a phase changes, node by node where that is telling."""
    if phase == "selection":
        return [float(node.assigned) for node in nodes]
    if phase == "conduct":
        sums = [(node.made, node.opportunity, float(np.sum(node.stolen)), node.turn_ended) for node in nodes]
        kinds = np.array([node.offences for node in nodes]).sum(axis=0), [node.detected for node in nodes]
        totals = [*np.sum(sums, axis=0), *kinds[0], *np.sum(kinds[1], axis=0)]
        return [float(x) for x in (*totals, *(ranger.checked for ranger in rangers))]
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
    if phase == "delegation":
        reference.delegation()
    if phase == "entry":
        reference.entry_and_exit()


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_phases_agree_in_distribution(name, phase):
    """One random phase, run many times from one and the same state of a running economy."""
    engine = warmed_up(name)
    before("selection" if phase == "conduct" else phase, engine)
    start, rules = engine.state, engine.rules
    ours, theirs = [], []
    for seed in range(CORE):
        state, streams = copy(start), new_streams(5_000 + seed)
        if phase in ("selection", "conduct"):
            selection(state, rules, streams)
        if phase == "conduct":
            conduct(state, rules, engine.shape, streams)
            verification(state, rules, streams)
        if phase in ("delegation", "entry"):
            {"delegation": delegation, "entry": entry}[phase](state, rules, streams)
        ours.append(outcomes(phase, state.sequencers, state.rangers, state.delegators))
    for seed in range(ORACLE):
        reference = Reference(engine.scenario, start, 7_000 + seed)
        play_by_oracle(reference, phase)
        theirs.append(outcomes(phase, reference.sequencers, reference.rangers, reference.delegators))
    assert len(ours[0]) <= PER_PHASE
    assert not disagreements(np.array(ours), np.array(theirs), [str(j) for j in range(len(ours[0]))])
