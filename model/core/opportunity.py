"""What a block is worth to whoever orders it: a unit-mean shape, cut into strata that can be counted instead of drawn.

A stratum is a range of values with a known probability and known moments. Blocks whose fate is certain within their
stratum are counted by a binomial draw and summed by moments; only the others are drawn one by one (see `conduct`).
"""

import itertools
import math
from functools import lru_cache
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
"""Sums of up to so many values are drawn value by value; longer ones as a gamma variate of equal mean and variance."""

LOWEST_SCORE = -8.2
LOGNORMAL, PARETO, EXPONENTIAL, POINT = 0, 1, 2, 3


STRATUM = np.dtype(
    [
        ("form", "i8"),  # which inverse draws within it
        ("start", "f8"),  # coordinate range of that inverse
        ("stop", "f8"),
        ("mass", "f8"),  # probability
        ("first", "f8"),  # mass times mean
        ("second", "f8"),  # mass times mean square
        ("log_low", "f8"),  # log of its lowest and highest value
        ("log_high", "f8"),
        ("survival", "f8"),  # probability of it and all above
        ("mass_below", "f8"),  # sums of mass, first and second over all below
        ("first_below", "f8"),
        ("second_below", "f8"),
    ],
    align=True,
)

CONSTANTS = np.dtype(
    [
        ("sigma", "f8"),
        ("index", "f8"),
        ("unit", "f8"),  # divides values so that their mean is 1
        ("tail_low", "f8"),  # start ** -index and end ** -index of the Pareto tail
        ("tail_high", "f8"),
    ],
    align=True,
)


class Shape(NamedTuple):
    """The unit-mean opportunity as strata, lowest first, with an empty one on top that closes the sums."""

    strata: np.recarray  # (K + 1,) STRATUM
    constants: np.record  # CONSTANTS


def new_shape(rules: np.record) -> Shape:
    """Cut the scenario's opportunity shape into strata. The formulas are partial moments of the named distributions.

    Nothing ever writes to a shape; economies may share one.
    """
    if rules.opportunity == Opportunity.HEAVY_TAILED:
        return _heavy_tailed(
            rules.opportunity_sigma, rules.tail_weight, rules.tail_index, rules.tail_start, rules.tail_end
        )
    if rules.opportunity == Opportunity.EXPONENTIAL:
        return _exponential()
    one = np.ones(1)
    return _shape([POINT], one, one, one, one, one, np.ones(2), {})


@lru_cache
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
        shifted = scores - power * sigma
        reach = np.array([_normal_between(low, high) for low, high in itertools.pairwise(shifted)])
        return (1 - weight) / inside * np.exp(0.5 * (power * sigma) ** 2) * reach

    def pareto(power: int) -> np.ndarray:
        gap = power - index
        integral = np.diff(np.log(tail)) if abs(gap) < 1e-9 else np.diff(tail**gap) / gap
        return weight * index / (ends[0] - ends[1]) * integral

    mass = np.append(np.full(BODY_STRATA, (1 - weight) / BODY_STRATA), weight * -np.diff(survival))
    form = np.append(np.full(BODY_STRATA, LOGNORMAL), np.full(TAIL_HALVINGS + 1, PARETO))
    edges = np.append(np.exp(sigma * scores), tail[1:])
    start, stop = np.append(scores[:-1], survival[:-1]), np.append(scores[1:], survival[1:])
    first, second = (np.append(lognormal(power), pareto(power)) for power in (1, 2))
    constants = {"sigma": sigma, "index": index, "tail_low": ends[0], "tail_high": ends[1]}
    return _shape(form, start, stop, mass, first, second, edges, constants)


def _normal_between(low: float, high: float) -> float:
    """Return the standard normal probability of an interval, to full precision in either tail."""
    if low > 0:
        low, high = -high, -low
    return 0.5 * (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2)))


def _exponential() -> Shape:
    body = 1 - 0.95 * np.arange(BODY_STRATA) / BODY_STRATA
    survival = np.append(np.append(body, 0.05 * 0.5 ** np.arange(TAIL_HALVINGS + 1)), 0.0)
    with np.errstate(divide="ignore"):
        edges = -np.log(survival)
    finite = np.where(np.isfinite(edges), edges, 0.0)
    first = -np.diff(survival * (finite + 1))
    second = -np.diff(survival * (finite**2 + 2 * finite + 2))
    form = np.full(first.size, EXPONENTIAL)
    return _shape(form, survival[:-1], survival[1:], -np.diff(survival), first, second, edges, {})


def _shape(form, start, stop, mass, first, second, edges, constants) -> Shape:  # type: ignore[no-untyped-def]
    strata = np.zeros(mass.size + 1, STRATUM).view(np.recarray)
    mean = first.sum()
    with np.errstate(divide="ignore"):
        log_edge = np.log(edges / mean)
    moments = {"mass": mass, "first": first / mean, "second": second / mean**2}
    columns = {
        "form": form,
        "start": start,
        "stop": stop,
        "log_low": log_edge[:-1],
        "log_high": log_edge[1:],
        **moments,
    }
    for name, column in columns.items():
        strata[name][:-1] = column
    for name, column in moments.items():
        strata[f"{name}_below"][1:] = np.cumsum(column)
    survival = np.cumsum(mass[::-1])[::-1]
    strata.survival[:-1] = survival / survival[0]
    fixed = np.zeros(1, CONSTANTS).view(np.recarray)[0]
    for name, value in {**constants, "unit": mean}.items():
        setattr(fixed, name, value)
    return Shape(strata, fixed)


@kernel
def far_stratum(strata, blocks):
    """Return the lowest stratum from which, upwards, at most FAR_BLOCKS of a node's blocks are expected."""
    low = 0
    high = strata.size - 1
    while low < high:
        middle = (low + high) // 2
        if strata[middle].survival * blocks <= FAR_BLOCKS:
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
    stratum = shape.strata[k]
    fixed = shape.constants
    a = stratum.start
    b = stratum.stop
    if stratum.form == LOGNORMAL:
        nearest = 0.0 if a < 0.0 < b else min(abs(a), abs(b))
        while True:
            score = a + (b - a) * stream.random()
            if stream.random() < np.exp(0.5 * (nearest * nearest - score * score)):
                return np.exp(fixed.sigma * score) / fixed.unit
    if stratum.form == PARETO:
        reach = b + (a - b) * stream.random()
        power = fixed.tail_high + (fixed.tail_low - fixed.tail_high) * reach
        return power ** (-1.0 / fixed.index) / fixed.unit
    if stratum.form == EXPONENTIAL:
        return -np.log(a - (a - b) * stream.random()) / fixed.unit
    return 1.0


@kernel
def far_value(stream, shape, far):
    """Return a value from the strata `far` and above. Draws one uniform and one value."""
    strata = shape.strata
    point = stream.random() * strata[far].survival
    k = far
    while k < strata.size - 2 and point >= strata[k].mass:
        point -= strata[k].mass
        k += 1
    return draw_in(stream, shape, k)


@kernel
def stratum_by(stream, weights, stop, total):
    """Return one of the strata 0..stop-1 drawn by weight; `total` is their sum. Draws one uniform."""
    point = stream.random() * total
    last = 0
    for k in range(stop):
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
            total += draw_in(stream, shape, stratum_by(stream, weights, stop, mass))
        return total
    mean = first / mass
    variance = second / mass - mean * mean
    if variance <= 1e-14 * mean * mean:
        return count * mean
    return stream.standard_gamma(count * mean * mean / variance) * variance / mean
