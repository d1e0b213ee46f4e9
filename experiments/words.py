"""The answer to a question in words: what failed, what has not settled, where the boundary is, what theory says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.estimates import MIXED, apart, boundary_ratio
from experiments.question import Question, natural_figure
from experiments.sweeps.table import Table

SLASH = "slash_fraction"


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
        lines += [*_located(question, edge), *_compared(question, runs, edge)]
    if natural_figure(question.design, question.arms) == "none":
        lines.append("No figure: a curve takes one parameter of numbers, a phase map a grid over two.")
    return "\n".join(lines)


def _unsettled(question: Question, points: pd.DataFrame) -> list[str]:
    """Return a line per outcome for points where runs still move, where they do so together, and where they differ."""
    lines = []
    for name in question.outcomes:
        words, of_all = name.replace("_", " "), f"of {len(points)} points"
        moving = points[f"{name}_stationary"] < 0.5
        together = points[points[f"{name}_drift_clear"]]
        own = ~moving & apart(points[f"{name}_r_hat"], points[f"{name}_effective"])
        if moving.any():
            lines.append(f"At {moving.sum()} {of_all} {words} has not settled in most runs; more epochs may help.")
        if len(together):
            most = together.loc[together[f"{name}_drift"].abs().idxmax()]
            change = f"{most[f'{name}_drift']:.2g} ± {most[f'{name}_drift_half_width']:.2g}"
            lines.append(f"At {len(together)} {of_all} the mean {words} of all runs moves beyond chance from the third "
                         f"quarter to the fourth, at most by {change} (95 %): no level that is kept.")  # fmt: skip
        if own.any():
            lines.append(f"At {own.sum()} {of_all} runs settle, but each at its own level of {words} (split R-hat, "
                         f"less what few effective records explain, above {MIXED}); one run says little there, the "
                         "interval over replicates counts.")  # fmt: skip
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


def _compared(question: Question, runs: Table, edge: pd.DataFrame) -> list[str]:
    if "theory" not in edge or question.boundary is None:
        return []
    x, y = axes_of(question)
    both = edge[(edge["side"] == "inside") & np.isfinite(edge["theory"]) & (edge["theory"] > 0)].set_index(x)
    if both.empty:
        return ["Nowhere do simulation and closed form both have a boundary inside the range."]
    each = both[y] / both["theory"]
    ratio, low, high = boundary_ratio(runs, x, y, question.outcomes[0], question.boundary, both["theory"])
    notes = [] if np.isnan(low) else [f"95 %: {low:.2f} to {high:.2f}"]
    if len(each) > 1:
        notes.append(f"{each.min():.2f} to {each.max():.2f} from place to place")
    words = f"The simulated boundary is {ratio:.2f} times the closed form's"
    return [f"{words} ({'; '.join(notes)})." if notes else f"{words}."]
