"""What theory expects of a whole scenario on its first day: honesty, and the slash that a level of it takes.

The gain of an offence is a random opportunity of known shape, the choice is log-logit, and so the share of value that
is taken is an integral.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from model.core.rewards import batch_cost, protocol_part
from model.core.rows import record
from model.core.state import MARKET
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.theory.conditions import require
from model.theory.deterrence import (
    combined_reservation,
    detection_probability,
    offence_share_by_value,
    reservation_value,
)
from model.theory.shapes import Floats, opportunity

BISECTIONS = 40
UNSOLD: dict[str, tuple[Any, ...]] = {
    "selection": ("stake", "sqrt_stake", "equal", "single", "appointed"), "revenue": ("keep", "share_with_protocol"),
}  # fmt: skip
"""Where blocks, or the right to order them, are sold, income is what an auction leaves."""


def honesty_by_value(scenario: Scenario) -> float:
    """Return the share of value that rational sequencers leave alone in the first epoch, expected.

    Assumes: Rangers check all that is assigned to them, and sequencers know it; own stakes are the quantiles of their
    law (or the scenario's stakes) with empty wallets, pools and skills equal, commissions mid-range; income is that
    of honest ordering; offenders are not incapacitated by jail, nor stripped of what they have to lose. Within a run
    all of these move. Raises ConditionError outside verification by Rangers, slashing, rational sequencers who choose
    by Luce's rule and hold beliefs, no fault proofs, calm markets, one committee that needs no agreement, no handover,
    neither blocks nor the right to order them sold, nobody who hits and runs, and no bribes.
    """
    _require_conditions(scenario)
    own, pool = _stakes(scenario)
    weights = _selection_weights(scenario, own, pool)
    share = weights / weights.sum()
    cost = _conviction_cost(scenario, own, pool, share)
    rules = rules_of(scenario)
    detection = detection_probability(scenario.sampling_probability, rules.evidence, scenario.number_of_rangers)
    reservation = reservation_value(detection, cost, rules.gain, scenario.clawback, rules.capture)
    threshold = combined_reservation(reservation, scenario.sequencer_precision) / mean_opportunity(scenario)
    offended = offence_share_by_value(threshold, scenario.sequencer_precision, opportunity(scenario))
    return float(1.0 - share @ offended)


def deterrence_boundary(scenario: Scenario, level: float = 0.5) -> float:
    """Return the slash fraction at which honesty by value, as `honesty_by_value` has it, reaches a level.

    0 if it is reached without any slash, infinite if not even the whole stake suffices. Found by bisection on the log
    of the fraction; honesty rises with the slash. Raises ConditionError outside the conditions of honesty_by_value.
    """
    low, high = 1e-12, 1.0
    if honesty_by_value(scenario.replace(slash_fraction=0.0)) >= level:
        return 0.0
    if honesty_by_value(scenario.replace(slash_fraction=high)) < level:
        return np.inf
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        if honesty_by_value(scenario.replace(slash_fraction=middle)) < level:
            low = middle
        else:
            high = middle
    return high


def mean_opportunity(scenario: Scenario) -> float:
    """Return the mean opportunity of a block at the start, in USD. Raises ConditionError where nodes have to agree."""
    return _daily(scenario) * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch


def expected_income(scenario: Scenario, share: ArrayLike, counted: ArrayLike, own: ArrayLike = 1.0) -> Floats:
    """Return the income (USD per epoch) of honest ordering with a share of blocks and a counted stake in tokens.

    `own` is the part of the emission that is the node's own: its stake's, and its commission on the pool's. Raises
    ConditionError where the rate of emission depends on what others stake, blocks or the right to order them are sold,
    other services pay for the stake, or nodes have to agree.
    """
    needed: dict[str, tuple[Any, ...]] = {**UNSOLD, "reward_rule": ("per_block", "target_rate")}
    _require(scenario, **needed)
    if scenario.sanction == "restaked_slash":
        _require(scenario, services=(1,))
    rules, volume = rules_of(scenario), _daily(scenario)
    paid = volume * scenario.fee_bps * 1e-4
    net = paid - batch_cost(record(MARKET), rules, volume)
    fees = net - protocol_part(paid, net, rules)
    kept = rules.capture * volume * scenario.mev_bps * 1e-4
    if scenario.reward_rule == "per_block":
        emitted = np.multiply(share, scenario.blocks_per_epoch * scenario.reward_per_block)
    else:
        emitted = np.multiply(counted, scenario.target_rate / scenario.epochs_per_year)
    return np.asarray(emitted * np.asarray(own) * scenario.token_price + np.multiply(share, fees + kept), float)


def _daily(scenario: Scenario) -> float:
    _require(scenario, consensus=("none",))  # agreement takes time, which costs volume, and blocks if there are many
    patience = np.exp(-scenario.latency_loss * rules_of(scenario).latency)
    return float(scenario.daily_volume_usd * 365.0 / scenario.epochs_per_year * patience)


def _stakes(scenario: Scenario) -> tuple[Floats, Floats]:
    count = scenario.number_of_sequencers
    quantiles = (np.arange(count) + 0.5) / count
    law = max(scenario.min_stake, 0.0) or 1.0
    own = np.array(scenario.stakes) if scenario.stakes else law * (1.0 - quantiles) ** (-1.0 / scenario.stake_index)
    delegated = scenario.initial_delegation * scenario.delegated_wealth * scenario.token_supply
    pool = delegated / count if scenario.number_of_delegators else 0.0
    return (own if scenario.stakes else np.minimum(own, scenario.max_stake)), np.full(count, pool)


def _selection_weights(scenario: Scenario, own: Floats, pool: Floats) -> Floats:
    counted = np.minimum(own + pool, scenario.max_stake)
    if scenario.selection in ("single", "appointed"):
        seats = 1 if scenario.selection == "single" else scenario.appointed_seats
        return np.asarray(np.arange(counted.size) < seats, float)
    return {"stake": counted, "sqrt_stake": np.sqrt(counted), "equal": np.ones_like(counted)}[scenario.selection]


def _conviction_cost(scenario: Scenario, own: Floats, pool: Floats, share: Floats) -> Floats:
    """Return what a conviction costs each sequencer by offence, (S, OFFENCES) in USD: slash and lost franchise."""
    slash = rules_of(scenario).slash
    commission = 0.5 * (scenario.commission_low + scenario.commission_high)
    kept = (own + commission * pool) / (own + pool)
    income = expected_income(scenario, share, np.minimum(own + pool, scenario.max_stake), kept)
    faults = scenario.honest_fault_rate * scenario.honest_fault_slash / scenario.epochs_per_year
    profit = income - scenario.sequencer_cost * 12.0 / scenario.epochs_per_year - faults * own * scenario.token_price
    jailed = np.maximum(income, 0.0) * min(scenario.jail_epochs, scenario.planning_horizon)
    removed = np.maximum(profit, 0.0) * scenario.planning_horizon
    below = np.multiply.outer(own, 1.0 - slash) < scenario.min_stake
    franchise = np.where(below | scenario.expel, removed[:, None], jailed[:, None])
    at_stake = np.multiply.outer(own + scenario.stake_alignment * pool, slash) * scenario.token_price
    return scenario.enforcement * (at_stake + franchise)


def _require_conditions(scenario: Scenario) -> None:
    needed: dict[str, tuple[Any, ...]] = {
        **UNSOLD, "verification": ("rangers",), "sanction": ("slash",),
        "choice": ("luce",), "learning": ("belief", "fixed"),
        "proof_system": ("none", "validity"), "consensus": ("none",), "shards": (1,),
        "handover_start": (0,), "handover_end": (0,), "storm_share": (0,),
        "honest_share": (0,), "byzantine_share": (0,), "hit_and_run_nodes": (0,), "bribe": (0,),
    }  # fmt: skip
    _require(scenario, **needed)


def _require(scenario: Scenario, **needed: tuple[Any, ...]) -> None:
    for name, values in needed.items():
        given = getattr(scenario, name)
        allowed = " or ".join(repr(value) for value in values)
        require(given in values, name, repr(given), f"the closed form of deterrence needs {allowed}")
