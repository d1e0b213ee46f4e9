"""What is wanted of a sweep: which runs, given what is known so far, and which of them are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.precision import Precision
    from experiments.sweeps.store import Store


class Wanted:
    """The runs of a plan, or of its k-th of n shards: so many replicates of every point, or as many as precision asks.

    A shard has whole points, so that their precision is its own affair.
    """

    def __init__(
        self, plan: Plan, store: Store, replicates: int, precision: Precision | None, shard: tuple[int, int]
    ) -> None:
        """Choose the points of the shard."""
        place, shards = shard
        self.points = plan.points[place - 1 :: shards]
        self._plan, self._store, self._replicates, self._precision = plan, store, replicates, precision
        self._precise = None if precision is None else 0

    def tasks(self) -> list[Task]:
        """Return the runs that are wanted as far as is known: after these are done there may be more."""
        if self._precision is None:
            return list(self._plan.tasks(self.points, self._replicates))
        values = self._values(self._precision)
        self._precise = sum(self._precision.met(values[point], self._replicates) for point in self.points)
        counts = {point: self._precision.replicates(values[point], self._replicates) for point in self.points}
        return [task for point in self.points for task in self._plan.tasks([point], counts[point])]

    @property
    def precise(self) -> int | None:
        """How many points had reached the precision asked for when `tasks` was last called; None if none was."""
        return self._precise

    def imprecise(self) -> list[int]:
        """Return the points that have not reached the precision asked for, none if none was."""
        if self._precision is None:
            return []
        values = self._values(self._precision)
        return [point for point in self.points if not self._precision.met(values[point], self._replicates)]

    def _values(self, precision: Precision) -> dict[int, np.ndarray]:
        """Return the values of each point (runs, metrics) by replicate, up to the first that is missing."""
        import numpy as np

        from experiments.sweeps.reading import read_table

        names = list(precision.half_widths)
        empty = np.empty((0, len(names)))
        if not self._store.done:
            return dict.fromkeys(self.points, empty)
        table = read_table(self._store.folder, columns=["point", "replicate", *names])
        found = dict.fromkeys(self.points, empty)
        for point, rows in table.groupby("point"):
            together = int((rows["replicate"].to_numpy() == np.arange(len(rows))).sum())
            found[point] = rows[names].to_numpy(float)[:together]
        return found


def described(plan: Plan, points: list[int], most: int = 3) -> str:
    """Return some points of a plan in words."""
    words = [", ".join(f"{name} {value}" for name, value in plan.changes(point).items()) for point in points[:most]]
    return "; ".join(words) + (f" and {len(points) - most} more" if len(points) > most else "")
