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

NAME_WIDTH, HANDLE_WIDTH = 0.068, 0.7
"""Inches in a legend per letter, and per line that it names."""

ALONG_WIDTH = 5.6
"""Width of a panel along a parameter, at least, in inches."""


def arms(
    paths: Mapping[str, pd.DataFrame],
    along: Mapping[str, pd.DataFrame],
    outcomes: Sequence[str],
    *,
    together: Sequence[Sequence[str]] = (),
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
    values. Outcomes that stand `together`, all if not said, share a panel over time: those of one unit.
    """
    levels, curves, marks, groups = levels or {}, curves or {}, marks or {}, together or [outcomes]
    styles = _styles([*levels.values(), *(table.set_index("theory") for table in curves.values())])
    panels = len(along) * len(outcomes)
    width = max(PANEL[0] * len(paths), ALONG_WIDTH * panels, 7.0)
    heights = [PANEL[1] * len(groups) + 0.6, *[PANEL[1]] * bool(panels)]
    figure = canvas(width, sum(heights) + 0.4, title, caption)
    rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    _over_time(rows[0], paths, groups, levels, styles, labels)
    _name_lines(rows[0], width)
    if panels:
        found = iter(rows[1].subplots(1, panels, squeeze=False)[0])
        for parameter, points in along.items():
            for outcome in outcomes:
                panel = next(found)
                _draw_arms(panel, points, parameter, outcome)
                _draw_theories(panel, curves.get(parameter), parameter, outcome, list(paths), styles)
                _draw_marks(panel, marks.get(parameter, {}))
                panel.set(xlabel=named(labels, parameter), ylabel=named(labels, outcome))
        _legend(rows[1].axes[0], list(paths))
    return figure


def _styles(tables: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Return the dashes of every theory, which are the same in all panels; the index of the tables has their names."""
    return dict(zip(dict.fromkeys(name for table in tables for name in table.index), STYLES, strict=False))


def _legend(panel: Axes, first: Sequence[str]) -> None:
    """Name the lines of a panel, some of them before all others."""
    found = {label: handle for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    order = [*first, *(label for label in found if label not in first)]
    panel.legend([found[label] for label in order], order, fontsize=8, framealpha=0.9)


def _over_time(
    row: SubFigure,
    paths: Mapping[str, pd.DataFrame],
    groups: Sequence[Sequence[str]],
    levels: Mapping[str, pd.DataFrame],
    styles: Mapping[str, str],
    labels: Mapping[str, str] | None,
) -> None:
    panels = row.subplots(len(groups), len(paths), squeeze=False, sharex=True, sharey="row")
    colours = dict(zip((name for group in groups for name in group), COLOURS * len(groups), strict=False))
    for group, line in zip(groups, panels, strict=True):
        for panel, (arm, runs) in zip(line, paths.items(), strict=True):
            for outcome in group:
                _draw_runs(panel, runs, outcome, colours[outcome], named(labels, outcome))
                for name, level in levels.get(arm, pd.DataFrame()).get(outcome, pd.Series(dtype=float)).items():
                    panel.axhline(level, color=colours[outcome], linestyle=styles[str(name)], linewidth=1.6)
    for top, bottom, arm in zip(panels[0], panels[-1], paths, strict=True):
        top.set_title(arm, fontsize=11)
        bottom.set_xlabel("Epoch")
    for name in dict.fromkeys(name for table in levels.values() for name in table.index):
        panels[0][0].plot([], [], color="#444444", linestyle=styles[name], label=name)


def _name_lines(row: SubFigure, width: float) -> None:
    """Put one legend over a row of panels, with as many columns as fit a width in inches."""
    found = {label: handle for panel in row.axes
             for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}  # fmt: skip
    fitting = max(1, int(width / (NAME_WIDTH * max(map(len, found)) + HANDLE_WIDTH)))
    row.legend(found.values(), found, loc="outside upper center", ncols=fitting, fontsize=9, frameon=False)


def _draw_runs(panel: Axes, runs: pd.DataFrame, outcome: str, colour: str, label: str) -> None:
    for _, run in list(runs.groupby("seed"))[:SINGLE_RUNS]:
        panel.plot(run["epoch"], run[outcome], color=colour, linewidth=0.7, alpha=0.45)
    mean = runs.groupby("epoch")[outcome].mean()
    panel.plot(mean.index, mean, color=colour, linewidth=2.2, label=f"{label}: mean; thin: single runs")


def _draw_arms(panel: Axes, points: pd.DataFrame, x: str, outcome: str) -> None:
    """Draw a line per arm, ever thinner, so that one hides no other."""
    for place, (arm, line) in enumerate(points.groupby("arm", sort=False)):
        width, broad = line[f"{outcome}_half_width"].fillna(0.0), max(1.2, 2.7 - 0.5 * place)
        panel.errorbar(
            line[x], line[outcome], width, color=COLOURS[place % len(COLOURS)], marker="o",
            markersize=2 + 1.4 * broad, linewidth=broad, label=arm,
        )  # fmt: skip
    panel.set_xscale(scale_of(points[x]))


def _draw_theories(
    panel: Axes,
    curves: pd.DataFrame | None,
    x: str,
    outcome: str,
    arms: Sequence[str],
    styles: Mapping[str, str],
) -> None:
    """Draw what theory expects of each arm in its colour; of arms for which it is the same, in that of the first."""
    if curves is None or outcome not in curves:
        return
    drawn = set()
    for (name, arm), line in curves.groupby(["theory", "arm"], sort=False):
        same = (name, np.round(line[[x, outcome]].to_numpy(float), 9).tobytes())
        if same not in drawn:
            drawn.add(same)
            colour = COLOURS[list(arms).index(arm) % len(COLOURS)]
            panel.plot(line[x], line[outcome], color=colour, linestyle=styles[name], linewidth=1.4, zorder=4)
    for name in dict.fromkeys(curves["theory"]):
        panel.plot([], [], color="#444444", linestyle=styles[name], label=name)


def _draw_marks(panel: Axes, marks: Mapping[str, float]) -> None:
    for label, value in marks.items():
        panel.axvline(value, color="#444444", linewidth=1.0)
        panel.annotate(
            label, (value, 0.03), xycoords=("data", "axes fraction"), xytext=(-4, 0), textcoords="offset points",
            rotation=90, ha="right", va="bottom", fontsize=8,
            bbox={"facecolor": "white", "alpha": 0.8, "pad": 1.0, "linewidth": 0},
        )  # fmt: skip


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
        if curves is not None and outcome in curves:
            for style, (name, line) in zip(STYLES, curves.groupby("theory", sort=False), strict=False):
                panel.plot(line[parameter], line[outcome], color="#444444", linestyle=style, linewidth=1.4, label=name)
        panel.set(xlabel=named(labels, parameter), ylabel=named(labels, outcome), xscale=scale_of(places))
    figure.axes[0].legend(fontsize=9)
    return figure
