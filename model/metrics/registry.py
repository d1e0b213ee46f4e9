"""The registry of metrics, and the few quantities that several of them use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypeVar

import numpy as np

from model.core.options import Status
from model.history import History
from model.parameters.rules import rules_of

Series = np.ndarray
"""One value per record, (T,)."""

Kind = Literal["stock", "flow", "rate"]
Measure = Callable[[History], Series]
Fraction = Callable[[History], tuple[Series, Series]]


@dataclass(frozen=True)
class Metric:
    """A named measure: unit, which direction is better (higher, lower, neither), meaning, and how it is computed.

    A stock is a state of affairs when it is recorded; a flow is over the interval since the last record; a rate relates
    a flow to the average stock in that interval, and has the two as its `parts`, which add up over records.
    """

    name: str
    unit: str
    better: str
    meaning: str
    kind: Kind
    compute: Callable[[History], Series]
    parts: Fraction | None = None


METRICS: dict[str, Metric] = {}

Derived = TypeVar("Derived")


def stock(unit: str, better: str) -> Callable[[Measure], Measure]:
    """Register a function as the stock of its name, its docstring as the meaning."""
    return lambda function: _register(function, unit, better, "stock")


def flow(unit: str, better: str) -> Callable[[Measure], Measure]:
    """Register a function as the flow of its name, its docstring as the meaning."""
    return lambda function: _register(function, unit, better, "flow")


def rate(unit: str, better: str) -> Callable[[Fraction], Fraction]:
    """Register a function as the rate of its name, its docstring as the meaning.

    It returns a part and a whole that add up over time, (T,) each: a flow, and a stock as it was `held`. Over several
    records the rate is the sum of the parts over that of the wholes, as a return on average capital; a mean of the
    records would hang on the few in which next to nothing was held.
    """

    def register(function: Fraction) -> Fraction:
        METRICS[function.__name__] = Metric(
            function.__name__, unit, better, _meaning(function), "rate", lambda h: ratio(*function(h)), function
        )
        return function

    return register


def _register(function: Measure, unit: str, better: str, kind: Kind) -> Measure:
    METRICS[function.__name__] = Metric(function.__name__, unit, better, _meaning(function), kind, function)
    return function


def _meaning(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip()


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
    return np.asarray(flow / years(history))


def years(history: History) -> Series:
    """Return the time between records in years."""
    return np.asarray(history.epochs / history.scenario.epochs_per_year)


def held(history: History, path: Series) -> Series:
    """Return a stock (T + 1,), at every snapshot, times the years it was held between them; linear in between, (T,)."""
    return (path[1:] + path[:-1]) / 2 * years(history)


@once
def rules(history: History) -> np.record:
    """Return what follows from the scenario: gains, evidence, slashes by offence, and the rest."""
    return rules_of(history.scenario)


@once
def stake_path(history: History) -> Series:
    """Return the stake of every node, own and delegated, zero once it is out, at every snapshot, (T + 1, S)."""
    status = history.path("sequencers", "status")
    serving = (status == Status.ACTIVE) | (status == Status.JAILED)
    return (history.path("sequencers", "self_stake") + history.path("sequencers", "pool")) * serving


def stake(history: History) -> Series:
    """Return the stake of every node when it is recorded, (T, S)."""
    return stake_path(history)[1:]
