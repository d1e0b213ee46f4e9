"""Hysteresis: a parameter led up and back within one economy, which may remember by which way it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.basins.ends import OUTCOMES
from experiments.basins.starts import adopt, check_adoptable, watch
from experiments.checks import check_counts, check_metrics, check_seed
from experiments.errors import ExperimentError
from experiments.estimates import clear, half_width
from experiments.ranges import Range
from experiments.sweeps.plan import replicate_seed
from model.parameters import Scenario
from model.results import Run
from model.simulation import Engine

RECORDS = 26
"""Records of each stay, of which the later half counts."""

LEAST_POINTS = 2


@dataclass(frozen=True)
class Loop:
    """What came of leading a parameter up and back, staying `epochs` at each value.

    `visits`: a row per replicate and value with `<outcome>_up` and `_down`, equal at the top, where the way turns.
    `branches`: a row per value with the means of both, `<outcome>_gap` (down less up), its 95 % `_half_width`, and
    whether it is `_clear` of chance among all values. `closing`: a row per outcome with how much, back at the low end,
    the economy differs from itself had it stayed there, and the 95 % half-width. `areas`: the same for the mean gap
    over the range on its scale, which is the area of the loop, signed.
    """

    scenario: Scenario
    parameter: str
    outcomes: tuple[str, ...]
    epochs: int
    visits: pd.DataFrame
    branches: pd.DataFrame
    areas: pd.DataFrame
    closing: pd.DataFrame


def path_of(parameter: str, low: float, high: float, points: int) -> tuple[Range, list[float]]:
    """Return the range of a loop, on the parameter's scale (linear if it reaches zero), and its values.

    Raises ScenarioError or ExperimentError for a parameter that is unknown or cannot change while an economy goes on,
    for bounds that are not allowed, and for fewer than two points.
    """
    check_adoptable(parameter)
    if points < LEAST_POINTS:
        raise ExperimentError(f"a loop over {parameter} with {points} point goes nowhere; give at least {LEAST_POINTS}")
    bounds = {"low": low, "high": high} | ({"scale": "linear"} if low <= 0 else {})
    found = Range.of(parameter, bounds)
    values = found.spaced(points)
    if len(values) < LEAST_POINTS:
        raise ExperimentError(f"{parameter}: {low:g} to {high:g} holds one value; give a wider range")
    return found, values


def loop(
    scenario: Scenario,
    parameter: str,
    low: float,
    high: float,
    points: int,
    *,
    outcomes: Sequence[str] = OUTCOMES,
    replicates: int = 16,
    epochs: int = 182,
    seed: int = 1,
) -> Loop:
    """Lead a parameter from low to high and back in as many steps, each of `epochs`, within one continuing economy.

    It first stays at the low end for as long, so that what is left of its opening is not taken for memory, and a twin
    under the same luck stays there for good. Raises as `path_of`, and ExperimentError for counts that cannot be.
    """
    check_counts(replicates=replicates, epochs=epochs)
    check_seed(seed)
    if replicates < 2 or epochs < 2:
        raise ExperimentError(f"replicates = {replicates}, epochs = {epochs}: give at least 2 of each, for intervals")
    names = check_metrics("outcomes", list(outcomes))
    span, values = path_of(parameter, low, high, points)
    scenarios = [scenario.replace(**{parameter: value}) for value in values]
    visits, kept = [], []
    for replicate in range(replicates):
        luck = replicate_seed(seed, replicate)
        table, stayed = _led(scenarios, values, luck, names, epochs)
        visits.append(table.assign(replicate=replicate, seed=luck))
        kept.append(table.iloc[0][[f"{name}_down" for name in names]].to_numpy(float) - stayed)
    table = pd.concat(visits, ignore_index=True).rename(columns={"value": parameter})
    places = np.array([span.place(value) for value in values])
    return Loop(
        scenario, parameter, names, epochs, table, _branches(table, parameter, names),
        _estimates(_areas(table, names, replicates, places), names), _estimates(np.array(kept), names),
    )  # fmt: skip


def _led(
    scenarios: list[Scenario], values: list[float], luck: int, names: Sequence[str], epochs: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return outcomes by value on the way up and back, and those of the twin that stayed at the low end."""
    engine, twin = Engine(scenarios[0], luck), Engine(scenarios[0], luck)
    engine.advance(epochs)
    up = [_visit(engine, scenario, names, epochs) for scenario in scenarios]
    down = [_visit(engine, scenario, names, epochs) for scenario in scenarios[-2::-1]]
    twin.advance(engine.epoch - epochs)
    columns = {f"{name}_{way}": column for way, rows in (("up", up), ("down", [*down[::-1], up[-1]]))
               for name, column in zip(names, np.array(rows).T, strict=True)}  # fmt: skip
    return pd.DataFrame({"value": values, **columns}), _visit(twin, scenarios[0], names, epochs)


def _visit(engine: Engine, scenario: Scenario, names: Sequence[str], epochs: int) -> np.ndarray:
    adopt(engine, scenario)
    history = watch(engine, epochs, max(1, epochs // RECORDS))
    return Run(history, {}).settled(names).value


def _branches(visits: pd.DataFrame, parameter: str, names: Sequence[str]) -> pd.DataFrame:
    groups = visits.groupby(parameter, sort=True)
    columns: dict[str, pd.Series] = {}
    for name in names:
        up, down = groups[f"{name}_up"], groups[f"{name}_down"]
        change = (visits[f"{name}_down"] - visits[f"{name}_up"]).groupby(visits[parameter])
        width = half_width(change.std(), change.count())
        columns |= {
            f"{name}_up": up.mean(), f"{name}_up_half_width": half_width(up.std(), up.count()),
            f"{name}_down": down.mean(), f"{name}_down_half_width": half_width(down.std(), down.count()),
            f"{name}_gap": change.mean(), f"{name}_half_width": width,
            f"{name}_clear": clear(change.mean(), width, change.count()),
        }  # fmt: skip
    return pd.DataFrame(columns).reset_index()


def _areas(visits: pd.DataFrame, names: Sequence[str], replicates: int, places: np.ndarray) -> np.ndarray:
    """Return the signed area of the loop of each replicate and outcome, (R, O), by the trapezoid rule."""
    gaps = [(visits[f"{name}_down"] - visits[f"{name}_up"]).to_numpy(float).reshape(replicates, -1) for name in names]
    return np.array([np.trapezoid(gap, places, axis=1) for gap in gaps]).T


def _estimates(values: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    count = np.array(float(len(values)))
    widths = half_width(values.std(axis=0, ddof=1), count)
    return pd.DataFrame({"mean": values.mean(axis=0), "half_width": widths}, index=pd.Index(names, name="outcome"))


def in_words(found: Loop) -> str:
    """Return whether there is a loop, how large and how sure, and whether it closes, a sentence per line."""
    lines = []
    for name in found.outcomes:
        (area, width), words = found.areas.loc[name], name.replace("_", " ").capitalize()
        known = f"{area:.3g} ± {width:.2g} (95 %)"
        clear_at = f"clear of chance at {int(found.branches[f'{name}_clear'].sum())} of {len(found.branches)} values"
        if abs(area) > width:
            higher = "higher" if area > 0 else "lower"
            lines.append(f"{words} is {higher} on the way back, by {known} on average over the range: the area of the "
                         f"loop; {clear_at}.")  # fmt: skip
        else:
            lines.append(f"{words} has no loop beyond chance: area {known}, {clear_at}.")
        change, width = found.closing.loc[name]
        if abs(change) > width:
            lines.append(f"Back at the low end it differs by {change:.3g} ± {width:.2g} (95 %) from the same economy "
                         "that never left: the way there is not undone.")  # fmt: skip
    if (found.areas["mean"].abs() > found.areas["half_width"]).any():
        lines.append(f"A loop may be memory or delay: repeat it with stays of more than {found.epochs} epochs "
                     "(--epochs); delay shrinks, memory stays.")  # fmt: skip
    return "\n".join(lines)
