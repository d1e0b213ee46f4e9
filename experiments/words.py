"""The answer to a question in words: what failed, what has not settled, where the boundary is, what theory says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.question import Question
from experiments.sweeps.table import Table

SLASH = "slash_fraction"

MIXED = 1.1
"""Split R-hat above which replicates do not agree; 1.1 is the custom of Gelman and Rubin (1992)."""


def axes_of(question: Question) -> tuple[str, str]:
    """Return what the figure shows across and up: the slash fraction goes up if it is varied."""
    first, second = question.design.axes
    return (second, first) if first == SLASH else (first, second)


def in_words(question: Question, runs: Table, points: pd.DataFrame, edge: pd.DataFrame | None) -> str:
    """Return what is to be said of the runs, the points and the boundary of a question, a sentence per line."""
    failed = int((runs["error"] != "").sum())
    lines = [f"{failed} of {len(runs)} runs failed; see the column error."] if failed else []
    if runs.imprecise:
        lines.append(f"The precision asked for was not reached at {runs.imprecise}.")
    lines += [*_unmeasured(question, points), *_unsettled(question, points)]
    if edge is not None:
        lines += [*_located(question, edge), *_compared(edge, axes_of(question)[1])]
    return "\n".join(lines)


def _unsettled(question: Question, points: pd.DataFrame) -> list[str]:
    """Return a line per outcome that is still moving at some points, or whose runs differ by more than they move."""
    lines = []
    for name in question.outcomes:
        words, count = name.replace("_", " "), len(points)
        unsettled = points[f"{name}_stationary"] < 0.5
        moving, apart = int(unsettled.sum()), int((~unsettled & (points[f"{name}_r_hat"] > MIXED)).sum())
        if moving:
            lines.append(f"At {moving} of {count} points {words} has not settled in most runs; more epochs may help.")
        if apart:
            lines.append(f"At {apart} of {count} points runs settle, but differ in {words} by more than each varies "
                         f"(split R-hat above {MIXED}); one run says little there, the interval over replicates counts."
                         )  # fmt: skip
    return lines


def _unmeasured(question: Question, points: pd.DataFrame) -> list[str]:
    """Return a line per outcome that is undefined somewhere, as honesty is where every sequencer has been removed."""
    missing = {name: int(points[name].isna().sum()) for name in question.outcomes}
    return [
        f"There is no {name.replace('_', ' ')} at {count} of {len(points)} points; see sequencers_active in the runs."
        for name, count in missing.items()
        if count
    ]


def _located(question: Question, edge: pd.DataFrame) -> list[str]:
    x, y = axes_of(question)
    up, across = y.replace("_", " "), x.replace("_", " ")
    goal = f"{question.outcomes[0].replace('_', ' ')} of {question.boundary:g}"
    inside = edge[edge["side"] == "inside"]
    lines = []
    for place in dict.fromkeys((0, len(inside) - 1)) if len(inside) else ():
        row = inside.iloc[place]
        interval = "" if np.isnan(row["low"]) else f" (95 %: {row['low']:.2g} to {row['high']:.2g})"
        lines.append(f"At {across} {row[x]:.3g}, {goal} needs {up} {row[y]:.2g}{interval}.")
    for side, which in (("above", "no"), ("below", "every")):
        there = edge.loc[edge["side"] == side, x]
        if len(there):
            lines.append(f"At {across} {there.min():.3g} to {there.max():.3g}, {which} {up} that was tried reaches it.")
    return lines


def _compared(edge: pd.DataFrame, y: str) -> list[str]:
    if "theory" not in edge:
        return []
    both = edge[(edge["side"] == "inside") & np.isfinite(edge["theory"]) & (edge["theory"] > 0)]
    if both.empty:
        return ["Nowhere do simulation and closed form both have a boundary inside the range."]
    ratio = both[y] / both["theory"]
    words = f"The simulated boundary is {np.exp(np.log(ratio).mean()):.2f} times the closed form's"
    words += f" ({ratio.min():.2f} to {ratio.max():.2f})"
    known = both.dropna(subset=["low", "high"])
    if len(known):
        covered = int(known["theory"].between(known["low"], known["high"]).sum())
        words += f", which lies inside its 95 % interval at {covered} of {len(known)} places"
    return [f"{words}."]
