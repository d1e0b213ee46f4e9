"""Basins: whether the same economy, under the same luck, ends in the same place from honest and dishonest beliefs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments import compare
from experiments.basins.starts import DISHONEST, HONEST, STARTS, TRIALS, begin, watch
from experiments.checks import check_counts, check_seed
from experiments.errors import ExperimentError
from experiments.paths import records
from experiments.sweeps.plan import replicate_seed
from model.history import History
from model.metrics import METRICS
from model.parameters import Scenario
from model.results import Run

OUTCOMES = ("honesty_by_value", "coverage")
"""What is drawn over time."""

PARTED = 0.5
"""Part of the range of all ends that the widest gap between them takes up if they lie in two places."""

MATERIAL = 0.05
"""Part of the larger mean, and range of honesty, up to which ends are one place."""

SHOWN = 8
"""Metrics that are told, at most."""


@dataclass(frozen=True)
class Basins:
    """Where an economy ends: `ends`, start to a row per seed; `differences` of the dishonest less the honest start.

    `differences` is as `compare` has it, a row per metric; `paths` are the outcomes over time by start; `remembered` is
    what is left of the trials of evidence when the later half begins.
    """

    scenario: Scenario
    remembered: float
    ends: dict[str, pd.DataFrame]
    differences: pd.DataFrame
    paths: dict[str, pd.DataFrame]


def basins(
    scenario: Scenario,
    *,
    replicates: int = 16,
    epochs: int = 1456,
    record_every: int = 7,
    seed: int = 1,
    trials: float = TRIALS,
) -> Basins:
    """Run a scenario from honest and from dishonest beliefs under the same luck and return where it ends.

    An end is the later half of a run, as in a sweep. Raises ExperimentError for counts that cannot be, fewer than two
    replicates, or records too rare to have two.
    """
    check_counts(replicates=replicates, epochs=epochs, record_every=record_every)
    check_seed(seed)
    if replicates < 2:
        raise ExperimentError(f"replicates = {replicates}: give at least 2, for intervals")
    if 2 * record_every > epochs:
        raise ExperimentError(f"epochs = {epochs}: give at least {2 * record_every}, for two records")
    ends: dict[str, list[dict[str, float]]] = {start: [] for start in STARTS}
    paths: dict[str, list[pd.DataFrame]] = {start: [] for start in STARTS}
    for replicate in range(replicates):
        luck = replicate_seed(seed, replicate)
        for start in STARTS:
            history = watch(begin(scenario, luck, start, trials), epochs, record_every)
            ends[start].append({"seed": luck, **_end(history)})
            paths[start].append(records(history, OUTCOMES).assign(seed=luck))
    tables = {start: pd.DataFrame(rows) for start, rows in ends.items()}
    metrics = [name for name in METRICS if name not in compare.CHECKS]
    differences = compare.differences(tables[HONEST], tables[DISHONEST], metrics)
    remembered = trials * _kept(scenario, epochs // 2)
    return Basins(scenario, remembered, tables, differences, {start: pd.concat(runs) for start, runs in paths.items()})


def _kept(scenario: Scenario, epochs: int) -> float:
    """Return the part of evidence that is left after some epochs, where there is any."""
    kept = {"fixed": 1.0, "belief": 0.5 ** (epochs / scenario.memory)}
    return kept.get(scenario.learning, 0.0)


def _end(history: History) -> dict[str, float]:
    settled = Run(history, {}).settled()
    flags = {f"{name}_stationary": flag for name, flag in zip(METRICS, settled.stationary, strict=True)}
    return {**dict(zip(METRICS, settled.value, strict=True)), **flags}


def parted(ends: dict[str, pd.DataFrame], outcome: str = OUTCOMES[0]) -> float | None:
    """Return the value that parts the ends of all runs in two places, None if they lie in one.

    They lie in two if the widest gap between neighbours is most of their range: between the ends of one place it is
    a small part, the smaller the more runs there are.
    """
    values = np.sort(np.concatenate([table[outcome].dropna().to_numpy(float) for table in ends.values()]))
    gaps = np.diff(values)
    if gaps.size == 0 or values[-1] - values[0] < MATERIAL or gaps.max() < PARTED * (values[-1] - values[0]):
        return None
    place = int(gaps.argmax())
    return float((values[place] + values[place + 1]) / 2)


def places(found: Basins) -> pd.DataFrame:
    """Return the differences that make two places of two ends: clear of chance, and no mere trace of the way there.

    What was lost on the way, such as stake slashed before beliefs were right, is never quite made up for.
    """
    own = found.differences[found.differences["distinct"]]
    return own[own["clear"] & (own["relative"].abs() > MATERIAL)]


def in_words(found: Basins) -> str:
    """Return whether beliefs at the start decide where the economy ends, metric by metric, a sentence per line."""
    table, apart = found.differences, places(found)
    own, pairs = table[table["distinct"]], len(found.ends[HONEST])
    if apart.empty:
        lines = [f"One basin, as far as {pairs} pairs of runs tell: from honest and dishonest beliefs the economy "
                 f"comes to the same in all {len(own)} distinct metrics, within {MATERIAL:.0%} or chance."]  # fmt: skip
        if own["clear"].any():
            lines.append(f"{int(own['clear'].sum())} differ by less, but not by chance: traces of the way there.")
    else:
        lines = ["More than one basin: the beliefs it starts from decide where the economy ends. "
                 f"{len(apart)} of {len(own)} distinct metrics differ by more than {MATERIAL:.0%}, "
                 "95 % sure of all."]  # fmt: skip
    lines += [_told(str(name), row) for name, row in compare.shown_first(table, SHOWN).iterrows()]
    level = parted(found.ends)
    if level is not None:
        counts = [f"{int((ends[OUTCOMES[0]] > level).sum())} of {len(ends)} runs from {start}"
                  for start, ends in found.ends.items()]  # fmt: skip
        lines.append(f"Runs end in two places: {_word(OUTCOMES[0])} is above {level:.2f} in {' and '.join(counts)}.")
    if found.remembered > found.scenario.prior_weight:
        lines.append(f"When the later half begins, {found.remembered:.3g} trials of the evidence at the start outweigh "
                     f"the prior's {found.scenario.prior_weight:g}: give more epochs than memory needs.")  # fmt: skip
    moving = int((apart["settled"] < 0.5).sum())
    if moving:
        lines.append(f"{moving} of these had not settled in most runs from one of the starts: more epochs may "
                     "bring them together.")  # fmt: skip
    return "\n".join(lines)


def _told(name: str, row: pd.Series) -> str:
    change = f"{row['difference']:.3g} ± {row['half_width']:.2g}"
    verdict = "" if row["clear"] else ", not clear with all metrics judged together"
    return f"  {_word(name)}: {row['mean_a']:.4g} from honest, {row['mean_b']:.4g} from dishonest ({change}{verdict})"


def _word(name: str) -> str:
    return name.replace("_", " ")
