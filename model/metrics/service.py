"""Service: how fast and how reliably the chain runs, who still runs it, and how easily a committee is captured."""

from __future__ import annotations

import numpy as np

from model.history import History
from model.metrics.concentration import made, operators
from model.metrics.registry import Series, flow, once, ratio, stock

TIE = 1e-12
"""Relative shortfall of a third that is arithmetic."""


@stock("seconds", "lower")
def latency(h: History) -> Series:
    """Time that agreement and encryption add to a block's own."""
    return h.stock("market", "latency")


@stock("share", "lower")
def capacity_used(h: History) -> Series:
    """Blocks due over those that the busiest committee has time to agree on; above 1 the rest are lost."""
    return h.stock("market", "capacity_used")


@flow("share", "lower")
def halted_share(h: History) -> Series:
    """Time without a quorum, in which no block is agreed on."""
    return h.flow("halted") / h.epochs


@flow("share", "neither")
def incumbent_block_share(h: History) -> Series:
    """Blocks made by the nodes of the team that ran the chain alone."""
    return ratio((made(h) * _incumbent(h)).sum(axis=1), made(h).sum(axis=1))


@flow("USD per epoch", "neither")
def incumbent_income(h: History) -> Series:
    """Profit of that team's nodes: what handing over costs it."""
    return np.diff((h.path("sequencers", "total_usd") * _incumbent(h)).sum(axis=1)) / h.epochs


def _incumbent(h: History) -> np.ndarray:
    return h.path("sequencers", "incumbent")[0] == 1


@stock("share", "higher")
def capture_share(h: History) -> Series:
    """Votes, of all, that are a third of the lightest committee's: enough to halt it."""
    committees, _ = _committees(h)
    least = np.min(committees, axis=1, where=committees > 0, initial=np.inf)
    return ratio(np.where(np.isfinite(least), least, 0.0) / 3, committees.sum(axis=1))


@stock("share", "lower")
def captured_committees(h: History) -> Series:
    """Committees in which one operator holds a third of the votes or more and can halt alone."""
    committees, largest = _committees(h)
    captured = (committees > 0) & (3 * largest >= (1 - TIE) * committees)
    return ratio(captured.sum(axis=1), (committees > 0).sum(axis=1))


@once
def _committees(h: History) -> tuple[np.ndarray, np.ndarray]:
    """Return the votes in every committee, and of the largest operator in it, (T, committees) each."""
    votes, shard = h.stock("sequencers", "votes"), h.stock("sequencers", "shard")
    held = [np.where(shard == c, votes, 0.0) @ operators(h) for c in range(shard.max(initial=0) + 1)]
    return np.stack([v.sum(axis=1) for v in held], 1), np.stack([v.max(axis=1, initial=0.0) for v in held], 1)
