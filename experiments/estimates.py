"""From a table of runs to what it says: means, differences and boundaries, each with a 95 % confidence interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from experiments.errors import ExperimentError
from model.stationarity import ROUNDING

CONFIDENCE = 0.95
Floats = NDArray[np.float64]


def half_width(deviation: Floats, runs: Floats) -> Floats:
    """Return the half-width of the 95 % interval of a mean of `runs` values, given their standard deviation."""
    return _quantile(np.maximum(runs - 1, 1)) * deviation / np.sqrt(runs)


def _quantile(freedom: Floats) -> Floats:
    """Return how many standard errors of so many degrees of freedom are half a confidence interval."""
    return stdtrit(freedom, 0.5 + CONFIDENCE / 2)


def point_means(
    table: pd.DataFrame, axes: Sequence[str], outcomes: Sequence[str], diagnostics: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row per point: the axes, `runs`, and for each outcome its mean and `<outcome>_half_width`.

    If the table has `<outcome>_stationary`, also that: the share of runs that settled. Given `diagnostics` (rows with
    the same `key`, columns `<outcome>_drift` and `<outcome>_deviation`), also `<outcome>_r_hat`, the `split_r_hat` of
    the runs of the point. Runs without the outcome do not count; a point without any has NaN.
    """
    table = pd.DataFrame(table)
    groups = table.groupby(list(axes), sort=True)
    runs = groups[list(outcomes)].count()
    means = groups[list(outcomes)].mean()
    widths = pd.DataFrame({name: half_width(groups[name].std(), runs[name]) for name in outcomes})
    points = means.join(widths.add_suffix("_half_width"))
    points.insert(0, "runs", runs[outcomes[0]])
    for name in outcomes:
        if f"{name}_stationary" in table:
            points[f"{name}_stationary"] = _settled_share(table, axes, name)
    if diagnostics is not None:
        points = points.join(_r_hats(table, axes, outcomes, diagnostics).add_suffix("_r_hat"))
    return points.reset_index()


def _settled_share(table: pd.DataFrame, axes: Sequence[str], outcome: str) -> pd.Series:
    """Return the share of settled runs by point, of those that have the outcome."""
    known = table[table[outcome].notna()]
    return known[f"{outcome}_stationary"].astype(float).groupby([known[axis] for axis in axes]).mean()


def _r_hats(
    table: pd.DataFrame, axes: Sequence[str], outcomes: Sequence[str], diagnostics: pd.DataFrame
) -> pd.DataFrame:
    halves = [f"{name}_{part}" for name in outcomes for part in ("drift", "deviation")]
    runs = table[["key", *axes, *outcomes]].merge(diagnostics[["key", *halves]], on="key", validate="one_to_one")
    groups = runs.groupby(list(axes), sort=True)
    columns = {name: [name, f"{name}_drift", f"{name}_deviation"] for name in outcomes}
    return pd.DataFrame({name: groups[known].apply(_split_r_hat) for name, known in columns.items()})


def _split_r_hat(runs: pd.DataFrame) -> float:
    return split_r_hat(*runs.dropna().to_numpy(float).T)


def split_r_hat(values: Floats, drifts: Floats, deviations: Floats) -> float:
    """Return the potential scale reduction of runs that were each split in halves; 1 if all halves agree, NaN without.

    A run is known by its mean, by how much the mean of its second half exceeds that of its first, and by the standard
    deviation within the halves; (n - 1) / n is taken for 1. Far above 1 runs differ by more than each of them varies:
    each keeps to a level of its own, or is still on its way; infinite if they do not vary at all. Source: Gelman et al.
    2013, "Bayesian Data Analysis", 11.4; Vehtari et al. 2021, doi:10.1214/20-BA1221.
    """
    if len(values) == 0:
        return float("nan")
    between = np.concatenate([values - drifts / 2, values + drifts / 2]).var(ddof=1)
    within = np.mean(np.square(deviations))
    if np.sqrt(between) <= ROUNDING * np.abs(values).max():
        return 1.0
    return float(np.sqrt(1 + between / within)) if within > 0 else float("inf")


def paired(a: pd.DataFrame, b: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return what changes from runs `a` to runs `b` with the same seeds, one row per metric.

    Columns: `runs` (pairs that have the metric), `mean_a`, `mean_b`, `difference` (b less a), its `half_width` (95 %),
    `half_width_unpaired` (Welch's, as if no seed had been common), and `gain`, by what common seeds divide the
    variance of the difference: so many times as many runs would be as sure without.
    Raises ExperimentError if a seed occurs twice in a table, or none in both.
    """
    for table in (a, b):
        repeated = table["seed"][table["seed"].duplicated()]
        if len(repeated):
            raise ExperimentError(f"seed = {repeated.iloc[0]} is twice in a table to compare: give runs of one point")
    first, second = (table.set_index("seed")[list(metrics)].astype(float) for table in (a, b))
    first, second = first.align(second, join="inner", axis=0)
    if first.empty:
        raise ExperimentError("the tables to compare share no seed: run both with the same seed and replicates")
    both = first.notna() & second.notna()
    first, second, change = first[both], second[both], (second - first)[both]
    runs, apart = both.sum(), first.var() + second.var()
    freedom = (runs - 1) * apart**2 / (first.var() ** 2 + second.var() ** 2)
    columns = {
        "runs": runs,
        "mean_a": first.mean(),
        "mean_b": second.mean(),
        "difference": change.mean(),
        "half_width": half_width(change.std(), runs),
        "half_width_unpaired": _quantile(freedom.fillna(runs - 1)) * np.sqrt(apart / runs),
        "gain": apart / change.var(),
    }
    return pd.DataFrame(columns).rename_axis("metric")


def boundary(table: pd.DataFrame, x: str, y: str, outcome: str, level: float) -> pd.DataFrame:
    """Return where along y the mean outcome crosses `level`, for each x: columns x, `level`, y, `low`, `high`, `side`.

    The crossing is interpolated (on the log of y if all y are above zero) and is the last one, seen from the low end.
    Its interval is the jackknife's over replicates, NaN if without some replicate there is no crossing. Where the
    outcome does not cross, y is NaN and `side` says where the level lies: `below` the range of y, or `above` it (else
    `inside`). Runs without the outcome do not count, and an x without any has no row.
    """
    table = table.dropna(subset=[outcome])
    replicates = np.sort(table["replicate"].unique())
    scale, unscale = (np.log, np.exp) if (table[y] > 0).all() else (np.asarray, np.asarray)
    falling = table[y].corr(table[outcome]) < 0
    rows = []
    for place, column in table.groupby(x, sort=True):
        grid = column.pivot_table(index="replicate", columns=y, values=outcome).reindex(replicates)
        where = scale(grid.columns.to_numpy(float))
        values = grid.to_numpy(float) - level
        values = -values if falling else values
        centre, low, high = _jackknife(where, values)
        rows.append({x: place, "level": level, y: unscale(centre), "low": unscale(low), "high": unscale(high),
                     "side": _side(np.nanmean(values, axis=0))})  # fmt: skip
    return pd.DataFrame(rows, columns=[x, "level", y, "low", "high", "side"])


def crossing(where: Floats, excess: Floats) -> float:
    """Return where `excess`, given at increasing `where`, last rises through zero, interpolated; NaN if nowhere."""
    below = np.flatnonzero(excess < 0)
    if below.size == 0 or below[-1] == excess.size - 1:
        return float("nan")
    last = below[-1]
    part = -excess[last] / (excess[last + 1] - excess[last])
    return float(where[last] + part * (where[last + 1] - where[last]))


def _jackknife(where: Floats, values: Floats) -> tuple[float, float, float]:
    centre = crossing(where, np.nanmean(values, axis=0))
    count = len(values)
    if count < 2 or np.isnan(centre):
        return centre, float("nan"), float("nan")
    left_out = np.array([crossing(where, np.nanmean(np.delete(values, k, axis=0), axis=0)) for k in range(count)])
    deviation = np.sqrt((count - 1) * np.mean((left_out - left_out.mean()) ** 2))
    width = float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2) * deviation)
    return centre, centre - width, centre + width


def _side(excess: Floats) -> str:
    if excess[-1] < 0:
        return "above"
    return "inside" if (excess < 0).any() else "below"
