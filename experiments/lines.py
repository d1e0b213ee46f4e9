"""Figures of lines: arms over time and along parameters, and loops that a parameter is led through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.plots import canvas, named, scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, told apart by colour-blind readers too."""

STYLES = (":", "--", "-.")
SINGLE_RUNS = 3
"""Single runs drawn beside the mean of all, at most."""

PANEL = (4.2, 3.9)
"""Width and height of a panel over time in inches."""

ALONG_WIDTH = 5.6
"""Width of a panel along a parameter, at least, in inches."""


def arms(
    paths: Mapping[str, pd.DataFrame],
    along: Mapping[str, pd.DataFrame],
    outcomes: Sequence[str],
    *,
    levels: Mapping[str, pd.DataFrame] | None = None,
    curves: Mapping[str, pd.DataFrame] | None = None,
    marks: Mapping[str, Mapping[str, float]] | None = None,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw arms side by side over time, and below, each outcome along each parameter with a line per arm.

    `paths`: arm to its runs as from `paths.paths`. `along`: parameter to points as from `estimates.point_means` with a
    column `arm`. Theory is drawn over both: `levels`, arm to a row per theory (index) and a column per outcome;
    `curves`, parameter to rows with `arm`, `theory`, the parameter and the outcomes; `marks`, parameter to named
    values. Panels over time share their axes, so outcomes are best of one unit.
    """
    panels = len(along) * len(outcomes)
    width = max(PANEL[0] * len(paths), ALONG_WIDTH * panels, 7.0)
    figure = canvas(width, PANEL[1] * (1 + bool(panels)) + 1.0, title, caption)
    rows = figure.subfigures(1 + bool(panels), 1, squeeze=False)[:, 0]
    _over_time(rows[0], paths, outcomes, levels or {}, labels)
    if panels:
        found = iter(rows[1].subplots(1, panels, squeeze=False)[0])
        for parameter, points in along.items():
            for outcome in outcomes:
                panel, drawn = next(found), (curves or {}).get(parameter)
                _along(panel, points, parameter, outcome, drawn, (marks or {}).get(parameter, {}))
                panel.set(xlabel=named(labels, parameter), ylabel=named(labels, outcome))
        _legend(rows[1].axes[0], list(paths))
    return figure


def _legend(panel: Axes, first: Sequence[str]) -> None:
    """Name the lines of a panel, some of them before all others."""
    found = {label: handle for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    order = [*first, *(label for label in found if label not in first)]
    panel.legend([found[label] for label in order], order, fontsize=8, framealpha=0.9)


def _over_time(
    row: SubFigure,
    paths: Mapping[str, pd.DataFrame],
    outcomes: Sequence[str],
    levels: Mapping[str, pd.DataFrame],
    labels: Mapping[str, str] | None,
) -> None:
    panels = row.subplots(1, len(paths), squeeze=False, sharex=True, sharey=True)[0]
    for panel, (arm, runs) in zip(panels, paths.items(), strict=True):
        for outcome, colour in zip(outcomes, COLOURS, strict=False):
            _draw_runs(panel, runs, outcome, colour, named(labels, outcome))
            for style, (_, level) in zip(STYLES, levels.get(arm, pd.DataFrame()).iterrows(), strict=False):
                if outcome in level:
                    panel.axhline(level[outcome], color=colour, linestyle=style, linewidth=1.6)
        panel.set_title(arm, fontsize=11)
        panel.set_xlabel("Epoch")
    theories = list(dict.fromkeys(name for table in levels.values() for name in table.index))
    for name, style in zip(theories, STYLES, strict=False):
        panels[0].plot([], [], color="#444444", linestyle=style, label=name)
    row.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=max(2, len(paths)),
        fontsize=9,
        frameon=False,
    )


def _draw_runs(panel: Axes, runs: pd.DataFrame, outcome: str, colour: str, label: str) -> None:
    for _, run in list(runs.groupby("seed"))[:SINGLE_RUNS]:
        panel.plot(run["epoch"], run[outcome], color=colour, linewidth=0.7, alpha=0.45)
    mean = runs.groupby("epoch")[outcome].mean()
    panel.plot(mean.index, mean, color=colour, linewidth=2.2, label=f"{label}: mean; thin: single runs")


def _along(
    panel: Axes, points: pd.DataFrame, x: str, outcome: str, curves: pd.DataFrame | None, marks: Mapping[str, float]
) -> None:
    colours = dict(zip(dict.fromkeys(points["arm"]), COLOURS * len(points), strict=False))
    for place, (arm, line) in enumerate(points.groupby("arm", sort=False)):
        width, broad = line[f"{outcome}_half_width"].fillna(0.0), max(1.2, 2.7 - 0.5 * place)
        panel.errorbar(
            line[x], line[outcome], width, color=colours[arm], marker="o", markersize=2 + 1.4 * broad, linewidth=broad,
            label=arm,
        )  # fmt: skip
    for name, style in zip(_theories(curves), STYLES, strict=False):
        for colour, line in _distinct(curves, name, x, outcome, colours):
            panel.plot(line[x], line[outcome], color=colour, linestyle=style, linewidth=1.4, zorder=4)
        panel.plot([], [], color="#444444", linestyle=style, label=name)
    for label, value in marks.items():
        panel.axvline(value, color="#444444", linewidth=1.0)
        panel.annotate(
            label, (value, 0.03), xycoords=("data", "axes fraction"), xytext=(-4, 0), textcoords="offset points",
            rotation=90, ha="right", va="bottom", fontsize=8,
            bbox={"facecolor": "white", "alpha": 0.8, "pad": 1.0, "linewidth": 0},
        )  # fmt: skip
    panel.set_xscale(scale_of(points[x]))


def _theories(curves: pd.DataFrame | None) -> list[str]:
    return [] if curves is None else list(dict.fromkeys(curves["theory"]))


def _distinct(
    curves: pd.DataFrame | None, theory: str, x: str, outcome: str, colours: Mapping[str, str]
) -> list[tuple[str, pd.DataFrame]]:
    """Return the lines of a theory with their colours; of arms for which it says the same, the first's."""
    assert curves is not None
    found: dict[bytes, tuple[str, pd.DataFrame]] = {}
    for arm, line in curves[curves["theory"] == theory].groupby("arm", sort=False):
        key = np.round(line[[x, outcome]].to_numpy(float), 9).tobytes()
        found.setdefault(key, (colours[arm], line))
    return list(found.values())


def loop(
    branches: pd.DataFrame,
    parameter: str,
    outcomes: Sequence[str],
    *,
    curves: pd.DataFrame | None = None,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw each outcome on the way up and back along a parameter, the loop between them shaded, theory over it.

    `branches` as from `basins.loop`; `curves` has columns theory, the parameter and the outcomes.
    """
    figure = canvas(6.4 * len(outcomes), 5.4, title, caption)
    for panel, outcome in zip(figure.subplots(1, len(outcomes), squeeze=False)[0], outcomes, strict=True):
        places = branches[parameter]
        panel.fill_between(
            places, branches[f"{outcome}_up"], branches[f"{outcome}_down"], color="#BBBBBB", alpha=0.5, linewidth=0
        )
        for way, label, colour in (("up", "way up", COLOURS[0]), ("down", "way back", COLOURS[1])):
            middle, width = branches[f"{outcome}_{way}"], branches[f"{outcome}_{way}_half_width"].fillna(0.0)
            panel.errorbar(places, middle, width, color=colour, marker=">" if way == "up" else "<", label=label)
        for name, style in zip(_theories(curves), STYLES, strict=False):
            line = curves[curves["theory"] == name] if curves is not None else branches
            panel.plot(line[parameter], line[outcome], color="#444444", linestyle=style, linewidth=1.4, label=name)
        panel.set(xlabel=named(labels, parameter), ylabel=named(labels, outcome), xscale=scale_of(places))
    figure.axes[0].legend(fontsize=9)
    return figure
