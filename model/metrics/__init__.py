"""What is measured: METRICS lists every metric with unit, direction and meaning; `compute` evaluates them on a History.

A new metric is one decorated function (`stock`, `flow` or `rate`) in the file of its subject; it recompiles nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from model.history import History
from model.metrics import economy, honesty, ordering, restaking, security, service, stack, tactics, upkeep
from model.metrics.concentration import HOLDINGS, INDICES
from model.metrics.registry import METRICS, Metric, Series, flow, rate, stock

__all__ = [
    "HOLDINGS", "INDICES", "METRICS", "Metric", "compute", "economy", "flow", "honesty", "ordering", "rate",
    "restaking", "security", "service", "stack", "stock", "tactics", "upkeep",
]  # fmt: skip


def compute(history: History, names: Collection[str] | None = None) -> dict[str, Series]:
    """Return the metrics of those names, or all of them, in the order of METRICS; (T,) each, nan where undefined.

    Raises KeyError for a name that is none.
    """
    wanted = METRICS.keys() if names is None else set(names)
    if unknown := wanted - METRICS.keys():
        raise KeyError(f"{', '.join(sorted(unknown))}: no metric of that name; METRICS lists all")
    return {name: metric.compute(history) for name, metric in METRICS.items() if name in wanted}
