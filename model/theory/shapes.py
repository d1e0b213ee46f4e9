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
