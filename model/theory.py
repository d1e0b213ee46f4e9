"""Closed forms that the model is checked against: each a pure function with its source and its conditions.

Deterrence: an offence pays when its gain exceeds the expected loss (Becker 1968, doi:10.1086/259394). The gain is a
random opportunity of known shape, the choice is log-logit, and so the share of value that is taken is an integral.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from model.parameters import Scenario
from model.parameters.rules import by_offence

Floats = NDArray[np.float64]
ValueAbove = Callable[[ArrayLike], Floats]
"""Share of all value that lies in blocks of more than `threshold` times the mean opportunity; falls from 1 to 0."""

NODES = 1024
BISECTIONS = 40
LOG_RANGE = 600.0
"""Thresholds are kept within exp(-600) and exp(600) of the mean, where value_above is 1 and 0."""


def detection_probability(sampling: ArrayLike, evidence: ArrayLike, rangers: int, diligence: ArrayLike = 1.0) -> Floats:
    """Return the probability `1 - (1 - sampling diligence evidence)^rangers` that somebody finds an offence.

    Condition: Rangers sample and find independently, with one diligence (one common draw would give its base instead).
    """
    return 1.0 - (1.0 - np.multiply(np.multiply(sampling, diligence), evidence)) ** rangers


def reservation_value(detection: ArrayLike, cost: ArrayLike, gain: ArrayLike, clawback: float = 0.0) -> Floats:
    """Return the opportunity (USD) at which an offence just pays: `q C / (G (1 - q clawback))`, infinite if never.

    `cost` C (USD) is what a finding costs on average, `gain` G the gain per dollar of opportunity over honest ordering.
    Condition: risk neutrality. Best response offends above it: with G = 1, no clawback, honest iff g <= q (L + R).
    """
    kept = np.asarray(gain, float) * (1.0 - np.multiply(detection, clawback))
    loss = np.multiply(detection, cost)
    return np.divide(loss, kept, out=np.full(np.broadcast(loss, kept).shape, np.inf), where=kept > 0)


def combined_reservation(reservation: ArrayLike, precision: float) -> Floats:
    """Return the one reservation value that tempts as much as all along the last axis: `(sum tau^-p)^(-1/p)`.

    Under the log-logit rule the odds of offence a are `(v / tau_a)^p`, so odds add and stay a power of v.
    """
    with np.errstate(divide="ignore"):
        logs = -precision * np.log(np.asarray(reservation, float))
    top = logs.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        total = np.squeeze(top, -1) + np.log(np.exp(logs - top).sum(axis=-1))
    return np.exp(-np.where(np.isfinite(top[..., 0]), total, top[..., 0]) / precision)


def offence_share_by_value(reservation: ArrayLike, precision: float, value_above: ValueAbove) -> Floats:
    """Return the share of value in offended blocks when odds of offending are `(x / reservation)^precision`.

    `reservation` is in mean opportunities. The log-logit probability is the distribution function of a log-logistic
    variate s around the reservation value, hence `E[x P(x)] = E[value_above(s)]`, taken over s by the midpoint rule on
    its quantiles: the error is at most 1/2048, whatever the shape, because value_above falls from 1 to 0.
    As precision grows the share tends to value_above(reservation): the best response.
    """
    quantiles = (np.arange(NODES) + 0.5) / NODES
    logistic = np.log(quantiles / (1.0 - quantiles)) / precision
    with np.errstate(divide="ignore"):
        logs = np.add.outer(np.log(np.asarray(reservation, float)), logistic)
    thresholds = np.exp(np.clip(logs, -LOG_RANGE, LOG_RANGE))
    return value_above(thresholds).mean(axis=-1)


def constant_opportunity() -> ValueAbove:
    """Return the value above a threshold when every block has the mean opportunity."""
    return lambda threshold: np.where(np.asarray(threshold) < 1.0, 1.0, 0.0)


def exponential_opportunity() -> ValueAbove:
    """Return the value above a threshold for exponential opportunities: `(1 + s) exp(-s)`."""

    def value_above(threshold: ArrayLike) -> Floats:
        bounded = np.minimum(threshold, 800.0)
        return (1.0 + bounded) * np.exp(-bounded)

    return value_above


def heavy_tailed_opportunity(sigma: float, weight: float, index: float, start: float, end: float) -> ValueAbove:
    """Return the value above a threshold for a truncated lognormal body and a truncated Pareto tail of a given weight.

    `start` and `end` of the tail are in medians of the body. Partial expectations as in Johnson, Kotz & Balakrishnan,
    Continuous Univariate Distributions 1, chapters 14 and 20.
    """
    cut = np.log(start) / sigma
    body = (1.0 - weight) * np.exp(0.5 * sigma**2) / ndtr(cut)
    tail = weight * index / (start**-index - end**-index)

    def above(medians: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            score = np.log(np.minimum(medians, start)) / sigma
        inside = np.clip(medians, start, end)
        power = 1.0 - index
        span = np.log(end / inside) if abs(power) < 1e-9 else (end**power - inside**power) / power
        return body * (ndtr(cut - sigma) - ndtr(score - sigma)) + tail * span

    mean = above(np.zeros(()))
    return lambda threshold: above(np.multiply(threshold, mean)) / mean


def opportunity(scenario: Scenario) -> ValueAbove:
    """Return the value above a threshold for a scenario's shape of opportunities."""
    if scenario.opportunity == "constant":
        return constant_opportunity()
    if scenario.opportunity == "exponential":
        return exponential_opportunity()
    return heavy_tailed_opportunity(
        scenario.opportunity_sigma, scenario.tail_weight, scenario.tail_index, scenario.tail_start, scenario.tail_end
    )


def honesty_by_value(scenario: Scenario) -> float:
    """Return the share of value that rational sequencers leave alone in the first epoch, expected.

    Assumes: Rangers check all that is assigned to them, and sequencers know it; own stakes are the quantiles of their
    law (or the scenario's stakes) with empty wallets, pools and skills equal, commissions mid-range; income is that
    of honest ordering; offenders are not incapacitated by jail, nor stripped of what they have to lose. Within a run
    all of these move. Raises ValueError, naming the condition, outside verification by Rangers, slashing, and calm
    markets.
    """
    _require_conditions(scenario)
    own, pool = _stakes(scenario)
    weights = _selection_weights(scenario, own, pool)
    share = weights / weights.sum()
    cost = _conviction_cost(scenario, own, pool, share)
    evidence, gain = by_offence(scenario, "evidence"), by_offence(scenario, "gain") * by_offence(scenario, "exposure")
    detection = detection_probability(scenario.sampling_probability, evidence, scenario.number_of_rangers)
    net_gain = np.maximum(gain - scenario.honest_capture, 0.0)
    reservation = reservation_value(detection, cost, net_gain, scenario.clawback)
    threshold = combined_reservation(reservation, scenario.sequencer_precision) / mean_opportunity(scenario)
    offended = offence_share_by_value(threshold, scenario.sequencer_precision, opportunity(scenario))
    return float(1.0 - share @ offended)


def deterrence_boundary(scenario: Scenario, level: float = 0.5) -> float:
    """Return the slash fraction at which honesty by value, as `honesty_by_value` has it, reaches a level.

    0 if it is reached without any slash, infinite if not even the whole stake suffices. Found by bisection on the log
    of the fraction; honesty rises with the slash. Raises ValueError outside the conditions of honesty_by_value.
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
    """Return the mean opportunity of a block at the start, in USD."""
    return _daily(scenario) * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch


def expected_income(scenario: Scenario, share: ArrayLike, counted: ArrayLike, own: ArrayLike = 1.0) -> Floats:
    """Return the income (USD per epoch) of honest ordering with a share of blocks and a counted stake in tokens.

    `own` is the part of the emission that is the node's own: its stake's, and its commission on the pool's.
    """
    volume = _daily(scenario)
    posted = scenario.batch_cost_fixed + scenario.batch_cost_per_transaction * volume / scenario.volume_per_transaction
    net = volume * scenario.fee_bps * 1e-4 - posted
    fees = net * (1.0 - scenario.protocol_fee_share) if net > 0 else net
    kept = scenario.honest_capture * volume * scenario.mev_bps * 1e-4
    if scenario.reward_rule == "per_block":
        emitted = np.multiply(share, scenario.blocks_per_epoch * scenario.reward_per_block)
    else:
        emitted = np.multiply(counted, scenario.target_rate / scenario.epochs_per_year)
    return np.asarray(emitted * np.asarray(own) * scenario.token_price + np.multiply(share, fees + kept), float)


def _daily(scenario: Scenario) -> float:
    return scenario.daily_volume_usd * 365.0 / scenario.epochs_per_year


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
    return {"stake": counted, "sqrt_stake": np.sqrt(counted), "equal": np.ones_like(counted)}[scenario.selection]


def _conviction_cost(scenario: Scenario, own: Floats, pool: Floats, share: Floats) -> Floats:
    """Return what a conviction costs each sequencer by offence, (S, OFFENCES) in USD: slash and lost franchise."""
    slash = np.minimum(1.0, scenario.slash_fraction * by_offence(scenario, "slash_multiplier"))
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
    needed = {"verification": "rangers", "sanction": "slash", "storm_share": 0, "honest_share": 0, "byzantine_share": 0}
    for name, value in needed.items():
        if getattr(scenario, name) != value:
            raise ValueError(f"{name} = {getattr(scenario, name)!r}: the closed form of deterrence needs {value!r}")
