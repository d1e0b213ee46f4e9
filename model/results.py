"""What a run leaves behind: its metrics, what they settled at, if they did, and how to repeat it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.history import History
from model.metrics import METRICS, compute
from model.metrics.registry import ratio
from model.stationarity import judge


class Settled(NamedTuple):
    """Metrics over the later half of a run, (M,) each, in the order they were asked for.

    `value` is the mean of a stock over time, a flow over that whole time as one interval, and a rate the flow over the
    average stock; `start` the epoch after which it counts; `stationary` whether the value is a level that the economy
    keeps, or one it was passing. `effective` (records), `drift` and `deviation` are those of
    `model.stationarity.Verdict`.
    """

    value: NDArray[np.float64]
    start: NDArray[np.int64]
    effective: NDArray[np.float64]
    drift: NDArray[np.float64]
    deviation: NDArray[np.float64]
    stationary: NDArray[np.bool_]


@dataclass(frozen=True)
class Run:
    """One simulated run: `metrics` over time, what they `settled` at, `provenance` to repeat it."""

    history: History
    provenance: dict[str, Any]

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A column per metric, a row per record; the index is the number of epochs done."""
        index = pd.Index(self.history.epoch[1 : self.history.size], name="epoch")
        return pd.DataFrame(compute(self.history), index=index)

    def settled(self, names: Sequence[str] | None = None) -> Settled:
        """Return the values of metrics (all by default) over the later half of the records, and whether they settled.

        A ratio of flows is the ratio of their sums, whatever the spacing of the records; a rate depends on it only as
        its stock does. A last record that covers less time than the others is part of the value, not of the judgement.
        """
        names = list(METRICS) if names is None else list(names)
        later = self.history.part(slice((self.history.size - 1) // 2, None))
        records = compute(later, names)
        series = np.array([records[name] for name in names])
        value, whole = _means(series, later.epochs), later.interval(0, later.size - 1)
        for place, metric in enumerate(METRICS[name] for name in names):
            if metric.kind == "flow":
                value[place] = metric.compute(whole)[0]
            elif metric.parts is not None:
                value[place] = ratio(*[part.sum() for part in metric.parts(later)])
        start = np.full(len(names), later.epoch[0])
        return Settled(value, start, *judge(series[:, later.epochs == later.epochs[0]]))

    def summary(self) -> pd.Series:
        """Every metric over the later half of the run; `settling` says which of them have settled."""
        return pd.Series(self.settled().value, index=list(METRICS))

    def settling(self) -> pd.DataFrame:
        """Return the columns of `Settled`, a row per metric."""
        return pd.DataFrame(self.settled()._asdict(), index=pd.Index(METRICS, name="metric"))


def _means(series: NDArray[np.float64], epochs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the means of rows over the time in which they are defined, nan where there is none."""
    defined = ~np.isnan(series)
    return ratio(np.where(defined, series, 0.0) @ epochs, defined @ epochs)


@cache
def versions() -> dict[str, str]:
    """Return the versions of what computes a run."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("numpy", "numba")}
