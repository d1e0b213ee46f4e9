"""Which of a node's blocks need not be drawn: classes of blocks with the same fate, and how many belong to each.

Cut by opportunity into strata, every block is of one of these classes, with probabilities that depend on the stratum
alone: *far* (the few most valuable); and below these, in a stratum, *sure offence* of each kind (the least chance of
that kind in it), *sure honesty* (one minus the greatest chance to offend) and *open* (the rest). Both bounds are at the
ends of the stratum (see `choice`).
"""

from typing import Any, NamedTuple

import numpy as np

from model.core.chance import multinomial
from model.core.choice import STANCE, chances_at
from model.core.compiled import kernel
from model.core.options import OFFENCES

HONEST, OPEN, OFFENDING = 0, 1, 2
CLASSES = OFFENDING + OFFENCES
"""Sure offences of kind a are of class OFFENDING + a."""


SLATE_FIELDS: list[Any] = [
    ("mass", "f8", (CLASSES,)),  # moments of each class: probability, times mean, times mean square
    ("first", "f8", (CLASSES,)),
    ("second", "f8", (CLASSES,)),
    ("ends", "f8", (OFFENCES,)),  # probability that an offence ends the turn
    ("bulk", "i8", (OFFENCES,)),  # sure offences
    ("ending", "i8", (OFFENCES,)),  # those of them that would end the turn
    ("chance", "f8", (OFFENCES,)),  # of each offence in the block at hand
    ("low", "f8", (OFFENCES,)),  # at the low end of its stratum, or the least in it
    ("high", "f8", (OFFENCES,)),  # at the high end of it
]
SLATE = np.dtype((np.record, np.dtype(SLATE_FIELDS, align=True)))
"""Scratch of one turn; of type np.record, so that fields read as attributes where compilation is off, too."""


class Desk(NamedTuple):
    """What a conduct phase allocates once and fills for every turn: scratch space, and how the node chooses."""

    weights: np.ndarray  # (CLASSES, K) probability of each class by stratum
    slate: np.recarray  # (1,) SLATE
    stance: np.recarray  # (1,) STANCE


@kernel
def new_desk(shape):
    """Allocate a desk for turns over this shape."""
    return Desk(np.zeros((CLASSES, shape.strata.size)), np.zeros(1, SLATE), np.zeros(1, STANCE))


@kernel
def classify(strata, start, far, stance, weights, slate):
    """Fill weights and moments of sure honesty and open blocks below `far`; return the mass of sure offences.

    Below `start` offences are negligible.
    """
    for k in range(start):
        weights[HONEST, k] = strata[k].mass
        weights[OPEN, k] = 0.0
    slate.mass[HONEST] = strata[start].mass_below
    slate.first[HONEST] = strata[start].first_below
    slate.second[HONEST] = strata[start].second_below
    slate.mass[OPEN] = 0.0
    offending = 0.0
    if start < far:
        chances_at(stance, strata[start].log_low, slate.low)
    for k in range(start, far):
        most = chances_at(stance, strata[k].log_high, slate.high)
        sure = 0.0
        for a in range(OFFENCES):
            sure += min(slate.low[a], slate.high[a])
            slate.low[a] = slate.high[a]
        _weigh_class(strata[k], weights, slate, HONEST, k, 1.0 - most)
        weights[OPEN, k] = strata[k].mass * max(0.0, most - sure)
        slate.mass[OPEN] += weights[OPEN, k]
        offending += strata[k].mass * sure
    return offending


@kernel
def sort_bulk(strata, start, far, count, stance, weights, slate, stream):
    """Draw the kinds of `count` sure offences. Writes slate.bulk, and the weights and moments of each kind."""
    for a in range(OFFENCES):
        slate.bulk[a] = 0
    if count == 0:
        return
    for kind in range(OFFENDING, CLASSES):
        slate.mass[kind] = 0.0
        slate.first[kind] = 0.0
        slate.second[kind] = 0.0
        for k in range(start):
            weights[kind, k] = 0.0
    chances_at(stance, strata[start].log_low, slate.low)
    for k in range(start, far):
        chances_at(stance, strata[k].log_high, slate.high)
        for a in range(OFFENCES):
            _weigh_class(strata[k], weights, slate, OFFENDING + a, k, min(slate.low[a], slate.high[a]))
            slate.low[a] = slate.high[a]
    multinomial(stream, count, slate.mass[OFFENDING:], slate.mass[OFFENDING:].sum(), slate.bulk)


@kernel
def first_tempting(strata, far, stance):
    """Return the first stratum below `far` in which an offence is not negligible."""
    start = 0
    while start < far and strata[start].log_high < stance.reach:
        start += 1
    return start


@kernel
def _weigh_class(stratum, weights, slate, kind, k, probability):
    weights[kind, k] = stratum.mass * probability
    slate.mass[kind] += stratum.mass * probability
    slate.first[kind] += stratum.first * probability
    slate.second[kind] += stratum.second * probability
