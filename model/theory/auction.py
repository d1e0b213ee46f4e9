"""Auctions of the second price among bidders who value the same block differently: who wins, who keeps what.

A bidder of strength s values a block at s F, F Fréchet of index θ ("precision"): P(F <= x) = exp(-x^-θ), independent
between bidders. Truth is a dominant bid (Vickrey 1961, doi:10.1111/j.1540-6261.1961.tb02789.x). The highest of Fréchet
values is Fréchet (Fisher and Tippett 1928), of strength (sum s^θ)^(1/θ) and the same for every winner.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from model.theory.conditions import require, require_count, require_non_negative
from model.theory.shapes import Floats


class FrechetAuction(NamedTuple):
    """What an auction comes to on average; n bidders, money in the unit of strengths."""

    winning: Floats  # (n,) probability to win
    highest: float  # expected value of the winner
    surplus: Floats  # (n,) expected value less price; 0 for losers
    revenue: float  # expected price


def frechet_auction(strengths: ArrayLike, precision: float) -> FrechetAuction:
    """Return who wins, `s_i^θ / Σ s^θ`, with what surplus, `M(all) - M(all but i)`, and the expected price, the rest.

    M(S) = Γ(1 - 1/θ) (Σ_S s^θ)^(1/θ) is the expected highest value of a set of bidders. What a bidder adds to it is
    what it keeps (Clarke's pivot). A bidder alone pays nothing. Conditions: some strength above 0, θ > 1.
    """
    values = np.asarray(strengths, float)
    require_non_negative(strengths=values)
    require(values.max(initial=0.0) > 0.0, "highest strength", values.max(initial=0.0), "give one bidder at least")
    require(precision > 1.0, "precision", precision, "give more than 1, or the mean value is infinite")
    unit = values.max()
    weights = (values / unit) ** precision
    others = np.array([np.delete(weights, i).sum() for i in range(weights.size)])
    scale = unit * gamma(1.0 - 1.0 / precision)
    highest = scale * weights.sum() ** (1.0 / precision)
    surplus = highest - scale * others ** (1.0 / precision)
    return FrechetAuction(weights / weights.sum(), float(highest), surplus, float(highest - surplus.sum()))


def tipping_precision(builders: int, exclusive: float) -> float:
    """Return the precision from which on n equal builders do not stay equal: `(n (1 - e) + e) / e`.

    The part e of a block's value goes with order flow, which follows shares of blocks p: p_i is proportional to
    `(1 - e + e p_i)^θ`. A share that strays from 1/n by d comes to stray by `θ e d / (n (1 - e) + e)`: more than d
    above that θ. Derived. Uneven rest points may hold below it. Conditions: n > 1, 0 < e <= 1.
    """
    require_count(2, builders=builders)
    require(0.0 < exclusive <= 1.0, "exclusive", exclusive, "give a share above 0, at most 1")
    return (builders * (1.0 - exclusive) + exclusive) / exclusive
