"""compare: what changes if one economy is replaced by another, under the same luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import files, plots
from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.estimates import paired, together
from experiments.sweeps.sweep import sweep
from experiments.sweeps.table import Table
from model.metrics import METRICS
from model.parameters import Scenario, parameter_names

DRAWN = 24
"""Metrics in the figure, at most: those whose difference is clearest."""

HEADLINES = ("honesty_by_value", "user_harm", "nakamoto_half_stake_operator", "security_ratio")
"""What every comparison shows, whether it differs or not."""

CHECKS = ("ledger_residual",)
"""Metrics that check the arithmetic and say nothing of the economy."""


@dataclass(frozen=True)
class Comparison:
    """Scenarios run under the same seeds: `runs`, and per pair of them a table of `differences`, a row per metric.

    Columns: those of `estimates.paired`, the second scenario less the first; `relative`, the difference over the
    larger of the means; `distinct`, whether the metric says something of its own; `clear`, whether the difference is
    beyond chance at 95 % for all distinct metrics together (Bonferroni); `settled`, the lower of the shares of runs in
    which the metric had settled.
    """

    scenarios: tuple[Scenario, ...]
    runs: Table
    differences: dict[tuple[str, str], pd.DataFrame]


def compare(scenarios: Sequence[Scenario], **how: Any) -> Comparison:
    """Run scenarios under the same luck and return their differences; `how` goes to `sweep`.

    Raises ExperimentError if there are fewer than two, if two have the same name or do not differ, if a name cannot be
    a file's, if `replicates` is below two, or if every run of one failed.
    """
    runs, good = run(scenarios, **how)
    metrics = [name for name in METRICS if name in runs and name not in CHECKS]
    pairs = {(a, b): differences(good[a], good[b], metrics) for a, b in combinations(good, 2)}
    return Comparison(tuple(scenarios), runs, pairs)


def run(scenarios: Sequence[Scenario], **how: Any) -> tuple[Table, dict[str, pd.DataFrame]]:
    """Run scenarios under the same luck; return all runs, and the good ones by scenario. Raises as `compare`."""
    names = [scenario.name for scenario in scenarios]
    if len(names) < 2:
        raise ExperimentError(f"{len(names)} scenario: give at least two to compare")
    if len(set(names)) < len(names):
        raise ExperimentError(f"{', '.join(names)}: give every scenario a name of its own")
    for name in names:
        if Path(name).name != name:
            raise ExperimentError(f"name = {name!r}: the files of a comparison bear it; leave out slashes")
    replicates = how.get("replicates", 2)
    if isinstance(replicates, int) and replicates < 2:
        raise ExperimentError(f"replicates = {replicates}: give at least 2, for intervals")
    runs = sweep(scenarios[0], design_of(scenarios), **how)
    return runs, {name: _good(runs[runs["point"] == point], name) for point, name in enumerate(names)}


def design_of(scenarios: Sequence[Scenario]) -> Design:
    """Return scenarios as the points of a design over the parameters in which they differ."""
    axes = tuple(
        name
        for name in (*parameter_names(), "stakes")
        if any(getattr(scenario, name) != getattr(scenarios[0], name) for scenario in scenarios)
    )
    points = tuple({name: getattr(scenario, name) for name in axes} for scenario in scenarios)
    for place, point in enumerate(points):
        if point in points[:place]:
            same = scenarios[points.index(point)].name
            raise ExperimentError(f"{scenarios[place].name} and {same} differ in nothing; change a parameter of one")
    return Design(axes, points)


def _good(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    good = runs[runs["error"] == ""]
    if good.empty:
        raise ExperimentError(f"every run of {name} failed, the first with: {runs['error'].iloc[0]}")
    return good


def differences(a: pd.DataFrame, b: pd.DataFrame, metrics: list[str]) -> pd.DataFrame:
    """Return the differences of runs `b` less runs `a` with the same seeds, a row per metric: see `Comparison`."""
    table = paired(a, b, metrics)
    moved = table["difference"] != 0
    size = table[["mean_a", "mean_b"]].abs().max(axis=1)
    table["relative"] = np.where(moved, table["difference"] / size.where(size > 0), 0.0)
    table["distinct"] = _distinct(table)
    widening = together(table["runs"], int(table["distinct"].sum()))
    table["clear"] = moved & (table["difference"].abs() > table["half_width"] * widening)
    table["settled"] = [min(runs[f"{name}_stationary"].mean() for runs in (a, b)) for name in metrics]
    return table


def _distinct(table: pd.DataFrame) -> pd.Series:
    """Return which metrics say something of their own: defined, not the same in every run, and no twin of another.

    Nodes and operators with one node each have the same figures; a headline is kept, or else the first.
    """
    alive = table["difference"].notna() & ((table["difference"] != 0) | (table["half_width"] > 0))
    headlines = table.index.intersection(HEADLINES)
    order = headlines.append(table.index.difference(headlines, sort=False))
    twins = table.where(alive).loc[order].duplicated(["mean_a", "mean_b", "half_width"])
    return alive & ~twins.reindex(table.index)


def shown_first(differences: pd.DataFrame, most: int = DRAWN) -> pd.DataFrame:
    """Return the headlines, then the distinct metrics whose difference is clear, the clearest first.

    If none is clear, those that come nearest follow the headlines.
    """
    own = differences[differences["distinct"]]
    headlines = own.loc[own.index.intersection(HEADLINES)]
    others = own.drop(headlines.index)
    clarity = (others["difference"].abs() / others["half_width"]).fillna(0.0)
    others = others.loc[clarity.sort_values(ascending=False, kind="stable").index]
    clear = others[others["clear"]]
    return pd.concat([headlines, clear if own["clear"].any() else others]).head(most)


def write(comparison: Comparison, folder: Path) -> list[Path]:
    """Write a table and a figure per pair into a folder, made if need be, and return their paths."""
    paths = []
    files.prepare(folder)
    for (a, b), table in comparison.differences.items():
        path = folder / f"{a}-{b}.png"
        shown = shown_first(table).sort_values("relative", ascending=False)
        better = pd.Series({name: METRICS[name].better for name in shown.index})
        caption = (f"Second half of {comparison.runs['seed'].nunique()} runs each under the same luck, from different "
                   "starts. Bars: paired 95 % intervals, each by itself; thin: had the runs been independent. Grey: "
                   "not clear, all metrics judged together.")  # fmt: skip
        figure = plots.differences(shown, better, title=f"{b} less {a}", caption=caption)
        paths += [*plots.save(figure, path, {}), files.write_table(path.with_suffix(".csv"), table.reset_index())]
    return paths


def in_words(pair: tuple[str, str], table: pd.DataFrame) -> str:
    """Return how many metrics differ, what pairing gained, and what has not settled."""
    a, b = pair
    own = table[table["distinct"]]
    if own.empty:
        return f"Under the same luck {a} and {b} are the same in every metric."
    gains = own["gain"].replace(np.inf, np.nan).dropna()
    lines = [f"{int(own['clear'].sum())} of {len(own)} distinct metrics differ between {a} and {b}, 95 % sure of all."]
    if len(gains):
        lines.append(f"Common luck does what {gains.median():.2g} times as many independent runs would (median).")
    moving = int((own["clear"] & (own["settled"] < 0.5)).sum())
    if moving:
        lines.append(f"{moving} that differ had not settled in most runs of one: read them as the second half's state.")
    return "\n".join(lines)
