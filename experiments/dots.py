"""Figures of many designs at once: a panel per outcome with a dot per design, and designs against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.plots import RESOLUTION, VERDICTS, canvas, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 5
GOOD, BAD, NEITHER = VERDICTS.values()
ARROWS = {"higher": "higher is better", "lower": "lower is better", "neither": ""}
PLACES = [(dx, dy) for reach in (7, 18, 30, 44, 60) for dx in (reach, -reach) for dy in (0, reach, -reach)]
"""Where the name of a point may stand, in points from it; the nearest that is free is taken."""

LEADER = 12
TOUCHING = 5.0
"""Points nearer than this, in pixels, share one name."""

WIDE = 200.0
DECADES = 4
"""Ticks on either side of zero, at most, of a scale of orders of magnitude."""


def dots(
    table: pd.DataFrame,
    reference: str,
    better: Mapping[str, str],
    *,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a panel per outcome: a row per design, its mean and 95 % interval, coloured by how it stands to a reference.

    `table` as from `landscape`: design, outcome, mean, half_width, difference, clear. `better` says of each outcome
    higher, lower or neither.
    """
    outcomes, designs = list(dict.fromkeys(table["outcome"])), list(dict.fromkeys(table["design"]))
    rows = -(-len(outcomes) // ACROSS)
    figure = canvas(3.2 * ACROSS, 1.2 + rows * (1.3 + 0.24 * len(designs)), title, caption)
    grid = figure.subplots(rows, ACROSS, squeeze=False, sharey=True)
    for panel, outcome in zip(grid.flat, outcomes, strict=False):
        found = table[table["outcome"] == outcome].set_index("design").loc[designs]
        _draw_outcome(panel, found, reference, better[outcome])
        panel.set_xlabel(named(labels, outcome), fontsize=9)
        panel.set_title(ARROWS[better[outcome]], fontsize=8, color="#444444")
        panel.tick_params(labelsize=8)
    for panel in grid.flat[len(outcomes) :]:
        panel.set_visible(False)
    grid[0, 0].set_yticks(range(len(designs)), designs)
    grid[0, 0].invert_yaxis()
    words = {"better": GOOD, "worse": BAD, "not clear, neither, or the reference": NEITHER}
    handles = [grid[0, 0].plot([], [], "o", color=colour, label=word)[0] for word, colour in words.items()]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    return figure


def _draw_outcome(panel: Axes, found: pd.DataFrame, reference: str, better: str) -> None:
    for place, (design, row) in enumerate(found.iterrows()):
        if np.isnan(row["mean"]):
            panel.annotate(
                "none", (0.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8, color=NEITHER
            )
            continue
        colour = NEITHER if design == reference else _standing(row, better)
        panel.errorbar(row["mean"], place, xerr=_width(row), fmt="o", color=colour, markersize=5, capsize=2)
    panel.margins(x=0.08)
    if not np.isnan(at := found.loc[reference, "mean"]):
        panel.axvline(at, color=NEITHER, linewidth=0.8, zorder=0)
    panel.grid(axis="y", color="#EEEEEE", linewidth=0.8)
    _scale(panel, "x", found["mean"], found["half_width"])


def _standing(row: pd.Series, better: str) -> str:
    if better == "neither" or not row["clear"]:
        return NEITHER
    return GOOD if (row["difference"] > 0) == (better == "higher") else BAD


def _width(row: pd.Series) -> float:
    return 0.0 if np.isnan(row["half_width"]) else float(row["half_width"])


def _scale(panel: Axes, axis: str, means: pd.Series, widths: pd.Series) -> None:
    """Draw what spans orders of magnitude on a scale that is linear up to the median, logarithmic above."""
    from matplotlib.ticker import FixedLocator, NullLocator

    known = means.dropna()
    sizes = known.abs()[known != 0]
    if sizes.empty or sizes.max() <= WIDE * sizes.min():
        return
    middle, bars = float(sizes.median()), widths.fillna(0.0)
    low, high = float((means - bars).min()), float((means + bars).max())
    getattr(panel, f"set_{axis}scale")("symlog", linthresh=middle, linscale=0.7)
    line = getattr(panel, f"{axis}axis")
    ends = line.get_transform().transform(np.array([low, high]))
    room = 0.08 * (ends[1] - ends[0])
    getattr(panel, f"set_{axis}lim")(line.get_transform().inverted().transform(ends + np.array([-room, room])))
    line.set_major_locator(FixedLocator([*(-_decades(middle, -low))[::-1], 0.0, *_decades(middle, high)]))
    line.set_minor_locator(NullLocator())


def _decades(middle: float, end: float) -> np.ndarray:
    """Return powers of ten from about `middle` to `end`, few enough to be read."""
    if end < middle / 2:
        return np.array([])
    powers = np.arange(np.ceil(np.log10(middle / 2)), np.floor(np.log10(end)) + 1)
    return 10.0 ** powers[:: -(-powers.size // DECADES) or 1]


def fronts(
    table: pd.DataFrame,
    dominated: pd.Series,
    goals: Sequence[str],
    better: Mapping[str, str],
    *,
    title: str = "",
    caption: str = "",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw designs by every two of the goals, with 95 % intervals; filled are those that `dominated` says are not.

    Each axis points to the better: right and up. A design that lacks a goal (None in `dominated`) is left out.
    """
    pairs = list(combinations(goals, 2)) or [(goals[0], goals[0])]
    figure = canvas(5.4 * len(pairs), 5.6, title, caption)
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    means, widths = (table.pivot(index="design", columns="outcome", values=part) for part in ("mean", "half_width"))
    known = [name for name, state in dominated.items() if state is not None]
    for panel, pair in zip(panels, pairs, strict=True):
        for design in known:
            full = not dominated[design]
            panel.errorbar(
                *means.loc[design, list(pair)], *widths.loc[design, list(pair)].fillna(0.0)[::-1], fmt="o",
                color=GOOD if full else NEITHER, markerfacecolor=GOOD if full else "white", markersize=7, capsize=2,
                elinewidth=0.9, zorder=3 if full else 2,
            )  # fmt: skip
        for axis, name in zip("xy", pair, strict=True):
            _scale(panel, axis, means.loc[known, name], widths.loc[known, name])
            getattr(panel, f"set_{axis}label")(f"{named(labels, name)}, {ARROWS[better[name]]}")
            if better[name] == "lower":
                getattr(panel, f"invert_{axis}axis")()
        panel.margins(0.16)
    figure.canvas.draw()
    for panel, pair in zip(panels, pairs, strict=True):
        _name_points(panel, means.loc[known, list(pair)], widths.loc[known, list(pair)].fillna(0.0))
    return figure


def _name_points(panel: Axes, means: pd.DataFrame, widths: pd.DataFrame) -> None:
    """Write the name of each point beside it where no other point, bar or name stands; points that touch share one."""
    figure: Any = panel.figure
    renderer = figure.canvas.get_renderer()
    points = panel.transData.transform(means.to_numpy(float))
    taken = _bars(panel, means.to_numpy(float), widths.to_numpy(float))
    room = panel.bbox.padded(-TOUCHING)
    for place, name in _clusters(points, list(means.index)):
        at = tuple(panel.transData.inverted().transform(place))
        for dx, dy in PLACES:
            note = panel.annotate(
                name, at, xytext=(dx, dy), textcoords="offset points",
                ha="left" if dx > 0 else "right", va="center", fontsize=8, zorder=4,
                bbox={"facecolor": "white", "alpha": 0.75, "pad": 0.5, "linewidth": 0},
                arrowprops={"arrowstyle": "-", "color": NEITHER, "linewidth": 0.6} if abs(dx) + abs(dy) > LEADER
                else None,
            )  # fmt: skip
            note.set_in_layout(False)
            box = _text_box(note, renderer)
            inside = room.contains(box.x0, box.y0) and room.contains(box.x1, box.y1)
            free = not any(box.overlaps(other) for other in taken)
            if inside and free and not any(box.padded(3).contains(*point) for point in points):
                taken.append(box)
                break
            note.remove()


def _clusters(points: np.ndarray, names: list[str]) -> list[tuple[np.ndarray, str]]:
    """Return a place and a name for each group of points that touch."""
    groups: list[list[int]] = []
    for one, point in enumerate(points):
        near = (group for group in groups if np.hypot(*(points[group[0]] - point)) < TOUCHING)
        group = next(near, None)
        groups.append([one]) if group is None else group.append(one)
    return [(points[group[0]], ", ".join(names[one] for one in group)) for group in groups]


def _bars(panel: Axes, means: np.ndarray, widths: np.ndarray) -> list[Any]:
    """Return the boxes that the intervals of points fill, in pixels, across and up."""
    from matplotlib.transforms import Bbox

    boxes = []
    for axis in (0, 1):
        reach = widths * np.eye(2)[axis]
        ends = panel.transData.transform(np.concatenate([means - reach, means + reach]))
        for low, high in zip(ends[: len(means)], ends[len(means) :], strict=True):
            if np.hypot(*(high - low)) > TOUCHING:
                boxes.append(Bbox([np.minimum(low, high) - 1, np.maximum(low, high) + 1]))
    return boxes


def _text_box(note: Any, renderer: Any) -> Any:
    from matplotlib.text import Text

    note.update_positions(renderer)
    return Text.get_window_extent(note, renderer)


def writer(figure: Figure) -> Callable[[Path], None]:
    """Return what writes a figure as PNG into a file."""
    return lambda path: figure.savefig(path, dpi=RESOLUTION)
