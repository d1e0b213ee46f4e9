"""Handing runs out: whatever workers die and when, each run comes back once, and only those that kill are given up."""

from collections import Counter
from concurrent.futures import BrokenExecutor, Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import ExperimentError
from experiments.sweeps import dispatch
from experiments.sweeps.dispatch import DEATHS, Dispatch
from experiments.sweeps.plan import Plan
from experiments.sweeps.worker import DIED, Batch, Outcome, new_outcome
from tests.faults import DESIGN, METRICS, SMALL

PLAN = Plan(SMALL, DESIGN, 1, 6, 2, METRICS)
TASKS = list(PLAN.tasks([0], 30))


class Pool:
    """An executor that does one batch at a time; a run that is deadly, or a kill from outside, breaks all it holds.

    `kills` says of one batch after the other whether it is killed from outside; one that is alone only once in all.
    """

    slots = 4

    def __init__(self, deadly: set[int], kills: list[bool]) -> None:
        self._deadly, self._kills, self._spares = deadly, iter(kills), 1
        self._held: dict[Future[Outcome], set[int]] = {}
        self.suspects: set[int] = set()
        self.deaths_alone: Counter[int] = Counter()

    def submit(self, function: object, batch: Batch) -> Future[Outcome]:
        seeds = {seed for _, seed in batch.runs}
        company = set().union(*self._held.values())
        assert not company or not (seeds | company) & self.suspects, "a batch that may kill has company"
        future: Future[Outcome] = Future()
        self._held[future] = seeds
        return future

    def wait(self, futures: object, return_when: object) -> tuple[set[Future[Outcome]], set[Future[Outcome]]]:
        future, seeds = next(iter(self._held.items()))
        if not seeds & self._deadly and not self._killed():
            del self._held[future]
            future.set_result(new_outcome(len(seeds), len(METRICS))._replace(seconds=1e-3))
            self.suspects -= seeds
            return {future}, set()
        broken, self._held = set(self._held), {}
        for future in broken:
            future.set_exception(BrokenExecutor("a worker died"))
        self.suspects |= seeds
        if len(seeds) == len(broken) == 1:
            self.deaths_alone.update(seeds)
        return broken, set()

    def _killed(self) -> bool:
        if not next(self._kills, False):
            return False
        alone = len(self._held) == 1
        self._spares -= alone
        return not alone or self._spares >= 0

    def revive(self) -> None:
        assert not self._held


@settings(deadline=None)
@given(
    deadly=st.sets(st.sampled_from([task.seed for task in TASKS]), max_size=4),
    kills=st.lists(st.booleans(), max_size=20),
    seconds=st.sampled_from([1e-3, 0.3, 1.0]),
)
def test_every_run_comes_back_once_and_only_those_that_kill_are_given_up(deadly, kills, seconds):
    pool = Pool(deadly, kills)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "wait", pool.wait)
        came = list(Dispatch(PLAN, TASKS, pool, seconds).results(lambda task: False))
    assert sorted(task.replicate for tasks, _ in came for task in tasks) == list(range(len(TASKS)))
    given_up = {task.seed for tasks, outcome in came for task, error in zip(tasks, outcome.error, strict=True) if error}
    assert given_up == deadly
    assert all(error.startswith(DIED) for _, outcome in came for error in outcome.error if error)
    assert all(pool.deaths_alone[seed] == DEATHS for seed in deadly)


def test_after_a_stop_only_what_was_handed_out_comes(monkeypatch):
    pool = Pool(set(), [])
    monkeypatch.setattr(dispatch, "wait", pool.wait)
    working = Dispatch(PLAN, TASKS, pool, 1.0)
    results = working.results(lambda task: False)
    next(results)
    working.stop()
    assert len(list(results)) == pool.slots - 1


def test_what_another_process_has_done_is_not_handed_out(monkeypatch):
    pool = Pool(set(), [])
    monkeypatch.setattr(dispatch, "wait", pool.wait)
    came = list(Dispatch(PLAN, TASKS, pool, 1e-3).results(lambda task: task.replicate % 3 == 0))
    assert sorted(task.replicate for tasks, _ in came for task in tasks) == [r for r in range(30) if r % 3]


def test_what_came_along_with_an_error_is_kept(monkeypatch):
    """As when the scheduler of a cluster dies: its last results are not lost."""
    pool = Pool(set(), [])

    def wait(futures, return_when):
        good, bad, *_ = futures
        good.set_result(new_outcome(1, len(METRICS))._replace(seconds=1e-3))
        bad.set_exception(ExperimentError("gone"))
        return [bad, good], set()

    monkeypatch.setattr(dispatch, "wait", wait)
    results = Dispatch(PLAN, TASKS, pool, 1.0).results(lambda task: False)
    assert len(next(results)[0]) == 1
    with pytest.raises(ExperimentError, match="gone"):
        next(results)
