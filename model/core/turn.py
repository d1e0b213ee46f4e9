"""One node's blocks of one epoch, exactly, at a cost that does not grow with their number.

Blocks whose fate is sure within their stratum are counted by binomial draws and summed by their exact moments; the open
and the far ones are drawn one by one, and decided (see `thinning`). Nothing is approximated but the shape of those sums
(see `opportunity.draw_sum`).
"""

import numpy as np

from model.core.chance import binomial, earliest
from model.core.choice import chances_at
from model.core.compiled import kernel
from model.core.opportunity import draw_in, draw_sum, far_stratum, far_value, stratum_by
from model.core.options import NOBODY, OFFENCES
from model.core.thinning import HONEST, OFFENDING, OPEN, classify, first_tempting, sort_bulk

DROPPED = -2
"""Kind of a block that came after the end of the turn."""

MOST_OPEN = 1_000_000
"""Open blocks, on average, beyond which a turn is played in parts, one after the other, lest memory grow with them."""


@kernel
def play(node, blocks, mean_opportunity, shape, desk, stream, most=MOST_OPEN):
    """Order `blocks` blocks by the stance on the desk: draw what came by, what was stolen, and when the turn ended.

    Writes made, opportunity, honest_value, offences, stolen, convicted, turn_ended of the node (added to what they
    hold). Draws from `stream`: a handful of binomials, FAR_BLOCKS values on average, and the open blocks, of which
    `most` are held at once on average. Law: honest blocks, offences and the blocks after the end of the turn sum to
    `blocks`.
    """
    if blocks <= 0:
        return
    slate = desk.slate[0]
    stance = desk.stance[0]
    far = far_stratum(shape.strata, blocks)
    start = first_tempting(shape.strata, far, stance)
    offending = classify(shape.strata, start, far, stance, desk.weights, slate)
    part = blocks
    if blocks * slate.mass[OPEN] > most:
        part = int(most / slate.mass[OPEN])
    while blocks > 0:
        _play_part(node, min(part, blocks), start, far, offending, mean_opportunity, shape, desk, stream)
        blocks = 0 if node.turn_ended == 1 else blocks - part


@kernel
def _play_part(node, blocks, start, far, offending, mean_opportunity, shape, desk, stream):
    strata = shape.strata
    slate = desk.slate[0]
    stance = desk.stance[0]
    n_far = binomial(stream, blocks, strata[far].survival)
    below = blocks - n_far
    sure = offending + slate.mass[HONEST]
    n_open = binomial(stream, below, slate.mass[OPEN] / (sure + slate.mass[OPEN])) if below > 0 else 0
    n_bulk = binomial(stream, below - n_open, offending / sure) if below > n_open else 0
    n_honest = below - n_open - n_bulk
    values = np.empty(n_far + n_open)
    kinds = np.empty(n_far + n_open, np.int64)
    if _decide(n_far, far, stance, shape, desk, stream, values, kinds) + n_bulk > 0:
        sort_bulk(strata, start, far, n_bulk, stance, desk.weights, slate, stream)
        n_honest = _until_caught(node, n_honest, values, kinds, slate, stream)
        _tally_bulk(node, mean_opportunity, far, shape, desk, stream)
    _tally(node, n_honest, values, kinds, mean_opportunity, far, shape, desk, stream)


@kernel
def _decide(n_far, far, stance, shape, desk, stream, values, kinds):
    """Draw far and open blocks one by one. Writes values and kinds (NOBODY: honest). Returns how many offend."""
    slate = desk.slate[0]
    worth_asking = np.exp(stance.reach)
    offences = 0
    for j in range(values.size):
        kinds[j] = NOBODY
        if j < n_far:
            values[j] = far_value(stream, shape, far)
            if values[j] > worth_asking:
                kinds[j] = _act(1.0, chances_at(stance, np.log(values[j]), slate.chance), slate.chance, stream)
        else:
            values[j], kinds[j] = _open_block(far, stance, shape, desk, stream)
        offences += kinds[j] != NOBODY
    return offences


@kernel
def _open_block(far, stance, shape, desk, stream):
    """Draw an open block and what becomes of it: chances less the sure ones, of what is open in the stratum."""
    slate = desk.slate[0]
    k = stratum_by(stream, desk.weights[OPEN], far, slate.mass[OPEN])
    value = draw_in(stream, shape, k)
    chances_at(stance, shape.strata[k].log_low, slate.low)
    most = chances_at(stance, shape.strata[k].log_high, slate.high)
    here = chances_at(stance, np.log(value), slate.chance)
    for a in range(OFFENCES):
        least = min(slate.low[a], slate.high[a])
        slate.chance[a] = max(0.0, slate.chance[a] - least)
        most -= least
        here -= least
    return value, _act(most, here, slate.chance, stream)


@kernel
def _act(total, offending, chance, stream):
    """Return an offence drawn by `chance`, whose sum is `offending`, or NOBODY for what is missing to `total`."""
    if stream.random() * total >= offending:
        return NOBODY
    point = stream.random() * offending
    for a in range(OFFENCES - 1):
        point -= chance[a]
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
        stolen = scale * _bulk_sum(bulk[a], OFFENDING + a, far, shape, desk, stream)
        node.made += bulk[a]
        node.offences[a] += bulk[a]
        node.stolen[a] += stolen
        node.opportunity += stolen


@kernel
def _bulk_sum(count, kind, far, shape, desk, stream):
    slate = desk.slate[0]
    weights = desk.weights[kind]
    return draw_sum(stream, shape, weights, far, count, slate.mass[kind], slate.first[kind], slate.second[kind])
