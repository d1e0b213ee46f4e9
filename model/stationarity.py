"""Whether the later half of a run has settled: how much independent evidence it holds, and whether it still drifts.

The first half of every run is its warm-up and does not count, as in Markov chain Monte Carlo (Gelman et al. 2013,
"Bayesian Data Analysis", 11.4). Where to cut is not read from the run itself (MSER-5; White 1997), because a cut that
is chosen to leave little variance behind leaves rare and dear events out: docs/odd.md, section 7, has the comparison.

What is left has settled if it is worth `LEAST_EFFECTIVE` independent records and its two halves do not differ
materially. A random walk, a trend or a lasting step is worth about five, however many records there are of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

LEAST_EFFECTIVE = 10.0
"""A run that holds fewer independent records of a metric is too short to tell a level from a random walk."""

SIGNIFICANT = 3.0
"""Standard errors, autocorrelation counted, beyond which a drift is hardly chance."""

MATERIAL = 0.5
"""Standard deviations beyond which a drift matters: a split R-hat of the one run of about 1.06."""

CHANCE = 0.01
"""A metric has become undefined for good if the gap at the end would be less probable than this, were it chance."""

ROUNDING = 1e-12
"""Differences smaller than this part of the level are rounding."""


class Verdict(NamedTuple):
    """What is said of M series, (M,) each: two numbers for evidence, two for movement, and the judgement.

    `effective` is the effective sample size, `drift` the mean of the second half less that of the first, `deviation`
    the standard deviation within the halves, in the unit of the series.
    """

    effective: Floats
    drift: Floats
    deviation: Floats
    stationary: Flags


def judge(series: Floats) -> Verdict:
    """Judge series (M, n >= 1), one row each; what is not finite is undefined and counts as no record.

    A series has settled if it has `LEAST_EFFECTIVE` effective records, the drift is not both `SIGNIFICANT` and
    `MATERIAL`, and it has not become undefined for good. Scale and level do not matter. Without two records drift
    and deviation are nan.
    """
    defined = np.isfinite(series)
    count = defined.sum(axis=1)
    values = _from_first(series, defined)
    place = np.arange(series.shape[1])
    first = place < (count // 2)[:, None]
    second = ~first & (place < count[:, None])
    early, late, mean = (_mean(values, part) for part in (first, second, first | second))
    within = np.where(first, values - early, np.where(second, values - late, 0.0))
    around = np.where(first | second, values - mean, 0.0)
    size = effective_size(np.concatenate([around, within]), np.tile(count, 2))
    effective, effective_within = size[: len(series)], size[len(series) :]
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = np.sqrt((within**2).sum(axis=1) / np.maximum(count - 2, 1))
        error = deviation * np.sqrt(count / effective_within * (1 / first.sum(axis=1) + 1 / second.sum(axis=1)))
    drift = (late - early)[:, 0]
    moved = (np.abs(drift) > SIGNIFICANT * error) & (np.abs(drift) > MATERIAL * deviation)
    deviation[np.isnan(drift)] = np.nan
    return Verdict(effective, drift, deviation, (effective >= LEAST_EFFECTIVE) & ~moved & ~_ended(defined))


def effective_size(residuals: Floats, count: Counts) -> Floats:
    """Return how many independent records have a mean as precise as that of `count` autocorrelated ones, at most count.

    `residuals` (M, n) are those from the mean in order of time, zero after the first `count` (M,). The sum of
    autocovariances is Geyer's initial monotone sequence (1992, doi:10.1214/ss/1177011137). A constant counts in full.
    """
    rows, n = residuals.shape
    length = 1 << max(2 * n - 1, 1).bit_length()
    spectrum = np.fft.rfft(residuals, length, axis=1)
    covariance = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, length, axis=1)[:, :n]
    pairs = covariance[:, : n // 2 * 2].reshape(rows, -1, 2).sum(axis=2)
    monotone = np.maximum(np.minimum.accumulate(pairs, axis=1), 0.0)
    variance = covariance[:, 0]
    time = np.divide(2 * monotone.sum(axis=1) - variance, variance, out=np.ones(rows), where=variance > 0)
    return count / np.maximum(time, 1.0)


def _from_first(series: Floats, defined: Flags) -> Floats:
    """Return the defined values of each row moved to its front, less the first of them, and free of rounding noise."""
    order = np.argsort(~defined, axis=1, kind="stable")
    values = np.take_along_axis(np.where(defined, series, 0.0), order, axis=1)
    level = values[:, :1]
    values = values - level
    return np.where(np.abs(values) <= ROUNDING * np.abs(level), 0.0, values)


def _mean(values: Floats, part: Flags) -> Floats:
    total, count = (values * part).sum(axis=1, keepdims=True), part.sum(axis=1, keepdims=True)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _ended(defined: Flags) -> Flags:
    """Return whether the gap at the end is longer than gaps are that come by chance, as often as before it."""
    n = defined.shape[1]
    gap = np.where(defined.any(axis=1), np.argmax(defined[:, ::-1], axis=1), n)
    share = defined.sum(axis=1) / np.maximum(n - gap, 1)
    return (1 - share) ** gap < CHANCE
