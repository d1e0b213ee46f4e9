"""Auctions block by block: every bidder draws its value, the highest wins (odd.md 6.3 and 6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from model.core.options import Conduct, Offence, Status

from . import ordering, payoffs
from .agents import fields

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


class Builder(mesa.Agent):
    """Bids for blocks; its order flow is its share of blocks, remembered."""

    model: Reference
    skill: float
    flow: float
    won: int
    total_won: int
    profit: float

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        self.__dict__.update(fields(values))

    @property
    def strength(self) -> float:
        """What it makes of a block, but for luck."""
        e = self.model.plan.exclusive_flow
        return self.skill * (1 - e + e * self.flow)


def highest(strengths: list[float], precision: float) -> float:
    """Return the expected highest of Fréchet values, but for a constant factor."""
    top = max(strengths, default=0.0)
    return top * sum((s / top) ** precision for s in strengths) ** (1 / precision) if top > 0 else 0.0


def keeps(strengths: list[float], precision: float) -> list[tuple[float, float]]:
    """Return each bidder's chance to win, and the part of what it wins that the second price leaves it."""
    top, best = max(strengths), highest(strengths, precision)
    weights = [(s / top) ** precision for s in strengths]
    result = []
    for i, weight in enumerate(weights):
        chance = weight / sum(weights)
        added = best - highest(strengths[:i] + strengths[i + 1 :], precision)
        result.append((chance, added / (best * chance) if chance > 0 else 0.0))
    return result


def winner(strengths: list[float], precision: float, rng: np.random.Generator) -> int:
    """Draw all values and return who has the highest."""
    return int(np.argmax(np.array(strengths) * rng.standard_exponential(len(strengths)) ** (-1 / precision)))


def price_blocks(model: Reference) -> None:
    """Set what ordering by the rules earns this epoch."""
    s, sold = model.plan, ordering.sold(model.plan)
    model.capture = ordering.unsold(s)
    for builder in model.builders:
        builder.won = 0
    if sold > 0:
        split = keeps([builder.strength for builder in model.builders], s.auction_precision)
        model.capture += sold * (1 - s.resale) * sum(chance * (1 - kept) for chance, kept in split)


def sell_block(model: Reference) -> None:
    """Let builders bid for a block."""
    if ordering.sold(model.plan) > 0:
        strengths = [builder.strength for builder in model.builders]
        model.builders[winner(strengths, model.plan.auction_precision, model.rng)].won += 1


def pay_builders(model: Reference) -> None:
    """Share what the price leaves among builders, by blocks won and what each keeps of one; order flow follows."""
    s, sold = model.plan, ordering.sold(model.plan)
    if sold == 0:
        return
    value = sum(node.honest_value for node in model.sequencers)
    price = (model.capture - ordering.unsold(s)) * value
    model.totals.auction_usd += price
    model.totals.builder_usd += sold * value - price
    split = keeps([builder.strength for builder in model.builders], s.auction_precision)
    margins = [
        builder.won * (kept + s.resale * (1 - kept)) for builder, (_, kept) in zip(model.builders, split, strict=True)
    ]
    blocks, memory = sum(builder.won for builder in model.builders), 2 ** (-1 / s.flow_memory)
    if blocks == 0:
        return
    for builder, margin in zip(model.builders, margins, strict=True):
        builder.total_won += builder.won
        builder.profit += (sold * value - price) * margin / sum(margins)
        builder.flow = memory * builder.flow + (1 - memory) * builder.won / blocks


def valuation(model: Reference, node: Sequencer, own: float) -> float:
    """Return what ordering a block is worth to a node with that own stake, in USD, as it sees things."""
    s, mean = model.plan, model.mean_opportunity
    value = model.net_fee
    if s.reward_rule == "per_block" and own + node.pool > 0:
        part = (own + node.commission * node.pool) / (own + node.pool)
        value += s.reward_per_block * model.pay_scale * model.price * part
    worst = node.worst_offence() if node.conduct == Conduct.BYZANTINE else None
    if worst is not None:
        return value + node.lasting(worst) * node.skill * mean
    options = [0.0]
    if node.conduct == Conduct.RATIONAL:
        for a in Offence:
            if node.kept[a] > 0:
                for blocks, worth in payoffs.above_rungs(s):
                    options.append(node.kept[a] * (mean * worth - node.reservation[a] * blocks))
    return value + ordering.capture(model, node) * mean + max(options)


def bid(model: Reference) -> None:
    """Let active nodes bid for the right to order a block, and set what each pays for one."""
    nodes, precision = model.active(), model.plan.auction_precision
    worth = [max(0.0, valuation(model, node, node.self_stake)) for node in nodes]
    model.top_bid = max(worth, default=0.0)
    for node in model.sequencers:
        node.payment = 0.0
    if model.top_bid == 0:
        for node in nodes:
            node.bid = 1.0
        return
    for node, value, (_, kept) in zip(nodes, worth, keeps(worth, precision), strict=True):
        node.bid = value / model.top_bid
        node.payment = value * (1 - kept)


def owners(model: Reference, nodes: list[Sequencer], spans: int) -> list[Sequencer | None]:
    """Auction every span among the nodes of a committee."""
    strengths = [node.bid for node in nodes]
    return [nodes[winner(strengths, model.plan.auction_precision, model.rng)] for _ in range(spans)]


def candidate(model: Reference, node: Sequencer, own: float, rivals: float) -> float:
    """Set the bid of a candidate with that own stake, and return what it expects to keep of a block it wins."""
    assert node.status != Status.ACTIVE
    value, precision = valuation(model, node, own), model.plan.auction_precision
    worth = max(0.0, value)
    node.bid = min(1e3, worth / model.top_bid) if model.top_bid > 0 else 1e3 if worth > 0 else 1.0
    together = node.bid**precision + rivals
    if node.bid == 0 or rivals == 0:
        return value
    kept = (1 - (rivals / together) ** (1 / precision)) * together / node.bid**precision
    return value - worth * (1 - kept)
