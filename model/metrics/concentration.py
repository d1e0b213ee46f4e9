"""Decentralisation of stake and of blocks, by node and by operator: the indices of `decentralization`, row by row.

Holders of nothing are left out. The gap between node and operator is a result: it is what a Sybil attacker hides.
"""

from __future__ import annotations

import numpy as np

from model.decentralization import TIE
from model.history import History
from model.metrics.registry import METRICS, Metric, Series, stake

INDICES = {
    "nakamoto_third": ("holders", "higher", "Fewest holders with more than a third of the {what}: can halt consensus"),
    "nakamoto_half": ("holders", "higher", "Fewest holders with more than half of the {what}"),
    "nakamoto_two_thirds": ("holders", "higher", "Fewest holders with more than two thirds of the {what}: in control"),
    "gini": ("0 to 1", "lower", "Gini coefficient of the {what} among those who have any"),
    "herfindahl": ("0 to 1", "lower", "Herfindahl-Hirschman index of the {what}"),
    "entropy": ("bits", "higher", "Shannon entropy of the shares of the {what}"),
    "effective_number": ("holders", "higher", "Equal holders that would give the same Herfindahl-Hirschman index"),
    "top_share": ("share", "lower", "Share of the largest holder of the {what}"),
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


def operators(history: History, holdings: Series) -> Series:
    """Join the columns of nodes that one operator runs."""
    operator = history.sequencers.operator[0]
    return holdings @ (operator[:, None] == np.unique(operator)[None, :])


def holdings(history: History) -> dict[str, Series]:
    """Return stake, and blocks made since the last record, by node and by operator, (T, n) each."""
    staked = stake(history)
    made = np.diff(history.sequencers.total_made[: history.size].astype(float), axis=0)
    return {
        "stake_node": staked,
        "stake_operator": operators(history, staked),
        "blocks_node": made,
        "blocks_operator": operators(history, made),
    }


def concentration(history: History) -> dict[str, Series]:
    """Return every index of every holding, named index_holding."""
    return {
        f"{index}_{base}": series
        for base, amounts in holdings(history).items()
        for index, series in profile(amounts).items()
    }


def _register(index: str, base: str) -> None:
    unit, better, meaning = INDICES[index]
    what, holder = base.split("_")
    words = {"stake": "stake", "blocks": "blocks made since the last record"}[what]
    name = f"{index}_{base}"
    METRICS[name] = Metric(
        name,
        unit,
        better,
        f"{meaning.format(what=words)}, by {holder}.",
        what == "blocks",
        lambda h: profile(holdings(h)[base])[index],
    )


for _base in ("stake_node", "stake_operator", "blocks_node", "blocks_operator"):
    for _index in INDICES:
        _register(_index, _base)
