"""What a block is worth to whoever orders it: a unit-mean shape, cut into strata that can be counted instead of drawn.

A stratum is a range of values with a known probability and known moments. Blocks whose fate is certain within their stratum
are counted by a binomial draw and summed by moments; only the others are drawn one by one (see `conduct`).
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from model.core.compiled import kernel
from model.core.options import Opportunity

BODY_STRATA = 32
TAIL_HALVINGS = 24
FAR_BLOCKS = 8
"""Expected number of a node's blocks, from the top, whose opportunity is always drawn one by one."""

FEW = 12
"""Sums of up to so many values are drawn value by value; longer ones are a gamma variate of the same mean and variance."""

LOWEST_SCORE = -8.2
LOGNORMAL, PARETO, EXPONENTIAL, POINT = 0, 1, 2, 3


class Shape(NamedTuple):
    """Strata of the unit-mean opportunity, lowest first; K of them, K + 1 edges."""

    form: np.ndarray  # (K,) int64: which inverse draws within the stratum
    start: np.ndarray  # (K,) coordinate range of that inverse
    stop: np.ndarray  # (K,)
    mass: np.ndarray  # (K,) probability
    first: np.ndarray  # (K,) mass times mean
    second: np.ndarray  # (K,) mass times mean square
    log_edge: np.ndarray  # (K + 1,) log of the values between strata
    survival: np.ndarray  # (K + 1,) probability of this stratum and all above
    below: np.ndarray  # (3, K + 1) sums of mass, first, second over the strata below
    sigma: float
    index: float
    unit: float  # divides values so that their mean is 1
    tail: np.ndarray  # (2,) start ** -index and end ** -index of the Pareto tail


def new_shape(rules: np.record) -> Shape:
    """Cut the scenario's opportunity shape into strata. The formulas are partial moments of the named distributions."""
    if rules.opportunity == Opportunity.HEAVY_TAILED:
        return _heavy_tailed(rules.opportunity_sigma, rules.tail_weight, rules.tail_index, rules.tail_start, rules.tail_end)
    if rules.opportunity == Opportunity.EXPONENTIAL:
        return _exponential()
    one = np.ones(1)
    return _shape(np.array([POINT]), one, one, one, one, one, np.ones(2), 1.0, 1.0, np.zeros(2))


def _heavy_tailed(sigma: float, weight: float, index: float, low: float, high: float) -> Shape:
    normal = NormalDist()
    cut = np.log(low) / sigma
    inside = normal.cdf(cut)
    scores = np.array(
        [LOWEST_SCORE] + [normal.inv_cdf(inside * j / BODY_STRATA) for j in range(1, BODY_STRATA)] + [cut]
    )
    ends = np.array([low**-index, high**-index])
    survival = np.append(0.5 ** np.arange(TAIL_HALVINGS + 1), 0.0)
    tail = (ends[1] + (ends[0] - ends[1]) * survival) ** (-1.0 / index)
    tail[0] = low

    def lognormal(power: int) -> np.ndarray:
        reach = np.array([normal.cdf(score - power * sigma) for score in scores])
        return (1 - weight) / inside * np.exp(0.5 * (power * sigma) ** 2) * np.diff(reach)

    def pareto(power: int) -> np.ndarray:
        gap = power - index
        integral = np.diff(np.log(tail)) if abs(gap) < 1e-9 else np.diff(tail**gap) / gap
        return weight * index / (ends[0] - ends[1]) * integral

    mass = np.append(np.full(BODY_STRATA, (1 - weight) / BODY_STRATA), weight * -np.diff(survival))
    form = np.append(np.full(BODY_STRATA, LOGNORMAL), np.full(TAIL_HALVINGS + 1, PARETO))
    edges = np.append(np.exp(sigma * scores), tail[1:])
    start, stop = np.append(scores[:-1], survival[:-1]), np.append(scores[1:], survival[1:])
    first, second = (np.append(lognormal(power), pareto(power)) for power in (1, 2))
    return _shape(form, start, stop, mass, first, second, edges, sigma, index, ends)


def _exponential() -> Shape:
    body = 1 - 0.95 * np.arange(BODY_STRATA) / BODY_STRATA
    survival = np.append(np.append(body, 0.05 * 0.5 ** np.arange(TAIL_HALVINGS + 1)), 0.0)
    with np.errstate(divide="ignore"):
        edges = -np.log(survival)
    finite = np.where(np.isfinite(edges), edges, 0.0)
    first = -np.diff(survival * (finite + 1))
    second = -np.diff(survival * (finite**2 + 2 * finite + 2))
    form = np.full(first.size, EXPONENTIAL)
    return _shape(form, survival[:-1], survival[1:], -np.diff(survival), first, second, edges, 1.0, 1.0, np.zeros(2))


def _shape(form, start, stop, mass, first, second, edges, sigma, index, tail) -> Shape:  # type: ignore[no-untyped-def]
    mean = first.sum()
    first, second = first / mean, second / mean**2
    with np.errstate(divide="ignore"):
        log_edge = np.log(edges / mean)
    survival = np.append(np.cumsum(mass[::-1])[::-1], 0.0)
    below = np.array([np.append(0.0, np.cumsum(part)) for part in (mass, first, second)])
    arrays = [np.ascontiguousarray(x, float) for x in (start, stop, mass, first, second, log_edge, survival, below)]
    return Shape(form.astype(np.int64), *arrays, float(sigma), float(index), float(mean), np.ascontiguousarray(tail))


@kernel
def far_stratum(shape, blocks):
    """Return the lowest stratum from which, upwards, at most FAR_BLOCKS of a node's blocks are expected."""
    low = 0
    high = shape.mass.size
    while low < high:
        middle = (low + high) // 2
        if shape.survival[middle] * blocks <= FAR_BLOCKS:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def draw_in(stream, shape, k):
    """Return a unit-mean value drawn within stratum k, exactly.

    Draws: one uniform (Pareto, exponential), none (point), or uniform pairs until one is accepted under the normal
    density of the log (lognormal).
    """
    form = shape.form[k]
    a = shape.start[k]
    b = shape.stop[k]
    if form == LOGNORMAL:
        nearest = 0.0 if a < 0.0 < b else min(abs(a), abs(b))
        while True:
            score = a + (b - a) * stream.random()
            if stream.random() < np.exp(0.5 * (nearest * nearest - score * score)):
                return np.exp(shape.sigma * score) / shape.unit
    if form == PARETO:
        reach = b + (a - b) * stream.random()
        power = shape.tail[1] + (shape.tail[0] - shape.tail[1]) * reach
        return power ** (-1.0 / shape.index) / shape.unit
    if form == EXPONENTIAL:
        return -np.log(a - (a - b) * stream.random()) / shape.unit
    return 1.0


@kernel
def stratum_by(stream, weights, first, stop, total):
    """Return one of the strata first..stop-1 drawn by weight; `total` is their sum. Draws one uniform."""
    point = stream.random() * total
    last = first
    for k in range(first, stop):
        if weights[k] > 0.0:
            last = k
            point -= weights[k]
            if point < 0.0:
                break
    return last


@kernel
def draw_sum(stream, shape, weights, stop, count, mass, first, second):
    """Return the sum of `count` values from strata 0..stop-1 by weight, whose weighted moments are given.

    Exact up to FEW values; beyond, a gamma variate with the exact mean and variance (the far strata, which carry the
    skewness, are never among them).
    """
    if count == 0:
        return 0.0
    if count <= FEW:
        total = 0.0
        for _ in range(count):
            total += draw_in(stream, shape, stratum_by(stream, weights, 0, stop, mass))
        return total
    mean = first / mass
    variance = second / mass - mean * mean
    if variance <= 1e-14 * mean * mean:
        return count * mean
    return stream.standard_gamma(count * mean * mean / variance) * variance / mean
