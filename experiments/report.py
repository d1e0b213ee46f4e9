"""From a question to its answer: the sweep, the boundary beside the closed form, the figure, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import files, plots, side_by_side
from experiments.errors import ExperimentError
from experiments.estimates import boundary, point_means
from experiments.question import Question
from experiments.sweeps.parts import RUNS
from experiments.sweeps.sweep import sweep
from experiments.sweeps.table import Table
from experiments.words import SLASH, axes_of, in_words
from model import theory
from model.metrics import METRICS
from model.parameters import Scenario
from model.parameters.declaration import facts

SHOWN = 7
"""Rows and columns of a grid in a terminal, at most."""

FINER = 4
"""Values at which a closed form is drawn, per value that is simulated."""

LISTED = 20
"""Rows of a plain list in a terminal, at most."""


@dataclass(frozen=True)
class Answer:
    """What a question came to: runs, a row per point, the boundary beside the closed form, words, and files."""

    runs: Table
    points: pd.DataFrame
    boundary: pd.DataFrame | None
    words: str
    files: tuple[Path, ...]


def answer(question: Question, folder: Path, **how: Any) -> Answer:
    """Run a question, or go on with it, and write figure and table of points into the folder that is its store.

    `how` goes to `sweep`: workers, scheduler, force, precision and so on. A shard has no figure.
    Raises ExperimentError or ScenarioError as `sweep` does, ExperimentError if every single run failed.
    """
    runs = sweep(
        question.scenario, question.design, replicates=question.replicates, epochs=question.epochs,
        record_every=question.record_every, seed=question.seed, store=folder, **how,
    )  # fmt: skip
    good = runs[runs["error"] == ""]
    if good.empty:
        raise ExperimentError(f"every run failed, the first with: {runs['error'].iloc[0]}")
    points = point_means(good, question.design.axes, question.outcomes, runs.diagnostics)
    whole = how.get("shard") is None
    edge = _boundary(question, good) if whole else None
    words = in_words(question, runs, points, edge)
    moving = side_by_side.over_time(question, good) if whole else {}
    if moving:
        words = "\n".join([*side_by_side.in_words(question, points, moving), words]).strip()
    written = [folder / RUNS, *(_figure(question, points, edge, moving, folder) if whole else [])]
    if len(written) == 1:
        written.append(files.write_table(folder / f"{question.name}.csv", points))
    return Answer(runs, points, edge, words, tuple(written))


def compact(question: Question, points: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the first of some columns as the figure lays it out, or all by point, thinned out to fit a terminal.

    Of a question with arms, all by arm at home.
    """
    if question.arms:
        return side_by_side.at_home(question, points)[list(columns)]
    if len(question.design.axes) != 2 or not question.design.is_grid:
        means = points[[*question.design.axes, *columns]].set_index(list(question.design.axes))
        return _thinned(means, LISTED)
    x, y = axes_of(question)
    return _thinned(_thinned(points.pivot(index=y, columns=x, values=columns[0])).T).T


def boundary_table(question: Question, edge: pd.DataFrame) -> pd.DataFrame:
    """Return the boundary inside the range tried, thinned out, with the closed form and the ratio of the two."""
    x, y = axes_of(question)
    table = _thinned(edge.loc[edge["side"] == "inside", [x, y, "low", "high", *edge.columns.intersection(["theory"])]])
    table = table.rename(columns={y: "simulated", "theory": "closed form"}).set_index(x)
    if "closed form" not in table:
        return table
    table["closed form"] = table["closed form"].where(np.isfinite(table["closed form"]))
    return table.assign(ratio=table["simulated"] / table["closed form"])


def label(name: str) -> str:
    """Return a parameter's or metric's name in words, with its unit."""
    unit = METRICS[name].unit if name in METRICS else facts(Scenario.model_fields[name]).get("unit", "-")
    words = name.replace("_", " ").capitalize()
    return words if unit in ("", "-") else f"{words} ({unit})"


def _thinned(table: pd.DataFrame, most: int = SHOWN) -> pd.DataFrame:
    count = len(table)
    return table.iloc[np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))]


def _boundary(question: Question, runs: pd.DataFrame) -> pd.DataFrame | None:
    if question.figure != "phase_map" or question.boundary is None:
        return None
    x, y = axes_of(question)
    edge = boundary(runs, x, y, question.outcomes[0], question.boundary)
    if edge.empty:
        return None
    closed = _closed_forms(question, list(edge[x]), [question.boundary])
    return edge if closed is None else edge.merge(closed[[x, y]].rename(columns={y: "theory"}), on=x, how="left")


def _closed_forms(question: Question, places: Sequence[float], levels: Sequence[float]) -> pd.DataFrame | None:
    """Return the slash fraction that theory asks for at each level and place across; None where it is silent."""
    x, y = axes_of(question)
    if y != SLASH or question.outcomes[0] != "honesty_by_value" or not levels:
        return None
    pairs = [(place, level) for level in levels for place in places]
    try:
        slashes = [theory.deterrence_boundary(question.scenario.replace(**{x: place}), level) for place, level in pairs]
    except ValueError:
        return None
    return pd.DataFrame(pairs, columns=[x, "level"]).assign(**{y: slashes})


def _finer(name: str, places: np.ndarray) -> list[float]:
    """Return the values of a parameter with more between them, for a smooth curve, unless it counts something."""
    if Scenario.model_fields[name].annotation is int:
        return list(places)
    return list(np.interp(np.arange(FINER * (len(places) - 1) + 1) / FINER, np.arange(len(places)), places))


def _figure(
    question: Question,
    points: pd.DataFrame,
    edge: pd.DataFrame | None,
    moving: Mapping[str, pd.DataFrame],
    folder: Path,
) -> list[Path]:
    if question.figure == "none":
        return []
    path = folder / f"{question.name}.png"
    labels = {name: label(name) for name in (*question.design.axes, *question.outcomes)}
    caption = _caption(question, points, edge)
    if question.figure == "arms":
        return side_by_side.figure(question, points, moving, {"caption": caption, "labels": labels}, path)
    if question.figure == "curve":
        (x,) = question.design.axes
        figure = plots.curve(points, x, question.outcomes, title=question.title, caption=caption, labels=labels)
        return plots.save(figure, path, {"": points})
    x, y = axes_of(question)
    levels = [] if edge is None else plots.share_levels(points[question.outcomes[0]])
    closed = _closed_forms(question, _finer(x, np.unique(points[x])), levels)
    if closed is not None:
        closed = closed[np.isfinite(closed[y]) & (closed[y] > 0)]
    figure = plots.phase_map(
        points, x, y, question.outcomes,
        title=question.title, caption=caption, labels=labels, boundary=edge, theory=closed,
    )  # fmt: skip
    data = {"": points, "_boundary": edge, "_closed_form": closed}
    return plots.save(figure, path, {suffix: table for suffix, table in data.items() if table is not None})


def _caption(question: Question, points: pd.DataFrame, edge: pd.DataFrame | None) -> str:
    widest = {name: float(points[f"{name}_half_width"].max()) for name in question.outcomes}
    widths = [f"{name.replace('_', ' ')} ±{width:.2g}" for name, width in widest.items() if not np.isnan(width)]
    factor = float("nan") if edge is None else (edge["high"] / edge[axes_of(question)[1]]).max()
    if not np.isnan(factor):
        widths.append(f"boundary within a factor of {factor:.2f}")
    fewest, most = int(points["runs"].min()), int(points["runs"].max())
    replicates = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    means = f"Means over {replicates} replicates of {question.epochs} epochs, second half."
    if most == 1:
        means = f"One run of {question.epochs} epochs a point, second half."
    return f"{means} Widest 95 % intervals: {', '.join(widths)}." if widths else means
