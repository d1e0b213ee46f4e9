"""Handing runs out: batches of a good size to an executor, and a batch whose worker died again, alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING

from experiments.errors import ExperimentError
from experiments.sweeps.executors import died
from experiments.sweeps.worker import DIED, Batch, Outcome, new_outcome, run_batch

if TYPE_CHECKING:
    from experiments.sweeps.executors import Executor
    from experiments.sweeps.plan import Plan, Task

BATCH_SECONDS = 1.0
"""What a batch should take: long against the handing over, short against the patience of who presses Ctrl-C."""

LARGEST_BATCH = 2_000
DEATHS = 2
"""A run that was alone on its worker when it died, this often, is given up and recorded as an error."""

Done = tuple[list["Task"], Outcome]


class Dispatch:
    """Runs under way. Iterating yields what is finished; after `stop` only what had been handed out already.

    `quickest` is the least time that a run took, in seconds.
    """

    def __init__(self, plan: Plan, tasks: list[Task], executor: Executor, seconds_per_run: float) -> None:
        """Hand out `tasks` in their order; `seconds_per_run` is a first guess at what one takes."""
        self._plan, self._executor = plan, executor
        self._waiting = deque(tasks)
        self._suspects: deque[tuple[list[Task], int]] = deque()
        self._under_way: dict[Future[Outcome], tuple[list[Task], int]] = {}
        self._stopped = False
        self._seconds_per_run = seconds_per_run
        self.quickest = seconds_per_run

    def results(self, is_done: Callable[[Task], bool]) -> Iterator[Done]:
        """Yield batches as they finish; a run that `is_done`, as another process may have seen to, is not handed out.

        Raises ExperimentError if the executor is lost, ForeignWorker if it runs other code.
        """
        while self._refill(is_done):
            yield from self._finished()

    def stop(self) -> None:
        """Hand out nothing more: what is under way, of which no cluster tells whether it has begun, still comes."""
        self._stopped = True

    def _refill(self, is_done: Callable[[Task], bool]) -> bool:
        """Keep the executor busy, but leave it to a batch that may have killed a worker. Return whether any is left."""
        if self._suspects and not self._under_way and not self._stopped:
            self._submit(*self._suspects.popleft())
        elif not self._suspects and not self._stopped:
            while len(self._under_way) < self._executor.slots and (batch := self._next_batch(is_done)):
                self._submit(batch, 0)
        return bool(self._under_way)

    def _next_batch(self, is_done: Callable[[Task], bool]) -> list[Task]:
        fair = -(-len(self._waiting) // (2 * self._executor.slots))
        size = min(LARGEST_BATCH, fair, max(1, round(BATCH_SECONDS / self._seconds_per_run)))
        batch: list[Task] = []
        while self._waiting and len(batch) < size:
            task = self._waiting.popleft()
            if not is_done(task):
                batch.append(task)
        return batch

    def _submit(self, tasks: list[Task], deaths: int) -> None:
        plan = self._plan
        runs = [(plan.changes(task.point), task.seed) for task in tasks]
        batch = Batch(plan.scenario, runs, plan.epochs, plan.record_every, plan.metrics, plan.series, plan.engine)
        try:
            future = self._executor.submit(run_batch, batch)
        except Exception as error:
            if not died(error):
                raise
            future = Future()
            future.set_exception(error)
        self._under_way[future] = tasks, deaths

    def _finished(self) -> Iterator[Done]:
        finished, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        dead, lost = [], None
        for future in finished:
            tasks, deaths = self._under_way.pop(future)
            error = _failure(future)
            if error is None:
                outcome = future.result()
                self._learn(len(tasks), outcome.seconds)
                yield tasks, outcome
            elif died(error):
                dead.append((tasks, deaths))
            else:
                lost = error
        if lost is not None:
            raise lost
        if dead:
            yield from self._bury(dead)

    def _learn(self, runs: int, seconds: float) -> None:
        self.quickest = min(self.quickest, max(seconds / runs, 1e-6))
        self._seconds_per_run = 0.5 * (self._seconds_per_run + seconds / runs)

    def _bury(self, dead: list[tuple[list[Task], int]]) -> Iterator[Done]:
        """Queue the batches of dead workers to be run alone, in halves, so that at last the run that kills is known."""
        self._executor.revive()
        alone = len(dead) == 1 and not self._under_way
        for tasks, deaths in dead:
            if len(tasks) > 1:
                middle = len(tasks) // 2
                self._suspects += [(tasks[:middle], 0), (tasks[middle:], 0)]
            elif alone and deaths + 1 >= DEATHS:
                error = f"{DIED}: the worker died {DEATHS} times in this run; it may need more memory"
                yield tasks, new_outcome(1, len(self._plan.metrics), self._plan.series, error)
            else:
                self._suspects.append((tasks, deaths + alone))


def _failure(future: Future[Outcome]) -> BaseException | None:
    """Return why a batch did not come back, in words if it is the workers that are not what they should be."""
    error = future.exception()
    if isinstance(error, ImportError):
        return ExperimentError(f"a worker cannot run this ({error}); install the same version of rangefinder there")
    return error
