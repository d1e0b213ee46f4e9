"""One node's blocks of one epoch, exactly, at a cost that does not grow with their number.

Cut by opportunity into strata, every block is of one of four classes, with probabilities that depend on the stratum
alone: *far* (the few most valuable, drawn one by one), and below these, in a stratum whose offence probability runs
from p_low to p_high, *sure offence* (p_low), *sure honesty* (1 - p_high) and *open* (the difference: drawn one by
one, and decided). The classes are counted by binomial draws; the sure ones are summed by their exact moments. Nothing
is approximated but the shape of those sums (see `opportunity.draw_sum`).
"""

from typing import Any, NamedTuple

import numpy as np

from model.core.chance import binomial, earliest, multinomial
from model.core.compiled import kernel
from model.core.opportunity import draw_in, draw_sum, far_stratum, far_value, stratum_by
from model.core.options import NOBODY, OFFENCES
from model.core.policy import offence_probability

HONEST, OPEN, OFFENDING = 0, 1, 2
CLASSES = 3
DROPPED = -2
"""Kind of a block that came after the end of the turn."""

NEGLIGIBLE = 1e-17
"""Offence probability that vanishes beside one in double precision."""


SLATE_FIELDS: list[Any] = [
    ("mass", "f8", (CLASSES,)),  # moments of each class: probability, times mean, times mean square
    ("first", "f8", (CLASSES,)),
    ("second", "f8", (CLASSES,)),
    ("share", "f8", (OFFENCES,)),  # mix of offences
    ("ends", "f8", (OFFENCES,)),  # probability that an offence ends the turn
    ("bulk", "i8", (OFFENCES,)),  # sure offences
    ("ending", "i8", (OFFENCES,)),  # those of them that would end the turn
]
SLATE = np.dtype((np.record, np.dtype(SLATE_FIELDS, align=True)))
"""Scratch of one turn; of type np.record, so that fields read as attributes where compilation is off, too."""


class Desk(NamedTuple):
    """Scratch space that a conduct phase allocates once and every turn writes over."""

    weights: np.ndarray  # (CLASSES, K) probability of each class by stratum
    slate: np.recarray  # (1,) SLATE


@kernel
def new_desk(shape):
    """Allocate scratch space for turns over this shape."""
    return Desk(np.zeros((CLASSES, shape.strata.size)), np.zeros(1, SLATE))


@kernel
def play(node, blocks, log_threshold, mean_opportunity, rules, shape, desk, stream):
    """Order `blocks` blocks: draw what came by, what was stolen, and when the turn ended.

    Writes made, opportunity, honest_value, offences, stolen, convicted, turn_ended of the node (added to what they
    hold). Draws from `stream`: a handful of binomials, FAR_BLOCKS values on average, and the open blocks. Law: honest
    blocks, offences and the blocks after the end of the turn sum to `blocks`.
    """
    if blocks <= 0:
        return
    strata = shape.strata
    slate = desk.slate[0]
    precision = rules.sequencer_precision
    far = far_stratum(strata, blocks)
    even = _relative(log_threshold, mean_opportunity)
    _classify(strata, far, even, precision, desk.weights, slate)
    n_far = binomial(stream, blocks, strata[far].survival)
    below = blocks - n_far
    sure = slate.mass[OFFENDING] + slate.mass[HONEST]
    n_open = binomial(stream, below, slate.mass[OPEN] / (sure + slate.mass[OPEN])) if below > 0 else 0
    n_bulk = binomial(stream, below - n_open, slate.mass[OFFENDING] / sure) if below > n_open else 0
    n_honest = below - n_open - n_bulk
    values = np.empty(n_far + n_open)
    kinds = np.empty(n_far + n_open, np.int64)
    if _decide(n_far, far, even, precision, shape, desk, stream, values, kinds) + n_bulk > 0:
        multinomial(stream, n_bulk, slate.share, 1.0, slate.bulk)
        n_honest = _until_caught(node, n_honest, values, kinds, slate, stream)
        _tally_bulk(node, mean_opportunity, far, shape, desk, stream)
    _tally(node, n_honest, values, kinds, mean_opportunity, far, shape, desk, stream)


@kernel
def _relative(log_threshold, mean_opportunity):
    if mean_opportunity > 0.0:
        return log_threshold - np.log(mean_opportunity)
    return -np.inf if log_threshold == -np.inf else np.inf


@kernel
def _classify(strata, far, log_threshold, precision, weights, slate):
    """Fill the probability of each class in the strata below `far`, and the moments of each class over them."""
    start = _first_tempting(strata, far, log_threshold, precision)
    for k in range(start):
        weights[HONEST, k] = strata[k].mass
        weights[OPEN, k] = 0.0
        weights[OFFENDING, k] = 0.0
    for kind in range(CLASSES):
        slate.mass[kind] = strata[start].mass_below if kind == HONEST else 0.0
        slate.first[kind] = strata[start].first_below if kind == HONEST else 0.0
        slate.second[kind] = strata[start].second_below if kind == HONEST else 0.0
    if start == far:
        return
    low = offence_probability(strata[start].log_low, log_threshold, precision)
    for k in range(start, far):
        high = offence_probability(strata[k].log_high, log_threshold, precision)
        _weigh_class(strata[k], weights, slate, HONEST, k, 1.0 - high)
        _weigh_class(strata[k], weights, slate, OPEN, k, high - low)
        _weigh_class(strata[k], weights, slate, OFFENDING, k, low)
        low = high


@kernel
def _first_tempting(strata, far, log_threshold, precision):
    """Return the first stratum below `far` in which an offence is not negligible."""
    if log_threshold == np.inf:
        return far
    reach = log_threshold + np.log(NEGLIGIBLE) / precision
    start = 0
    while start < far and strata[start].log_high < reach:
        start += 1
    return start


@kernel
def _weigh_class(stratum, weights, slate, kind, k, probability):
    weights[kind, k] = stratum.mass * probability
    slate.mass[kind] += stratum.mass * probability
    slate.first[kind] += stratum.first * probability
    slate.second[kind] += stratum.second * probability


@kernel
def _decide(n_far, far, log_threshold, precision, shape, desk, stream, values, kinds):
    """Draw far and open blocks one by one. Writes values and kinds (NOBODY: honest). Returns how many offend."""
    worth_asking = np.exp(log_threshold + np.log(NEGLIGIBLE) / precision)
    offences = 0
    for j in range(values.size):
        if j < n_far:
            value = far_value(stream, shape, far)
            offends = value > worth_asking and _tempted(value, log_threshold, precision, stream)
        else:
            value, offends = _open_block(far, log_threshold, precision, shape, desk, stream)
        values[j] = value
        kinds[j] = _kind(desk.slate[0].share, stream) if offends else NOBODY
        offences += offends
    return offences


@kernel
def _tempted(value, log_threshold, precision, stream):
    return stream.random() < offence_probability(np.log(value), log_threshold, precision)


@kernel
def _open_block(far, log_threshold, precision, shape, desk, stream):
    k = stratum_by(stream, desk.weights[OPEN], far, desk.slate[0].mass[OPEN])
    value = draw_in(stream, shape, k)
    low = offence_probability(shape.strata[k].log_low, log_threshold, precision)
    high = offence_probability(shape.strata[k].log_high, log_threshold, precision)
    here = offence_probability(np.log(value), log_threshold, precision)
    return value, stream.random() * (high - low) < here - low


@kernel
def _kind(share, stream):
    point = stream.random()
    for a in range(OFFENCES - 1):
        point -= share[a]
        if point < 0.0:
            return a
    return OFFENCES - 1


@kernel
def _until_caught(node, n_honest, values, kinds, slate, stream):
    """End the turn at the first offence that is caught and sanctioned: drop what comes after it.

    Blocks come at independent uniform times, so if J offences would end the turn, the first of them comes at the
    smallest of J uniform times and every other block is kept with that probability. Thins slate.bulk; writes kinds,
    and the node's convicted, turn_ended. Returns the honest blocks kept among the counted ones.
    """
    ending = 0
    for a in range(OFFENCES):
        slate.ending[a] = binomial(stream, slate.bulk[a], slate.ends[a])
        ending += slate.ending[a]
    caught = np.zeros(kinds.size, np.bool_)
    for j in range(kinds.size):
        if kinds[j] >= 0 and slate.ends[kinds[j]] > 0.0:
            caught[j] = stream.random() < slate.ends[kinds[j]]
            ending += caught[j]
    if ending == 0:
        return n_honest
    node.turn_ended = 1
    time = earliest(stream, ending)
    first = int(stream.random() * ending)
    for j in range(kinds.size):
        if caught[j]:
            if first != 0:
                kinds[j] = DROPPED
            else:
                node.convicted[kinds[j]] += 1
            first -= 1
        elif stream.random() >= time:
            kinds[j] = DROPPED
    for a in range(OFFENCES):
        slate.bulk[a] = binomial(stream, slate.bulk[a] - slate.ending[a], time)
        if 0 <= first < slate.ending[a]:
            slate.bulk[a] += 1
            node.convicted[a] += 1
        first -= slate.ending[a]
    return binomial(stream, n_honest, time)


@kernel
def _tally(node, n_honest, values, kinds, scale, far, shape, desk, stream):
    honest = _bulk_sum(n_honest, HONEST, far, shape, desk, stream)
    made = n_honest
    for j in range(kinds.size):
        if kinds[j] == DROPPED:
            continue
        made += 1
        if kinds[j] >= 0:
            node.offences[kinds[j]] += 1
            node.stolen[kinds[j]] += scale * values[j]
            node.opportunity += scale * values[j]
        else:
            honest += values[j]
    node.made += made
    node.honest_value += scale * honest
    node.opportunity += scale * honest


@kernel
def _tally_bulk(node, scale, far, shape, desk, stream):
    bulk = desk.slate[0].bulk
    for a in range(OFFENCES):
        stolen = scale * _bulk_sum(bulk[a], OFFENDING, far, shape, desk, stream)
        node.made += bulk[a]
        node.offences[a] += bulk[a]
        node.stolen[a] += stolen
        node.opportunity += stolen


@kernel
def _bulk_sum(count, kind, far, shape, desk, stream):
    slate = desk.slate[0]
    weights = desk.weights[kind]
    return draw_sum(stream, shape, weights, far, count, slate.mass[kind], slate.first[kind], slate.second[kind])
