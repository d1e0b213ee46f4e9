"""Running cases: seeds, replicates, worker processes, and the verdict on each point."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.sweeps.executors import executor_for
from experiments.verify.case import Case
from experiments.verify.catalog import CASES
from model.parameters import Scenario
from model.simulation import simulate

if TYPE_CHECKING:
    import pandas as pd

ERROR = 0.05
"""Error of the mechanism, as a share of its effect, that must be caught."""

ALARM = 4.0
"""Standard errors between theory and simulation at which a point differs."""

LEAST_POWER = 6.0
"""Standard errors that such an error must come to: ALARM is then crossed with 98 % probability at each point."""

TASKS_PER_POINT = 4
SECONDS_PER_TASK = 0.1


class Task(NamedTuple):
    """Some replicates of a point of a case."""

    case: str
    point: str
    scenario: Scenario
    first: int
    last: int


class Sample(NamedTuple):
    """What came of some replicates: theory, simulation and effect of each, (R,)."""

    theory: np.ndarray
    simulation: np.ndarray
    effect: np.ndarray


def seed_of(case: str, point: str, replicate: int) -> int:
    """Return the seed of a run: its own for every case, point and replicate."""
    sequence = np.random.SeedSequence([zlib.crc32(case.encode()), zlib.crc32(point.encode()), replicate])
    return int(sequence.generate_state(1)[0])


def sample(task: Task) -> Sample:
    """Run some replicates and read theory, simulation and effect off their histories."""
    case = CASES[task.case]
    rows = []
    for replicate in range(task.first, task.last):
        seed = seed_of(task.case, task.point, replicate)
        history = simulate(task.scenario, seed, case.epochs, case.record_every).history
        theory = case.theory(history)
        rows.append((theory, case.measure(history), case.effect(history) if case.effect else abs(theory)))
    return Sample(*np.array(rows, float).T)


def verify(
    cases: Sequence[Case],
    settings: Mapping[str, Any] | None = None,
    quick: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, tasks: None,
) -> pd.DataFrame:
    """Return a row per point: theory, simulation, difference, standard error, z, power, verdict and the scenario.

    Raises ConditionError where a case is asked for outside its conditions.
    """
    import pandas as pd

    points = [(case, *point) for case in cases for point in case.scenarios(settings, quick).items()]
    tasks = [_tasks(case, words, scenario) for case, words, scenario in points]
    samples = iter(_run([task for part in tasks for task in part], workers, progress))
    rows = []
    for (case, words, scenario), part in zip(points, tasks, strict=True):
        runs = Sample(*map(np.concatenate, zip(*(next(samples) for _ in part), strict=True)))
        rows.append({"case": case.name, "point": words, **verdict(case, runs), "scenario": changes(scenario)})
    return pd.DataFrame(rows)


def verdict(case: Case, runs: Sample) -> dict[str, Any]:
    """Return theory, simulation, their difference, its standard error, z, power and verdict from replicates.

    `power` is what an error of 5 % of the effect comes to in standard errors; deterministic cases have a tolerance
    instead of a standard error, and their power is the error over the tolerance.
    """
    differences = np.asarray(runs.simulation) - runs.theory
    difference, effect = float(differences.mean()), float(np.abs(runs.effect).mean())
    row = {"theory": float(runs.theory.mean()), "simulation": float(runs.simulation.mean()), "difference": difference}
    if case.tolerance is not None:
        agrees = bool(np.abs(differences).max() <= case.tolerance * effect)
        power = ERROR / case.tolerance if case.tolerance else np.inf
        return {**row, "standard_error": 0.0, "z": np.nan, "power": power, "verdict": "exact" if agrees else "differs"}
    error = float(differences.std(ddof=1) / np.sqrt(differences.size))
    z = difference / error if error > 0 else (0.0 if difference == 0 else np.inf)
    power = ERROR * effect / error if error > 0 else np.inf if effect > 0 else 0.0
    words = "differs" if abs(z) >= ALARM else "agrees" if power >= LEAST_POWER else "too noisy"
    return {**row, "standard_error": error, "z": z, "power": power, "verdict": words}


def failures(table: pd.DataFrame) -> pd.DataFrame:
    """Return the points that differ from theory, or are too noisy to tell an error of 5 % in the mechanism."""
    return table[~table["verdict"].isin(["agrees", "exact"])]


def changes(scenario: Scenario) -> str:
    """Return what a scenario changes in the defaults, as lines of TOML separated by semicolons."""
    ours, defaults = scenario.model_dump(), Scenario().model_dump()
    return "; ".join(f"{name} = {json.dumps(value)}" for name, value in ours.items() if value != defaults[name])


def _tasks(case: Case, point: str, scenario: Scenario) -> list[Task]:
    step = -(-case.replicates // TASKS_PER_POINT)
    return [
        Task(case.name, point, scenario, first, min(first + step, case.replicates))
        for first in range(0, case.replicates, step)
    ]


def _run(tasks: list[Task], workers: int | None, progress: Callable[[int, int], None]) -> list[Sample]:
    """Run the tasks, the first one in this process, where it compiles what the workers then find compiled."""
    done = [sample(tasks[0])]
    with executor_for(SECONDS_PER_TASK * len(tasks), workers, None) as executor:
        futures = [executor.submit(sample, task) for task in tasks[1:]]
        for count, future in enumerate(futures, start=2):
            done.append(future.result())
            progress(count, len(tasks))
    return done
