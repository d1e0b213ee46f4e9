"""Every parameter matters: moved from one value to another, where it can matter, it changes what is measured."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from model.metrics import compute
from model.parameters import Scenario, parameter_names
from model.simulation import simulate
from tests.scenarios import SMALL

EPOCHS, RECORD = 60, 10
BASE = {**SMALL, "mev_bps": 40.0, "honest_fault_rate": 3.0, "restake_share": 0.2, "entry_rate": 0.1}
"""Eventful enough for offences, slashes, moves, entries; the other contexts add to it what they are about."""

CONTEXTS: dict[str, dict[str, Any]] = {
    "eventful": {},
    "reflexive": {"price_process": "reflexive", "reward_source": "issuance", "reward_per_block": 1.0},
    "stormy": {"storm_share": 0.3},
    "trapped": {"trap_rate": 0.02, "cost_per_check": 0.2, "proof_of_check": False},
    "griefed": {"griefing_share": 0.4, "accusation_rate": 0.5},
    "bribed": {"colluding_share": 0.7, "bribe": 1e5, "bribery_budget": 1e7, "byzantine_share": 0.4},
    "byzantine": {"byzantine_share": 0.4, "sampling_probability": 0.5},
    "poor": {"stakes": (20_000.0,) * 5, "honest_fault_rate": 50.0, "honest_fault_slash": 1e-4},
    "inserting": {"slash_multiplier_insert": 1.0},
    "correlated": {
        "slash_fraction": 0.01,
        "byzantine_share": 0.6,
        "correlation_penalty": 3.0,
        "sampling_probability": 0.5,
    },
    "restless": {
        "attention": 1.0,
        "byzantine_share": 0.4,
        "slash_delay": 3,
        "jail_epochs": 0,
        "delegator_precision": 5.0,
    },
    "target": {"reward_rule": "target_rate"},
    "vote": {"admission": "vote", "entry_rate": 1.0, "sequencer_cost": 10.0},
    "dear": {"sequencer_cost": 50_000.0},
    "down": {"downtime": 0.2, "failover": 0.2},
    "imitating": {"learning": "imitation"},
    "reinforced": {"learning": "reinforcement"},
    "proven": {"slash_multiplier_insert": 1.0, "proof_system": "fault"},
    "watched": {"verification": "social", "watch": 0.5, "watch_delay": 2},
    "followed": {"verification": "peers", "peer_sampling": 0.1},
    "judged": {"sanction": "removal", "sampling_probability": 0.5, "council_capture": 0.3},
    "harmed": {"app_tolerance": 0.5, "app_exit_rate": 0.5},
}
MOVES: dict[str, tuple[Any, str]] = {
    "epochs_per_year": (100, "eventful"),
    "blocks_per_epoch": (300, "eventful"),
    "number_of_sequencers": (6, "eventful"),
    "possible_sequencers": (20, "eventful"),
    "number_of_delegators": (60, "eventful"),
    "number_of_rangers": (2, "eventful"),
    "possible_rangers": (9, "trapped"),
    "price_process": ("constant", "eventful"),
    "token_price": (2.0, "eventful"),
    "price_drift": (1.0, "eventful"),
    "price_volatility": (0.1, "eventful"),
    "price_volume_elasticity": (1.0, "reflexive"),
    "price_issuance_elasticity": (5.0, "reflexive"),
    "token_supply": (9e6, "eventful"),
    "daily_volume_usd": (2e6, "eventful"),
    "volume_growth": (0.5, "eventful"),
    "volume_volatility": (0.1, "eventful"),
    "fee_bps": (3.0, "eventful"),
    "batch_cost_fixed": (50.0, "eventful"),
    "batch_cost_per_transaction": (0.002, "eventful"),
    "volume_per_transaction": (50.0, "eventful"),
    "mev_bps": (50.0, "eventful"),
    "opportunity": ("exponential", "eventful"),
    "opportunity_sigma": (0.8, "eventful"),
    "tail_weight": (0.1, "eventful"),
    "tail_index": (1.5, "eventful"),
    "tail_start": (5.0, "eventful"),
    "tail_end": (1_000.0, "eventful"),
    "storm_share": (0.2, "eventful"),
    "storm_multiplier": (10.0, "stormy"),
    "storm_length": (4.0, "stormy"),
    "selection": ("equal", "eventful"),
    "blocks_per_span": (50, "eventful"),
    "min_stake": (15_000.0, "eventful"),
    "max_stake": (50_000.0, "eventful"),
    "failover": (0.9, "down"),
    "verification": ("none", "eventful"),
    "sampling_probability": (0.1, "eventful"),
    "proof_of_check": (False, "eventful"),
    "reward_per_check": (0.01, "eventful"),
    "trap_rate": (0.1, "trapped"),
    "trap_penalty": (5.0, "trapped"),
    "ranger_bond": (2_000.0, "eventful"),
    "evidence_reorder": (0.9, "eventful"),
    "evidence_insert": (0.5, "inserting"),
    "evidence_censor": (0.9, "eventful"),
    "sanction": ("none", "eventful"),
    "slash_fraction": (0.1, "eventful"),
    "slash_multiplier_reorder": (2.0, "eventful"),
    "slash_multiplier_insert": (5.0, "eventful"),
    "slash_multiplier_censor": (2.0, "eventful"),
    "enforcement": (0.4, "eventful"),
    "slash_delay": (5, "byzantine"),
    "jail_epochs": (3, "byzantine"),
    "expel": (True, "byzantine"),
    "top_up": (False, "poor"),
    "correlation_penalty": (9.0, "correlated"),
    "correlation_window": (1, "correlated"),
    "unbonding_slashable": (False, "restless"),
    "bounty_share": (0.1, "byzantine"),
    "compensation_share": (0.3, "byzantine"),
    "treasury_share": (0.3, "byzantine"),
    "clawback": (0.5, "byzantine"),
    "wrongful_conviction": (0.5, "griefed"),
    "false_accusation_slash": (0.4, "griefed"),
    "honest_fault_slash": (0.05, "eventful"),
    "reward_rule": ("target_rate", "eventful"),
    "reward_per_block": (0.02, "eventful"),
    "target_rate": (0.2, "target"),
    "reward_source": ("issuance", "eventful"),
    "reserve": (50.0, "eventful"),
    "protocol_fee_share": (0.5, "eventful"),
    "exit_delay": (5, "restless"),
    "admission": ("vote", "eventful"),
    "admission_probability": (0.1, "vote"),
    "fault_proof_success": (0.3, "proven"),
    "watch": (0.2, "watched"),
    "watch_delay": (9, "watched"),
    "peer_sampling": (0.4, "followed"),
    "council_size": (20, "judged"),
    "council_threshold": (4, "judged"),
    "council_capture": (0.6, "judged"),
    "removal_delay": (3, "judged"),
    "scandal_loss": (0.1, "judged"),
    "stake_index": (1.5, "eventful"),
    "sequencer_cost": (900.0, "eventful"),
    "cost_dispersion": (1.0, "eventful"),
    "skill_dispersion": (0.5, "eventful"),
    "honest_share": (0.5, "eventful"),
    "sequencer_precision": (2.0, "eventful"),
    "planning_horizon": (2.0, "eventful"),
    "stake_alignment": (1.0, "eventful"),
    "honest_capture": (0.3, "eventful"),
    "gain_reorder": (2.0, "eventful"),
    "gain_insert": (1.0, "inserting"),
    "gain_censor": (1.0, "eventful"),
    "exposure_reorder": (0.5, "eventful"),
    "exposure_insert": (0.5, "inserting"),
    "exposure_censor": (0.5, "eventful"),
    "harm_reorder": (2.0, "eventful"),
    "harm_insert": (2.0, "inserting"),
    "harm_censor": (4.0, "eventful"),
    "downtime": (0.1, "eventful"),
    "outage_length": (0.5, "down"),
    "honest_fault_rate": (9.0, "eventful"),
    "fault_correlation": (0.9, "eventful"),
    "number_of_clients": (5, "eventful"),
    "restake_share": (0.8, "eventful"),
    "income_memory": (5.0, "eventful"),
    "entry_rate": (0.5, "eventful"),
    "exit_rate": (0.3, "dear"),
    "cost_per_check": (0.02, "eventful"),
    "ranger_cost_dispersion": (0.6, "eventful"),
    "ranger_precision": (1.0, "eventful"),
    "diligent_share": (0.5, "eventful"),
    "prior_misconduct": (0.01, "eventful"),
    "choice": ("best_response", "eventful"),
    "learning": ("fixed", "eventful"),
    "revision_rate": (0.1, "eventful"),
    "mutation": (0.5, "imitating"),
    "foregone": (0.9, "reinforced"),
    "accumulation": (1.0, "reinforced"),
    "prior_weight": (200.0, "eventful"),
    "memory": (10.0, "eventful"),
    "publicity": (0.9, "eventful"),
    "transparency": (5.0, "eventful"),
    "delegated_wealth": (0.2, "eventful"),
    "wealth_gini": (0.2, "eventful"),
    "initial_delegation": (0.8, "eventful"),
    "attention": (0.9, "eventful"),
    "delegator_precision": (5.0, "eventful"),
    "opportunity_yield": (0.1, "eventful"),
    "risk_aversion": (5.0, "eventful"),
    "risk_dispersion": (1.5, "restless"),
    "brand_dispersion": (5.0, "eventful"),
    "commission_low": (0.01, "eventful"),
    "commission_high": (0.2, "eventful"),
    "max_commission": (0.1, "eventful"),
    "commission_step": (0.05, "eventful"),
    "commission_period": (7, "eventful"),
    "byzantine_share": (0.2, "eventful"),
    "sybil_nodes": (2, "eventful"),
    "colluding_share": (0.3, "bribed"),
    "bribe": (2e5, "bribed"),
    "bribery_budget": (1.5e5, "bribed"),
    "griefing_share": (0.8, "griefed"),
    "accusation_rate": (2.0, "griefed"),
    "number_of_apps": (9, "harmed"),
    "app_tolerance": (5.0, "harmed"),
    "app_exit_rate": (0.1, "harmed"),
    "harm_memory": (2.0, "harmed"),
    "trust_elasticity": (2.0, "eventful"),
    "trust_loss": (0.01, "eventful"),
    "outage_loss": (1.0, "down"),
    "trust_recovery": (0.1, "eventful"),
}  # fmt: skip
"""Parameter -> the value it is moved to, and the context in which it can matter."""


@cache
def measured(context: str, name: str | None = None) -> dict[str, np.ndarray]:
    """Return the metrics of a context, with one parameter moved."""
    moved = {} if name is None else {name: MOVES[name][0]}
    scenario = Scenario(**{**BASE, **CONTEXTS[context], **moved})
    return compute(simulate(scenario, seed=8, epochs=EPOCHS, record_every=RECORD).history)


@pytest.mark.parametrize("name", MOVES)
def test_it_matters(name):
    value, context = MOVES[name]
    assert getattr(Scenario(**{**BASE, **CONTEXTS[context]}), name) != value
    before, after = measured(context), measured(context, name)
    changed = [m for m in before if not np.allclose(before[m], after[m], rtol=1e-9, atol=1e-12, equal_nan=True)]
    assert set(changed) - {"ledger_residual"}, f"{name} changes nothing that is measured"


def test_every_parameter_is_moved():
    assert list(MOVES) == parameter_names()
