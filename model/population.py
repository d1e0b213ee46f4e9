"""The economy before its first epoch: who there is, and what they own, drawn from the seed."""

import math
import zlib

import numpy as np

from model.core.audit import total
from model.core.entry import expectations
from model.core.imitation import CARE
from model.core.ladder import POLICIES, RUNGS, adopt
from model.core.options import NOBODY, OFFENCES, Conduct, Status, Tactic
from model.core.state import (
    ACCOUNTS,
    APP,
    ATTACKER,
    DELEGATOR,
    MARKET,
    RANGER,
    SEQUENCER,
    TOTALS,
    Rows,
    State,
    Streams,
    record,
    rows,
)
from model.parameters import Scenario, ScenarioError
from model.parameters.rules import rules_of

MONTHS = 12
APP_TOLERANCE_SPREAD = 0.5
MOST_CLAIMS = 100_000_000
"""Claims of Rangers on pending slashes that are kept at most: 800 MB."""


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream of that name: a function of seed and names alone."""
    key = tuple(zlib.crc32(name.encode()) for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def new_streams(seed: int) -> Streams:
    """Return the named streams of a run."""
    return Streams(*(generator(seed, name) for name in Streams._fields))


def populate(scenario: Scenario, seed: int, rules: np.record | None = None) -> State:
    """Return the state of a scenario before its first epoch. Raises ScenarioError if its agents own more than exists.

    Every attribute has a stream of its own, so one more agent or attribute changes nobody else's.
    """
    rules = rules_of(scenario) if rules is None else rules
    state = _allocate(scenario)
    _sequencers(state, scenario, seed)
    _rangers(state, scenario, seed)
    _delegators(state, scenario, seed)
    _apps(state, scenario, seed)
    state.attackers.tactic = np.arange(len(Tactic))
    state.attackers.active = _active_tactics(scenario)
    state.attackers.budget[Tactic.BRIBERY] = scenario.bribery_budget
    _open_accounts(state, scenario)
    _open_market(state, scenario)
    expectations(state, rules)
    return state


def _allocate(scenario: Scenario) -> State:
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
    )


def _lognormal(stream: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Return unit-mean lognormal variates."""
    return np.exp(spread * stream.standard_normal(count) - 0.5 * spread**2)


def _sequencers(state: State, scenario: Scenario, seed: int) -> None:
    nodes, count = state.sequencers, scenario.possible_sequencers

    def draw(name: str) -> np.random.Generator:
        return generator(seed, "population", "sequencer", name)

    starting = np.arange(count) < scenario.number_of_sequencers
    nodes.operator = np.arange(count)
    nodes.owner = NOBODY
    nodes.conduct = np.where(draw("honest").random(count) < scenario.honest_share, Conduct.HONEST, Conduct.RATIONAL)
    nodes.status = np.where(starting, Status.ACTIVE, Status.CANDIDATE)
    nodes.client = (draw("client").random(count) * scenario.number_of_clients).astype(int)
    least = scenario.min_stake if scenario.min_stake > 0 else min(1.0, scenario.max_stake)
    nodes.caution = 1.0
    nodes.sharpness = 1.0
    nodes.revises = 1
    nodes.capital = np.minimum(scenario.max_stake, least * (1 + draw("stake").pareto(scenario.stake_index, count)))
    if scenario.stakes:
        nodes.capital[: len(scenario.stakes)] = scenario.stakes
    nodes.self_stake = np.where(starting, nodes.capital, 0.0)
    nodes.wallet = np.where(starting, 0.0, nodes.capital)
    monthly = scenario.sequencer_cost * _lognormal(draw("cost"), count, scenario.cost_dispersion)
    nodes.cost = monthly * MONTHS / scenario.epochs_per_year
    nodes.skill = _lognormal(draw("skill"), count, scenario.skill_dispersion)
    nodes.downtime = np.minimum(0.5, scenario.downtime * draw("downtime").standard_exponential(count))
    nodes.brand = scenario.brand_dispersion * draw("brand").standard_normal(count)
    width = scenario.commission_high - scenario.commission_low
    nodes.commission = scenario.commission_low + width * draw("commission").random(count)
    nodes.commission_direction = np.where(draw("direction").random(count) < 0.5, -1.0, 1.0)
    if scenario.learning == "imitation":
        for node, luck in zip(nodes, draw("policy").random(count), strict=True):
            adopt(node, int(luck * POLICIES))
    _attackers_nodes(nodes, scenario)


def _attackers_nodes(nodes: Rows, scenario: Scenario) -> None:
    last = scenario.number_of_sequencers
    first = last - math.floor(scenario.byzantine_share * last + 0.5)
    nodes.conduct[first:last] = Conduct.BYZANTINE
    nodes.owner[first:last] = Tactic.BYZANTINE
    if first < last:
        nodes.operator[first:last] = nodes.operator[first]
    sybil = slice(max(0, first - scenario.sybil_nodes), first)
    if scenario.sybil_nodes:
        nodes.conduct[sybil] = Conduct.RATIONAL
        nodes.owner[sybil] = Tactic.SYBIL
        nodes.operator[sybil] = nodes.operator[sybil.start]


def _rangers(state: State, scenario: Scenario, seed: int) -> None:
    rangers, seats = state.rangers, scenario.number_of_rangers
    seated = np.arange(rangers.size) < seats
    rangers.owner = NOBODY
    rangers.conduct = Conduct.RATIONAL
    rangers.revises = 1
    share, last = 0.0, 0
    for more, conduct in (
        (scenario.diligent_share, Conduct.DILIGENT),
        (scenario.colluding_share, Conduct.COLLUDING),
        (scenario.griefing_share, Conduct.GRIEFING),
    ):
        share += more
        first, last = last, min(seats, math.floor(share * seats + 0.5))
        rangers.conduct[first:last] = conduct
    rangers.owner[rangers.conduct == Conduct.GRIEFING] = Tactic.GRIEFING
    rangers.status = np.where(seated, Status.ACTIVE, Status.CANDIDATE)
    rangers.bond = np.where(seated, scenario.ranger_bond, 0.0)
    rangers.wallet = np.where(seated, 0.0, scenario.ranger_bond)
    stream = generator(seed, "population", "ranger", "cost")
    if scenario.learning == "imitation":
        policies = generator(seed, "population", "ranger", "policy").random(rangers.size)
        rangers.diligence = np.floor(policies * CARE) / (CARE - 1)
    rangers.cost = scenario.cost_per_check * _lognormal(stream, rangers.size, scenario.ranger_cost_dispersion)


def _delegators(state: State, scenario: Scenario, seed: int) -> None:
    crowd, count = state.delegators, scenario.number_of_delegators
    crowd.pool = NOBODY
    if count == 0:
        return

    def draw(name: str) -> np.random.Generator:
        return generator(seed, "population", "delegator", name)

    wealth = np.ones(count)
    if scenario.wealth_gini > 0:
        wealth += draw("wealth").pareto((1 + 1 / scenario.wealth_gini) / 2, count)
    crowd.liquid = wealth / wealth.sum() * scenario.delegated_wealth * scenario.token_supply
    state.accounts.liquid = crowd.liquid.sum()
    taste = draw("risk").standard_normal(count)
    crowd.risk_aversion = scenario.risk_aversion * np.exp(scenario.risk_dispersion * taste)
    delegated = draw("delegated").random(count) < scenario.initial_delegation
    pools = (draw("pool").random(count) * scenario.number_of_sequencers).astype(int)
    _first_delegations(state, delegated, pools)


def _first_delegations(state: State, delegated: np.ndarray, pools: np.ndarray) -> None:
    """Fill the pools at once, by the ledger's rule for a fresh pool: a share per token."""
    crowd, nodes = state.delegators, state.sequencers
    amounts = np.where(delegated, crowd.liquid, 0.0)
    held = np.bincount(pools, weights=amounts, minlength=nodes.size)
    crowd.shares, crowd.liquid = amounts, np.where(delegated, 0.0, crowd.liquid)
    crowd.pool = np.where(delegated, pools, NOBODY)
    nodes.pool, nodes.pool_shares = held, held
    nodes.members = np.bincount(pools, weights=delegated, minlength=nodes.size).astype(int)
    state.accounts.liquid = max(0.0, state.accounts.liquid - held.sum())


def _apps(state: State, scenario: Scenario, seed: int) -> None:
    ranks = 1 / np.arange(1, scenario.number_of_apps + 1)
    state.apps.share = ranks / ranks.sum() if ranks.size else ranks
    taste = generator(seed, "population", "app", "tolerance").standard_normal(ranks.size)
    state.apps.tolerance = scenario.app_tolerance * np.exp(APP_TOLERANCE_SPREAD * taste)
    state.apps.present = 1


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


def _open_market(state: State, scenario: Scenario) -> None:
    now = state.market
    now.price, now.trust, now.pay_scale = scenario.token_price, 1.0, 1.0
    now.volume = scenario.daily_volume_usd * 365 / scenario.epochs_per_year
    now.mean_opportunity = now.volume * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch
    cost = (
        scenario.batch_cost_fixed + scenario.batch_cost_per_transaction * now.volume / scenario.volume_per_transaction
    )
    net = now.volume * scenario.fee_bps * 1e-4 - cost
    now.net_fee = (net - scenario.protocol_fee_share * max(0.0, net)) / scenario.blocks_per_epoch
