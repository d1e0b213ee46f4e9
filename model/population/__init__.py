"""The economy before its first epoch: who there is, and what they own, drawn from the seed."""

import numpy as np

from model.core.auction import price_blocks
from model.core.audit import total
from model.core.docket import FATES
from model.core.entry import expectations
from model.core.ladder import RUNGS
from model.core.options import OFFENCES, Tactic
from model.core.rewards import fees_and_cost, protocol_part
from model.core.rows import APP, ATTACKER, BUILDER, DELEGATOR, RANGER, SEQUENCER, SERVICE, SISTER, record, rows
from model.core.state import ACCOUNTS, MARKET, TOTALS, State
from model.parameters import Scenario, ScenarioError
from model.parameters.rules import rules_of
from model.population.builders import draw_builders
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
    draw_builders(state, scenario, seed)
    state.attackers.tactic = np.arange(len(Tactic))
    state.attackers.active = _active_tactics(scenario)
    state.attackers.budget[Tactic.BRIBERY] = scenario.bribery_budget
    _open_accounts(state, scenario)
    _open_market(state, scenario, rules)
    expectations(state, rules)
    return state


def _allocate(scenario: Scenario, rules: np.record) -> State:
    nodes, rangers = scenario.possible_sequencers, scenario.possible_rangers
    delegators, delay = scenario.number_of_delegators, scenario.slash_delay + 1
    buckets = (nodes, scenario.exit_delay + 1)
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
        services=rows(SERVICE, scenario.services - 1),
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
        docket=np.zeros((rules.exposure_delay + 1, nodes, FATES, OFFENCES), np.int64),
        backing=np.zeros((nodes, scenario.services - 1)),
    )


def _active_tactics(scenario: Scenario) -> np.ndarray:
    active = np.zeros(len(Tactic), int)
    active[Tactic.BYZANTINE] = scenario.byzantine_share > 0
    active[Tactic.SYBIL] = scenario.sybil_nodes > 0
    active[Tactic.BRIBERY] = scenario.colluding_share > 0 and scenario.bribe > 0
    active[Tactic.GRIEFING] = scenario.griefing_share > 0
    return active


def _open_accounts(state: State, scenario: Scenario) -> None:
    owned = total(state)
    if owned > scenario.token_supply:
        raise ScenarioError(
            f"token_supply = {scenario.token_supply:g}: the agents own {owned:.6g} tokens at the start; raise "
            "token_supply, or lower the stakes, possible_sequencers or delegated_wealth"
        )
    state.accounts.circulating = scenario.token_supply - owned
    state.accounts.reserve = scenario.reserve
    state.market.issued_before = -scenario.reserve
    state.accounts.opening = total(state)


def _open_market(state: State, scenario: Scenario, rules: np.record) -> None:
    now = state.market
    now.price, now.trust, now.pay_scale = scenario.token_price, 1.0, 1.0
    now.brand = 1.0
    now.volume = scenario.daily_volume_usd * 365 / scenario.epochs_per_year
    now.mean_opportunity = now.volume * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch
    fees, cost = fees_and_cost(now.volume, rules)
    now.net_fee = (fees - cost - protocol_part(fees, fees - cost, rules)) / scenario.blocks_per_epoch
    price_blocks(state.builders, now, rules)
