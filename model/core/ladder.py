"""The policies that imitation and reinforcement choose from: offend in one way, wherever a block is worth enough.

A policy is an offence and a rung: commit it in every block whose opportunity exceeds so many times the mean. A node
carries a mix of them, `mix` (OFFENCES, RUNGS); what its probabilities lack to 1 is the policy never to offend.
"""

import math
from typing import Any

import numpy as np

from model.core.compiled import kernel
from model.core.options import OFFENCES, Conduct, Opportunity, Status

RUNG = np.array([0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4])
RUNGS = RUNG.size
POLICIES = 1 + OFFENCES * RUNGS
"""Number of policies; 0 is never to offend."""


def above_rungs(rules: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of blocks above each rung, and their opportunity per block of all, in mean opportunities."""
    if rules.opportunity == Opportunity.CONSTANT:
        return np.where(RUNG < 1.0, 1.0, 0.0), np.where(RUNG < 1.0, 1.0, 0.0)
    if rules.opportunity == Opportunity.EXPONENTIAL:
        return np.exp(-RUNG), (RUNG + 1.0) * np.exp(-RUNG)
    mean = _heavy_above(rules, 0.0, 1)
    blocks = [_heavy_above(rules, mean * rung, 0) for rung in RUNG]
    values = [_heavy_above(rules, mean * rung, 1) / mean for rung in RUNG]
    return np.array(blocks), np.array(values)


def _heavy_above(rules: Any, low: float, power: int) -> float:
    """Return E[v^power; v > low] of the heavy-tailed opportunity, in medians of its body.

    A lognormal cut above `tail_start`, and a Pareto from there to `tail_end`.
    """
    sigma, start, end, index = rules.opportunity_sigma, rules.tail_start, rules.tail_end, rules.tail_index
    cut = math.log(start) / sigma
    body = 0.0
    if low < start:
        score = math.log(low) / sigma if low > 0.0 else -math.inf
        within = _normal_between(score - power * sigma, cut - power * sigma)
        body = math.exp(0.5 * (power * sigma) ** 2) * within / _normal_between(-math.inf, cut)
    first = min(max(low, start), end)
    gap = power - index
    reach = math.log(end / first) if abs(gap) < 1e-9 else (end**gap - first**gap) / gap
    tail = index / (start**-index - end**-index) * reach
    return (1.0 - rules.tail_weight) * body + rules.tail_weight * tail


def _normal_between(low: float, high: float) -> float:
    """Return the standard normal probability of an interval, to full precision in either tail."""
    if low > 0:
        low, high = -high, -low
    return 0.5 * (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2)))


@kernel
def adopt(node, policy):
    """Make a node follow one policy: 0 for never, 1 + a RUNGS + r for offence a above rung r. Writes mix."""
    for a in range(OFFENCES):
        for r in range(RUNGS):
            node.mix[a, r] = 1.0 if policy == 1 + a * RUNGS + r else 0.0


@kernel
def learns(row):
    """Tell whether a sequencer or Ranger is one that imitates or is reinforced: in service, rational, not a user's."""
    rational = row.conduct == Conduct.RATIONAL or row.conduct == Conduct.COLLUDING
    return row.status == Status.ACTIVE and rational and row.custom == 0
