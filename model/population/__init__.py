"""The economy before its first epoch: who there is, and what they own, drawn from the seed."""

import numpy as np

from model.core.docket import FATES
from model.core.ladder import RUNGS
from model.core.market import LARGEST
from model.core.opening import open_books, open_market
from model.core.options import NOT_YET, OFFENCES, Tactic
from model.core.rows import APP, ATTACKER, BUILDER, DELEGATOR, RANGER, SEQUENCER, SERVICE, SISTER, record, rows
from model.core.state import ACCOUNTS, MARKET, TOTALS, State
from model.parameters import Scenario, ScenarioError
from model.parameters.rules import rules_of
from model.population.others import draw_backing, draw_builders, set_sisters
from model.population.people import draw_apps, draw_delegators, draw_rangers, draw_sequencers
from model.population.streams import generator, new_streams

__all__ = ["generator", "new_streams", "populate"]

MOST_CLAIMS = 100_000_000
"""Claims of Rangers on pending slashes that are kept at most: 800 MB."""


def populate(scenario: Scenario, seed: int, rules: np.record | None = None) -> State:
    """Return the state of a scenario before its first epoch. Raises ScenarioError if its agents own more than exists.

    Every attribute has a stream of its own, so one more agent or attribute changes nobody else's.
    """
    rules = rules_of(scenario) if rules is None else rules
    state = _allocate(scenario, rules)
    draw_sequencers(state, scenario, seed)
    draw_rangers(state, scenario, seed)
    draw_delegators(state, scenario, seed)
    draw_apps(state, scenario, seed)
    set_sisters(state, scenario)
    draw_backing(state, scenario, seed)
    draw_builders(state, scenario, seed)
    state.attackers.tactic = np.arange(len(Tactic))
    state.attackers.active = _active_tactics(scenario)
    state.attackers.budget[Tactic.BRIBERY] = scenario.bribery_budget
    state.attackers.budget[Tactic.CENSORSHIP] = scenario.censor_budget
    state.attackers.budget[Tactic.TAKEOVER] = scenario.takeover_budget
    state.attackers.began = state.attackers.succeeded = NOT_YET
    _open_accounts(state, scenario, rules)
    _open_market(state, scenario, rules)
    return state


def _allocate(scenario: Scenario, rules: np.record) -> State:
    nodes, rangers = scenario.possible_sequencers, scenario.possible_rangers
    delegators, delay = scenario.number_of_delegators, scenario.slash_delay + 1
    buckets = (nodes, scenario.exit_delay + 1)
    others = scenario.services - 1 if scenario.sanction == "restaked_slash" else 0
    claims = delay * nodes * rangers
    if claims > MOST_CLAIMS:
        raise ScenarioError(
            f"(slash_delay + 1) x possible_sequencers x possible_rangers = {claims:,} is above {MOST_CLAIMS:,}; "
            "lower one of them"
        )
    return State(
        sequencers=rows(SEQUENCER, nodes),
        rangers=rows(RANGER, rangers),
        delegators=rows(DELEGATOR, delegators),
        apps=rows(APP, scenario.number_of_apps),
        attackers=rows(ATTACKER, len(Tactic)),
        builders=rows(BUILDER, scenario.number_of_builders if scenario.revenue == "auction_to_proposer" else 0),
        sisters=rows(SISTER, scenario.sister_chains),
        services=rows(SERVICE, others),
        market=record(MARKET),
        accounts=record(ACCOUNTS),
        totals=record(TOTALS),
        unbonding=np.zeros(buckets),
        unbonding_shares=np.zeros(buckets),
        unbonding_members=np.zeros(buckets, np.int64),
        leaving=np.zeros(max(delegators, 1), np.int32),
        pending=np.zeros((delay, nodes)),
        claims=np.zeros((delay, nodes, rangers)),
        attractions=np.zeros((nodes, OFFENCES, RUNGS)),
        slashed_before=np.zeros(scenario.correlation_window),
        backing=np.zeros((nodes, others)),
        docket=np.zeros((rules.exposure_delay + 1, nodes, FATES, OFFENCES), np.int64),
    )


def _active_tactics(scenario: Scenario) -> np.ndarray:
    active = np.zeros(len(Tactic), int)
    active[Tactic.BYZANTINE] = scenario.byzantine_share > 0
    active[Tactic.SYBIL] = scenario.sybil_nodes > 0
    active[Tactic.BRIBERY] = scenario.colluding_share > 0 and scenario.bribe > 0
    active[Tactic.GRIEFING] = scenario.griefing_share > 0
    active[Tactic.CENSORSHIP] = scenario.censor_fee > 0
    active[Tactic.HIT_AND_RUN] = scenario.hit_and_run_nodes > 0
    active[Tactic.TAKEOVER] = scenario.takeover_budget > 0
    return active


def _open_accounts(state: State, scenario: Scenario, rules: np.record) -> None:
    if scenario.selection == "auction":
        state.sequencers.bid = 1.0
    open_books(state, rules)
    spare = state.accounts.circulating
    if spare < 0.0:
        raise ScenarioError(
            f"token_supply = {scenario.token_supply:g}: the agents own {scenario.token_supply - spare:.6g} tokens at "
            "the start; raise token_supply, or lower the stakes, possible_sequencers or delegated_wealth"
        )


def _open_market(state: State, scenario: Scenario, rules: np.record) -> None:
    now = state.market
    now.price, now.trust, now.pay_scale = scenario.token_price, 1.0, 1.0
    now.brand = 1.0
    now.service_yield = scenario.service_income if state.services.size else 0.0
    patience = np.exp(-scenario.latency_loss * now.latency)
    now.volume = scenario.daily_volume_usd * 365 / scenario.epochs_per_year * patience
    now.trend = np.log(max(now.volume, 1.0 / LARGEST))
    open_market(state, rules)
