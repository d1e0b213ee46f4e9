"""Cases of the market and of bad luck: the token price, honest faults, and what corruption costs."""

from __future__ import annotations

import numpy as np

from experiments.verify.case import case, grid
from experiments.verify.economies import quiet, total
from model import theory
from model.history import History
from model.metrics import compute

IDLE = {"number_of_rangers": 0, "mev_bps": 0.0}
WALK = quiet(1, **IDLE, epochs_per_year=1.0).replace(price_process="gbm")
MANY = 100


def _moves(h: History) -> np.ndarray:
    price = h.path("market", "price")
    return np.asarray(price[1:] / price[:-1])


@case(
    WALK,
    grid(
        "price_volatility price_drift epochs_per_year",
        (0.8, 0.3, 1.0), (0.3, -0.5, 1.0), (1.0, 0.0, 4.0), (0.5, 1.0, 2.0), (0.8, 0.0, 1.0),
    ),
    lambda h: float(_moves(h).mean()),
    epochs=40,
    record_every=1,
    replicates=800,
)  # fmt: skip
def price_growth(h: History) -> float:
    """The expected price of a geometric Brownian motion grows as exp(mu t), whatever its volatility."""
    return float(np.exp(h.scenario.price_drift / h.scenario.epochs_per_year))


@case(
    WALK,
    grid(
        "price_volatility price_drift epochs_per_year",
        (0.8, 0.3, 365.0), (0.3, 0.0, 52.0), (1.5, -0.5, 365.0), (0.5, 1.0, 12.0), (0.8, 0.0, 1.0),
    ),
    lambda h: float(np.log(_moves(h)).var()),
    epochs=50,
    record_every=1,
    replicates=800,
)  # fmt: skip
def price_spread(h: History) -> float:
    """Its log moves by sigma sqrt(t) times a normal: in a sample of n moves the variance is sigma^2 dt (n - 1) / n."""
    moves = h.epochs.size
    return float(h.scenario.price_volatility**2 / h.scenario.epochs_per_year * (moves - 1) / moves)


@case(
    quiet(1, **IDLE, stakes=(1e3,) * MANY, number_of_sequencers=MANY, possible_sequencers=MANY),
    grid(
        "honest_fault_rate fault_correlation number_of_clients honest_fault_slash",
        (20.0, 0.0, 2, 0.01), (20.0, 0.3, 100, 0.1), (50.0, 0.5, 100, 0.0), (80.0, 0.0, 1, 0.001), (10.0, 0.1, 50, 0.0),
    ),
    lambda h: total(h, "faults") / MANY,
    epochs=100,
    replicates=128,
)  # fmt: skip
def honest_faults(h: History) -> float:
    """A node errs with probability 1 - (1 - (1-k) f dt)(1 - k f dt) per epoch, k the part of whole clients."""
    s = h.scenario
    rate = s.honest_fault_rate / s.epochs_per_year
    spared = (1.0 - (1.0 - s.fault_correlation) * rate) * (1.0 - s.fault_correlation * rate)
    return float(1.0 - spared) * int(h.epoch[-1])


@case(
    quiet(1, **IDLE),
    grid(
        "slash_fraction slash_multiplier_reorder enforcement token_price stakes",
        (0.05, 1.0, 1.0, 2.0, (1e6,)), (0.01, 10.0, 0.8, 1.0, (1e6, 3e6)), (0.5, 4.0, 0.5, 10.0, (2e4,) * 10),
        (0.1, 1.0, 1 / 3, 1.0, (1e6,)), (0.25, 2.0, 0.9, 0.5, (1e5, 2e5, 4e5)),
    ),
    lambda h: float(compute(h, ["cost_of_corruption"])["cost_of_corruption"][-1]),
    tolerance=1e-12,
)  # fmt: skip
def cost_of_corruption(h: History) -> float:
    """Whoever holds two thirds of the stake loses the slash on it, as far as it is enforced."""
    s = h.scenario
    slash = s.enforcement * min(1.0, s.slash_fraction * s.slash_multiplier_reorder)
    stake = float(h.path("sequencers", "self_stake")[0].sum()) * s.token_price
    return float(theory.cost_of_corruption(stake, 2 / 3, slash))
