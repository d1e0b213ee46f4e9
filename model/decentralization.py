"""How spread out power is: pure functions of a vector of holdings.

A vector has one non-negative number per holder, a node or an operator with all its nodes joined, in any unit and any
order: stake, or blocks made. A holder of nothing is a holder: it counts in n. Who is in the vector is the caller's
choice. Every function raises ValueError for a negative or non-finite holding and for an array of another shape. When
nobody holds anything (no rows, or all zero) there is no distribution: counts of holders are 0, all else is nan.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

TIE = 1e-9
"""Coverage this close to a threshold counts as equal: far above the rounding of sums, far below anybody's power."""


def nakamoto(holdings: npt.ArrayLike, threshold: float) -> int:
    """Return the fewest holders who together have strictly more than `threshold` of the total; 0 if there is no total.

    The inequality is strict because exactly 1/3, or 1/2, does not yet halt, or outvote, the rest: k equal holders give
    floor(k / 2) + 1 at 1/2. Ties are judged to `TIE`, so the answer does not hang on how a sum of floats was rounded.
    Raises ValueError unless 0 <= threshold < 1. Source: Srinivasan and Lee 2017, "Quantifying decentralization".
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold = {threshold}: give a share from 0 to below 1")
    shares = _shares(holdings)
    if not shares.size:
        return 0
    covered = np.cumsum(np.sort(shares[shares > 0])[::-1])
    return 1 + int(np.count_nonzero(covered[:-1] <= threshold + TIE))


def top_share(holdings: npt.ArrayLike, holders: int = 1) -> float:
    """Return the share of the total that the largest `holders` have together."""
    shares = _shares(holdings)
    return float(np.sort(shares)[::-1][:holders].sum()) if shares.size else math.nan


def gini(holdings: npt.ArrayLike) -> float:
    """Return the Gini coefficient: 0 if all hold the same, (n - 1) / n if one of n holds everything."""
    shares = np.sort(_shares(holdings))
    n = shares.size
    if not n:
        return math.nan
    return max(0.0, float((2 * np.arange(1, n + 1) - n - 1) @ shares) / n)


def herfindahl(holdings: npt.ArrayLike) -> float:
    """Return the Herfindahl-Hirschman index, the sum of squared shares: 1 / n if equal, 1 if one has everything."""
    shares = _shares(holdings)
    return float(shares @ shares) if shares.size else math.nan


def effective_number(holdings: npt.ArrayLike) -> float:
    """Return how many equal holders would give the same Herfindahl-Hirschman index; 0 if there is no total."""
    shares = _shares(holdings)
    return 1 / float(shares @ shares) if shares.size else 0.0


def entropy(holdings: npt.ArrayLike) -> float:
    """Return the Shannon entropy of the shares, in bits: log2 n if equal, 0 if one has everything."""
    shares = _shares(holdings)
    held = shares[shares > 0]
    return max(0.0, -float(held @ np.log2(held))) if shares.size else math.nan


def theil(holdings: npt.ArrayLike) -> float:
    """Return the Theil index, in nats: 0 if all hold the same, ln n if one of n holds everything."""
    shares = _shares(holdings)
    held = shares[shares > 0]
    return max(0.0, float(held @ np.log(held * shares.size))) if shares.size else math.nan


def _shares(holdings: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return each holder's share of the total, an empty vector if there is no total."""
    amounts = np.asarray(holdings, dtype=np.float64)
    if amounts.ndim != 1:
        raise ValueError(f"holdings have shape {amounts.shape}: give one number per holder")
    if not np.all((amounts >= 0) & np.isfinite(amounts)):
        raise ValueError("holdings include a negative or non-finite number: give amounts of zero or more")
    largest = amounts.max(initial=0.0)
    if largest == 0:
        return amounts[:0]
    relative = amounts / largest
    return relative / relative.sum()
