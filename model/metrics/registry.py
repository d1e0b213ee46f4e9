"""The registry of metrics, and the few quantities that several of them use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

import numpy as np

from model.core.options import Status
from model.history import History

Series = np.ndarray
"""One value per record, (T,)."""


@dataclass(frozen=True)
class Metric:
    """A named measure: unit, which direction is better (higher, lower, neither), meaning, and how it is computed.

    A stock is a state of affairs when it is recorded; a flow is over the interval since the last record.
    """

    name: str
    unit: str
    better: str
    meaning: str
    is_flow: bool
    compute: Callable[[History], Series]


METRICS: dict[str, Metric] = {}

Measure = Callable[[History], Series]
Derived = TypeVar("Derived")


def stock(unit: str, better: str) -> Callable[[Measure], Measure]:
    """Register a function as the stock of its name, its docstring as the meaning."""
    return lambda function: _register(function, unit, better, is_flow=False)


def flow(unit: str, better: str) -> Callable[[Measure], Measure]:
    """Register a function as the flow of its name, its docstring as the meaning."""
    return lambda function: _register(function, unit, better, is_flow=True)


def _register(function: Measure, unit: str, better: str, is_flow: bool) -> Measure:
    name, meaning = function.__name__, (function.__doc__ or "").strip()
    METRICS[name] = Metric(name, unit, better, meaning, is_flow, function)
    return function


def once(function: Callable[[History], Derived]) -> Callable[[History], Derived]:
    """Evaluate a function once per history, whatever the number of metrics that use it."""

    @wraps(function)
    def kept(history: History) -> Derived:
        if kept not in history.derived:
            history.derived[kept] = function(history)
        return history.derived[kept]

    return kept


def ratio(part: Series, whole: Series) -> Series:
    """Return part over whole, nan where there is no whole."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) != 0)


def per_year(history: History, flow: Series) -> Series:
    """Return a flow between records as a yearly rate."""
    return np.asarray(flow / history.epochs * history.scenario.epochs_per_year)


@once
def stake(history: History) -> Series:
    """Return the stake of every node, own and delegated, zero once it is out, (T, S)."""
    status = history.stock("sequencers", "status")
    serving = (status == Status.ACTIVE) | (status == Status.JAILED)
    return (history.stock("sequencers", "self_stake") + history.stock("sequencers", "pool")) * serving
