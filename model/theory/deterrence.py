"""Deterrence: an offence pays when its gain exceeds the expected loss (Becker 1968, doi:10.1086/259394)."""

import numpy as np
from numpy.typing import ArrayLike

from model.theory.shapes import Floats, ValueAbove

NODES = 1024
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
