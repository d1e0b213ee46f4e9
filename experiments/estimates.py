"""From a table of runs to what it says: means, differences and boundaries, each with a 95 % confidence interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from experiments.errors import ExperimentError
from model.stationarity import ROUNDING

CONFIDENCE = 0.95

MIXED = 1.1
"""Split R-hat above which runs do not agree; 1.1 is the custom of Gelman and Rubin (1992)."""

Floats = NDArray[np.float64]


def half_width(deviation: Floats, runs: Floats) -> Floats:
    """Return the half-width of the 95 % interval of a mean of `runs` values, given their standard deviation."""
    return _quantile(np.maximum(runs - 1, 1)) * deviation / np.sqrt(runs)


def _quantile(freedom: Floats) -> Floats:
    """Return how many standard errors of so many degrees of freedom are half a confidence interval."""
    return stdtrit(freedom, 0.5 + CONFIDENCE / 2)


def together(runs: Any, intervals: int) -> Any:
    """Return what 95 % half-widths over so many runs are to be multiplied by for so many intervals to hold together.

    In 95 % of cases all of them do (Bonferroni).
    """
    freedom = np.maximum(runs - 1, 1)
    return stdtrit(freedom, 1 - (1 - CONFIDENCE) / 2 / max(1, intervals)) / _quantile(freedom)


def point_means(
    table: pd.DataFrame, axes: Sequence[str], outcomes: Sequence[str], diagnostics: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row per point: the axes, `runs`, and for each outcome its mean and `<outcome>_half_width`.

    If the table has `<outcome>_stationary`, also that: the share of runs that settled. Given `diagnostics` (rows with
    the same `key`, columns `<outcome>_effective`, `_drift` and `_deviation`), also of the runs of the point
    `<outcome>_r_hat` (`split_r_hat`), `_effective` and `_drift` (means), `_drift_half_width`, and `_drift_clear`,
    whether that drift, among those of all points, is `clear`. Runs without the outcome do not count; a point without
    any has NaN.
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
        points = points.join(_agreement(table, axes, outcomes, diagnostics))
    return points.reset_index()


def _settled_share(table: pd.DataFrame, axes: Sequence[str], outcome: str) -> pd.Series:
    """Return the share of settled runs by point, of those that have the outcome."""
    known = table[table[outcome].notna()]
    return known[f"{outcome}_stationary"].astype(float).groupby([known[axis] for axis in axes]).mean()


def _agreement(
    table: pd.DataFrame, axes: Sequence[str], outcomes: Sequence[str], diagnostics: pd.DataFrame
) -> pd.DataFrame:
    """Return by point whether runs agree, each on a level of its own, and all of them on where they go."""
    parts = {name: [f"{name}_{part}" for part in ("effective", "drift", "deviation")] for name in outcomes}
    kept = diagnostics[["key", *sum(parts.values(), [])]]
    runs = table[["key", *axes, *outcomes]].merge(kept, on="key", validate="one_to_one")
    columns: dict[str, pd.Series] = {}
    for name, (effective, drift, deviation) in parts.items():
        runs[parts[name]] = runs[parts[name]].astype(float).where(runs[name].notna())
        groups = runs.groupby(list(axes), sort=True)
        mean, count = groups[drift].mean(), groups[drift].count()
        width = half_width(groups[drift].std(), count)
        columns |= {
            f"{name}_r_hat": groups[[name, drift, deviation]].apply(_split_r_hat),
            effective: groups[effective].mean(),
            drift: mean,
            f"{drift}_half_width": width,
            f"{drift}_clear": clear(mean, width, count),
        }
    return pd.DataFrame(columns)


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


def apart(r_hat: pd.Series, effective: pd.Series) -> pd.Series:
    """Return whether runs keep to levels of their own: R-hat is above `MIXED`, few effective records allowed for.

    At one level the mean of half a run varies by the variance of a record over half the `effective` records of the
    run, which alone makes the square of R-hat 1 + 2 / effective.
    """
    return r_hat**2 - 2 / effective > MIXED**2


def clear(means: pd.Series, half_widths: pd.Series, runs: pd.Series) -> pd.Series:
    """Return which of many means differ from zero beyond chance, given 95 % half-widths over so many runs.

    Of those that are said to, 5 % are expected to do so by chance, and if none differs none is said to in 95 % of
    cases; means may share seeds. What is zero in every run, or has no half-width, is not clear. Source: Benjamini and
    Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    from scipy.stats import false_discovery_control

    freedom = np.maximum(runs - 1, 1)
    chance = 2 * stdtr(freedom, -_quantile(freedom) * means.abs() / half_widths)
    found, known = pd.Series(False, means.index), chance.notna()
    if known.any():
        found[known] = false_discovery_control(chance[known]) <= 1 - CONFIDENCE
    return found


def paired(a: pd.DataFrame, b: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return what changes from runs `a` to runs `b` with the same seeds, one row per metric.

    Columns: `runs` (pairs in which the metric is there, and finite), `mean_a`, `mean_b`, `difference` (b less a), its
    `half_width` (95 %), `half_width_unpaired` (Welch's, as if no seed had been common), and `gain`, by what common
    seeds divide the variance of the difference: so many times as many runs would be as sure without.
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
    both = np.isfinite(first) & np.isfinite(second)
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
    _, unscale = _scales(table[y])
    rows = []
    for place, found, side in _crossings(table, x, y, outcome, level):
        centre, low, high = unscale(_jackknife(found))
        rows.append({x: place, "level": level, y: centre, "low": low, "high": high, "side": side})
    return pd.DataFrame(rows, columns=[x, "level", y, "low", "high", "side"])


def boundary_ratio(table: pd.DataFrame, x: str, y: str, outcome: str, level: float, theory: pd.Series) -> Floats:
    """Return how many times a theory's boundary, given by x, the simulated one is: the ratio and its interval, (3,).

    The ratio is the geometric mean over the places of the theory. They share seeds, so the jackknife leaves a replicate
    out at all of them at once; its interval is NaN if without some replicate there is no crossing at one of them.
    """
    _, unscale = _scales(table[y])
    found = {place: unscale(places) for place, places, _ in _crossings(table, x, y, outcome, level)}
    logs = [np.log(found[place] / expected) for place, expected in theory.items()]
    return np.exp(_jackknife(np.mean(logs, axis=0)))


def _scales(values: pd.Series) -> tuple[Callable[[Any], Floats], Callable[[Any], Floats]]:
    """Return the scale on which to interpolate, and its inverse."""
    return (np.log, np.exp) if (values > 0).all() else (np.asarray, np.asarray)


def _crossings(table: pd.DataFrame, x: str, y: str, outcome: str, level: float) -> Iterator[tuple[Any, Floats, str]]:
    """Yield, for each x, where along the scale of y the level is crossed, by all replicates and then without each."""
    scale, _ = _scales(table[y])
    table = table.dropna(subset=[outcome])
    replicates = np.sort(table["replicate"].unique())
    falling = table[y].corr(table[outcome]) < 0
    for place, column in table.groupby(x, sort=True):
        grid = column.pivot_table(index="replicate", columns=y, values=outcome).reindex(replicates)
        where = scale(grid.columns.to_numpy(float))
        values = grid.to_numpy(float) - level
        values = -values if falling else values
        left_out = [np.delete(values, k, axis=0) for k in range(len(values))] if len(values) > 1 else []
        means = [np.nanmean(some, axis=0) for some in (values, *left_out)]
        yield place, np.array([crossing(where, mean) for mean in means]), _side(means[0])


def crossing(where: Floats, excess: Floats) -> float:
    """Return where `excess`, given at increasing `where`, last rises through zero, interpolated; NaN if nowhere."""
    below = np.flatnonzero(excess < 0)
    if below.size == 0 or below[-1] == excess.size - 1:
        return float("nan")
    last = below[-1]
    part = -excess[last] / (excess[last + 1] - excess[last])
    return float(where[last] + part * (where[last + 1] - where[last]))


def _jackknife(estimates: Floats) -> Floats:
    """Return an estimate and its interval, (3,), from what it is with all replicates and then without each."""
    centre, left_out = estimates[0], estimates[1:]
    count = len(left_out)
    if count < 2:
        return np.array([centre, np.nan, np.nan])
    width = _quantile(np.array(count - 1.0)) * np.sqrt(count - 1) * left_out.std()
    return np.array([centre, centre - width, centre + width])


def _side(excess: Floats) -> str:
    if excess[-1] < 0:
        return "above"
    return "inside" if (excess < 0).any() else "below"
