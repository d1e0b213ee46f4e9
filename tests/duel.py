"""What comparing the core with the oracle takes: small scenarios, copies of a state, and a verdict on two samples."""

from __future__ import annotations

import os

import numpy as np
from scipy import stats

from model.core.state import State
from model.parameters import Scenario

ALARM = 1e-4
SMALL = {
    "blocks_per_epoch": 120,
    "blocks_per_span": 10,
    "number_of_sequencers": 6,
    "possible_sequencers": 9,
    "number_of_delegators": 40,
    "number_of_rangers": 3,
    "possible_rangers": 5,
    "sampling_probability": 0.3,
    "attention": 0.3,
    "exit_delay": 2,
    "reward_per_block": 0.5,
    "daily_volume_usd": 400_000,
    "sequencer_cost": 3_000,
    "entry_rate": 0.3,
    "exit_rate": 0.3,
    "honest_fault_rate": 10,
    "downtime": 0.05,
    "commission_period": 3,
    "number_of_apps": 4,
}
TEMPTING = {"mev_bps": 1_000, "slash_fraction": 0.02, "jail_epochs": 2}
SCENARIOS = {
    "deterred": {"mev_bps": 40},
    "tempted": {"mev_bps": 4_000, "slash_fraction": 0.02},
    "lawless": {"sanction": "none", "mev_bps": 100},
    "blind": {"verification": "none", "mev_bps": 100, "selection": "equal"},
    "no jail": {"jail_epochs": 0, "mev_bps": 4_000, "slash_fraction": 0.05, "clawback": 0.5, "failover": 0.5},
    "expulsion": {"expel": True, "mev_bps": 8_000, "slash_fraction": 0.0, "top_up": False},
    "delayed slash": {"slash_delay": 2, "mev_bps": 4_000, "slash_fraction": 0.1, "correlation_penalty": 1.0},
    "byzantine": {"byzantine_share": 0.4, "selection": "sqrt_stake", "slash_fraction": 0.01, "jail_epochs": 1},
    "bribery": {
        "sybil_nodes": 3, "colluding_share": 0.67, "bribe": 5e4, "bribery_budget": 1e6, "mev_bps": 3_000,
    },
    "a bribe that nobody takes": {"sybil_nodes": 3, "bribe": 5e4, "bribery_budget": 1e6, "mev_bps": 3_000},
    "griefing": {"griefing_share": 0.34, "accusation_rate": 2, "wrongful_conviction": 0.3, "mev_bps": 40},
    "censor": {
        "censor_fee": 4e4, "slash_fraction": 0.02, "byzantine_share": 0.2, "number_of_rangers": 2, "mev_bps": 40,
        "sampling_probability": 0.05, "blocks_per_span": 4,
    },
    "censor, lawless": {
        "censor_fee": 2e4, "censor_budget": 7e4, "sanction": "none", "choice": "logit", "sequencer_precision": 1e-4,
        "victim_share": 0.5, "honest_share": 0.3, "visibility": "encrypted", "encrypted_share": 0.5,
    },
    "hit and run": {
        "hit_and_run_nodes": 2, "hit_after": 2, "hit_length": 1, "exit_delay": 1, "jail_epochs": 1, "mev_bps": 4_000,
    },
    "halt": {
        "takeover_budget": 1e6, "takeover_pace": 0.02, "takeover_target": 0.2, "halt_gain": 1e4, "failover": 0.3,
        "admission": "vote", "admission_probability": 0.5,
    },
    "takeover": {
        "takeover_budget": 5e6, "takeover_pace": 0.03, "takeover_target": 0.67, "number_of_sequencers": 2,
        "selection": "sqrt_stake", "mev_bps": 4_000, "slash_fraction": 0.05, "sampling_probability": 0.5,
        "incumbent_nodes": 0, "price_impact": 8.0,
    },
    "traps": {"proof_of_check": False, "trap_rate": 0.2, "trap_penalty": 0.06, "mev_bps": 400},
    "rate and reserve": {"reward_rule": "target_rate", "target_rate": 2.0, "reserve": 9_000, "restake_share": 0.5},
    "issuance": {"reward_source": "issuance", "price_process": "reflexive", "storm_share": 0.3, "volume_growth": 0.5},
    "logit": {"choice": "logit", "sequencer_precision": 1e-3, "ranger_precision": 50.0, "mev_bps": 400},
    "best response": {"choice": "best_response", "mev_bps": 1_000},
    "logit, fixed": {
        "choice": "logit", "learning": "fixed", "sequencer_precision": 0.05, "revision_rate": 0.4, "mev_bps": 100,
    },
    "best response, fixed": {
        "choice": "best_response", "learning": "fixed", "opportunity": "exponential", "mev_bps": 3_000, "clawback": 0.4,
    },
    "imitation": {"learning": "imitation", "sequencer_precision": 2.0, "income_memory": 2, "mutation": 0.2, **TEMPTING},
    "imitation, logit": {
        "learning": "imitation", "choice": "logit", "sequencer_precision": 0.5, "income_memory": 0.5,
        "ranger_precision": 30.0, "revision_rate": 0.5, **TEMPTING,
    },
    "imitation, best response": {
        "learning": "imitation", "choice": "best_response", "opportunity": "constant", "sequencer_precision": 1.0,
        **TEMPTING,
    },
    "reinforcement": {"learning": "reinforcement", "sequencer_precision": 0.2, "memory": 3, **TEMPTING},
    "reinforcement, logit": {
        "learning": "reinforcement", "choice": "logit", "sequencer_precision": 0.05, "ranger_precision": 20.0,
        "accumulation": 1.0, "foregone": 1.0, "memory": 2, "revision_rate": 0.5, "sybil_nodes": 2, "bribe": 5e4,
        "colluding_share": 0.67, "bribery_budget": 1e6, **TEMPTING,
    },
    "reinforcement, best response": {
        "learning": "reinforcement", "choice": "best_response", "opportunity": "exponential", "accumulation": 0.3,
        "sequencer_precision": 0.1, "prior_weight": 2, **TEMPTING,
    },
    "light tail": {"opportunity": "exponential", "mev_bps": 2_000, "enforcement": 0.3, "learning": "fixed"},
    "flat": {"opportunity": "constant", "mev_bps": 2_000, "bounty_share": 0.2, "compensation_share": 0.3},
    "stack": {
        "sister_chains": 4, "stack_revenue": 100, "big_member_share": 0.5, "sister_scandal_rate": 0, "contagion": 0.5,
        "protocol_gross_share": 0.025, "member_exit_rate": 1, "own_chain_cost": 9_000, "app_exit_rate": 0.3,
        "data_cost_cut": 0.8, "data_cost_epoch": 3, "mev_bps": 1_000, "slash_fraction": 0.02,
    },
    "root curve": {"reward_rule": "sqrt_curve", "reward_source": "issuance", "mev_bps": 400, "restake_share": 0.3},
    "restaking": {
        "sanction": "restaked_slash", "services": 5, "service_overlap": 0.6, "service_income": 3.0,
        "service_profit": 9e4, "external_shock_rate": 20.0, "external_shock_size": 0.1, "mev_bps": 400,
        "honest_fault_rate": 3, "byzantine_share": 0.2,
    },
    "single": {"selection": "single", "expel": True, "mev_bps": 8_000, "slash_fraction": 0.02, "failover": 0.7},
    "appointed": {
        "selection": "appointed", "appointed_seats": 3, "learning": "imitation", "sequencer_precision": 2.0,
        "exit_delay": 1, **TEMPTING,
    },
    "handover": {"handover_start": 2, "handover_end": 11, "incumbent_nodes": 2, "mev_bps": 100, "sequencer_cost": 500},
    "seats by plan": {
        "selection": "appointed", "appointed_seats": 2, "handover_end": 8, "incumbent_nodes": 2, "mev_bps": 4_000,
        "expel": True, "slash_fraction": 0.02,
    },
    "quorum": {"consensus": "bft_linear", "downtime": 0.3, "failover": 0.6, "latency_loss": 0.5, "mev_bps": 1_000},
    "committees": {
        "consensus": "bft_quadratic", "message_time": 150.0, "shards": 2, "downtime": 0.2, "latency_loss": 1e-4,
        "mev_bps": 4_000, "slash_fraction": 0.02, "blocks_per_epoch": 125,
    },
    "discretion": {
        "ordering": "discretion", "visibility": "lazy", "revenue": "keep", "mev_bps": 400, "byzantine_share": 0.34,
    },
    "blocks sold": {
        "ordering": "discretion", "revenue": "auction_to_proposer", "number_of_builders": 4, "flow_memory": 2,
        "resale": 0.3, "proof_system": "validity", "mev_bps": 1_000, "byzantine_share": 0.34, "exposure_censor": 0.05,
    },
    "rights sold": {
        "selection": "auction", "ordering": "priority_fee", "revenue": "auction_to_proposer", "mev_bps": 2_000,
        "slash_fraction": 0.02, "jail_epochs": 2, "byzantine_share": 0.2, "number_of_builders": 3, "flow_memory": 5,
    },
    "rights sold, learnt": {
        "selection": "auction", "learning": "imitation", "sequencer_precision": 2.0, "ordering": "discretion",
        "reward_rule": "target_rate", "auction_precision": 8.0, "proof_system": "validity", **TEMPTING,
    },
    "encrypted": {
        "visibility": "encrypted", "encrypted_share": 0.7, "ordering": "committed", "forced_inclusion_delay": 6,
        "protocol_gross_share": 0.2, "byzantine_share": 0.4, "mev_bps": 400, "slash_fraction": 0.01,
    },
    "rights sold, proofs, council": {
        "selection": "auction", "sanction": "removal", "removal_delay": 1, "council_size": 3, "council_threshold": 2,
        "council_capture": 0.4, "verification": "peers", "peer_sampling": 0.05, "proof_system": "fault",
        "fault_proof_success": 0.4, "gain_insert": 4.0, "byzantine_share": 0.34, "mev_bps": 400, "clawback": 0.3,
        "planning_horizon": 20, "opportunity": "exponential",
    },
    "discretion, public, proofs": {
        "ordering": "discretion", "revenue": "keep", "visibility": "lazy", "verification": "social", "watch": 0.5,
        "watch_delay": 1, "slash_fraction": 0.02, "proof_system": "fault", "fault_proof_success": 0.4,
        "gain_insert": 8.0, "mev_bps": 2_000, "clawback": 0.5, "byzantine_share": 0.34, "opportunity": "exponential",
    },
    "peers": {
        "verification": "peers", "peer_sampling": 0.1, "sybil_nodes": 2, "mev_bps": 8_000, "slash_fraction": 0.02,
    },
    "peers, reputation, proofs": {
        "verification": "peers", "peer_sampling": 0.3, "sanction": "reputation", "proof_system": "fault",
        "fault_proof_success": 0.4, "byzantine_share": 0.34, "gain_insert": 6.0, "mev_bps": 400, "scandal_loss": 0.1,
    },
    "public, late slash": {
        "verification": "social", "watch": 0.6, "watch_delay": 2, "mev_bps": 8_000, "slash_fraction": 0.05,
        "slash_delay": 1, "sequencer_cost": 60_000, "unbonding_slashable": True, "clawback": 0.3,
    },
    "public, council": {
        "verification": "social", "watch": 0.8, "watch_delay": 1, "sanction": "removal", "removal_delay": 1,
        "council_size": 5, "council_threshold": 3, "council_capture": 0.3, "mev_bps": 4_000, "planning_horizon": 20,
    },
    "Rangers, council": {
        "sanction": "removal", "removal_delay": 0, "council_size": 3, "council_threshold": 2, "council_capture": 0.4,
        "mev_bps": 4_000, "planning_horizon": 5, "learning": "reinforcement", "sequencer_precision": 0.2, "memory": 3,
    },
    "proofs alone": {
        "verification": "none", "proof_system": "fault", "fault_proof_success": 0.5, "clawback": 0.5, "mev_bps": 400,
        "gain_insert": 8.0, "sanction": "none", "byzantine_share": 0.34, "skill_dispersion": 0.8,
    },
    "Rangers, proofs": {
        "proof_system": "fault", "fault_proof_success": 0.3, "gain_insert": 4.0, "slash_multiplier_insert": 1.0,
        "mev_bps": 4_000, "clawback": 0.4, "jail_epochs": 0, "slash_fraction": 0.02,
    },
    "appointed, peers, council, blocks sold": {
        "selection": "appointed", "appointed_seats": 3, "verification": "peers", "peer_sampling": 0.05,
        "sanction": "removal", "removal_delay": 1, "council_size": 3, "council_threshold": 2, "council_capture": 0.2,
        "ordering": "priority_fee", "revenue": "auction_to_proposer", "number_of_builders": 3, "mev_bps": 400,
        "byzantine_share": 0.34, "exit_delay": 1, "opportunity": "exponential",
    },
    "restaked, quorum, public, censor": {
        "sanction": "restaked_slash", "services": 4, "service_overlap": 0.6, "service_income": 3.0,
        "service_profit": 6e4, "external_shock_rate": 20.0, "external_shock_size": 0.1, "consensus": "bft_linear",
        "downtime": 0.2, "verification": "social", "watch": 0.05, "watch_delay": 1, "censor_fee": 4e4,
        "slash_fraction": 0.05, "jail_epochs": 1, "mev_bps": 400, "byzantine_share": 0.2, "slash_delay": 1,
    },
    "rights sold, committees, halt": {
        "selection": "auction", "shards": 2, "consensus": "bft_quadratic", "message_time": 20.0, "failover": 0.6,
        "takeover_budget": 1e6, "takeover_pace": 0.02, "takeover_target": 0.2, "halt_gain": 1e4, "mev_bps": 2_000,
        "slash_fraction": 0.02, "jail_epochs": 1, "blocks_per_epoch": 125, "admission": "vote",
        "admission_probability": 0.5, "opportunity": "exponential",
    },
    "handover, proofs, reputation, hit and run": {
        "handover_start": 1, "handover_end": 9, "incumbent_nodes": 2, "proof_system": "fault",
        "fault_proof_success": 0.4, "gain_insert": 4.0, "sanction": "reputation", "scandal_loss": 0.05,
        "hit_and_run_nodes": 2, "hit_after": 2, "hit_length": 2, "exit_delay": 1, "mev_bps": 2_000, "clawback": 0.3,
        "sequencer_cost": 500, "planning_horizon": 20,
    },
    "handover, takeover": {
        "handover_start": 1, "handover_end": 20, "incumbent_nodes": 1, "takeover_budget": 5e6, "takeover_pace": 0.02,
        "takeover_target": 0.3, "halt_gain": 1e4, "sequencer_cost": 500, "mev_bps": 400,
    },
    "small cap": {"max_stake": 21_000, "min_stake": 20_000, "treasury_share": 0.5, "mev_bps": 4_000},
}  # fmt: skip
EPOCHS = 5
ORACLE = int(os.environ.get("ORACLE_RUNS", "80"))
CORE = 4 * ORACLE
"""Runs of the oracle, and of the core against them: few where all tests run, many in `make duel`."""

OUTCOMES = (
    "blocks_made", "offending_blocks", "convicted", "wrongful", "accusations", "opportunity", "stolen", "harm", "fees",
    "sequencer_tokens", "pool_tokens", "ranger_tokens", "sequencer_usd", "ranger_usd", "slashed", "bounties", "checks",
    "checks_assigned", "coverage", "entries", "exits", "removals", "stack_usd", "treasury_usd", "lawful_harm",
    "auction_usd", "builder_usd", "shocked", "service_tokens", "pool_elsewhere", "embargo_usd", "embargo_blocks",
    "refuted", "scandals", "removal_votes", "compensated_usd",
)  # fmt: skip
STOCKS = ("stake", "pool", "wallet", "liquid", "diligence", "trust", "active", "commission", "caught", "profit")
PHASES = ("selection", "conduct", "learning", "delegation", "entry")
PER_PHASE = 40
TESTS = 2 * len(SCENARIOS) * (len(OUTCOMES) + len(STOCKS) + len(PHASES) * PER_PHASE)
WARM_UP = 4


def scenario(name: str) -> Scenario:
    """Return the small scenario of that name."""
    return Scenario(**{**SMALL, **SCENARIOS[name]})


def copy(state: State) -> State:
    """Return an independent copy of a state."""
    return State(*(part.copy() for part in state))


def alike(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the smaller p-value of equal distributions and of equal means; values equal to rounding are equal."""
    unit = max(np.abs(ours).max(), np.abs(theirs).max(), 1e-300) * 1e-9
    ours, theirs = np.round(ours / unit), np.round(theirs / unit)
    if np.ptp(np.concatenate([ours, theirs])) <= 2:
        return 1.0
    shape = stats.ks_2samp(ours, theirs, method="asymp").pvalue
    spread = np.hypot(ours.std(ddof=1) / np.sqrt(ours.size), theirs.std(ddof=1) / np.sqrt(theirs.size))
    mean = 2 * stats.norm.sf(abs(ours.mean() - theirs.mean()) / spread) if spread > 0 else 0.0
    return float(min(shape, mean))


def disagreements(ours: np.ndarray, theirs: np.ndarray, labels: list[str]) -> dict[str, tuple[float, float, float]]:
    """Return p-value and means of the outcomes (columns) that differ by more than chance."""
    pvalues = {label: alike(ours[:, j], theirs[:, j]) for j, label in enumerate(labels)}
    return {
        label: (p, ours[:, j].mean(), theirs[:, j].mean())
        for j, (label, p) in enumerate(pvalues.items())
        if p < ALARM / TESTS
    }
