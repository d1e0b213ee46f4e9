"""Decentralisation of stake and of blocks, by node and by operator: the indices of `decentralization`, row by row.

Holders of nothing are left out; where nobody holds anything, counts of holders are 0 and all else is nan. The gap
between node and operator is a result: it is what a Sybil attacker hides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from model.decentralization import TIE
from model.history import History
from model.metrics.registry import METRICS, Kind, Metric, Series, once, stake


class Ranking(NamedTuple):
    """Holders by size, at each of T times."""

    shares: np.ndarray  # (T, n) shares of the total, the largest first; zero if nobody holds anything
    held: np.ndarray  # (T,) how many hold anything


def ranking(holdings: np.ndarray) -> Ranking:
    """Rank each row of holdings (T, n), non-negative."""
    largest = holdings.max(axis=1, initial=0.0, keepdims=True)
    relative = np.divide(holdings, largest, out=np.zeros(holdings.shape), where=largest > 0)
    total = relative.sum(axis=1, keepdims=True)
    shares = np.divide(relative, total, out=np.zeros(holdings.shape), where=total > 0)
    shares = -np.sort(-shares, axis=1)
    return Ranking(shares, (shares > 0).sum(axis=1))


Index = Callable[[Ranking], Series]
INDICES: list[tuple[Index, str, str]] = []
"""Every index, its unit, and which direction is better."""


def index(unit: str, better: str) -> Callable[[Index], Index]:
    """Let a function of a ranking be measured of every holding; its docstring is the meaning, {what} what is held."""

    def register(function: Index) -> Index:
        INDICES.append((function, unit, better))
        return function

    return register


def _fewest(ranks: Ranking, threshold: float) -> Series:
    short = (np.cumsum(ranks.shares, axis=1) <= threshold + TIE).sum(axis=1)
    return np.where(ranks.held > 0, 1 + np.minimum(short, ranks.held - 1), 0).astype(float)


@index("holders", "higher")
def nakamoto_third(ranks: Ranking) -> Series:
    """Fewest holders with more than a third of the {what}: can halt consensus."""
    return _fewest(ranks, 1 / 3)


@index("holders", "higher")
def nakamoto_half(ranks: Ranking) -> Series:
    """Fewest holders with more than half of the {what}."""
    return _fewest(ranks, 1 / 2)


@index("holders", "higher")
def nakamoto_two_thirds(ranks: Ranking) -> Series:
    """Fewest holders with more than two thirds of the {what}: in control."""
    return _fewest(ranks, 2 / 3)


@index("0 to 1", "neither")
def gini(ranks: Ranking) -> Series:
    """Gini coefficient of the {what} among those who have any; falls when the small leave."""
    place = np.arange(ranks.shares.shape[1])
    with np.errstate(invalid="ignore"):
        return np.maximum(0, (ranks.shares * (ranks.held[:, None] - 1 - 2 * place)).sum(axis=1) / ranks.held)


@index("0 to 1", "lower")
def herfindahl(ranks: Ranking) -> Series:
    """Herfindahl-Hirschman index of the {what}."""
    return np.where(ranks.held > 0, (ranks.shares**2).sum(axis=1), np.nan)


@index("bits", "higher")
def entropy(ranks: Ranking) -> Series:
    """Shannon entropy of the shares of the {what}."""
    logs = np.log2(ranks.shares, out=np.zeros(ranks.shares.shape), where=ranks.shares > 0)
    return np.where(ranks.held > 0, np.maximum(0, -(ranks.shares * logs).sum(axis=1)), np.nan)


@index("holders", "higher")
def effective_number(ranks: Ranking) -> Series:
    """Equal holders that would give the same Herfindahl-Hirschman index."""
    with np.errstate(divide="ignore"):
        return np.where(ranks.held > 0, 1 / (ranks.shares**2).sum(axis=1), 0)


@index("share", "lower")
def top_share(ranks: Ranking) -> Series:
    """Share of the largest holder of the {what}."""
    return np.where(ranks.held > 0, ranks.shares[:, 0], np.nan)


@once
def made(history: History) -> np.ndarray:
    """Return the blocks that every node made since the last record, (T, S)."""
    return np.diff(history.path("sequencers", "total_made").astype(float), axis=0)


@once
def operators(history: History) -> np.ndarray:
    """Tell which nodes (rows) an operator (column) runs: holdings @ operators joins theirs."""
    operator = history.path("sequencers", "operator")[0]
    return operator[:, None] == np.unique(operator)[None, :]


@once
def stake_node(history: History) -> Ranking:
    """Rank the stake of every node."""
    return ranking(stake(history))


@once
def stake_operator(history: History) -> Ranking:
    """Rank the stake of every operator."""
    return ranking(stake(history) @ operators(history))


@once
def blocks_node(history: History) -> Ranking:
    """Rank the blocks made by every node since the last record."""
    return ranking(made(history))


@once
def blocks_operator(history: History) -> Ranking:
    """Rank the blocks made by every operator since the last record."""
    return ranking(made(history) @ operators(history))


HOLDINGS = (stake_node, stake_operator, blocks_node, blocks_operator)


def _register(function: Index, unit: str, better: str, holding: Callable[[History], Ranking]) -> None:
    what, holder = holding.__name__.split("_")
    words = {"stake": "stake", "blocks": "blocks made since the last record"}[what]
    meaning = (function.__doc__ or "").rstrip(".").format(what=words)
    name = f"{function.__name__}_{holding.__name__}"
    kind: Kind = "flow" if what == "blocks" else "stock"
    METRICS[name] = Metric(name, unit, better, f"{meaning}, by {holder}.", kind, lambda h: function(holding(h)))


for _holding in HOLDINGS:
    for _index in INDICES:
        _register(*_index, _holding)
