"""What happens over time: single runs and their mean, and whether they come to rest or swing for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from model.history import History
from model.metrics import compute
from model.parameters import Scenario
from model.simulation import simulate

RESTLESS = 0.1
"""Standard deviation over time, as a part of the level, from which a run is said to swing."""


class Rhythm(NamedTuple):
    """How runs move about their levels: the standard deviation over time, and the epochs from one rise to the next.

    Both are means over runs; `period` is nan where no run rises through its mean twice.
    """

    swing: float
    period: float


def paths(
    scenario: Scenario, seeds: Iterable[int], outcomes: Sequence[str], epochs: int, record_every: int
) -> pd.DataFrame:
    """Return outcomes over time, a row per seed and record: columns seed, epoch, and the outcomes.

    The runs are those of a sweep with these seeds, byte by byte, so a sweep need not keep its records to be drawn.
    """
    runs = []
    for seed in seeds:
        history = simulate(scenario, int(seed), epochs, record_every).history
        runs.append(records(history, outcomes).assign(seed=seed))
    return pd.concat(runs, ignore_index=True)[["seed", "epoch", *outcomes]]


def records(history: History, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return outcomes of one run over time: columns epoch (epochs done), and the outcomes."""
    return pd.DataFrame({"epoch": history.epoch[1:], **compute(history, list(outcomes))})


def rhythm(table: pd.DataFrame, outcome: str) -> Rhythm:
    """Return how an outcome moves in the later half of runs over time, as `paths` returns them.

    It describes, and tests nothing: irregular swings count, and few records do. `equilibrium.settling` tells a cycle
    from noise instead, so it needs replicates, many rounds, and a period that they share.
    """
    later = table[table["epoch"] > table["epoch"].max() / 2]
    swings, periods = [], []
    for _, run in later.groupby("seed"):
        values, epochs = run[outcome].to_numpy(float), run["epoch"].to_numpy(float)
        above = values > np.nanmean(values)
        rises = epochs[1:][above[1:] & ~above[:-1]]
        swings.append(np.nanstd(values))
        if len(rises) > 1:
            periods.append((rises[-1] - rises[0]) / (len(rises) - 1))
    return Rhythm(float(np.mean(swings)), float(np.mean(periods)) if periods else float("nan"))


def restless(found: Rhythm, level: float) -> bool:
    """Return whether runs swing by more than a part of their level instead of resting there."""
    return found.swing > RESTLESS * abs(level)
