"""The registry of metrics, and the few quantities that several of them use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.core.options import Status
from model.history import History

Series = np.ndarray
"""One value per record, (T,)."""


@dataclass(frozen=True)
class Metric:
    """A named measure: unit, which direction is better (higher, lower, neither), meaning, and how it is computed."""

    name: str
    unit: str
    better: str
    meaning: str
    compute: Callable[[History], Series]


METRICS: dict[str, Metric] = {}


def metric(unit: str, better: str) -> Callable[[Callable[[History], Series]], Callable[[History], Series]]:
    """Register a function as the metric of its name, its docstring as the meaning. Flows are since the last record."""

    def register(function: Callable[[History], Series]) -> Callable[[History], Series]:
        name, meaning = function.__name__, (function.__doc__ or "").strip()
        METRICS[name] = Metric(name, unit, better, meaning, function)
        return function

    return register


def ratio(part: Series, whole: Series) -> Series:
    """Return part over whole, nan where there is no whole."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) != 0)


def per_year(history: History, flow: Series) -> Series:
    """Return a flow between records as a yearly rate."""
    return np.asarray(flow / history.epochs * history.scenario.epochs_per_year)


def stake(history: History) -> Series:
    """Return the stake of every node, own and delegated, zero once it is out, (T, S)."""
    status = history.stock("sequencers", "status")
    serving = (status == Status.ACTIVE) | (status == Status.JAILED)
    return (history.stock("sequencers", "self_stake") + history.stock("sequencers", "pool")) * serving
