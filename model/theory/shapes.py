"""How much lies above a threshold, of all value and of all blocks, for every shape of opportunity.

Thresholds are in mean opportunities. Partial expectations as in Johnson, Kotz and Balakrishnan, Continuous Univariate
Distributions 1, chapters 14 (lognormal), 19 (exponential) and 20 (Pareto).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from model.parameters import Scenario

Floats = NDArray[np.float64]
ValueAbove = Callable[[ArrayLike], Floats]
"""Share of all value that lies in blocks of more than `threshold` times the mean opportunity; falls from 1 to 0."""

BlocksAbove = Callable[[ArrayLike], Floats]
"""Share of all blocks that have more than `threshold` times the mean opportunity; falls from 1 to 0."""


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

    `start` and `end` of the tail are in medians of the body.
    """
    above = _value_above_medians(sigma, weight, index, start, end)
    mean = above(0.0)
    return lambda threshold: above(np.multiply(threshold, mean)) / mean


def constant_survival() -> BlocksAbove:
    """Return the blocks above a threshold when every block has the mean opportunity."""
    return constant_opportunity()


def exponential_survival() -> BlocksAbove:
    """Return the blocks above a threshold for exponential opportunities: `exp(-s)`."""
    return lambda threshold: np.exp(-np.asarray(threshold, float))


def heavy_tailed_survival(sigma: float, weight: float, index: float, start: float, end: float) -> BlocksAbove:
    """Return the blocks above a threshold for the law of `heavy_tailed_opportunity`, same arguments."""
    mean = _value_above_medians(sigma, weight, index, start, end)(0.0)
    inside = ndtr(np.log(start) / sigma)

    def blocks_above(threshold: ArrayLike) -> Floats:
        medians = np.multiply(threshold, mean)
        with np.errstate(divide="ignore"):
            body = 1.0 - ndtr(np.log(np.minimum(medians, start)) / sigma) / inside
        tail = (np.clip(medians, start, end) ** -index - end**-index) / (start**-index - end**-index)
        return (1.0 - weight) * body + weight * tail

    return blocks_above


def opportunity(scenario: Scenario) -> ValueAbove:
    """Return the value above a threshold for a scenario's shape of opportunities."""
    if scenario.opportunity == "constant":
        return constant_opportunity()
    if scenario.opportunity == "exponential":
        return exponential_opportunity()
    return heavy_tailed_opportunity(*_tail(scenario))


def survival(scenario: Scenario) -> BlocksAbove:
    """Return the blocks above a threshold for a scenario's shape of opportunities."""
    if scenario.opportunity == "constant":
        return constant_survival()
    if scenario.opportunity == "exponential":
        return exponential_survival()
    return heavy_tailed_survival(*_tail(scenario))


def _tail(scenario: Scenario) -> tuple[float, float, float, float, float]:
    return (
        scenario.opportunity_sigma, scenario.tail_weight, scenario.tail_index, scenario.tail_start, scenario.tail_end
    )  # fmt: skip


def _value_above_medians(
    sigma: float, weight: float, index: float, start: float, end: float
) -> Callable[[ArrayLike], Floats]:
    """Return the expectation of X beyond a threshold, both in medians of the body."""
    cut = np.log(start) / sigma
    body = (1.0 - weight) * np.exp(0.5 * sigma**2) / ndtr(cut)
    tail = weight * index / (start**-index - end**-index)

    def above(medians: ArrayLike) -> Floats:
        with np.errstate(divide="ignore"):
            score = np.log(np.minimum(medians, start)) / sigma
        inside = np.clip(medians, start, end)
        power = 1.0 - index
        span = np.log(end / inside) if abs(power) < 1e-9 else (end**power - inside**power) / power
        return body * (ndtr(cut - sigma) - ndtr(score - sigma)) + tail * span

    return above
