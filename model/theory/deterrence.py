"""Deterrence: an offence pays when its gain exceeds the expected loss (Becker 1968, doi:10.1086/259394).

Block by block a sequencer earns `reward` R by honest ordering. It may deviate for `gain` g; if found out, with
probability q (`detection`), it loses `loss` L, the reward, and the part `returned` of the gain. Money in any one unit;
sequencers are risk neutral and know q. The formulas are derived here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.shapes import BlocksAbove, Floats, ValueAbove

NODES = 1024
LOG_RANGE = 600.0
"""Thresholds are kept within exp(-600) and exp(600) of the mean, where value_above is 1 and 0."""


class RandomGain(NamedTuple):
    """The policy of a sequencer who sees each block's random gain before it acts; arrays as given."""

    value: Quantity
    """What it expects to earn from now on."""

    threshold: Quantity
    """It deviates when the gain is larger."""

    offending: Quantity
    """Probability that it is."""


def detection_probability(sampling: ArrayLike, evidence: ArrayLike, rangers: int, diligence: ArrayLike = 1.0) -> Floats:
    """Return the probability `1 - (1 - sampling diligence evidence)^rangers` that somebody finds an offence.

    Condition: Rangers sample and find independently, with one diligence (one common draw would give its base instead).
    """
    return 1.0 - (1.0 - np.multiply(np.multiply(sampling, diligence), evidence)) ** rangers


def reservation_value(
    detection: ArrayLike, cost: ArrayLike, gain: ArrayLike, clawback: ArrayLike = 0.0, honest: ArrayLike = 0.0
) -> Floats:
    """Return the opportunity (USD) at which an offence just pays: `q C / (G (1 - q clawback) - h)`, infinite if never.

    `cost` C (USD) is what a finding costs on average, `gain` G the gain and `honest` h what honest ordering earns, both
    per dollar of opportunity; what is taken back is of the gain.
    Condition: risk neutrality. Best response offends above it: with G = 1, no clawback, honest iff g <= q (L + R).
    """
    kept = np.subtract(np.multiply(gain, 1.0 - np.multiply(detection, clawback)), honest)
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
    return _mean_above(reservation, precision, value_above)


def offence_share_by_blocks(reservation: ArrayLike, precision: float, blocks_above: BlocksAbove) -> Floats:
    """Return the share of blocks that are offended, under the choice of `offence_share_by_value`."""
    return _mean_above(reservation, precision, blocks_above)


def deterred_gain(detection: Quantity, loss: Quantity, reward: Quantity, returned: Quantity = 0.0) -> Quantity:
    """Return the largest gain that does not pay: `q (L + R) / (1 - q r)`, infinite if all is found out and returned.

    r = 0: the gain is kept even when found out (MEV that cannot be undone); r = 1: it is reversed.
    """
    require_share(detection=detection, returned=returned)
    require_non_negative(loss=loss, reward=reward)
    return reservation_value(detection, loss + reward, 1.0, returned)[()]


def required_detection(gain: Quantity, loss: Quantity, reward: Quantity, returned: Quantity = 1.0) -> Quantity:
    """Return the detection that deters a gain: `g / (r g + L + R)`.

    Condition: g (1 - r) <= L + R, or the gain pays even if it is surely found out.
    """
    require_positive(gain=gain)
    require_non_negative(loss=loss, reward=reward)
    require_share(returned=returned)
    at_risk = returned * gain + loss + reward
    require(np.less_equal(gain, at_risk), "gain", gain, "pays even if surely found out; raise loss or returned")
    return gain / at_risk


def required_sampling(gain: Quantity, loss: Quantity, reward: Quantity, rangers: Quantity) -> Quantity:
    """Return the sampling probability of each of n Rangers that deters a gain (reversed if found): `1 - (1 - q)^(1/n)`.

    Condition: Rangers sample independently, and find what they look at.
    """
    require_count(rangers=rangers)
    return -np.expm1(np.log1p(-required_detection(gain, loss, reward)) / rangers)


def required_stake(gain: Quantity, detection: Quantity, slash: Quantity, reward: Quantity) -> Quantity:
    """Return the stake that deters a gain (reversed if found) when a share `slash` of it is lost: at least 0.

    `((1 - q) g / q - R) / slash`, infinite if nothing is ever found out.
    """
    require_positive(gain=gain, slash=slash)
    require_non_negative(reward=reward)
    require_share(detection=detection, slash=slash)
    with np.errstate(divide="ignore"):
        loss = np.divide((1.0 - detection) * gain, detection)
    return np.maximum(0.0, loss - reward) / slash


def deterred_gain_repeated(
    detection: Quantity, loss: Quantity, reward: Quantity, discount: Quantity, blocks: Quantity = np.inf
) -> Quantity:
    """Return the largest gain that does not pay when detection ends the game, and with it all future reward.

    `q / (1 - q) (L + R (1 - delta^m) / (1 - delta))`, gain reversed, with m `blocks` to go, this one included, and
    `discount` delta per block; stake that is not slashed comes back and is no loss. With m infinite the same gain may
    be on offer in every block (one-shot deviation principle); with m finite in this block alone: if it will be there
    again see `deterred_gain_before_exit`. Conditions: delta < 1 if m is infinite; no way back in.
    """
    _require_repeated(detection, loss, reward, discount, blocks)
    endless = np.less(discount, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rewards = np.where(endless, np.divide(1.0 - discount**blocks, 1.0 - discount), blocks)
    return deterred_gain(detection, loss, reward * rewards, returned=1.0)


def deterred_gain_before_exit(
    detection: Quantity, loss: Quantity, reward: Quantity, discount: Quantity, blocks: Quantity
) -> Quantity:
    """Return the largest gain that does not pay with m blocks to go if it is on offer in each of them.

    `q / (1 - q) (L + R (1 - rho^m) / (1 - delta + q delta rho^(m-1)))`, rho = delta (1 - q). Deterrence unravels from
    the end: a gain between `deterred_gain` (m = 1) and `deterred_gain_repeated` (m infinite) is taken from some block
    on, and as sequencers look forward to that, they are deterred longer than by rewards alone. Conditions as there.
    """
    _require_repeated(detection, loss, reward, discount, blocks)
    survival = discount * np.subtract(1.0, detection)
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = 1.0 - discount + detection * discount * survival ** np.subtract(blocks, 1.0)
        rewards = np.where(ahead > 0.0, np.divide(1.0 - survival**blocks, ahead), blocks)
    return deterred_gain(detection, loss, reward * rewards, returned=1.0)


def random_gain(
    detection: Quantity, loss: Quantity, reward: Quantity, discount: Quantity, mean_gain: Quantity
) -> RandomGain:
    """Return the best policy when each block's gain is exponential with mean mu, and detection ends the game.

    It deviates above `g* = q / (1 - q) (L + R + delta V)`, where `V = (R + (1 - q) mu exp(-g*/mu)) / (1 - delta)`: hope
    for gains to come deters too. Solved by `g* = g0 + mu W(q delta / (1 - delta) exp(-g0 / mu))`, with g0 the
    `deterred_gain_repeated` and W the Lambert function. Conditions: 0 <= q < 1, 0 <= delta < 1, gains independent,
    reversed when found out.
    """
    require_share(detection=detection, discount=discount)
    require(np.less(detection, 1.0), "detection", detection, "below 1, or nobody ever deviates")
    require(np.less(discount, 1.0), "discount", discount, "below 1, or the future is worth infinitely much")
    require_positive(mean_gain=mean_gain)
    without = deterred_gain_repeated(detection, loss, reward, discount)
    patience = detection * discount / (1.0 - discount)
    threshold = without + mean_gain * lambertw(patience * np.exp(-without / mean_gain)).real
    offending = np.exp(-threshold / mean_gain)
    value = (reward + (1.0 - detection) * mean_gain * offending) / (1.0 - discount)
    return RandomGain(value, threshold, offending)


def required_unbonding(detection: Quantity, required: Quantity, hazard: Quantity) -> Quantity:
    """Return for how many blocks stake must stay slashable when evidence takes time: `ln(1 - q*/q) / ln(1 - h)`.

    Deviations that will be found out at all (probability q) come to light with `hazard` h per block, so that within U
    blocks q (1 - (1 - h)^U) are, which must reach `required` q*. Infinite if q <= q*.
    """
    require_share(detection=detection, required=required, hazard=hazard)
    require_positive(required=required, hazard=hazard)
    require(np.less(hazard, 1.0), "hazard", hazard, "below 1, or evidence is there at once and nothing need wait")
    with np.errstate(divide="ignore"):
        missing = np.minimum(1.0, np.divide(required, detection))
        return np.log1p(-missing) / np.log1p(-hazard)


def _require_repeated(
    detection: Quantity, loss: Quantity, reward: Quantity, discount: Quantity, blocks: Quantity
) -> None:
    require_share(detection=detection, discount=discount)
    require_non_negative(loss=loss, reward=reward)
    require_count(blocks=blocks)
    require(np.less(discount, 1.0) | np.isfinite(blocks), "discount", discount, "below 1 if blocks is infinite")


def _mean_above(reservation: ArrayLike, precision: float, above: Callable[[ArrayLike], Floats]) -> Floats:
    quantiles = (np.arange(NODES) + 0.5) / NODES
    logistic = np.log(quantiles / (1.0 - quantiles)) / precision
    with np.errstate(divide="ignore"):
        logs = np.add.outer(np.log(np.asarray(reservation, float)), logistic)
    thresholds = np.exp(np.clip(logs, -LOG_RANGE, LOG_RANGE))
    return above(thresholds).mean(axis=-1)
