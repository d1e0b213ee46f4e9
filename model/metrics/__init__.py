"""What is measured: METRICS lists every metric with unit, direction and meaning; `compute` evaluates them on a History.

A new metric is one decorated function (`stock` or `flow`) in the file of its subject; it recompiles nothing.
"""

from __future__ import annotations

from model.history import History
from model.metrics import economy, honesty, security
from model.metrics.concentration import concentration
from model.metrics.registry import METRICS, Metric, Series, flow, stock

__all__ = ["METRICS", "Metric", "compute", "economy", "flow", "honesty", "security", "stock"]


def compute(history: History) -> dict[str, Series]:
    """Return every metric of a history, (T,) each; nan where it is undefined."""
    indices = concentration(history)
    return {name: indices[name] if name in indices else entry.compute(history) for name, entry in METRICS.items()}
