"""Running facts: seeds, replicates, worker processes, and the verdict on each."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.checks import check_counts
from experiments.estimates import half_width
from experiments.facts.catalog import FACTS
from experiments.facts.fact import Fact
from experiments.sweeps.executors import executor_for

if TYPE_CHECKING:
    import pandas as pd

RECORDS = 26
SECONDS_PER_RUN = 0.5


def seed_of(name: str, replicate: int) -> int:
    """Return the seed of a replicate: its own for every fact, common to its arms."""
    return int(np.random.SeedSequence([zlib.crc32(name.encode()), replicate]).generate_state(1)[0])


def one_run(name: str, replicate: int) -> float:
    """Return what a fact measures in one replicate, all of its arms under the same luck."""
    from model.simulation import simulate

    asked, seed = FACTS[name], seed_of(name, replicate)
    every = max(1, asked.epochs // RECORDS)
    return float(asked.measure(*(simulate(scenario, seed, asked.epochs, every) for scenario in asked.scenarios())))


def check(
    facts: Sequence[Fact],
    workers: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Return a row per fact: what was observed and simulated (mean, 95 % half-width), the verdict, why if it misses.

    The first run is made in this process, where it compiles what the workers then find compiled. Raises ExperimentError
    for less than one worker.
    """
    check_counts(workers=workers)
    import pandas as pd

    tasks = [(fact.name, replicate) for fact in facts for replicate in range(fact.replicates)]
    values = [one_run(*tasks[0])]
    with executor_for(SECONDS_PER_RUN * len(tasks), workers, None) as executor:
        futures = [executor.submit(one_run, *task) for task in tasks[1:]]
        for count, future in enumerate(futures, start=2):
            values.append(future.result())
            tell(count, len(tasks))
    found = iter(values)
    return pd.DataFrame([row(fact, np.array([next(found) for _ in range(fact.replicates)])) for fact in facts])


def row(fact: Fact, values: np.ndarray) -> dict[str, Any]:
    """Return the row of a fact whose replicates measured these values."""
    mean = float(np.mean(values))
    width = float(half_width(values.std(ddof=1), np.array(values.size))) if values.size > 1 else float("nan")
    agrees, (low, high) = verdict(fact, mean, width), fact.observed
    return {
        "fact": fact.name, "design": fact.design, "statement": fact.statement, "kind": fact.kind,
        "observed_low": low, "observed_high": high, "tolerance": fact.tolerance, "unit": fact.unit,
        "simulated": mean, "half_width": width, "difference": mean - (low + high) / 2, "verdict": agrees,
        "why": "" if agrees == "agrees" else fact.why or "not known", "replicates": fact.replicates,
        "epochs": fact.epochs, "confidence": fact.confidence, "source": fact.source,
    }  # fmt: skip


def verdict(fact: Fact, mean: float, width: float) -> str:
    """Return `agrees` if the mean is in range, `unclear` if it is not but its interval reaches it, else `misses`."""
    low, high = fact.range
    if low <= mean <= high:
        return "agrees"
    return "unclear" if mean - width <= high and mean + width >= low else "misses"
