"""A sweep under way: a probe, then batches to an executor and what comes back to the store, until none is missing."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from experiments.sweeps.dispatch import Dispatch
from experiments.sweeps.executors import Executor, Here, executor_for
from experiments.sweeps.progress import Pace, Progress, bytes_per_run
from experiments.sweeps.worker import concatenated

if TYPE_CHECKING:
    from experiments.sweeps.interrupts import Interrupts
    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.store import Store
    from experiments.sweeps.wanted import Wanted
    from experiments.sweeps.worker import Outcome

PROBES = 2
"""Runs of each worker before the rest is handed out: the first may compile, the quickest tells what one takes."""

GUESS_SECONDS = 1.0
"""What a run is thought to take if none of the probes came back."""

FLUSH_SECONDS = 2.0
FLUSH_ROWS = 4096
"""What a crash may cost: finished runs wait so long, or until there are so many, before they are written."""

Tell = Callable[[Progress], None]


class Sweeping:
    """Brings the runs that are `wanted` of a plan into a store, telling `tell`, until `asked` to stop."""

    def __init__(self, plan: Plan, store: Store, wanted: Wanted, asked: Interrupts, tell: Tell | None) -> None:
        """Prepare; nothing runs yet."""
        self._plan, self._store, self._wanted, self._asked, self._tell = plan, store, wanted, asked, tell
        self._missing: set[str] = set()
        self._total = 0
        self._pace: Pace | None = None
        self._tasks: list[Task] = []
        self._outcomes: list[Outcome] = []
        self._flushed = time.monotonic()

    def run(self, workers: int | None, cluster: Executor | None) -> None:
        """Run what is missing, round after round, for precision may ask for more after each.

        The points in an order of its own, so that several processes on one store seldom run the same at the same time.
        """
        missing = self._take_stock()
        if not missing:
            self._pace = Pace(0.0)
            self._report(0)
            return
        here = cluster is None and workers in (None, 1) and not self._store.forgotten
        seconds = self._probe(missing, Here()) if here else None
        with executor_for(seconds and seconds * len(missing), workers, cluster) as executor:
            seconds = seconds or self._probe(missing, executor)
            self._pace = Pace(max(1, executor.slots // 2) / seconds)
            self._report(0)
            while not self._asked.asked and (missing := self._take_stock()):
                self._carry_out(Dispatch(self._plan, _shuffled(missing), executor, seconds))
        self._report(0)

    def _take_stock(self) -> list[Task]:
        tasks = self._wanted.tasks()
        missing = [task for task in tasks if task.key not in self._store.done]
        self._total, self._missing = len(tasks), {task.key for task in missing}
        return missing

    def _probe(self, missing: list[Task], executor: Executor) -> float:
        """Carry out some runs, each by itself, and return the seconds that the quickest took.

        In this process only if nobody asked for workers: a run that kills its process would kill every resumed sweep.
        """
        probes = min(len(missing), max(PROBES, executor.slots))
        dispatch = Dispatch(self._plan, random.SystemRandom().sample(missing, probes), executor, math.inf)
        self._carry_out(dispatch)
        return dispatch.quickest if math.isfinite(dispatch.quickest) else GUESS_SECONDS

    def _carry_out(self, dispatch: Dispatch) -> None:
        """Keep what comes; once asked to stop, only of what is under way. What has come is written, come what may."""
        try:
            for tasks, outcome in dispatch.results(self._is_done):
                self._tasks += tasks
                self._outcomes.append(outcome)
                self._missing -= {task.key for task in tasks}
                if len(self._tasks) >= FLUSH_ROWS or time.monotonic() - self._flushed >= FLUSH_SECONDS:
                    self._flush()
                self._report(len(tasks))
                if self._asked.asked:
                    dispatch.stop()
        finally:
            self._flush()

    def _is_done(self, task: Task) -> bool:
        return task.key in self._store.done

    def _flush(self) -> None:
        """Write what has come, and see what other processes have written."""
        tasks, outcomes = self._tasks, self._outcomes
        self._tasks, self._outcomes = [], []
        if tasks:
            self._store.add(self._plan, tasks, concatenated(outcomes))
        self._store.refresh()
        self._missing -= self._store.done
        self._flushed = time.monotonic()

    def _report(self, runs: int) -> None:
        """Tell of progress after so many more runs, once the probe has shown how long they take."""
        if self._tell is None or self._pace is None:
            return
        self._pace.count(runs)
        failed = self._store.failed + sum(error != "" for outcome in self._outcomes for error in outcome.error)
        left, rate, points = len(self._missing), self._pace.rate, self._wanted.points
        self._tell(Progress(
            done=self._total - left, total=self._total, failed=failed, rate=rate,
            seconds_left=left / rate if rate else 0.0, bytes_left=left * bytes_per_run(self._plan),
            points=len(points), precise=self._wanted.precise,
        ))  # fmt: skip


def _shuffled(tasks: list[Task]) -> list[Task]:
    """Return tasks in a random order in which those of a point stay together, which saves setting it up again."""
    luck = random.SystemRandom()
    order = {point: luck.random() for point in {task.point for task in tasks}}
    return sorted(tasks, key=lambda task: (order[task.point], luck.random()))
