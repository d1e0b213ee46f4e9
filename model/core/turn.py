"""One node's blocks of one epoch, exactly, at a cost that does not grow with their number.

Cut by opportunity into strata, every block is of one of four classes, with probabilities that depend on the stratum alone:
*far* (the few most valuable, drawn one by one), and below these, in a stratum whose offence probability runs from p_low to p_high,
*sure offence* (p_low), *sure honesty* (1 - p_high) and *open* (the difference: drawn one by one, and decided). The classes
are counted by binomial draws; the sure ones are summed by their exact moments. Nothing is approximated but
the shape of those sums (see `opportunity.draw_sum`).
"""

from typing import NamedTuple

import numpy as np

from model.core.chance import binomial, earliest, multinomial
from model.core.compiled import kernel
from model.core.opportunity import draw_in, draw_sum, far_stratum, stratum_by
from model.core.options import NOBODY, OFFENCES
from model.core.policy import offence_probability

HONEST, OPEN, OFFENDING = 0, 1, 2
DROPPED = -2
"""Kind of a block that came after the end of the turn."""

NEGLIGIBLE = 1e-17
"""Offence probability that vanishes beside one in double precision."""


class Desk(NamedTuple):
    """Scratch space that a conduct phase allocates once and every turn writes over."""

    weights: np.ndarray  # (3, K) probability of each class by stratum
    moments: np.ndarray  # (3, 3) class by (mass, first, second)
    share: np.ndarray  # (OFFENCES,) mix of offences
    ends: np.ndarray  # (OFFENCES,) probability that an offence ends the turn
    bulk: np.ndarray  # (OFFENCES,) int64 counts of sure offences
    ending: np.ndarray  # (OFFENCES,) int64 counts of those that would end the turn


@kernel
def new_desk(shape):
    """Allocate scratch space for turns over this shape."""
    kinds = np.zeros(OFFENCES, np.int64)
    return Desk(
        np.zeros((3, shape.mass.size)), np.zeros((3, 3)), np.zeros(OFFENCES), np.zeros(OFFENCES), kinds, kinds.copy()
    )


@kernel
def play(node, blocks, log_threshold, mean_opportunity, rules, shape, desk, stream):
    """Order `blocks` blocks: draw what came by, what was stolen, and when the turn ended.

    Writes made, opportunity, honest_value, offences, stolen, convicted, turn_ended of the node (added to what they hold).
    Draws from `stream`: a handful of binomials, FAR_BLOCKS values on average, and the open blocks. Law: honest blocks,
    offences and the blocks after the end of the turn sum to `blocks`.
    """
    if blocks <= 0:
        return
    far = far_stratum(shape, blocks)
    even = _relative(log_threshold, mean_opportunity)
    _classify(shape, far, even, rules.sequencer_precision, desk)
    n_far = binomial(stream, blocks, shape.survival[far])
    below = blocks - n_far
    total = desk.moments[:, 0].sum()
    n_open = binomial(stream, below, desk.moments[OPEN, 0] / total) if below > 0 else 0
    sure = desk.moments[OFFENDING, 0] + desk.moments[HONEST, 0]
    n_bulk = binomial(stream, below - n_open, desk.moments[OFFENDING, 0] / sure) if below > n_open else 0
    n_honest = below - n_open - n_bulk
    values = np.empty(n_far + n_open)
    kinds = np.empty(n_far + n_open, np.int64)
    _decide(n_far, far, even, rules.sequencer_precision, shape, desk, stream, values, kinds)
    n_honest = _until_caught(node, n_bulk, n_honest, values, kinds, desk, stream)
    _tally(node, n_honest, values, kinds, mean_opportunity, far, shape, desk, stream)


@kernel
def _relative(log_threshold, mean_opportunity):
    if mean_opportunity > 0.0:
        return log_threshold - np.log(mean_opportunity)
    return -np.inf if log_threshold == -np.inf else np.inf


@kernel
def _classify(shape, far, log_threshold, precision, desk):
    desk.moments[:] = 0.0
    start = 0
    if log_threshold == np.inf:
        start = far
    else:
        reach = log_threshold + np.log(NEGLIGIBLE) / precision
        while start < far and shape.log_edge[start + 1] < reach:
            start += 1
    for k in range(start):
        desk.weights[HONEST, k] = shape.mass[k]
        desk.weights[OPEN, k] = 0.0
        desk.weights[OFFENDING, k] = 0.0
    for j in range(3):
        desk.moments[HONEST, j] = shape.below[j, start]
    if start == far:
        return
    low = offence_probability(shape.log_edge[start], log_threshold, precision)
    for k in range(start, far):
        high = offence_probability(shape.log_edge[k + 1], log_threshold, precision)
        _weigh_class(shape, desk, HONEST, k, 1.0 - high)
        _weigh_class(shape, desk, OPEN, k, high - low)
        _weigh_class(shape, desk, OFFENDING, k, low)
        low = high


@kernel
def _weigh_class(shape, desk, kind, k, probability):
    desk.weights[kind, k] = shape.mass[k] * probability
    desk.moments[kind, 0] += shape.mass[k] * probability
    desk.moments[kind, 1] += shape.first[k] * probability
    desk.moments[kind, 2] += shape.second[k] * probability


@kernel
def _decide(n_far, far, log_threshold, precision, shape, desk, stream, values, kinds):
    """Draw the far and the open blocks one by one. Writes their values and kinds (an offence, or NOBODY: honest)."""
    top = shape.mass.size
    for j in range(values.size):
        if j < n_far:
            value = draw_in(stream, shape, stratum_by(stream, shape.mass, far, top, shape.survival[far]))
            offends = stream.random() < offence_probability(np.log(value), log_threshold, precision)
        else:
            value, offends = _open_block(far, log_threshold, precision, shape, desk, stream)
        values[j] = value
        kinds[j] = _kind(desk.share, stream) if offends else NOBODY


@kernel
def _open_block(far, log_threshold, precision, shape, desk, stream):
    k = stratum_by(stream, desk.weights[OPEN], 0, far, desk.moments[OPEN, 0])
    value = draw_in(stream, shape, k)
    low = offence_probability(shape.log_edge[k], log_threshold, precision)
    high = offence_probability(shape.log_edge[k + 1], log_threshold, precision)
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
def _until_caught(node, n_bulk, n_honest, values, kinds, desk, stream):
    """End the turn at the first offence that is caught and sanctioned: drop what comes after it.

    Blocks come at independent uniform times, so if J offences would end the turn, the first of them comes at the smallest of J
    uniform times and every other block is kept with that probability. Writes desk.bulk, kinds, and the node's convicted,
    turn_ended. Returns the honest blocks kept among the counted ones.
    """
    multinomial(stream, n_bulk, desk.share, 1.0, desk.bulk)
    ending = 0
    for a in range(OFFENCES):
        desk.ending[a] = binomial(stream, desk.bulk[a], desk.ends[a])
        ending += desk.ending[a]
    caught = np.zeros(kinds.size, np.bool_)
    for j in range(kinds.size):
        if kinds[j] >= 0 and desk.ends[kinds[j]] > 0.0:
            caught[j] = stream.random() < desk.ends[kinds[j]]
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
        desk.bulk[a] = binomial(stream, desk.bulk[a] - desk.ending[a], time)
        if 0 <= first < desk.ending[a]:
            desk.bulk[a] += 1
            node.convicted[a] += 1
        first -= desk.ending[a]
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
    for a in range(OFFENCES):
        stolen = scale * _bulk_sum(desk.bulk[a], OFFENDING, far, shape, desk, stream)
        made += desk.bulk[a]
        node.offences[a] += desk.bulk[a]
        node.stolen[a] += stolen
        node.opportunity += stolen
    node.made += made
    node.honest_value += scale * honest
    node.opportunity += scale * honest


@kernel
def _bulk_sum(count, kind, far, shape, desk, stream):
    moments = desk.moments[kind]
    return draw_sum(stream, shape, desk.weights[kind], far, count, moments[0], moments[1], moments[2])
