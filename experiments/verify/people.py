"""Cases of delegation and entry: whom delegators choose, and how many sequencers a reward carries."""

from __future__ import annotations

import numpy as np

from experiments.verify.case import case, grid
from experiments.verify.economies import quiet
from model import theory
from model.core.options import Status
from model.history import History

PERCENT = 100.0
SELECTING = {
    "number_of_rangers": 0, "mev_bps": 0.0, "stakes": (1.0,) * 5, "number_of_sequencers": 5,
    "possible_sequencers": 5, "number_of_delegators": 2_000, "delegated_wealth": 0.1, "token_supply": 1e8,
    "wealth_gini": 0.0, "initial_delegation": 1.0, "commission_low": 0.0, "commission_high": 0.5, "max_commission": 0.5,
    "opportunity_yield": 0.0, "exit_delay": 1,
}  # fmt: skip


def _cheapest(h: History) -> int:
    return int(h.path("sequencers", "commission")[0].argmin())


def _later_pools(h: History) -> np.ndarray:
    return h.stock("sequencers", "pool")[h.epochs.size // 4 :]


def _delegated_to_cheapest(h: History) -> float:
    later = _later_pools(h)
    return float((later[:, _cheapest(h)] / later.sum(axis=1)).mean())


@case(
    quiet(1, **SELECTING, reward_rule="target_rate", attention=1.0),
    grid(
        "target_rate delegator_precision", (0.2, 0.2), (0.1, 1.0), (0.3, 0.3), (0.5, 0.1), (0.15, 0.4),
    ),
    _delegated_to_cheapest,
    epochs=60,
    record_every=1,
    replicates=24,
)  # fmt: skip
def shares_pro_rata(h: History) -> float:
    """If all stake earns one rate, delegators who choose by logit spread as exp(-precision rate commission)."""
    s = h.scenario
    commissions = h.path("sequencers", "commission")[0]
    shares = theory.pro_rata_shares(s.delegator_precision * PERCENT, s.target_rate, commissions)
    return float(shares[_cheapest(h)])


@case(
    quiet(1_000, **{**SELECTING, "number_of_delegators": 10_000}, selection="equal", attention=0.1),
    grid(
        "reward_per_block delegator_precision", (10.0, 0.1), (5.0, 0.25), (10.0, 0.2), (20.0, 0.04), (2.0, 0.4),
    ),
    _delegated_to_cheapest,
    epochs=100,
    record_every=1,
    replicates=24,
)  # fmt: skip
def shares_by_rotation(h: History) -> float:
    """If every pool earns the same, small ones yield more: ln s - precision (1 - m) R / (N T s) is the same for all."""
    s = h.scenario
    commissions = h.path("sequencers", "commission")[0]
    reward = s.reward_per_block * s.blocks_per_epoch * s.epochs_per_year
    stake = float(_later_pools(h).sum(axis=1).mean())
    shares = theory.rotation_shares(s.delegator_precision * PERCENT, reward, stake, commissions)
    return float(shares[_cheapest(h)])


def _active(h: History) -> float:
    return float((h.stock("sequencers", "status")[-1] == Status.ACTIVE).sum())


ENTRANTS = quiet(
    500, number_of_rangers=0, mev_bps=0.0, stakes=(), min_stake=1e5, max_stake=1e5,
    number_of_sequencers=60, possible_sequencers=160, choice="best_response", entry_rate=1e-4,
)  # fmt: skip
"""So few enter per epoch that hardly ever two do in one, each thinking itself the last."""


@case(
    ENTRANTS,
    grid(
        "reward_per_block sequencer_cost opportunity_yield",
        (10.0, 1_000.0, 0.05), (10.0, 500.0, 0.1), (5.0, 400.0, 0.05), (20.0, 3_000.0, 0.03), (10.0, 1_200.0, 0.01),
    ),
    _active,
    epochs=12_000,
    tolerance=1.5 / 100,
)  # fmt: skip
def free_entry(h: History) -> float:
    """Sequencers enter until one more would not earn its cost and the return on its stake elsewhere: R / (c + r s)."""
    s = h.scenario
    reward = s.reward_per_block * s.blocks_per_epoch
    cost, rate = s.sequencer_cost * 12.0 / s.epochs_per_year, s.opportunity_yield / s.epochs_per_year
    return float(np.floor(theory.free_entry_own_stake(reward, cost, rate, s.min_stake)))
