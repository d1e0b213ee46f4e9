"""Economies that closed forms speak of: the model with everything off that they leave out."""

from __future__ import annotations

from typing import Any

from model import theory
from model.history import History
from model.parameters import Scenario

MEAN_OPPORTUNITY = 100.0
"""USD per block in the quiet economy, whatever the number of blocks."""


def quiet(blocks: int, **changes: Any) -> Scenario:
    """Return one sequencer, whom nobody joins, in a market that stands still: only what `changes` turn on happens.

    Offences are of one kind, a block of opportunity v gains v, and Rangers check whatever is assigned to them.
    """
    still: dict[str, Any] = {
        "name": "quiet",
        "price_process": "constant",
        "token_price": 1.0,
        "volume_volatility": 0.0,
        "blocks_per_epoch": blocks,
        "blocks_per_span": 1,
        "daily_volume_usd": MEAN_OPPORTUNITY * blocks,
        "mev_bps": 10_000,
        "token_supply": 1e15,
        "fee_bps": 0.0,
        "batch_cost_fixed": 0.0,
        "batch_cost_per_transaction": 0.0,
        "protocol_fee_share": 0.0,
    }
    unmoved: dict[str, Any] = {
        "number_of_apps": 0,
        "trust_loss": 0.0,
        "outage_loss": 0.0,
        "number_of_delegators": 0,
        "delegated_wealth": 0.0,
        "commission_step": 0.0,
        "entry_rate": 0.0,
        "exit_rate": 0.0,
        "downtime": 0.0,
        "honest_fault_rate": 0.0,
    }
    alike: dict[str, Any] = {
        "stakes": (1e6,),
        "number_of_sequencers": 1,
        "possible_sequencers": 1,
        "min_stake": 0.0,
        "max_stake": 1e15,
        "skill_dispersion": 0.0,
        "cost_dispersion": 0.0,
        "sequencer_cost": 0.0,
        "brand_dispersion": 0.0,
        "ranger_cost_dispersion": 0.0,
        "number_of_rangers": 5,
        "possible_rangers": changes.get("number_of_rangers", 5),
        "ranger_bond": 1e6,
        "diligent_share": 1.0,
        "learning": "fixed",
    }
    plain: dict[str, Any] = {
        "honest_capture": 0.0,
        "gain_insert": 0.0,
        "gain_censor": 0.0,
        "evidence_reorder": 1.0,
        "enforcement": 1.0,
        "jail_epochs": 0,
        "planning_horizon": 0.0,
        "reward_per_block": 0.0,
        "reward_per_check": 0.0,
        "reward_source": "issuance",
        "reserve": 0.0,
        "opportunity": "constant",
    }
    return Scenario(**{**still, **unmoved, **alike, **plain, **changes})


def total(h: History, name: str) -> float:
    """Return the flow of a cumulative total over the whole history, summed over offences if it has them."""
    return float(h.path("totals", name)[-1].sum() - h.path("totals", name)[0].sum())


def detection_of(scenario: Scenario) -> float:
    """Return the detection of a reordering by Rangers who check whatever is assigned to them."""
    s = scenario
    return float(theory.detection_probability(s.sampling_probability, s.evidence_reorder, s.number_of_rangers))


def stake_value(h: History) -> float:
    """Return the stake of the first sequencer at the start, own and delegated, in USD."""
    node = h.path("sequencers", "self_stake")[0, 0] + h.path("sequencers", "pool")[0, 0]
    return float(node * h.path("market", "price")[0])


def mean_diligence(h: History) -> float:
    """Return the mean diligence of seated Rangers at the end."""
    return float(h.stock("rangers", "diligence")[-1, : h.scenario.number_of_rangers].mean())
