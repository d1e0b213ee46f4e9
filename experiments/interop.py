"""This economy in the hands of other tools: SALib, the EMA workbench, and code written for Mesa's `batch_run`.

From a problem of SALib to its indices, with points drawn here:

    ranges = {"sampling_probability": (1e-4, 0.1), "slash_fraction": (1e-3, 1.0)}
    design = Design.saltelli(256, seed=1, **ranges)
    table = sweep(scenario, design, replicates=4, store="results/indices")
    outcomes = outcome_of(table, design, "honesty_by_value")
    SALib.analyze.sobol.analyze(salib_problem(**ranges), outcomes, calc_second_order=False)

or drawn by SALib, for an analysis that needs points of its own:

    design = salib_design(SALib.sample.fast_sampler.sample(salib_problem(**ranges), 256), **ranges)

`Table.to_xarray` gives grids to xarray.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import loguniform, rv_discrete

from experiments.checks import check_counts, check_metrics, check_seed
from experiments.design import Design
from experiments.errors import ExperimentError, suggestion
from experiments.ranges import Range, held
from experiments.sampling import problem as salib_problem
from experiments.sampling import ranges as ranges_of
from experiments.sweeps.plan import new_root, replicate_seed
from experiments.sweeps.table import Table
from model.metrics import METRICS
from model.parameters import Scenario
from model.simulation import simulate

if TYPE_CHECKING:
    from ema_workbench import Model
    from ema_workbench.em_framework.parameters import Parameter
    from numpy.typing import ArrayLike, NDArray

__all__ = ["batch_run_rows", "ema_model", "outcome_of", "salib_design", "salib_problem"]

Varied = Iterable[str | tuple[str, Any]]


def salib_design(sample: ArrayLike, *names: str, **ranges: Any) -> Design:
    """Return what SALib sampled, (points, parameters), for the problem of the same names and ranges, as a design.

    Of a whole parameter the whole part counts, and of one with options it is the number of the option. Points keep
    their order and may repeat. Raises ExperimentError for a sample of another problem.
    """
    found = ranges_of(names, ranges)
    numbers = np.asarray(sample, float)
    if numbers.ndim != 2 or numbers.shape[1] != len(found):
        raise ExperimentError(f"the sample has shape {numbers.shape}: give a row per point and {len(found)} columns")
    columns = [
        [_value(one, number) for number in column] for one, column in zip(found, numbers.T.tolist(), strict=True)
    ]
    axes = tuple(one.name for one in found)
    return Design(axes, tuple(dict(zip(axes, point, strict=True)) for point in zip(*columns, strict=True)))


def _value(one: Range, number: float) -> Any:
    top = one.high + 1 if one.whole else one.high
    if not one.low <= number <= top:
        raise ExperimentError(f"{one.name}: the sample has {number:g}, outside the problem's {one.low:g} to {top:g}")
    if not one.whole:
        return number
    whole = min(math.floor(number), int(one.high))
    return one.options[whole] if one.options else whole


def outcome_of(table: pd.DataFrame, design: Design, metric: str) -> NDArray[np.float64]:
    """Return the mean of a metric over the replicates of each point of a design, in its order, (points,).

    Equal points, which run once, have the same; a point of which no run has the metric has nan. Raises ExperimentError
    for a metric or a point that is not in the table.
    """
    _check_columns(table, (*design.axes, metric))
    means = table.groupby(list(design.axes))[metric].mean()
    single = len(design.axes) == 1
    known = {(key,) if single else key: value for key, value in means.items()}
    points = [tuple(point[name] for name in design.axes) for point in design.points]
    for row, point in enumerate(points, start=1):
        if point not in known:
            raise ExperimentError(f"point {row} of the design is not in the table; sweep this design")
    return np.array([known[point] for point in points], float)


def ema_model(
    scenario: Scenario,
    uncertainties: Varied = (),
    levers: Varied = (),
    outcomes: Sequence[str] = (),
    *,
    replicates: int = 8,
    epochs: int = 364,
    record_every: int = 7,
    seed: int | None = None,
) -> Model:
    """Return a scenario as a model of the EMA workbench, for any of its evaluators.

    Uncertainties and levers are parameters by name, to vary over their studied ranges, or (name, range) as a design
    takes them. Samplers that draw from distributions, such as Latin hypercubes, keep to log scales; the workbench hands
    SALib's the bounds alone. Outcomes are metrics: means over `replicates` runs under the seeds that `sweep` gives
    them, so all experiments meet the same luck and say what a sweep would. A run that raises ends the experiments.

    Raises ExperimentError if the workbench is not installed, or for what cannot vary, is no metric, or is no count.
    """
    try:
        from ema_workbench import Model, ScalarOutcome
    except ImportError:
        raise ExperimentError("the EMA workbench is not installed: pip install ema_workbench") from None
    check_counts(replicates=replicates, epochs=epochs, record_every=record_every)
    check_seed(seed)
    check_metrics("outcomes", outcomes)
    known, chosen = _ranges(uncertainties), _ranges(levers)
    _check_names([one.name for one in (*known, *chosen)])
    root = new_root() if seed is None else seed
    seeds = tuple(replicate_seed(root, replicate) for replicate in range(replicates))
    name = "".join(letter for letter in scenario.name if letter.isalnum()) or "economy"
    model = Model(name, _Means(scenario, seeds, epochs, record_every, tuple(outcomes)))
    model.uncertainties = [_parameter(one) for one in known]
    model.levers = [_parameter(one) for one in chosen]
    kinds = {"higher": ScalarOutcome.MAXIMIZE, "lower": ScalarOutcome.MINIMIZE, "neither": ScalarOutcome.INFO}
    model.outcomes = [ScalarOutcome(name, kinds[METRICS[name].better]) for name in outcomes]
    return model


@dataclass(frozen=True)
class _Means:
    """What the workbench calls with the values of an experiment, in any of its processes."""

    scenario: Scenario
    seeds: tuple[int, ...]
    epochs: int
    record_every: int
    outcomes: tuple[str, ...]

    def __call__(self, **changes: Any) -> dict[str, float]:
        scenario = self.scenario.replace(**{name: held(name, [value])[0] for name, value in changes.items()})
        runs = [simulate(scenario, seed, self.epochs, self.record_every) for seed in self.seeds]
        values = pd.DataFrame([run.settled(self.outcomes).value for run in runs], columns=list(self.outcomes))
        return {str(name): float(mean) for name, mean in values.mean().items()}


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ExperimentError(f"{name} is named twice; it is an uncertainty or a lever")
    if not names:
        raise ExperimentError("nothing varies; name at least one uncertainty or lever")


def _ranges(varied: Varied) -> list[Range]:
    return [Range.of(one) if isinstance(one, str) else Range.of(*one) for one in varied]


def _parameter(one: Range) -> Parameter:
    from ema_workbench import BooleanParameter, CategoricalParameter, IntegerParameter, RealParameter

    if {*map(type, one.options)} == {bool}:
        return BooleanParameter(one.name)
    if one.options:
        return CategoricalParameter(one.name, one.options)
    if one.scale == "log":
        kind, spread = (IntegerParameter, log_whole) if one.whole else (RealParameter, loguniform)
        parameter = kind.from_dist(one.name, spread(one.low, one.high))
        # Version 2 of the workbench looks for it, and version 3 does not take it as an argument.
        parameter.pff = False
        return parameter
    return (IntegerParameter if one.whole else RealParameter)(one.name, one.low, one.high)


class LogWhole(rv_discrete):
    """Whole numbers from low to high, of which k has what lies from k to k + 1 on a log scale, as in a design."""

    def _get_support(self, low: Any, high: Any) -> Any:
        return low, high

    def _cdf(self, number: Any, low: Any, high: Any) -> Any:
        return np.log((np.floor(number) + 1) / low) / np.log((high + 1) / low)


log_whole = LogWhole(name="log_whole", shapes="low, high")


def batch_run_rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows that `mesa.batch_run` returns: RunId, iteration, Step, what was swept, seed and metrics.

    There is a row per record if the sweep kept its `series`, whose flows are those since the last record; else one per
    run, with the metrics of the table and the last epoch as Step. A run that failed has a row of nan at its last epoch.
    Raises ExperimentError if a column that says which run a row is was left out.
    """
    _check_columns(table, ("key", "point", "replicate", *table.swept, "seed"))
    metrics = [name for name in table if name in METRICS]
    runs = pd.DataFrame(table).sort_values(["replicate", "point"], ignore_index=True)
    rows = runs[["key", "replicate", *table.swept, "seed"]].rename(columns={"replicate": "iteration"})
    rows.insert(0, "RunId", range(len(rows)))
    if table.series is None:
        rows = rows.assign(epoch=table.epochs, **runs[metrics])
    else:
        rows = rows.merge(table.series[["key", "epoch", *metrics]], on="key", how="left")
    rows = rows.drop(columns="key")
    rows.insert(2, "Step", rows.pop("epoch").fillna(table.epochs).astype(int))
    return rows.to_dict("records")


def _check_columns(table: pd.DataFrame, names: Iterable[str]) -> None:
    for name in names:
        if name not in table:
            raise ExperimentError(f"the table has no column {name!r}{suggestion(name, table.columns)}; keep it")
