"""All designs under the same luck: how each fares on a few outcomes, and which no other design beats.

Nothing is added up to a score: what a design gains on one outcome it may lose on another, and which matters more is
for the reader to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import dots, files
from experiments.checks import check_metrics
from experiments.compare import run
from experiments.errors import ExperimentError, suggestion
from experiments.estimates import half_width, paired, together
from experiments.report import label
from experiments.sweeps.table import Table
from model.metrics import METRICS
from model.parameters import Scenario

OUTCOMES = (
    "honesty_by_value", "user_harm", "lawful_harm", "user_cost", "nakamoto_half_blocks_operator",
    "nakamoto_third_stake_operator", "builder_concentration", "security_ratio", "outage_share", "halted_share",
    "latency", "reserve_life", "incumbent_income",
)  # fmt: skip
"""What is shown of every design, as far as it is measured."""

GOALS = ("honesty_by_value", "user_cost", "nakamoto_half_blocks_operator")
"""Outcomes on which designs compete, unless others are named."""

REFERENCE = "metis"
NAME = "designs"


@dataclass(frozen=True)
class Landscape:
    """Designs under the same seeds: `runs`, and `table`, a row per design and outcome.

    Columns: `design`, `outcome`, `runs`, `mean`, its `half_width` (95 % over replicates), `difference` from the
    reference in `pairs` of the same seed and its `difference_half_width` (95 % of this one), `clear` if it is beyond
    chance at 95 % for all cells together (Bonferroni), and `settled`, the share of runs in which the outcome had
    settled. `front` says of every design by whom it is dominated on the
    `goals`: empty if by nobody, None if it lacks one of them.
    """

    reference: str
    goals: tuple[str, ...]
    runs: Table
    table: pd.DataFrame
    front: dict[str, list[str] | None]


def landscape(
    scenarios: Sequence[Scenario], reference: str = REFERENCE, goals: Sequence[str] = GOALS, **how: Any
) -> Landscape:
    """Run designs under the same luck as `compare` does; raises as it does, and for an unknown reference or goal.

    A goal must be a metric of which more, or less, is better.
    """
    names = [scenario.name for scenario in scenarios]
    if reference not in names:
        raise ExperimentError(
            f"reference = {reference!r}: give one of {', '.join(names)}{suggestion(reference, names)}"
        )
    chosen = check_metrics("goals", goals)
    for name in chosen:
        if METRICS[name].better == "neither":
            raise ExperimentError(f"goals: of {name} neither more nor less is better; name another metric")
    runs, good = run(scenarios, **how)
    outcomes = [name for name in dict.fromkeys((*OUTCOMES, *chosen)) if name in METRICS]
    rows = [_rows(name, good[name], good[reference], outcomes) for name in names]
    table = pd.concat(rows, ignore_index=True)
    table["clear"] = beyond_chance(table)
    return Landscape(reference, chosen, runs, table, front(good, chosen))


def _rows(name: str, runs: pd.DataFrame, reference: pd.DataFrame, outcomes: list[str]) -> pd.DataFrame:
    values = runs[outcomes].astype(float)
    apart = paired(reference, runs, outcomes)
    return pd.DataFrame(
        {
            "design": name,
            "outcome": outcomes,
            "runs": values.count().to_numpy(),
            "mean": values.mean().to_numpy(),
            "half_width": np.asarray(half_width(values.std(), values.count().where(lambda count: count > 1))),
            "difference": apart["difference"].to_numpy(),
            "difference_half_width": apart["half_width"].to_numpy(),
            "pairs": apart["runs"].to_numpy(),
            "settled": [runs[f"{outcome}_stationary"].mean() for outcome in outcomes],
        }
    )


def beyond_chance(table: pd.DataFrame) -> pd.Series:
    """Return which cells differ from the reference, 95 % sure of all; the same in every run is not compared."""
    difference, width = table["difference"].abs(), table["difference_half_width"]
    compared = (difference > 0) | (width > 0)
    return difference > width * together(table["pairs"], int(compared.sum()))


def front(good: dict[str, pd.DataFrame], goals: Sequence[str]) -> dict[str, list[str] | None]:
    """Return by which designs each is dominated: at least as good on the mean of every goal, clearly better on one.

    Clearly is beyond chance in pairs of the same seed, 95 % sure of all pairs of designs and goals together. None for a
    design without a goal.
    """
    lacking = {name for name, runs in good.items() if runs[list(goals)].isna().all().any()}
    comparisons = math.comb(len(good) - len(lacking), 2) * len(goals)
    return {
        name: None if name in lacking else [
            other for other in good
            if other not in lacking | {name} and dominates(good[other], good[name], goals, comparisons)
        ]
        for name in good
    }  # fmt: skip


def dominates(a: pd.DataFrame, b: pd.DataFrame, goals: Sequence[str], comparisons: int) -> bool:
    """Tell whether runs `a` dominate runs `b`, one of so many comparisons: see `front`."""
    apart = paired(b, a, goals)
    sign = [1.0 if METRICS[name].better == "higher" else -1.0 for name in goals]
    gain = apart["difference"] * sign
    return bool((gain >= 0).all() and (gain > apart["half_width"] * together(apart["runs"], comparisons)).any())


def write(found: Landscape, folder: Path) -> list[Path]:
    """Write tables and figures into a folder, made if need be, and return their paths."""
    files.prepare(folder)
    labels = {name: label(name) for name in {*found.table["outcome"], *found.goals}}
    better = {name: METRICS[name].better for name in labels}
    count = found.runs["seed"].nunique()
    caption = f"Means of {count} runs each, second half, under the same luck; bars: 95 % intervals."
    every = dots.dots(
        found.table, found.reference, better, title="How do the designs fare?", labels=labels,
        caption=f"{caption} Line: {found.reference}; better or worse than it in pairs of runs, 95 % sure of all.",
    )  # fmt: skip
    dominated = pd.Series({name: None if by is None else bool(by) for name, by in found.front.items()}, dtype=object)
    rivals = dots.fronts(
        found.table, dominated, found.goals, better, labels=labels,
        title="Which designs does no other beat?",
        caption=f"{caption} Filled: not dominated on {', '.join(word(name) for name in found.goals)} together: no "
                "other is as good on all and better on one, 95 % sure of all pairs.",
    )  # fmt: skip
    return [
        files.write_table(folder / f"{NAME}.csv", found.table),
        files.write_table(folder / f"{NAME}_front.csv", front_table(found)),
        *(files.write(folder / f"{stem}.png", dots.writer(figure))
          for stem, figure in ((NAME, every), (f"{NAME}_front", rivals))),
    ]  # fmt: skip


def front_table(found: Landscape) -> pd.DataFrame:
    """Return a row per design: the goals, and by whom it is dominated."""
    means = found.table.pivot(index="design", columns="outcome", values="mean").loc[list(found.front)]
    return means[list(found.goals)].assign(
        front=[by is not None and not by for by in found.front.values()],
        dominated_by=["not measured" if by is None else " ".join(by) for by in found.front.values()],
    ).reset_index()  # fmt: skip


def in_words(found: Landscape) -> str:
    """Return which designs no other dominates, what dominates the rest, and what was not measured or not settled."""
    goals = ", ".join(f"{word(name)} ({METRICS[name].better})" for name in found.goals)
    best = [name for name, by in found.front.items() if by == []]
    lines = [f"Not dominated on {goals}: {', '.join(best) or 'none'}."]
    lines += [f"{name} is dominated by {', '.join(by)}." for name, by in found.front.items() if by]
    unknown = [name for name, by in found.front.items() if by is None]
    lines += [f"Not placed, for lack of one of them: {', '.join(unknown)}."] if unknown else []
    moving = found.table[(found.table["settled"] < 0.5) & found.table["outcome"].isin(found.goals)]
    for outcome, rows in moving.groupby("outcome", sort=False):
        lines.append(f"{word(str(outcome))} had not settled in most runs of {', '.join(rows['design'])}.")
    return "\n".join(lines)


def word(name: str) -> str:
    """Return a metric's name in words."""
    return name.replace("_", " ")
