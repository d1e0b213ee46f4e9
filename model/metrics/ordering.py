"""What ordering earns and whom it harms though no rule is broken; who builds the blocks where they are sold."""

from __future__ import annotations

import numpy as np

from model.history import History
from model.metrics.concentration import Ranking, herfindahl, nakamoto_half, ranking
from model.metrics.registry import Series, flow, once, ratio, stock


@flow("bps of volume", "lower")
def lawful_harm(h: History) -> Series:
    """Harm to users that breaks no rule: what is taken from them where whoever orders may order at will."""
    return 1e4 * ratio(h.flow("lawful_harm"), h.flow("volume"))


@stock("share", "neither")
def capture(h: History) -> Series:
    """Part of the opportunity that a sequencer of average skill earns by ordering by the rules."""
    return h.stock("market", "capture")


@flow("USD per epoch", "neither")
def auction_revenue(h: History) -> Series:
    """What is paid for blocks, by builders to sequencers, and for the right to order them, by sequencers."""
    return h.flow("auction_usd") / h.epochs


@flow("USD per epoch", "neither")
def builder_profit(h: History) -> Series:
    """Profit of all builders."""
    return h.flow("builder_usd") / h.epochs


@once
def blocks_won(history: History) -> Ranking:
    """Rank the blocks won by every builder since the last record."""
    return ranking(np.diff(history.path("builders", "total_won").astype(float), axis=0))


@flow("0 to 10,000", "lower")
def builder_concentration(h: History) -> Series:
    """Herfindahl-Hirschman index of the blocks won by builders, on the scale of 10,000 for a monopoly."""
    return 1e4 * herfindahl(blocks_won(h))


@flow("builders", "higher")
def builder_nakamoto(h: History) -> Series:
    """Fewest builders that win more than half of the blocks; 0 if none are sold."""
    return nakamoto_half(blocks_won(h))


@flow("share", "lower")
def builder_top_share(h: History) -> Series:
    """Share of blocks won by the largest builder."""
    won = blocks_won(h)
    return np.where(won.held > 0, won.shares.max(axis=1, initial=0.0), np.nan)
