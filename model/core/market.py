"""Phase 1: price, demand, storms, and the luck that befalls nodes whatever the policy."""

import numpy as np

from model.core.auction import price_blocks
from model.core.compiled import kernel
from model.core.options import Conduct, PriceProcess, Tactic

LEAST_TREND = 1e-6
"""Part of the undisturbed volume below which its fall no longer moves a reflexive price, nor its rebound."""

LARGEST = 1e18
"""Bound of price and volume (USD), and its inverse the least price: what no economy reaches and arithmetic survives."""


@kernel
def market(state, rules, stream, luck):
    """Move price and volume, set the mean opportunity of a block, and draw outages and honest faults.

    Writes market, the builders' chances and margins, and the nodes' `outage` and `fault`. Draws from `stream` two
    normals and a uniform, from `luck` a uniform per sequencer and client: always the same number, so that luck is
    common to all policies.
    """
    now = state.market
    shock = stream.standard_normal()
    demand = stream.standard_normal()
    weather = stream.random()
    undisturbed = rules.daily_volume_usd * 365.0 * rules.dt
    trend = np.log(max(_volume(state.apps, now, rules), LEAST_TREND * undisturbed, 1.0 / LARGEST))
    growth = trend - now.trend if now.epoch > 0 else 0.0
    now.trend = trend
    now.price = _within(now.price * np.exp(_price_move(state.accounts, now, rules, shock, growth)))
    spread = rules.volume_volatility
    now.volume = min(LARGEST, _volume(state.apps, now, rules) * np.exp(spread * demand - 0.5 * spread * spread))
    _storm(now, rules, weather)
    now.mean_opportunity = now.volume * rules.mev_bps * 1e-4 / rules.blocks_per_epoch
    if now.storm == 1:
        now.mean_opportunity *= rules.storm_multiplier
    price_blocks(state.builders, now, rules)
    _luck(state.sequencers, rules, luck)
    if state.attackers[Tactic.TAKEOVER].succeeded >= 0:
        _withhold(state.sequencers)


@kernel
def _volume(apps, now, rules):
    present = 0.0
    for app in apps:
        if app.present == 1:
            present += app.share
    if apps.size == 0:
        present = 1.0
    growth = np.exp(rules.volume_growth * now.epoch * rules.dt)
    reach = rules.daily_volume_usd * 365.0 * rules.dt * min(growth, LARGEST)
    patience = np.exp(-rules.latency_loss * now.latency)
    return min(LARGEST, reach * present * now.trust**rules.trust_elasticity * patience)


@kernel
def _price_move(accounts, now, rules, shock, growth):
    if rules.price_process == PriceProcess.CONSTANT:
        return 0.0
    sigma = rules.price_volatility
    move = (rules.price_drift - 0.5 * sigma * sigma) * rules.dt + sigma * np.sqrt(rules.dt) * shock
    if rules.price_process == PriceProcess.REFLEXIVE:
        supply = accounts.opening + accounts.minted - accounts.burned
        move += rules.price_volume_elasticity * growth
        move -= rules.price_issuance_elasticity * now.net_issuance / supply
    return move


@kernel
def _within(price):
    return min(LARGEST, max(1.0 / LARGEST, price))


@kernel
def _storm(now, rules, weather):
    if now.storm == 1:
        if weather < 1.0 / rules.storm_length:
            now.storm = 0
    elif weather < rules.storm_share / (1.0 - rules.storm_share) / rules.storm_length:
        now.storm = 1


@kernel
def _luck(nodes, rules, stream):
    own = rules.honest_fault_rate * (1.0 - rules.fault_correlation) * rules.dt
    shared = rules.honest_fault_rate * rules.fault_correlation * rules.dt
    for node in nodes:
        chance = stream.random()
        length = max(rules.outage_length, node.downtime)
        down = node.downtime / length
        node.outage = min(1.0, -length * np.log(chance / down)) if 0.0 < chance < down else 0.0
        if chance == 0.0 and down > 0.0:
            node.outage = 1.0
        node.fault = 1 if chance > 1.0 - own else 0
    for client in range(rules.number_of_clients):
        if stream.random() < shared:
            for node in nodes:
                if node.client == client:
                    node.fault = 1


@kernel
def _withhold(nodes):
    """Keep the nodes of a takeover that struck down, unless it can take all."""
    for node in nodes:
        if node.owner == Tactic.TAKEOVER and node.conduct != Conduct.BYZANTINE:
            node.outage = 1.0
