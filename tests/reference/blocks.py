"""Phases down to the single block: market, conduct, verification (odd.md 6.1 to 6.5; `turns` has selection)."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from model.core.options import Conduct, Offence, Tactic
from model.parameters import Scenario

from . import auctions, payoffs, tactics, turns

if TYPE_CHECKING:
    from . import Reference
    from .agents import Ranger
    from .sequencer import Sequencer

NORMAL = NormalDist()


class Shape:
    """The unit-mean distribution of a block's opportunity."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator) -> None:
        self.plan = scenario
        self.rng = rng
        sigma, start = scenario.opportunity_sigma, math.log(scenario.tail_start)
        self.body_reach = NORMAL.cdf(start / sigma)
        body_mean = math.exp(sigma**2 / 2) * NORMAL.cdf(start / sigma - sigma) / self.body_reach
        self.mean = (1 - scenario.tail_weight) * body_mean + scenario.tail_weight * self.tail_mean()

    def tail_mean(self) -> float:
        """Return the mean of the truncated Pareto tail, in body medians."""
        a, low, high = self.plan.tail_index, self.plan.tail_start, self.plan.tail_end
        mass = low**-a - high**-a
        if a == 1:
            return math.log(high / low) / mass
        return a / (a - 1) * (low ** (1 - a) - high ** (1 - a)) / mass

    def draw(self) -> float:
        """Draw the opportunity of one block in units of the mean."""
        if self.plan.opportunity == "constant":
            return 1.0
        if self.plan.opportunity == "exponential":
            return self.rng.exponential()
        u = 1 - self.rng.random()
        if self.rng.random() < self.plan.tail_weight:
            a, low, high = self.plan.tail_index, self.plan.tail_start, self.plan.tail_end
            return (high**-a + u * (low**-a - high**-a)) ** (-1 / a) / self.mean
        return math.exp(self.plan.opportunity_sigma * NORMAL.inv_cdf(u * self.body_reach)) / self.mean


def market(model: Reference) -> None:
    """Move price, volume and storm; decide who is down and who errs this epoch."""
    s, rng = model.plan, model.rng
    for node in model.sequencers:
        node.begin_epoch()
    for ranger in model.rangers:
        ranger.begin_epoch()
    model.lost_blocks = 0
    model.harm = 0.0
    dt = 1 / s.epochs_per_year

    present = sum(app.share for app in model.apps if app.present) if model.apps else 1.0
    growth = math.exp(s.volume_growth * model.epoch * dt)
    patience = math.exp(-s.latency_loss * model.latency)
    expected = s.daily_volume_usd * (365 / s.epochs_per_year) * growth * present * patience
    expected *= model.trust**s.trust_elasticity
    trend = math.log(max(expected, 1e-6 * s.daily_volume_usd * 365 / s.epochs_per_year, 1e-18))
    _move_price(model, trend - model.trend if model.epoch > 0 else 0.0, dt)
    model.trend = trend
    model.volume = expected * math.exp(s.volume_volatility * rng.standard_normal() - s.volume_volatility**2 / 2)

    if model.storm:
        model.storm = int(rng.random() >= 1 / s.storm_length)
    else:
        model.storm = int(rng.random() < s.storm_share / (1 - s.storm_share) / s.storm_length)
    model.mean_opportunity = model.volume * s.mev_bps * 1e-4 / s.blocks_per_epoch
    if model.storm:
        model.mean_opportunity *= s.storm_multiplier
    auctions.price_blocks(model)
    _strike(model)


def _move_price(model: Reference, change_of_trend: float, dt: float) -> None:
    s = model.plan
    if s.price_process == "constant":
        return
    sigma = s.price_volatility
    move = (s.price_drift - sigma**2 / 2) * dt + sigma * math.sqrt(dt) * model.rng.standard_normal()
    if s.price_process == "reflexive":
        in_existence = model.accounts.opening + model.accounts.minted - model.accounts.burned
        move += s.price_volume_elasticity * change_of_trend
        move -= s.price_issuance_elasticity * model.net_issuance / in_existence
    model.price = min(1e18, max(1e-18, model.price * math.exp(move)))


def _strike(model: Reference) -> None:
    """Draw outages and honest faults; a fault of a client strikes all of its nodes."""
    s, rng = model.plan, model.rng
    client_rate = s.honest_fault_rate * s.fault_correlation / s.epochs_per_year
    own_rate = s.honest_fault_rate * (1 - s.fault_correlation) / s.epochs_per_year
    faulty_clients = {client for client in range(s.number_of_clients) if rng.random() < client_rate}
    struck = model.attackers[Tactic.TAKEOVER].succeeded >= 0
    for node in model.sequencers:
        u = rng.random()
        length = max(s.outage_length, node.downtime)
        down = node.downtime / length
        if 0 < u < down:
            node.outage = min(1.0, -length * math.log(u / down))
        node.fault = int(u > 1 - own_rate or node.client in faulty_clients)
        if struck and node.owner == Tactic.TAKEOVER and s.takeover_target < 2 / 3:
            node.outage = 1.0


def conduct(model: Reference) -> None:
    """Play all blocks in order: the sequencer chooses, the Rangers look, a conviction ends the turn of the node."""
    s = model.plan
    briber = model.attackers[Tactic.BRIBERY]
    takers = [ranger for ranger in model.watchers() if ranger.conduct == Conduct.COLLUDING]
    model.bribes_offered = bool(takers) and 0 < s.bribe <= briber.budget - briber.spent
    model.convictions = []
    for node in model.sequencers:
        node.peers = node.count_peers()
    payoffs.begin(model)
    for node in model.active():
        if node.conduct == Conduct.RATIONAL and node.revises:
            node.set_reservations()

    watchers = model.watchers()
    missed: dict[int, int] = {}
    for owner in model.schedule:
        if owner is None:
            model.lost_blocks += 1
        elif owner.turn_ended:
            missed[owner.shard] = missed.get(owner.shard, 0) + 1
        else:
            opportunity = model.mean_opportunity * model.shape.draw()
            _make_block(model, owner, opportunity, owner.choose(opportunity), watchers)

    for committee, number in missed.items():
        others = [node for node in model.sequencers if node.shard == committee and not node.turn_ended]
        weights = [node.weight * (1 - node.absent) for node in others]
        for substitute in turns.stand_in(model, number, others, weights):
            if substitute is None:
                model.lost_blocks += 1
            else:
                _make_block(model, substitute, model.mean_opportunity * model.shape.draw(), None, watchers)


def _make_block(
    model: Reference, node: Sequencer, opportunity: float, offence: Offence | None, watchers: list[Ranger]
) -> None:
    node.made += 1
    node.opportunity += opportunity
    checks = {ranger: ranger.checked for ranger in watchers}
    provers = [ranger for ranger in watchers if ranger.inspect(offence)]
    if node.embargo:
        tactics.witness(model, node, [ranger for ranger in watchers if ranger.checked > checks[ranger]])
    if offence is None:
        node.honest_value += opportunity
        auctions.sell_block(model)
        return
    node.offences[offence] += 1
    node.stolen[offence] += opportunity
    reporters = [ranger for ranger in provers if not _silenced(model, ranger, node, offence)]
    refuted = model.rng.random() < model.refutes(offence)
    node.refuted[offence] += int(refuted)
    if reporters or refuted or _noticed(model, node, offence):
        node.detected[offence] += 1
        _vote(model, node, offence, reporters)


def _noticed(model: Reference, node: Sequencer, offence: Offence) -> bool:
    """Let every peer, or the public, look at an offence; say whether any of them finds it."""
    s, rng = model.plan, model.rng
    looks = [s.peer_sampling] * node.peers if s.verification == "peers" else []
    if s.verification == "social":
        looks = [s.watch]
    finds = [rng.random() < look and rng.random() < model.evidence[offence] for look in looks]
    return any(finds)


def _silenced(model: Reference, ranger: Ranger, node: Sequencer, offence: Offence) -> bool:
    """Let a Ranger that proved an offence report it, or take what is left of the bribe."""
    if not ranger.takes_bribe(node, offence):
        ranger.reported += 1
        return False
    ranger.silenced += 1
    briber = model.attackers[Tactic.BRIBERY]
    bribe = min(model.plan.bribe, briber.budget - briber.spent)
    briber.spent += bribe
    ranger.usd += bribe
    return True


def _vote(model: Reference, node: Sequencer, offence: Offence, reporters: list[Ranger]) -> None:
    s = model.plan
    if model.takes_stake and model.rng.random() < node.answers_for_it:
        node.convicted[offence] += 1
        model.convictions.append((node, offence, reporters))
        node.turn_ended = int((s.jail_epochs > 0 or s.expel) and model.hidden == 0)


def verification(model: Reference) -> None:
    """Publish the coverage of the epoch and fine the Rangers that shirked a planted test."""
    s, watchers = model.plan, model.watchers()
    model.coverage = 1 - math.prod(1 - s.sampling_probability * ranger.diligence for ranger in watchers)
    for a in Offence:
        misses = [1 - s.sampling_probability * ranger.diligence * model.evidence[a] for ranger in watchers]
        model.detection[a] = 1 - math.prod(misses)
    for ranger in watchers:
        ranger.trapped = model.rng.binomial(ranger.assigned - ranger.checked, s.trap_rate)
        fine = min(ranger.bond, ranger.trapped * s.trap_penalty / model.price)
        ranger.bond -= fine
        ranger.usd -= fine * model.price
        model.accounts.burned += fine
