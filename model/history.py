"""The history of an economy: what all metrics are computed from."""

from __future__ import annotations

from typing import Any

import numpy as np

from model.core.recording import Snapshots
from model.parameters import Scenario


class History:
    """Snapshots of a run, the first before the first epoch; T is the number of intervals between them.

    Metrics are functions of this, so they cost a run nothing but the copies. `derived` keeps what several of them use.
    """

    def __init__(self, scenario: Scenario, snapshots: Snapshots) -> None:
        """Look at snapshots; nothing is copied, and nothing may write to them any more."""
        self.scenario = scenario
        self.snapshots = snapshots
        self.derived: dict[Any, Any] = {}

    @property
    def epoch(self) -> np.ndarray:
        """Epochs done at each snapshot, (T + 1,)."""
        return self.snapshots.epoch

    @property
    def size(self) -> int:
        """Number of snapshots, T + 1."""
        return len(self.epoch)

    @property
    def epochs(self) -> np.ndarray:
        """Epochs between snapshots, (T,)."""
        return self.epoch[1:] - self.epoch[:-1]

    def path(self, group: str, name: str) -> np.ndarray:
        """Return a field of a group at every snapshot, (T + 1,) or (T + 1, rows)."""
        return getattr(self.snapshots, group)[name]

    def stock(self, group: str, name: str) -> np.ndarray:
        """Return a field of a group at the end of every interval, (T,) or (T, rows)."""
        return self.path(group, name)[1:]

    def flow(self, name: str) -> np.ndarray:
        """Return the flow of a cumulative total in every interval, (T,) or (T, offences)."""
        return np.diff(self.path("totals", name), axis=0)

    def part(self, which: slice | list[int]) -> History:
        """Return the history of some of the snapshots; those of a slice are not copied."""
        return History(self.scenario, Snapshots(*[array[which] for array in self.snapshots]))

    def interval(self, first: int, last: int) -> History:
        """Return the history of two of the snapshots alone, first < last."""
        return self.part(slice(first, last + 1, last - first))
