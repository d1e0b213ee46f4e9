"""Figures, one question each, drawn from tables alone. Every figure comes with the data it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_LINES = 6
COLOURS = "cividis"
SIMULATED = "#FFFFFF"
THEORY = "#D55E00"
LINE = "#0072B2"
VERDICTS = {"better": LINE, "worse": THEORY, "neither, or not clear": "#777777"}
RESOLUTION = 150


def phase_map(
    table: pd.DataFrame,
    x: str,
    y: str,
    outcome: str | Sequence[str],
    *,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
    boundary: pd.DataFrame | None = None,
    theory: pd.DataFrame | None = None,
) -> Figure:
    """Draw a heat map with iso-lines over (x, y), one panel per outcome; rows of the same point are averaged.

    Iso-lines keep to what is known: two half-widths apart and from the extremes, if there is `<outcome>_half_width`.
    `boundary` (as from `estimates.boundary`) is drawn over the first outcome with its confidence band, and `theory`
    (x, `level`, y) over it. `labels` give column names with units.
    """
    outcomes = [outcome] if isinstance(outcome, str) else list(outcome)
    figure, panels = _panels(len(outcomes), title, caption)
    for panel, name in zip(panels, outcomes, strict=True):
        drawn_anyway = boundary["level"].iloc[0] if boundary is not None and name == outcomes[0] else None
        mesh = _heat_map(panel, table, x, y, name, drawn_anyway)
        panel.set(xlabel=named(labels, x), ylabel=named(labels, y))
        figure.colorbar(mesh, ax=panel, label=named(labels, name))
    if boundary is not None:
        _draw_boundary(panels[0], boundary, x, y)
    if theory is not None:
        _draw_theory(panels[0], theory, x, y)
    if boundary is not None or theory is not None:
        panels[0].legend(loc="lower left", framealpha=0.9, fontsize=8, facecolor="#DDDDDD")
    return figure


def curve(
    points: pd.DataFrame,
    x: str,
    outcome: str | Sequence[str],
    *,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw each outcome against x with its 95 % interval; `points` as from `estimates.point_means`."""
    outcomes = [outcome] if isinstance(outcome, str) else list(outcome)
    figure, panels = _panels(len(outcomes), title, caption)
    for panel, name in zip(panels, outcomes, strict=True):
        width = points[f"{name}_half_width"].fillna(0.0)
        panel.plot(points[x], points[name], color=LINE, marker="o", markersize=3)
        panel.fill_between(points[x], points[name] - width, points[name] + width, color=LINE, alpha=0.25, linewidth=0)
        panel.set(xlabel=named(labels, x), ylabel=named(labels, name), xscale=scale_of(points[x]))
    return figure


def differences(table: pd.DataFrame, better: Mapping[str, str], *, title: str = "", caption: str = "") -> Figure:
    """Draw paired differences as parts of the larger mean, a row per metric, coloured by what is better, if clear.

    `table` as from `compare`: columns mean_a, mean_b, difference, half_width, half_width_unpaired, clear; its index are
    the metrics, for each of which `better` says higher, lower or neither.
    """
    figure, (panel,) = _panels(1, title, caption)
    figure.set_size_inches(8.4, 2.2 + 0.28 * len(table))
    for place, (name, row) in enumerate(table.iloc[::-1].iterrows()):
        size = max(abs(row["mean_a"]), abs(row["mean_b"])) or 1.0
        centre, colour = row["difference"] / size, _verdict(row, better[str(name)])
        for width, line in ((row["half_width_unpaired"] / size, 1.0), (row["half_width"] / size, 5.0)):
            panel.plot([centre - width, centre + width], [place, place], color=colour, linewidth=line, alpha=0.6)
        panel.plot(centre, place, marker="o", color=colour, markersize=4)
        panel.annotate(
            f"{row['mean_a']:.4g} \N{RIGHTWARDS ARROW} {row['mean_b']:.4g}", (1.01, place),
            xycoords=("axes fraction", "data"), va="center", fontsize=8,
        )  # fmt: skip
    panel.axvline(0, color="black", linewidth=0.8)
    panel.set_yticks(range(len(table)), [named(None, str(name)) for name in table.index[::-1]], fontsize=8)
    panel.set(xlabel="Difference (share of the larger mean)", ylim=(-0.7, len(table) - 0.3))
    for word, colour in VERDICTS.items():
        panel.plot([], [], color=colour, linewidth=4, label=word)
    panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(VERDICTS), frameon=False, fontsize=8)
    return figure


def _verdict(row: pd.Series, better: str) -> str:
    good, bad, neither = VERDICTS.values()
    if better == "neither" or not row["clear"]:
        return neither
    return good if (row["difference"] > 0) == (better == "higher") else bad


def save(figure: Figure, path: Path, data: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write a figure as PNG and each table of its data beside it as `<stem><suffix>.csv`; return the paths."""
    paths = [files.write(path, lambda partial: figure.savefig(partial, dpi=RESOLUTION))]
    for suffix, table in data.items():
        paths.append(files.write_table(path.with_name(f"{path.stem}{suffix}.csv"), table))
    return paths


def share_levels(values: Any) -> list[float]:
    """Return the iso-levels that an outcome in [0, 1] is drawn with, those between its extremes."""
    return [level for level in SHARES if values.min() < level < values.max()]


def canvas(width: float, height: float, title: str, caption: str) -> Figure:
    """Return an empty figure of a size in inches, to be drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=14, fontweight="bold")
    if caption:
        figure.supxlabel(caption, fontsize=8.5, color="#444444")
    return figure


def _panels(count: int, title: str, caption: str) -> tuple[Figure, list[Axes]]:
    figure = canvas(6.4 * count, 5.8, title, caption)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _heat_map(panel: Axes, table: pd.DataFrame, x: str, y: str, outcome: str, skip: float | None) -> QuadMesh:
    grid = table.pivot_table(index=y, columns=x, values=outcome, dropna=False)
    across, up = grid.columns.to_numpy(float), grid.index.to_numpy(float)
    values = np.ma.masked_invalid(grid.to_numpy(float))
    width = table.get(f"{outcome}_half_width")
    ends, levels = _levels(values, 0.0 if width is None else float(width.median()))
    sides = _edges(across), _edges(up)
    mesh = panel.pcolormesh(*sides, values, cmap=COLOURS, vmin=ends[0], vmax=ends[1])
    panel.set(xscale=scale_of(across), yscale=scale_of(up), xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]])
    panel.set_facecolor("#BBBBBB")
    shown = [level for level in levels if level != skip]
    if shown and min(values.shape) > 1:
        lines = panel.contour(across, up, values, levels=shown, colors="black", linewidths=0.9)
        panel.clabel(lines, fontsize=8, fmt="%g")
    return mesh


def _levels(values: np.ma.MaskedArray[Any, Any], known: float) -> tuple[tuple[float, float], list[float]]:
    """Return the ends of the colour scale and the iso-levels between, for values known to within a half-width."""
    if values.count() == 0:
        return (0.0, 1.0), []
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return (0.0, 1.0), share_levels(values)
    least = max((high - low) / MOST_LINES, 2 * known) or max(1.0, abs(high)) / MOST_LINES
    power = 10.0 ** np.floor(np.log10(least))
    step = power * next(factor for factor in STEPS if factor * power >= least * (1 - 1e-12))
    ticks = np.arange(np.floor(low / step), np.floor(high / step) + 2) * step
    return (ticks[0], ticks[-1]), [level for level in ticks if low + 2 * known < level < high - 2 * known]


def _draw_boundary(panel: Axes, boundary: pd.DataFrame, x: str, y: str) -> None:
    from matplotlib.patheffects import withStroke

    level = boundary["level"].iloc[0]
    panel.fill_between(
        boundary[x], boundary["low"], boundary["high"], color=SIMULATED, alpha=0.5, label="95 % interval"
    )
    panel.plot(
        boundary[x], boundary[y], color=SIMULATED, linewidth=2.5, label=f"simulated, level {level:g}",
        path_effects=[withStroke(linewidth=4.5, foreground="black")],
    )  # fmt: skip


def _draw_theory(panel: Axes, theory: pd.DataFrame, x: str, y: str) -> None:
    for number, (_, line) in enumerate(theory.groupby("level")):
        label = "closed form" if number == 0 else None
        panel.plot(line[x], line[y], color=THEORY, linewidth=2.0, linestyle="--", label=label)


def named(labels: Mapping[str, str] | None, name: str) -> str:
    """Return what an axis is called: its label, or its name in words."""
    return (labels or {}).get(name, name.replace("_", " ").capitalize())


def scale_of(values: Any) -> str:
    """Return "log" where values are above zero and span a factor of twenty or more."""
    return "log" if min(values) > 0 and max(values) >= 20 * min(values) else "linear"


def _edges(centres: np.ndarray) -> np.ndarray:
    """Return the edges (n + 1,) of cells around n increasing centres, midway on their scale."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    places = np.log(centres) if scale_of(centres) == "log" else centres
    middle = (places[1:] + places[:-1]) / 2
    edges = np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])
    return np.exp(edges) if scale_of(centres) == "log" else edges
