"""From a table of runs to what it says: means and boundaries, each with a 95 % confidence interval over replicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

CONFIDENCE = 0.95
Floats = NDArray[np.float64]


def half_width(deviation: Floats, runs: Floats) -> Floats:
    """Return the half-width of the 95 % interval of a mean of `runs` values, given their standard deviation."""
    return stdtrit(np.maximum(runs - 1, 1), 0.5 + CONFIDENCE / 2) * deviation / np.sqrt(runs)


def point_means(table: pd.DataFrame, axes: Sequence[str], outcomes: Sequence[str]) -> pd.DataFrame:
    """Return one row per point: the axes, `runs`, and for each outcome its mean and `<outcome>_half_width`.

    Runs without the outcome do not count; a point without any has NaN.
    """
    groups = table.groupby(list(axes), sort=True)[list(outcomes)]
    runs = groups.count()
    means = groups.mean()
    widths = pd.DataFrame({name: half_width(groups.std()[name], runs[name]) for name in outcomes})
    points = means.join(widths.add_suffix("_half_width"))
    points.insert(0, "runs", runs[outcomes[0]])
    return points.reset_index()


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
