"""Inequality of the usual laws of wealth: Gini coefficient and Theil index (nats) of an infinite population.

Source: Kleiber and Kotz 2003, Statistical Size Distributions in Economics and Actuarial Sciences, chapters 3 and 4. The
indices of a vector of holdings are in `model.decentralization`.
"""

import numpy as np
from scipy.special import erf

from model.theory.conditions import Quantity, require, require_positive


def gini_pareto(index: Quantity) -> Quantity:
    """Return the Gini coefficient of a Pareto law, `1 / (2 a - 1)`. Condition: a > 1, or the mean is infinite."""
    _require_mean(index)
    return 1.0 / (2.0 * index - 1.0)


def theil_pareto(index: Quantity) -> Quantity:
    """Return the Theil index of a Pareto law, `ln((a - 1) / a) + 1 / (a - 1)`. Condition: a > 1."""
    _require_mean(index)
    return np.log1p(-1.0 / index) + 1.0 / (index - 1.0)


def gini_lognormal(sigma: Quantity) -> Quantity:
    """Return the Gini coefficient of a lognormal law, `erf(sigma / 2)`, sigma the standard deviation of logs."""
    require_positive(sigma=sigma)
    return erf(sigma / 2.0)


def theil_lognormal(sigma: Quantity) -> Quantity:
    """Return the Theil index of a lognormal law, `sigma^2 / 2`."""
    require_positive(sigma=sigma)
    return sigma**2 / 2.0


def gini_exponential() -> float:
    """Return the Gini coefficient of an exponential law: a half, whatever its mean."""
    return 0.5


def theil_exponential() -> float:
    """Return the Theil index of an exponential law: 1 less Euler's constant, whatever its mean."""
    return float(1.0 - np.euler_gamma)


def _require_mean(index: Quantity) -> None:
    require(np.greater(index, 1.0), "index", index, "above 1: the mean of a Pareto law is infinite below")
