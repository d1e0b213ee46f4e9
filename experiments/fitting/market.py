"""The delegation market alone: sequencers that start equal, and delegators who choose among them for years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model import decentralization

if TYPE_CHECKING:
    from model.parameters import Scenario
    from model.results import Run

SUPPLY = 1e8
OWN_SHARE = 0.01
"""Part of the supply that sequencers own; delegators own nearly all of the rest."""

QUIET: dict[str, Any] = {
    "name": "delegation_market",
    "blocks_per_epoch": 100, "blocks_per_span": 1,
    "number_of_rangers": 0, "possible_rangers": 0, "verification": "none", "sanction": "none",
    "honest_share": 1.0, "honest_fault_rate": 0.0, "downtime": 0.0, "incumbent_nodes": 0,
    "price_process": "constant", "mev_bps": 0.0, "fee_bps": 0.0, "batch_cost_fixed": 0.0,
    "batch_cost_per_transaction": 0.0, "sequencer_cost": 0.0, "number_of_apps": 0,
    "entry_rate": 0.0, "exit_rate": 0.0, "min_stake": 0.0, "max_stake": 1e15,
    "reward_rule": "target_rate", "reward_source": "issuance",
    "token_supply": SUPPLY, "delegated_wealth": 0.9, "initial_delegation": 1.0, "number_of_delegators": 2_000,
}  # fmt: skip
"""All else off: nobody offends, fails, enters or leaves, no stake is capped, and all stake is paid at one rate."""

STATISTICS = ("gini", "nakamoto_third", "nakamoto_half", "nakamoto_two_thirds", "herfindahl")


def market(sequencers: int, /, **changes: Any) -> Scenario:
    """Return the delegation market of so many equal sequencers, with changes. Raises ScenarioError as Scenario does."""
    from model.parameters import Scenario

    return Scenario(
        **{
            **QUIET,
            "number_of_sequencers": sequencers,
            "possible_sequencers": sequencers,
            "stakes": (OWN_SHARE * SUPPLY / sequencers,) * sequencers,
            **changes,
        }
    )


def stakes_of(run: Run) -> NDArray[np.float64]:
    """Return the stake of every sequencer at the last record, the largest first."""
    from model.metrics.registry import stake

    return -np.sort(-stake(run.history)[-1])


def statistics(stakes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the STATISTICS of a vector of stakes."""
    fewest = (decentralization.nakamoto(stakes, threshold) for threshold in (1 / 3, 1 / 2, 2 / 3))
    return np.array([decentralization.gini(stakes), *fewest, decentralization.herfindahl(stakes)], float)
