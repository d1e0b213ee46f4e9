"""How agents choose, by one of three rules: between two acts, and between honesty and the offences in a block.

`luce` raises the ratio of what an act brings to what it costs to a power, `logit` exponentiates the difference,
`best_response` takes the better. A `STANCE` is a node's choice in blocks of every opportunity, made ready once a
turn. Two properties hold for each rule and let a turn count blocks instead of drawing them: the chance to offend at
all never falls with the opportunity; and over a range of opportunities the chance of one offence is nowhere below the
lower of its values at the two ends (under `luce` and `logit` its reciprocal is a sum of exponentials and thus convex,
under `best_response` it is 1 on an interval and 0 elsewhere, with learnt policies a rising step).
"""

from typing import Any

import numpy as np

from model.core.compiled import kernel
from model.core.ladder import RUNG, RUNGS
from model.core.options import NOBODY, OFFENCES, Choice

LADDER = len(Choice)
"""The choice of who learns policies instead of choosing by a rule: a step at each rung."""

LOG_RUNG = np.log(np.maximum(RUNG, 1e-300))

NEGLIGIBLE = 1e-17
"""Probability that vanishes beside one in double precision."""


STANCE_FIELDS: list[Any] = [
    ("choice", "i8"),
    ("reach", "f8"),  # log of the opportunity below which no offence is more than negligible
    # luce
    ("precision", "f8"),
    ("even", "f8"),  # log of the opportunity at which the odds of offending are even
    ("share", "f8", (OFFENCES,)),  # mix of offences, which does not depend on the opportunity
    # logit, best_response: utility slope * opportunity - loss beside honesty's 0, under logit times the precision
    ("slope", "f8", (OFFENCES,)),
    ("loss", "f8", (OFFENCES,)),
    # ladder: chance of each offence above each rung, and the log by which its rungs are shifted
    ("mix", "f8", (OFFENCES, RUNGS)),
    ("shift", "f8", (OFFENCES,)),
]
STANCE = np.dtype((np.record, np.dtype(STANCE_FIELDS, align=True)))
"""A node's choice in any block; opportunities are in multiples of their mean, in logs."""


@kernel
def new_stance():
    """Allocate one."""
    return np.zeros(1, STANCE)


@kernel
def willingness(benefit, cost, precision, choice):
    """Return the probability of an act that brings `benefit` and costs `cost` (USD)."""
    if choice == Choice.LOGIT:
        return 1.0 / (1.0 + np.exp(precision * (cost - benefit)))
    if choice == Choice.BEST_RESPONSE:
        return 1.0 if benefit > cost else 0.0
    if benefit <= 0.0:
        return 0.0
    if cost <= 0.0:
        return 1.0
    return 1.0 / (1.0 + np.exp(precision * (np.log(cost) - np.log(benefit))))


@kernel
def always(stance, a):
    """Make a stance commit offence a whatever the opportunity; NOBODY: order by the rules."""
    stance.choice = Choice.LUCE
    stance.precision = 1.0
    stance.even = np.inf if a == NOBODY else -np.inf
    stance.reach = stance.even
    for b in range(OFFENCES):
        stance.share[b] = 1.0 if a == b else 0.0


@kernel
def by_ratio(stance, reservation, log_mean, precision):
    """Make a stance follow `luce`: weight 1 for honesty, (opportunity / reservation value) ** precision for an offence.

    `reservation` (OFFENCES,) is in USD and above 0; `log_mean` the log of the mean opportunity.
    """
    lowest = np.inf
    for a in range(OFFENCES):
        lowest = min(lowest, np.log(reservation[a]))
    if lowest == np.inf:
        always(stance, NOBODY)
        return
    odds = 0.0
    for a in range(OFFENCES):
        stance.share[a] = np.exp(-precision * (np.log(reservation[a]) - lowest))
        odds += stance.share[a]
    for a in range(OFFENCES):
        stance.share[a] /= odds
    stance.choice = Choice.LUCE
    stance.precision = precision
    stance.even = lowest - np.log(odds) / precision - log_mean
    stance.reach = stance.even + np.log(NEGLIGIBLE) / precision


@kernel
def by_difference(stance, choice):
    """Make a stance follow `logit`, or `best_response`, in the utilities that its slope and loss give."""
    level = np.log(NEGLIGIBLE / OFFENCES) if choice == Choice.LOGIT else 0.0
    reach = np.inf
    for a in range(OFFENCES):
        if stance.loss[a] + level <= 0.0:
            reach = 0.0
        elif stance.slope[a] > 0.0:
            reach = min(reach, (stance.loss[a] + level) / stance.slope[a])
    stance.choice = choice
    stance.reach = np.log(reach)


@kernel
def by_ladder(stance, mix, caution, possible):
    """Make a stance offend above rungs, with the probabilities `mix`; `caution` (OFFENCES,) multiplies the rungs.

    What is not `possible` (OFFENCES,) is never done, whatever the mix.
    """
    reach = np.inf
    for a in range(OFFENCES):
        stance.shift[a] = np.log(caution[a]) if possible[a] == 1 else np.inf
        for r in range(RUNGS):
            stance.mix[a, r] = mix[a, r]
            if mix[a, r] > 0.0:
                reach = min(reach, LOG_RUNG[r] + stance.shift[a])
    stance.choice = LADDER
    stance.reach = reach


@kernel
def chances_at(stance, log_value, out):
    """Set `out` (OFFENCES,) to the probability of each offence in a block of this log opportunity; return their sum."""
    if stance.choice == LADDER:
        return _climb(stance, log_value, out)
    if stance.choice != Choice.LUCE:
        return _prefer(stance, np.exp(log_value), out)
    offends = 1.0
    if stance.even > -np.inf:
        offends = 1.0 / (1.0 + np.exp(stance.precision * (stance.even - log_value)))
    for a in range(OFFENCES):
        out[a] = offends * stance.share[a]
    return offends


@kernel
def _prefer(stance, value, out):
    best = NOBODY
    most = 0.0
    for a in range(OFFENCES):
        out[a] = stance.slope[a] * value - stance.loss[a]
        if out[a] > most:
            best = a
            most = out[a]
    if stance.choice == Choice.LOGIT:
        return _softmax(out, most)
    for a in range(OFFENCES):
        out[a] = 1.0 if a == best else 0.0
    return 0.0 if best == NOBODY else 1.0


@kernel
def _climb(stance, log_value, out):
    total = 0.0
    for a in range(OFFENCES):
        out[a] = 0.0
        for r in range(RUNGS):
            if log_value > LOG_RUNG[r] + stance.shift[a]:
                out[a] += stance.mix[a, r]
        total += out[a]
    return min(1.0, total)


@kernel
def _softmax(out, most):
    """Replace utilities, `most` the largest of them or 0, by logit probabilities beside honesty's 0; return the sum."""
    weight = 0.0
    for a in range(OFFENCES):
        out[a] = np.exp(out[a] - most)
        weight += out[a]
    total = weight + np.exp(-most)
    for a in range(OFFENCES):
        out[a] /= total
    return weight / total
