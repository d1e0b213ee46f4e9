"""Sequencers, Rangers, delegators, apps and other services as they start. Every attribute has its own stream."""

import math

import numpy as np

from model.core.imitation import CARE
from model.core.ladder import POLICIES, adopt
from model.core.options import NOBODY, Conduct, Status, Tactic
from model.core.rows import Rows
from model.core.state import State
from model.parameters import Scenario
from model.population.streams import generator

MONTHS = 12
APP_TOLERANCE_SPREAD = 0.5


def lognormal(stream: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Return unit-mean lognormal variates."""
    return np.exp(spread * stream.standard_normal(count) - 0.5 * spread**2)


def draw_sequencers(state: State, scenario: Scenario, seed: int) -> None:
    """Draw who could sequence; the first `number_of_sequencers` start with their stake bonded."""
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
    monthly = scenario.sequencer_cost * lognormal(draw("cost"), count, scenario.cost_dispersion)
    nodes.cost = monthly * MONTHS / scenario.epochs_per_year
    nodes.skill = lognormal(draw("skill"), count, scenario.skill_dispersion)
    nodes.downtime = np.minimum(0.5, scenario.downtime * draw("downtime").standard_exponential(count))
    nodes.brand = scenario.brand_dispersion * draw("brand").standard_normal(count)
    width = scenario.commission_high - scenario.commission_low
    nodes.commission = scenario.commission_low + width * draw("commission").random(count)
    nodes.commission_direction = np.where(draw("direction").random(count) < 0.5, -1.0, 1.0)
    if scenario.learning == "imitation":
        for node, luck in zip(nodes, draw("policy").random(count), strict=True):
            adopt(node, int(luck * POLICIES))
    nodes.incumbent = np.arange(count) < min(scenario.incumbent_nodes, scenario.number_of_sequencers)
    nodes.operator[nodes.incumbent == 1] = 0
    _attackers_nodes(nodes, scenario)


def _attackers_nodes(nodes: Rows, scenario: Scenario) -> None:
    last = scenario.number_of_sequencers
    first = last - math.floor(scenario.byzantine_share * last + 0.5)
    nodes.conduct[first:last] = Conduct.BYZANTINE
    nodes.owner[first:last] = Tactic.BYZANTINE
    nodes.operator[first:last] = first
    sybil = slice(max(0, first - scenario.sybil_nodes), first)
    if scenario.sybil_nodes:
        nodes.conduct[sybil] = Conduct.RATIONAL
        nodes.owner[sybil] = Tactic.SYBIL
        nodes.operator[sybil] = sybil.start
    runner = slice(max(0, sybil.start - scenario.hit_and_run_nodes), sybil.start)
    if scenario.hit_and_run_nodes:
        nodes.conduct[runner] = Conduct.HONEST if scenario.hit_after > 0 else Conduct.BYZANTINE
        nodes.owner[runner] = Tactic.HIT_AND_RUN
        nodes.operator[runner] = runner.start
        nodes.commission[runner] = 0.0
    if scenario.takeover_budget > 0 and scenario.selection not in ("single", "appointed"):
        _reserve_nodes(nodes, scenario)


def _reserve_nodes(nodes: Rows, scenario: Scenario) -> None:
    """Give the takeover the last candidates, without capital: as many as its money could fill at today's price.

    Where an authority gives out the seats there is nothing to buy them for. Where weight does not follow stake a node
    of the least stake is enough.
    """
    supply, impact = scenario.token_supply, scenario.price_impact
    affordable = scenario.takeover_budget / scenario.token_price
    if impact > 0:
        affordable = supply / impact * math.log1p(impact * affordable / supply)
    least = max(scenario.min_stake, min(1.0, scenario.max_stake))
    each = least if scenario.selection in ("equal", "sqrt_stake") else scenario.max_stake
    count = min(nodes.size - scenario.number_of_sequencers, math.ceil(affordable / each))
    if count > 0:
        reserved = slice(nodes.size - count, nodes.size)
        nodes.conduct[reserved] = Conduct.HONEST
        nodes.owner[reserved] = Tactic.TAKEOVER
        nodes.operator[reserved] = reserved.start
        nodes.capital[reserved] = nodes.wallet[reserved] = 0.0


def draw_rangers(state: State, scenario: Scenario, seed: int) -> None:
    """Draw who could check; the first `number_of_rangers` start with a seat."""
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
    rangers.cost = scenario.cost_per_check * lognormal(stream, rangers.size, scenario.ranger_cost_dispersion)


def draw_delegators(state: State, scenario: Scenario, seed: int) -> None:
    """Draw wealth and taste of delegators, and with whom they start."""
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


def draw_apps(state: State, scenario: Scenario, seed: int) -> None:
    """Draw the apps' shares of volume and what harm they bear."""
    state.apps.share = zipf(scenario.number_of_apps)
    taste = generator(seed, "population", "app", "tolerance").standard_normal(scenario.number_of_apps)
    state.apps.tolerance = scenario.app_tolerance * np.exp(APP_TOLERANCE_SPREAD * taste)
    state.apps.present = 1


def zipf(count: int) -> np.ndarray:
    """Return shares that fall with the rank."""
    ranks = 1 / np.arange(1, count + 1)
    return np.asarray(ranks / ranks.sum() if count else ranks)
