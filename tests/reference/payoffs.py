"""Policies learnt from payoffs: imitation of the richer, and reinforcement (odd.md 6.8)."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from scipy import integrate

from model.core.options import Conduct, Offence, Status
from model.parameters import Scenario

from . import turns
from .agents import exponentials

if TYPE_CHECKING:
    from . import Reference
    from .agents import Ranger
    from .sequencer import Sequencer

LADDER = (0, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)


def learns(agent: Sequencer | Ranger) -> bool:
    """Say whether an agent comes to its policy by payoffs."""
    return agent.status == Status.ACTIVE and not agent.custom and agent.conduct in (Conduct.RATIONAL, Conduct.COLLUDING)


def imitate(model: Reference) -> None:
    """Book what the epoch brought; whoever revises looks at one peer, all at once, or tries something."""
    s = model.plan
    keep = 2 ** (-1 / s.income_memory)
    entitled = turns.weights(model, in_jail=True)
    everything = sum(entitled.values())
    for node in model.sequencers:
        profit, node.usd_before = node.total_usd - node.usd_before, node.total_usd
        weight = entitled.get(node, 0.0)
        if weight > 0:
            node.payoff = keep * node.payoff + (1 - keep) * profit / (s.blocks_per_epoch * weight / everything)
    for ranger in model.seated():
        if ranger.assigned > 0:
            ranger.payoff = keep * ranger.payoff + (1 - keep) * ranger.profit / ranger.assigned
    policies = [(None, 0)] + [(a, r) for a in Offence for r in range(len(LADDER))]
    for node, peer in _comparisons(model, model.sequencers, s.sequencer_precision):
        if peer is None:
            offence, rung = policies[model.rng.integers(len(policies))]
            node.mix = [[float(a == offence and r == rung) for r in range(len(LADDER))] for a in Offence]
        else:
            node.mix, node.payoff = peer
    for ranger, peer in _comparisons(model, model.rangers, s.ranger_precision):
        if peer is None:
            ranger.diligence = model.rng.integers(11) / 10
        else:
            ranger.diligence, ranger.payoff = peer


def _comparisons(model: Reference, agents: list, precision: float) -> list:
    """Return who changes: (agent, what it copies), None for who tries anything."""
    learners = [agent for agent in agents if learns(agent)]
    changes = []
    for agent in learners:
        if not agent.revises:
            continue
        if model.rng.random() < model.plan.mutation:
            changes.append((agent, None))
        elif len(learners) > 1:
            others = [other for other in learners if other is not agent]
            peer = others[model.rng.integers(len(others))]
            stay, copy = exponentials([precision * agent.payoff, precision * peer.payoff])
            if model.rng.random() < copy / (stay + copy):
                policy = peer.diligence if peer in model.rangers else peer.mix
                changes.append((agent, (policy, peer.payoff)))
    return changes


def begin(model: Reference) -> None:
    """Start the attractions of sequencers without experience where prior beliefs would hold them."""
    s = model.plan
    if s.learning != "reinforcement":
        return
    keep = 2 ** (-1 / s.memory)
    lasting = 1 / (1 - keep * (1 - s.accumulation))
    for node in model.sequencers:
        if learns(node) and node.experience == 0:
            for a in Offence:
                payoffs = _payoffs(model, node, a, node.belief(a))
                node.attractions[a] = [payoff / (lasting * (1 - keep)) for payoff in payoffs]
            node.experience = min(s.prior_weight, lasting)
            _choose(model, node)


def reinforce(model: Reference, bounty: float) -> None:
    """Weigh in what every policy would have earned this epoch; who revises chooses anew."""
    s = model.plan
    keep = 2 ** (-1 / s.memory)
    for node in model.sequencers:
        if learns(node):
            grown = keep * (1 - s.accumulation) * node.experience + 1
            for a in Offence:
                for r, payoff in enumerate(_payoffs(model, node, a, model.exposure(node, a))):
                    weight = s.foregone + (1 - s.foregone) * node.mix[a][r]
                    past = keep * node.experience * node.attractions[a][r]
                    node.attractions[a][r] = (past + weight * payoff) / grown
            node.experience = grown
            if node.revises:
                _choose(model, node)
    made = sum(node.made for node in model.sequencers)
    proven = sum(node.offences[a] * model.evidence[a] for node in model.sequencers for a in Offence)
    for ranger in model.seated():
        if learns(ranger):
            payoff = ranger.benefit(bounty * proven / made if made else 0.0) - ranger.cost
            grown = keep * (1 - s.accumulation) * ranger.experience + 1
            weight = s.foregone + (1 - s.foregone) * ranger.diligence
            ranger.attraction = (keep * ranger.experience * ranger.attraction + weight * payoff) / grown
            ranger.experience = grown
            if ranger.revises:
                check, shirk = exponentials([s.ranger_precision * ranger.attraction, 0.0])
                ranger.diligence = check / (check + shirk)


def _payoffs(model: Reference, node: Sequencer, offence: Offence, detection: float) -> list[float]:
    """Return what offending above each rung earns per block, in USD beyond honest ordering."""
    gain, loss = node.prospect(offence, detection)
    return [gain * model.mean_opportunity * value - loss * blocks for blocks, value in above_rungs(model.plan)]


def _choose(model: Reference, node: Sequencer) -> None:
    scores = [model.plan.sequencer_precision * score for row in node.attractions for score in row]
    never, *weights = exponentials([0.0, *scores])
    shares = iter(weight / (never + sum(weights)) for weight in weights)
    node.mix = [[next(shares) for _ in LADDER] for _ in Offence]


@cache
def above_rungs(plan: Scenario) -> list[tuple[float, float]]:
    """Return the share of blocks above each rung and their opportunity per block of all, by numerical integration."""
    if plan.opportunity == "constant":
        return [(float(rung < 1), float(rung < 1)) for rung in LADDER]
    if plan.opportunity == "exponential":
        return [(math.exp(-rung), (1 + rung) * math.exp(-rung)) for rung in LADDER]
    mean = _moment(plan, 0.0, 1)
    return [(_moment(plan, mean * rung, 0), _moment(plan, mean * rung, 1) / mean) for rung in LADDER]


def _moment(plan: Scenario, low: float, power: int) -> float:
    """Integrate a power of the heavy-tailed opportunity, in medians of its body, above `low`."""
    sigma, start, end, index = plan.opportunity_sigma, plan.tail_start, plan.tail_end, plan.tail_index

    def body(log_v: float) -> float:
        return math.exp(power * log_v - 0.5 * (log_v / sigma) ** 2)

    def tail(log_v: float) -> float:
        return math.exp((power - index) * log_v)

    def part(density, first: float, last: float) -> float:  # type: ignore[no-untyped-def]
        return integrate.quad(density, first, last, epsabs=0, epsrel=1e-12, limit=200)[0] if first < last else 0.0

    floor = max(math.log(low), -12 * sigma) if low > 0 else -12 * sigma
    whole = part(lambda x: math.exp(-0.5 * (x / sigma) ** 2), -12 * sigma, math.log(start))
    mass = part(lambda x: math.exp(-index * x), math.log(start), math.log(end))
    above_start = max(floor, math.log(start))
    return (1 - plan.tail_weight) * part(body, floor, math.log(start)) / whole + plan.tail_weight * part(
        tail, above_start, math.log(end)
    ) / mass
