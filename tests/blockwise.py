"""The conduct of one node written the obvious way, a loop over its blocks: slow, exact, compared with `turn.play`."""

from __future__ import annotations

import numba
import numpy as np

from model.core.options import OFFENCES, Choice, Opportunity


@numba.njit(cache=True)
def draw_opportunity(stream, kind, sigma, weight, index, low, high):
    """Return one opportunity of the named distribution, not divided by its mean."""
    if kind == Opportunity.CONSTANT:
        return 1.0
    if kind == Opportunity.EXPONENTIAL:
        return stream.standard_exponential()
    if stream.random() < weight:
        floor = (low / high) ** index
        return low * (1.0 - stream.random() * (1.0 - floor)) ** (-1.0 / index)
    while True:
        value = np.exp(sigma * stream.standard_normal())
        if value <= low:
            return value


@numba.njit(cache=True, error_model="numpy")
def weigh(value, reservation, kept, precision, choice, weights):
    """Fill the weights of the offences in a block of that opportunity (USD); return that of honesty."""
    if choice == Choice.LUCE:
        for a in range(OFFENCES):
            weights[a] = (value / reservation[a]) ** precision
        return 1.0
    utility = kept * (value - reservation)
    if choice == Choice.LOGIT:
        weights[:] = np.exp(precision * (utility - max(0.0, utility.max())))
        return np.exp(-precision * max(0.0, utility.max()))
    best = utility.argmax()
    weights[:] = 0.0
    if utility[best] <= 0.0:
        return 1.0
    weights[best] = 1.0
    return 0.0


@numba.njit(cache=True, error_model="numpy")
def play_blocks(
    stream, blocks, reservation, kept, precision, choice, ends, kind, sigma, weight, index, low, high, scale, out
):
    """Order blocks one after the other until one offence ends the turn.

    `reservation` and `kept` (OFFENCES,) in USD; `scale` USD per unit drawn. Fills out: made, honest value, value
    offended in, offences by kind, and 1 + the kind that ended the turn (0 if none did).
    """
    odds = np.empty(OFFENCES)
    out[:] = 0.0
    for _ in range(blocks):
        value = scale * draw_opportunity(stream, kind, sigma, weight, index, low, high)
        out[0] += 1
        honest = weigh(value, reservation, kept, precision, choice, odds)
        point = stream.random() * (honest + odds.sum()) - honest
        if point < 0.0:
            out[1] += value
            continue
        a = 0
        while a < OFFENCES - 1 and point >= odds[a]:
            point -= odds[a]
            a += 1
        out[2] += value
        out[3 + a] += 1
        if stream.random() < ends[a]:
            out[3 + OFFENCES] = 1.0 + a
            return


@numba.njit(cache=True, error_model="numpy")
def play_often(
    stream, times, blocks, reservation, kept, precision, choice, ends, kind, sigma, weight, index, low, high, scale
):
    """Play `times` independent turns; return a row of outcomes each."""
    results = np.empty((times, 4 + OFFENCES))
    for t in range(times):
        play_blocks(
            stream, blocks, reservation, kept, precision, choice, ends, kind, sigma, weight, index, low, high, scale,
            results[t],
        )  # fmt: skip
    return results
