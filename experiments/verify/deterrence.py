"""Cases of deterrence: when an offence pays, how often it is committed, and what a conviction costs."""

from __future__ import annotations

from experiments.verify.case import case, grid
from experiments.verify.economies import MEAN_OPPORTUNITY, detection_of, quiet, stake_value, total
from model import theory
from model.history import History

RARELY_CAUGHT = quiet(1_000_000, number_of_rangers=5, sampling_probability=1e-4)
LOTTERY_OF_GAINS = RARELY_CAUGHT.replace(opportunity="exponential", choice="best_response")
WITH_A_SEAT_TO_LOSE = quiet(
    100_000, opportunity="exponential", choice="best_response", number_of_rangers=1, sampling_probability=1e-6,
    clawback=1.0, reward_per_block=10.0, planning_horizon=100.0, slash_fraction=0.0,
)  # fmt: skip
SLASHED_LITTLE = quiet(20_000, byzantine_share=1.0, token_price=1e6, slash_fraction=1e-9, number_of_rangers=3)
WITH_A_POOL = quiet(
    2_000, token_supply=1e10, number_of_delegators=50, delegated_wealth=1e-3, attention=0.0, number_of_rangers=1,
    sampling_probability=1.0,
)  # fmt: skip


def _loss(h: History) -> float:
    s = h.scenario
    return s.enforcement * s.slash_fraction * stake_value(h)


@case(
    RARELY_CAUGHT,
    grid(
        "opportunity slash_fraction sequencer_precision",
        ("heavy_tailed", 0.2, 4.0), ("exponential", 0.6, 2.0), ("heavy_tailed", 0.8, 1.0), ("exponential", 0.1, 8.0),
        ("heavy_tailed", 2e-2, 2.0),
    ),
    lambda h: total(h, "stolen") / total(h, "opportunity"),
)  # fmt: skip
def stolen_value(h: History) -> float:
    """Under the log-logit rule the value taken is the mean of value_above(s), s log-logistic around tau."""
    s = h.scenario
    reservation = theory.reservation_value(detection_of(s), _loss(h), 1.0)
    relative = reservation / MEAN_OPPORTUNITY
    return float(theory.offence_share_by_value(relative, s.sequencer_precision, theory.opportunity(s)))


@case(
    quiet(20_000, number_of_rangers=5, sampling_probability=1e-4),
    grid(
        "choice slash_fraction sequencer_precision clawback",
        ("luce", 0.19, 4.0, 0.0), ("logit", 0.19, 0.05, 0.0), ("luce", 0.22, 10.0, 1.0), ("logit", 0.22, 0.1, 0.5),
        ("luce", 0.1, 1.0, 0.5), ("logit", 0.1, 0.01, 0.0),
    ),
    lambda h: total(h, "offending_blocks") / total(h, "blocks_made"),
)  # fmt: skip
def offence_odds(h: History) -> float:
    """Of a gain and an expected loss luce raises the ratio to the precision, and logit exponentiates the difference."""
    s = h.scenario
    found = detection_of(s)
    gain = MEAN_OPPORTUNITY * (1.0 - found * s.clawback)
    return float(theory.willingness(gain, found * _loss(h), s.sequencer_precision, s.choice))


@case(
    LOTTERY_OF_GAINS,
    grid(
        "slash_fraction sampling_probability clawback",
        (0.2, 1e-4, 0.0), (1e-3, 0.05, 1.0), (0.6, 1e-4, 0.0), (5e-4, 0.1, 0.5), (0.02, 2e-3, 1.0),
    ),
    lambda h: total(h, "offending_blocks") / total(h, "blocks_made"),
)  # fmt: skip
def best_response(h: History) -> float:
    """Who best responds to exponential gains deviates with probability exp(-g*/mu), g* = q L / (1 - q r)."""
    s = h.scenario
    deterred = theory.deterred_gain(detection_of(s), _loss(h), 0.0, s.clawback)
    return float(theory.survival(s)(deterred / MEAN_OPPORTUNITY))


@case(
    WITH_A_SEAT_TO_LOSE,
    grid(
        "expel jail_epochs slash_fraction sampling_probability",
        (True, 0, 0.0, 1e-6), (False, 50, 0.9, 1e-6), (True, 7, 0.99, 5e-7), (False, 150, 0.0, 2e-6),
        (False, 7, 0.5, 1e-5),
    ),
    lambda h: total(h, "offending_blocks") / total(h, "blocks_made"),
)  # fmt: skip
def franchise(h: History) -> float:
    """Income lost with the seat deters like a slash: g* = q/(1-q) (L + m R), over the horizon if expelled, or jail."""
    s = h.scenario
    epochs = s.planning_horizon if s.expel else min(s.jail_epochs, s.planning_horizon)
    blocks = epochs * s.blocks_per_epoch
    deterred = theory.deterred_gain_repeated(detection_of(s), _loss(h), s.reward_per_block, 1.0, blocks)
    return float(theory.survival(s)(deterred / MEAN_OPPORTUNITY))


@case(
    SLASHED_LITTLE,
    grid(
        "sampling_probability token_price clawback enforcement",
        (0.02, 1e6, 0.0, 1.0), (0.05, 2e6, 1.0, 0.5), (0.1, 2e5, 0.5, 1.0), (0.01, 5e6, 1.0, 0.6),
        (0.3, 1e5, 0.0, 0.9),
    ),
    lambda h: total(h, "sequencer_usd") / total(h, "blocks_made"),
    effect=lambda h: MEAN_OPPORTUNITY,
)  # fmt: skip
def payoff(h: History) -> float:
    """An offence of gain g pays (1 - q r)(g - g*) on average: nothing at the gain that is just deterred."""
    s = h.scenario
    found = detection_of(s)
    deterred = float(theory.deterred_gain(found, _loss(h), 0.0, s.clawback))
    return (1.0 - found * s.clawback) * (MEAN_OPPORTUNITY - deterred)


def _stake(h: History, row: int) -> float:
    return float((h.path("sequencers", "self_stake") + h.path("sequencers", "pool"))[row].sum())


@case(
    WITH_A_POOL.replace(byzantine_share=1.0, jail_epochs=1),
    grid(
        "slash_fraction slash_multiplier_reorder initial_delegation",
        (0.05, 1.0, 1.0), (0.01, 10.0, 0.0), (0.3, 5.0, 0.6), (0.002, 1.0, 0.3), (0.2, 2.0, 1.0),
    ),
    lambda h: _stake(h, 0) - _stake(h, -1),
    tolerance=1e-9,
)  # fmt: skip
def slash_base(h: History) -> float:
    """One conviction takes the slash fraction, at most all, of own and delegated stake."""
    s = h.scenario
    return min(1.0, s.slash_fraction * s.slash_multiplier_reorder) * _stake(h, 0)


@case(
    WITH_A_POOL.replace(initial_delegation=1.0, mev_bps=0.0),
    grid(
        "stake_alignment enforcement clawback slash_fraction sampling_probability",
        (0.0, 1.0, 0.0, 0.05, 0.1), (1.0, 0.8, 0.5, 0.01, 0.3), (0.5, 0.5, 1.0, 0.1, 0.02), (0.1, 1.0, 1.0, 0.3, 0.9),
        (1.0, 0.2, 0.2, 1e-3, 0.5),
    ),
    lambda h: float(h.stock("sequencers", "reservation")[-1, 0, 0]),
    tolerance=1e-12,
)  # fmt: skip
def reservation_value(h: History) -> float:
    """Minding a part k of its pool's losses: q C / (G (1 - q r) - h), C = enforcement f (own + k pool)."""
    s = h.scenario
    minded = h.path("sequencers", "self_stake")[0, 0] + s.stake_alignment * h.path("sequencers", "pool")[0, 0]
    cost = s.enforcement * s.slash_fraction * minded * s.token_price
    return float(theory.reservation_value(detection_of(s), cost, s.gain_reorder, s.clawback, s.honest_capture))
