"""All indices of `decentralization` for many vectors at once: one row per snapshot, holders of nothing left out."""

from __future__ import annotations

import numpy as np

from model.decentralization import TIE

INDICES = {
    "nakamoto_third": ("holders", "higher", "fewest holders with more than a third of the {what}: can halt consensus"),
    "nakamoto_half": ("holders", "higher", "fewest holders with more than half of the {what}"),
    "nakamoto_two_thirds": ("holders", "higher", "fewest holders with more than two thirds of the {what}: in control"),
    "gini": ("0 to 1", "lower", "Gini coefficient of the {what} among those who have any"),
    "herfindahl": ("0 to 1", "lower", "Herfindahl-Hirschman index of the {what}"),
    "entropy": ("bits", "higher", "Shannon entropy of the shares of the {what}"),
    "effective_number": ("holders", "higher", "equal holders that would give the same Herfindahl-Hirschman index"),
    "top_share": ("share", "lower", "share of the largest holder of the {what}"),
}
THRESHOLDS = {"nakamoto_third": 1 / 3, "nakamoto_half": 1 / 2, "nakamoto_two_thirds": 2 / 3}


def profile(holdings: np.ndarray) -> dict[str, np.ndarray]:
    """Return every index of INDICES for each row of `holdings` (T, n), non-negative; (T,) each.

    Where nobody holds anything, counts of holders are 0 and all else is nan, as in `decentralization`.
    """
    largest = holdings.max(axis=1, initial=0.0, keepdims=True)
    relative = np.divide(holdings, largest, out=np.zeros(holdings.shape), where=largest > 0)
    total = relative.sum(axis=1, keepdims=True)
    shares = np.divide(relative, total, out=np.zeros(holdings.shape), where=total > 0)
    shares = -np.sort(-shares, axis=1)
    held = (shares > 0).sum(axis=1)
    some = held > 0
    covered = np.cumsum(shares, axis=1)
    result = {
        name: np.where(some, 1 + np.minimum((covered <= level + TIE).sum(axis=1), held - 1), 0).astype(float)
        for name, level in THRESHOLDS.items()
    }
    rank = np.arange(shares.shape[1])
    concentration = (shares**2).sum(axis=1)
    logs = np.log2(shares, out=np.zeros(shares.shape), where=shares > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        result["gini"] = np.maximum(0, (shares * (held[:, None] - 1 - 2 * rank)).sum(axis=1) / held)
        result["herfindahl"] = np.where(some, concentration, np.nan)
        result["entropy"] = np.where(some, np.maximum(0, -(shares * logs).sum(axis=1)), np.nan)
        result["effective_number"] = np.where(some, 1 / concentration, 0)
        result["top_share"] = np.where(some, shares[:, 0], np.nan)
    return result
