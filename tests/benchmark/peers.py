"""The same runs by our sweep, joblib, the EMA workbench and Mesa's `batch_run`, each as a script of its own.

`python -m tests.benchmark.peers ENGINE POINTS` is such a script. Every engine imports what it needs, no more.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Contestant, Line, race

if TYPE_CHECKING:
    import pandas as pd

QUIET = {"TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}
FEW, MANY, MESA_MANY = 2, 64, 12
"""Points of a short script, of a long one, and of a long one by Mesa, whose runs take several times as long."""


SLASHED = (1e-3, 1.0)


class Work(NamedTuple):
    """Runs of Metis with so many slash fractions, as many times each, under the seeds that a sweep gives them."""

    points: int
    replicates: int = 16
    epochs: int = 365
    record_every: int = 7
    seed: int = 1

    @property
    def fractions(self) -> list[float]:
        """The slash fractions, a point each."""
        return [float(fraction) for fraction in np.geomspace(*SLASHED, self.points)]

    @property
    def seeds(self) -> list[int]:
        """The seed of each replicate."""
        from experiments.sweeps.plan import replicate_seed

        return [replicate_seed(self.seed, replicate) for replicate in range(self.replicates)]


def by_sweep(work: Work) -> pd.DataFrame:
    """Return the table of our sweep: a row per run."""
    from experiments import Design
    from experiments.sweeps.sweep import sweep
    from model import Scenario

    design = Design.grid(slash_fraction=work.fractions)
    return sweep(
        Scenario.preset("metis"), design, replicates=work.replicates, epochs=work.epochs,
        record_every=work.record_every, seed=work.seed, workers=2,
    )  # fmt: skip


def by_joblib(work: Work) -> pd.DataFrame:
    """Return the summaries of all runs, a row each, in the order of the sweep."""
    import pandas as pd
    from joblib import Parallel, delayed

    from model import Scenario

    scenarios = [Scenario.preset("metis", slash_fraction=fraction) for fraction in work.fractions]
    calls = [
        delayed(summary)(scenario, seed, work.epochs, work.record_every)
        for scenario in scenarios
        for seed in work.seeds
    ]
    return pd.DataFrame(Parallel(n_jobs=2)(calls))


def summary(scenario: Any, seed: int, epochs: int, record_every: int) -> pd.Series:
    """Return the summary of a run."""
    from model import simulate

    return simulate(scenario, seed, epochs, record_every).summary()


def by_ema(work: Work) -> dict[str, np.ndarray]:
    """Return the mean of each metric over the replicates of every point, (points,)."""
    from ema_workbench import MultiprocessingEvaluator, Policy

    from experiments.interop import ema_model
    from model import Scenario
    from model.metrics import METRICS

    model = ema_model(
        Scenario.preset("metis"), levers=[("slash_fraction", SLASHED)], outcomes=list(METRICS),
        replicates=work.replicates, epochs=work.epochs, record_every=work.record_every, seed=work.seed,
    )  # fmt: skip
    policies = [Policy(str(place), slash_fraction=fraction) for place, fraction in enumerate(work.fractions)]
    with MultiprocessingEvaluator(model, n_processes=2) as evaluator:
        return evaluator.perform_experiments(policies=policies)[1]


def by_mesa(work: Work) -> list[dict[str, Any]]:
    """Return Mesa's rows: one per run and record, the metrics being those of the epoch before it."""
    from mesa.batchrunner import batch_run

    from model import Economy

    asked = {"preset": "metis", "slash_fraction": work.fractions, "seed": work.seeds}
    return batch_run(
        Economy, asked, number_processes=2, max_steps=work.epochs, data_collection_period=work.record_every,
        display_progress=False,
    )  # fmt: skip


ENGINES = {"sweep": by_sweep, "joblib": by_joblib, "EMA workbench": by_ema, "Mesa": by_mesa}


def script(engine: str, points: int) -> Contestant:
    """Return a contestant that does so many points by an engine; the cost is that of the script, start to end."""

    def contestant(lap: int) -> float:
        start = time.perf_counter()
        python("-m", "tests.benchmark.peers", engine, str(points), **QUIET)
        return time.perf_counter() - start

    return contestant


def peers(laps: int) -> Chapter:
    """Time scripts of few and of many runs by every engine, two processes each."""
    ours, *others = ENGINES
    many = {engine: MESA_MANY if engine == "Mesa" else MANY for engine in ENGINES}
    sizes = [(engine, points) for engine in ENGINES for points in (FEW, many[engine])]
    costs = race({size: script(*size) for size in sizes}, laps, warm_up=False)
    short = {engine: costs[engine, FEW] for engine in ENGINES}
    long = {engine: costs[engine, many[engine]] for engine in ENGINES}
    each = Work(1).replicates
    rate = {engine: (many[engine] - FEW) * each / (long[engine] - short[engine]) for engine in ENGINES}
    scripts = [(MANY, long, others[:-1]), (FEW, short, others)]
    return Chapter(
        "Peers",
        [
            *(_faster(rate[ours], other, rate[other]) for other in others),
            *(Line(f"A script of {points * each:,} runs, {other}", found[other], "sweep", found[ours])
              for points, found, engines in scripts for other in engines),
        ],
        _note(each),
    )  # fmt: skip


def _faster(ours: np.ndarray, other: str, theirs: np.ndarray) -> Line:
    return Line("Runs a second, sweep", ours, other, theirs, unit="/s", at_least=0.95)


def _note(each: int) -> str:
    work = Work(MANY)
    return (
        f"The same runs by everybody, two processes each: `metis` at {MANY} slash fractions, {each} seeds each, "
        f"{work.epochs} epochs, a record every {work.record_every} (Mesa: {MESA_MANY} fractions). Every cost is that "
        f"of a script from the start of Python to its end; runs a second are the further runs of a long script over "
        f"those of one of {FEW * each}, over the further time, so starting up does not count. *Sweep*, ours, tests "
        "every metric for having settled, writes every run to a store on disk from which a killed sweep goes on, and "
        "turns a run that raises into a row. *joblib* (loky) maps `simulate(...).summary()`, which makes the same "
        "test, over scenarios and seeds; the summaries are in memory alone, and a run that raises ends them all. The "
        "*EMA workbench* (`MultiprocessingEvaluator` over `interop.ema_model`) is given the points, runs the seeds of "
        "a point together and keeps their means, in memory alone; a run that raises ends it. On Linux it forks, so "
        "its workers need no imports; those of sweep and joblib start afresh, which costs a short script a second or "
        "two but is safe beside threads. *Mesa* is `batch_run` over `Economy`, every grid of values and seeds: it "
        "steps from Python, looks at the economy after every epoch, and sends back all metrics of every record."
    )


if __name__ == "__main__":
    ENGINES[sys.argv[1]](Work(int(sys.argv[2])))
