"""What is asked of several commands alike, checked alike: counts, seeds, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.errors import ExperimentError, suggestion


def check_counts(**counts: int | None) -> None:
    """Raise ExperimentError unless every count given is a whole number above zero."""
    for name, count in counts.items():
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise ExperimentError(f"{name} = {count!r}: give a whole number above zero")


def check_seed(seed: int | None) -> None:
    """Raise ExperimentError unless a seed, if given, is a whole number of zero or more."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise ExperimentError(f"seed = {seed!r}: give a whole number, zero or above")


def check_metrics(what: str, names: Sequence[Any]) -> tuple[str, ...]:
    """Return names of metrics. Raises ExperimentError if there are none, one is unknown, or one is there twice."""
    from model.metrics import METRICS

    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ExperimentError(f"{what} = {names!r}: list at least one metric")
    for name in names:
        if not isinstance(name, str):
            raise ExperimentError(f"{what} = {list(names)!r}: give names of metrics")
        if name not in METRICS:
            hint = suggestion(name, METRICS) or "; `rangefinder explain metrics` lists them"
            raise ExperimentError(f"unknown metric {name!r}{hint}")
        if names.count(name) > 1:
            raise ExperimentError(f"{what} has {name!r} twice; name every metric once")
    return tuple(names)
