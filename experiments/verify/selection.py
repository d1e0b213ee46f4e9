"""Cases of selection and rewards: who makes the blocks, and what the lottery does to the shares of stake."""

from __future__ import annotations

import numpy as np

from experiments.verify.case import case, grid
from experiments.verify.economies import quiet
from model import theory
from model.history import History

RICH_AND_POOR = (1e6, 2e6, 4e6, 8e6, 16e6, 32e6)
EXPONENTS = {"stake": 1.0, "sqrt_stake": 0.5, "equal": 0.0}
LOTTERY = quiet(
    2_000, stakes=RICH_AND_POOR, number_of_sequencers=6, possible_sequencers=6, number_of_rangers=0, mev_bps=0.0
)
URN = quiet(1, number_of_rangers=0, mev_bps=0.0, restake_share=1.0)
EVEN = (1e6,) * 100
TWO_CLASSES = (1e6,) * 50 + (3e6,) * 50


def _shares(h: History) -> np.ndarray:
    """Return the shares of blocks that the selection rule gives, (S,), from the stakes at the start."""
    weights = h.path("sequencers", "self_stake")[0] ** EXPONENTS[h.scenario.selection]
    return np.asarray(weights / weights.sum())


def _spans(h: History) -> np.ndarray:
    return h.stock("sequencers", "assigned") / h.scenario.blocks_per_span


def _expected_spans(h: History) -> np.ndarray:
    s = h.scenario
    return _shares(h) * s.blocks_per_epoch / s.blocks_per_span


@case(
    LOTTERY,
    grid(
        "selection blocks_per_span",
        ("stake", 1), ("sqrt_stake", 10), ("equal", 5), ("stake", 50), ("sqrt_stake", 1),
    ),
    lambda h: float(_spans(h).mean(axis=0)[-1] * h.scenario.blocks_per_span),
    epochs=10,
    record_every=1,
)  # fmt: skip
def blocks_by_weight(h: History) -> float:
    """The richest makes the share of blocks that its stake, the root of it, or its being one of n is of all weights."""
    return float(_shares(h)[-1] * h.scenario.blocks_per_epoch)


@case(
    LOTTERY,
    grid(
        "selection blocks_per_span",
        ("stake", 10), ("sqrt_stake", 1), ("equal", 50), ("stake", 100), ("sqrt_stake", 20),
    ),
    lambda h: float(np.square(_spans(h) - _expected_spans(h)).sum(axis=1).mean()),
    epochs=200,
    record_every=1,
    effect=lambda h: float(_expected_spans(h).sum()) * (1.0 - float(np.square(_shares(h)).sum())),
)  # fmt: skip
def luck_of_the_draw(h: History) -> float:
    """Spans are drawn one by one: their numbers have variances n w (1 - w), which sum to n (1 - sum of w^2)."""
    return float(_expected_spans(h).sum()) * (1.0 - float(np.square(_shares(h)).sum()))


def _stake_shares(h: History, row: int) -> np.ndarray:
    stakes = h.path("sequencers", "self_stake")[row]
    return np.asarray(stakes / stakes.sum())


def _ratio(h: History) -> float:
    return float(h.path("sequencers", "self_stake")[0].sum() / h.scenario.reward_per_block)


@case(
    URN,
    grid(
        "stakes reward_per_block",
        (EVEN, 5e5), (TWO_CLASSES, 5e5), (EVEN, 1e6), (TWO_CLASSES, 1e5), (EVEN[:60], 1e4),
    ),
    lambda h: float(np.square(_stake_shares(h, -1) - _stake_shares(h, 0)).sum()),
    epochs=40,
    replicates=800,
)  # fmt: skip
def urn_variance(h: History) -> float:
    """Restaked rewards of a lottery by stake are a Polya urn: a share x has variance x (1 - x) t / ((A + 1)(A + t))."""
    spread = theory.share_variance(_stake_shares(h, 0), int(h.epoch[-1]), _ratio(h))
    return float(np.sum(spread))


def _concentration(h: History, row: int) -> float:
    return float(np.square(_stake_shares(h, row)).sum())


@case(
    URN,
    grid(
        "stakes reward_per_block",
        (EVEN, 1e5), (EVEN, 8e5), (EVEN, 1e4), (EVEN[:60], 2e5), (EVEN, 4e5),
    ),
    lambda h: _concentration(h, -1),
    epochs=40,
    replicates=800,
    effect=lambda h: _concentration_expected(h) - _concentration(h, 0),
)  # fmt: skip
def urn_concentration(h: History) -> float:
    """The lottery concentrates stake: the expected Herfindahl index is 1 - (1 - H_0) prod(1 - theta^2)."""
    return _concentration_expected(h)


def _concentration_expected(h: History) -> float:
    dilution = 1.0 / (_ratio(h) + np.arange(1, h.epoch[-1] + 1))
    return float(theory.expected_herfindahl(_concentration(h, 0), dilution)[-1])
