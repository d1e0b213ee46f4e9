"""The search: behaviour under which the delegation market ends as concentrated as a real one.

The loss is the sum of squares of two kinds of terms, averages over replicates: the difference of the Gini coefficients
over 0.02, and for each Nakamoto coefficient (a third, a half, two thirds) the log ratio over 0.1. Every trial has the
same seeds. A grid over the ranges is followed by the simplex method of Nelder and Mead from the grid's best point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.checks import check_counts, check_seed
from experiments.errors import ExperimentError, suggestion
from experiments.fitting.market import market, stakes_of, statistics
from experiments.sweeps.executors import executor_for
from experiments.sweeps.plan import replicate_seed
from model.parameters.declaration import facts

if TYPE_CHECKING:
    from model.parameters import Scenario

GINI_SCALE, LOG_SCALE = 0.02, 0.1
RANGES: dict[str, tuple[float, float]] = {
    "brand_dispersion": (0.1, 10.0),
    "wealth_gini": (0.3, 0.9),
    "delegator_precision": (0.05, 5.0),
    "risk_dispersion": (0.0, 2.0),
    "commission_high": (0.05, 0.5),
    "commission_step": (0.0, 0.05),
}
"""What can be fitted, and between which values."""

FREE = ("brand_dispersion", "wealth_gini")
GRID = 6
MOST_STEPS = 20
OUTSIDE = 1e3
WITHIN = 2.0
"""Standard deviations of a run within which an observed statistic may be one run's."""

SECONDS_PER_RUN = 1.0


class Trial(NamedTuple):
    """Behaviour that was tried: values of the free parameters, the loss, and statistics (runs, STATISTICS)."""

    values: tuple[float, ...]
    loss: float
    statistics: NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """What a search came to: the observed stakes, all trials, and the best with its stakes by rank (runs, rows)."""

    observed: NDArray[np.float64]
    free: tuple[str, ...]
    scenario: Scenario
    epochs: int
    trials: tuple[Trial, ...]
    best: Trial
    ranks: NDArray[np.float64]

    def plausible(self) -> list[Trial]:
        """Return the trials of which the observed vector could be a run: every statistic is within 2 deviations."""
        aim = statistics(self.observed)
        return [trial for trial in self.trials if _could_be(aim, trial.statistics)]


def _could_be(aim: NDArray[np.float64], runs: NDArray[np.float64]) -> bool:
    spread = np.maximum(runs.std(axis=0, ddof=1), 1e-12)
    return bool((np.abs(runs.mean(axis=0) - aim)[:-1] <= WITHIN * spread[:-1]).all())


def loss(aim: NDArray[np.float64], runs: NDArray[np.float64]) -> float:
    """Return the loss of runs (R, STATISTICS) beside the statistics aimed at."""
    mean = runs.mean(axis=0)
    gini = (mean[0] - aim[0]) / GINI_SCALE
    fewest = np.log(runs[:, 1:4]).mean(axis=0) - np.log(aim[1:4])
    return float(gini**2 + ((fewest / LOG_SCALE) ** 2).sum())


def fit(
    observed: Sequence[float],
    free: Sequence[str] = FREE,
    settings: dict[str, Any] | None = None,
    *,
    epochs: int = 1_095,
    replicates: int = 8,
    seed: int = 1,
    workers: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Fit:
    """Fit the free parameters of the delegation market, changed by settings, to the stakes of a real set.

    Raises ExperimentError for less than three stakes, an unknown or a set free parameter, a range in which the market
    cannot be, or counts that cannot be; ScenarioError for other settings that cannot be.
    """
    chosen, base = checked(observed, free, settings or {}, replicates, epochs, seed, workers)
    stakes = -np.sort(-np.asarray(observed, float))
    points = list(product(np.linspace(0, 1, GRID), repeat=len(chosen)))
    runs = replicates * (len(points) + MOST_STEPS)
    with executor_for(SECONDS_PER_RUN * runs, workers, None) as executor:
        search = _Search(executor, base, chosen, statistics(stakes), epochs,
                         [replicate_seed(seed, replicate) for replicate in range(replicates)])  # fmt: skip
        for start in range(0, len(points), GRID):
            search.run(points[start : start + GRID])
            tell(len(search.trials), len(points) + MOST_STEPS)
        start_at = points[min(range(len(points)), key=lambda place: search.trials[place].loss)]
        _descend(lambda place: search.measure(place, tell), np.array(start_at))
    best = min(search.trials, key=lambda trial: trial.loss)
    scenario = base.replace(name="fitted", **dict(zip(chosen, best.values, strict=True)))
    ranks = np.array([_shares(scenario, each, epochs) for each in search.seeds])
    return Fit(stakes, chosen, scenario, epochs, tuple(search.trials), best, ranks)


class _Search:
    """Trials at places in the unit cube of the free parameters, all under the same seeds."""

    def __init__(
        self, executor: Any, base: Scenario, free: tuple[str, ...], aim: NDArray[np.float64], epochs: int,
        seeds: list[int],
    ) -> None:  # fmt: skip
        self.executor, self.base, self.free, self.aim, self.epochs, self.seeds = (
            executor, base, free, aim, epochs, seeds,
        )  # fmt: skip
        self.axes = [_axis(name) for name in free]
        self.trials: list[Trial] = []

    def run(self, places: Sequence[Sequence[float]]) -> None:
        """Try some places. The first run of all is made in this process, where it compiles for the others."""
        values = [tuple(float(axis(at)) for axis, at in zip(self.axes, place, strict=True)) for place in places]
        tasks = [
            (self.base.replace(**dict(zip(self.free, value, strict=True))), seed, self.epochs)
            for value in values for seed in self.seeds
        ]  # fmt: skip
        first = [] if self.trials else [one_run(tasks[0])]
        futures = [self.executor.submit(one_run, task) for task in tasks[len(first) :]]
        found = np.array([*first, *(future.result() for future in futures)]).reshape(len(values), len(self.seeds), -1)
        for value, runs in zip(values, found, strict=True):
            self.trials.append(Trial(value, loss(self.aim, runs), runs))

    def measure(self, place: NDArray[np.float64], tell: Callable[[int, int], None]) -> float:
        """Return the loss at a place; outside the ranges that at their edge, and more the farther it is."""
        inside = np.clip(place, 0.0, 1.0)
        self.run([list(inside)])
        total = GRID ** len(self.free) + MOST_STEPS
        tell(min(len(self.trials), total), total)
        return self.trials[-1].loss + OUTSIDE * float(np.abs(place - inside).sum())


def _descend(measure: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64]) -> None:
    from scipy.optimize import minimize

    step = 0.5 / (GRID - 1)
    corners = [start, *(start + np.where(start[axis] > 0.5, -step, step) * np.eye(start.size)[axis]
                        for axis in range(start.size))]  # fmt: skip
    options = {"initial_simplex": np.array(corners), "maxfev": MOST_STEPS, "xatol": 1e-2, "fatol": 1e-2}
    minimize(measure, start, method="Nelder-Mead", options=options)


def one_run(task: tuple[Scenario, int, int]) -> NDArray[np.float64]:
    """Return the statistics of the stakes that a delegation market ends with."""
    from model.simulation import simulate

    scenario, seed, epochs = task
    return statistics(stakes_of(simulate(scenario, seed, epochs, epochs)))


def _shares(scenario: Scenario, seed: int, epochs: int) -> NDArray[np.float64]:
    from model.simulation import simulate

    stakes = stakes_of(simulate(scenario, seed, epochs, epochs))
    return stakes / stakes.sum()


def checked(
    observed: Sequence[float],
    free: Sequence[str],
    settings: dict[str, Any],
    replicates: int,
    epochs: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> tuple[tuple[str, ...], Scenario]:
    """Return what is to be fitted, and a market to change it in; raise if anything asked for cannot be: see `fit`."""
    check_counts(replicates=replicates, epochs=epochs, workers=workers)
    check_seed(seed)
    if replicates < 2:
        raise ExperimentError(f"replicates = {replicates}: give at least 2, to tell luck from behaviour")
    if len(observed) < 3:
        raise ExperimentError(f"{len(observed)} stakes: give at least 3, one per row")
    if not 1 <= len(free) <= 3 or len(set(free)) < len(free):
        raise ExperimentError(f"free = {', '.join(free) or 'none'}: give one to three different parameters")
    for name in free:
        if name not in RANGES:
            known = f"give some of {', '.join(RANGES)}"
            raise ExperimentError(f"free = {name!r}{suggestion(name, RANGES) or f'; {known}'}")
        if name in settings:
            raise ExperimentError(f"{name} is both set and free: leave it out of one of the two")
    return tuple(free), _markets(len(observed), tuple(free), settings)[0]


def _markets(sequencers: int, free: tuple[str, ...], settings: dict[str, Any]) -> list[Scenario]:
    """Return the markets at the corners of the ranges; raise, naming the ranges, if these have to do with a failure."""
    from model.parameters import ScenarioError
    from model.population import populate

    ends = [tuple({name: _axis(name)(end)} for end in (0.0, 1.0)) for name in free]
    corners = [{name: value for each in corner for name, value in each.items()} for corner in product(*ends)]
    made: list[Scenario] = []
    failures: list[str] = []
    for corner in corners:
        try:
            made.append(market(sequencers, **settings, **corner))
            populate(made[-1], seed=1)
        except ScenarioError as error:
            failures.append(str(error))
    if len(failures) == len(corners) and len(set(failures)) == 1:
        raise ScenarioError(failures[0])
    if failures:
        ranges = " and ".join(f"{name} from {RANGES[name][0]:g} to {RANGES[name][1]:g}" for name in free)
        raise ExperimentError(f"the fit tries {ranges}, where {failures[0]}; change what is set, or fit something else")
    return made


def _axis(name: str) -> Callable[[float], float]:
    """Return the value of a parameter at a place between 0 and 1 of its range, on its scale."""
    from model.parameters import Scenario

    low, high = RANGES[name]
    known = facts(Scenario.model_fields[name])
    if low > 0 and (known["scale"] == "log" or name == "brand_dispersion"):
        return lambda place: low * (high / low) ** place
    return lambda place: low + (high - low) * place
