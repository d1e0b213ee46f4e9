"""Compounding rewards as an urn: does the lottery of blocks alone concentrate stake?

Each block one staker wins, with probability its share of stake, and the reward joins its stake: a Pólya urn. Shares
are a martingale, so nobody gains on average; how far they spread is told here. `ratio` A is the stake at the start over
the reward of a block. Conditions: all rewards restaked; no costs, commissions, slashes, entry or exit. Paid pro rata to
everybody instead of by lottery, shares never change.

Sources: Johnson and Kotz 1977, Urn Models and Their Application, chapter 4 (variance, Dirichlet limit); Roşu and Saleh
2021, doi:10.1287/mnsc.2020.3791; Fanti et al. 2019, arXiv:1809.07468 (equitability, the geometric schedule); Tang 2022,
arXiv:2206.02227 (constant inflation centralises). The expected Herfindahl index is derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.shapes import Floats


def share_variance(share: Quantity, blocks: Quantity, ratio: Quantity) -> Quantity:
    """Return the variance after t blocks of a share that began at x: `x (1 - x) t / ((A + 1)(A + t))`.

    `blocks` may be inf: x (1 - x) / (A + 1), the variance of the limit.
    """
    require_share(share=share)
    require_count(least=0, blocks=blocks)
    require_positive(ratio=ratio)
    with np.errstate(divide="ignore"):
        passed = 1.0 / (1.0 + np.divide(ratio, blocks))
    return share * (1.0 - share) * passed / (ratio + 1.0)


def limiting_share(shares: ArrayLike, ratio: float) -> Floats:
    """Return the parameters `x_j A` of the Dirichlet law to which the vector of shares (n,) converges.

    Each share alone tends to a beta variate with parameters x_j A and (1 - x_j) A.
    """
    require_positive(shares=shares, ratio=ratio)
    fractions = np.asarray(shares, float)
    require(np.isclose(fractions.sum(), 1.0), "sum of shares", fractions.sum(), "give shares that add up to 1")
    return fractions * ratio


def expected_herfindahl(initial: float, dilution: ArrayLike) -> Floats:
    """Return the expected Herfindahl index after each block, `1 - (1 - H_0) prod(1 - theta_n^2)`, for any schedule.

    `dilution` theta_n (T,) is the reward of block n over all stake including it; the result is (T,). The winner's share
    becomes (1 - theta) x + theta, the others' (1 - theta) x, so the mean of 1 - H shrinks by 1 - theta^2.
    """
    require_share(initial=initial, dilution=dilution)
    kept = np.cumprod(1.0 - np.square(np.asarray(dilution, float)))
    return np.asarray(1.0 - (1.0 - initial) * kept)


def constant_equitability(growth: Quantity, blocks: Quantity) -> Quantity:
    """Return the variance of a share over x (1 - x) when T equal rewards raise stake by `growth` R in all.

    `R^2 / ((T + R)(1 + R))` (Fanti et al. 2019): 0 is fair, 1 leaves everything to one. R = 1 doubles the stake.
    """
    require_non_negative(growth=growth)
    require_count(blocks=blocks)
    return growth**2 / ((blocks + growth) * (1.0 + growth))


def geometric_equitability(growth: Quantity, blocks: Quantity) -> Quantity:
    """Return the variance of a share over x (1 - x) when stake grows by a constant factor per block, R in all.

    `1 - (1 - (1 - (1 + R)^(-1/T))^2)^T`, about ln(1 + R)^2 / T: the most equitable schedule (Fanti et al. 2019).
    """
    require_non_negative(growth=growth)
    require_count(blocks=blocks)
    dilution = -np.expm1(-np.log1p(growth) / blocks)
    return -np.expm1(blocks * np.log1p(-(dilution**2)))


def halving_blocks(inflation: Quantity) -> Quantity:
    """Return after how many blocks of constant `inflation` i (reward over stake before it) 1 - H has halved on average.

    `ln 2 / -ln(1 - theta^2)` with theta = i / (1 + i): at a constant rate the Herfindahl index tends to 1 (Tang 2022).
    """
    require_positive(inflation=inflation)
    return -np.log(2.0) / np.log1p(-((inflation / (1.0 + inflation)) ** 2))
