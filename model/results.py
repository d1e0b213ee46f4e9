"""What a run leaves behind: its metrics, a summary, and where they came from."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

import pandas as pd

from model.history import History
from model.metrics import METRICS, compute


@dataclass(frozen=True)
class Run:
    """One simulated run: `metrics` over time, `summary` of its later half, `provenance` to repeat it."""

    history: History
    provenance: dict[str, Any]

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A column per metric, a row per record; the index is the number of epochs done."""
        index = pd.Index(self.history.epoch[1 : self.history.size], name="epoch")
        return pd.DataFrame(compute(self.history), index=index)

    def summary(self) -> pd.Series:
        """Every metric over the later half of the records: stocks as means, flows over that whole time as one interval.

        A ratio of flows is thus the ratio of their sums, whatever the spacing of the records.
        """
        half = len(self.metrics) // 2
        means = self.metrics.iloc[half:].mean(skipna=True)
        flows = compute(self.history.interval(half, self.history.size - 1))
        values = {name: flows[name][0] if METRICS[name].is_flow else means[name] for name in METRICS}
        return pd.Series(values, name=None)


@cache
def versions() -> dict[str, str]:
    """Return the versions of what computes a run."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("numpy", "numba")}
