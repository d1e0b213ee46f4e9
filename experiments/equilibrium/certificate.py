"""The certificate of a scenario: has it settled, and what could anybody gain by deviating, alone or together?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from experiments.checks import check_counts, check_seed
from experiments.equilibrium.coalitions import joint
from experiments.equilibrium.deviations import unilateral
from experiments.equilibrium.moves import Deviation
from experiments.equilibrium.search import Gains, best_of_each_role, gains
from experiments.equilibrium.settling import Finding, findings, policies
from experiments.equilibrium.world import World, calm, frozen
from experiments.errors import ExperimentError
from experiments.sweeps.plan import replicate_seed
from model.core.recording import new_snapshots
from model.parameters import Scenario
from model.simulation import Engine

CONFIDENCE = 0.95
NOTHING = 1e-12

LEAST_EPOCHS = 32
"""Epochs whose later half can hold a few rounds of a cycle."""


@dataclass(frozen=True)
class Certificate:
    """What a search for profitable deviations found.

    `roles` has a row per role, its best deviation first found and then measured: `kind` (alone, together, delegates),
    `deviation`, `income` and `gain` (USD per epoch), `half_width` of the 95 % interval of the gain, that of all roles
    together, `own` and `own_half_width` (the same as parts of the role's income), `worlds`. `income` is the mean income
    of the sequencers among the roles.
    `epsilon` is the largest gain of those who order or check, each alone, as a part of it, `half_width` that of its
    interval, and `bound` what with 95 % confidence none of these gains exceeds; nan if the economy has not settled.
    Gains are means over worlds, at a constant token price.
    """

    scenario: Scenario
    findings: tuple[Finding, ...]
    roles: pd.DataFrame
    income: float = np.nan
    epsilon: float = np.nan
    half_width: float = np.nan
    bound: float = np.nan

    @property
    def settled(self) -> bool:
        """Whether every policy has settled."""
        return all(finding.kind == "settled" for finding in self.findings)


def certify(
    scenario: Scenario,
    *,
    epochs: int = 728,
    horizon: int = 180,
    worlds: int = 96,
    screened: int = 12,
    seed: int = 1,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Certificate:
    """Let an economy settle, freeze it, search the deviations of every role, and measure the best of each.

    `screened` worlds choose the best deviation of a role, `worlds` others measure it, so that what was chosen for its
    luck does not keep it. Each world is a replicate after `epochs` epochs; a deviation lasts `horizon` epochs. `tell`
    hears how many worlds are done, of how many. A scenario that has not settled gets no search.
    Raises ExperimentError for counts that cannot be, ScenarioError for a scenario that cannot be.
    """
    check_counts(epochs=epochs, horizon=horizon, worlds=worlds, screened=screened)
    for name, given, least in (("epochs", epochs, LEAST_EPOCHS), ("worlds", worlds, 2), ("screened", screened, 2)):
        if given < least:
            raise ExperimentError(f"{name} = {given}: give at least {least}")
    check_seed(seed)
    total = screened + worlds
    settled, paths = _settle(calm(scenario), epochs, total, seed)
    found = tuple(findings(paths))
    if any(finding.kind != "settled" for finding in found):
        return Certificate(scenario, found, pd.DataFrame())
    done = [0]

    def count(worlds: int) -> None:
        done[0] += worlds
        tell(done[0], total)

    everything = [*unilateral(), *joint()]
    best = best_of_each_role(everything, gains(settled[:screened], everything, horizon, count))
    measured = gains(settled[screened:], best, horizon, count)
    return _certificate(scenario, found, best, measured)


def _settle(
    scenario: Scenario, epochs: int, count: int, seed: int
) -> tuple[list[World], list[dict[str, NDArray[np.float64]]]]:
    """Return so many worlds, and how the policies moved in each on the way."""
    worlds, paths = [], []
    for replicate in range(count):
        own = replicate_seed(seed, replicate)
        engine = Engine(scenario, own)
        snapshots = new_snapshots(engine.state, range(epochs + 1))
        engine.advance(epochs, snapshots)
        worlds.append(frozen(engine, replicate_seed(own, 1)))
        paths.append(policies(engine.rules, snapshots))
    return worlds, paths


def _certificate(
    scenario: Scenario, found: tuple[Finding, ...], best: Sequence[Deviation], measured: Gains
) -> Certificate:
    roles = _table(best, measured)
    if roles.empty:
        return Certificate(scenario, found, roles)
    income = float(roles.loc[roles["role"].str.endswith(" sequencer"), "income"].mean())
    alone = roles[roles["kind"] == "alone"]
    if alone.empty or not income > NOTHING:
        return Certificate(scenario, found, roles, income)
    first = alone.iloc[0]
    highest = float((alone["gain"] + alone["half_width"]).max())
    parts = (max(0.0, part) / income for part in (first["gain"], first["half_width"], highest))
    return Certificate(scenario, found, roles, income, *parts)


def _kind(deviation: Deviation) -> str:
    """Return who deviates: delegators, a coalition together, or somebody who orders or checks alone."""
    if deviation.role.endswith(" delegator"):
        return "delegates"
    return "together" if deviation.role in {other.role for other in joint()} else "alone"


def _table(best: Sequence[Deviation], measured: Gains) -> pd.DataFrame:
    """Return a row per role, the largest gain first; intervals hold for all roles at once (Bonferroni)."""
    count = np.isfinite(measured.gain).sum(axis=1)
    known = count > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        gain, income = (np.nansum(part, axis=1) / count for part in (measured.gain, measured.income))
        error = np.sqrt(np.nansum((measured.gain - gain[:, None]) ** 2, axis=1) / (count - 1) / count)
        width = stdtrit(np.maximum(count - 1, 1), 1 - (1 - CONFIDENCE) / 2 / max(1, known.sum())) * error
        own, own_width = (np.where(income == 0, np.nan, part / np.abs(income)) for part in (gain, width))
    table = pd.DataFrame(
        {
            "role": [deviation.role for deviation in best],
            "kind": [_kind(deviation) for deviation in best],
            "deviation": [deviation.words for deviation in best],
            "income": income, "gain": gain, "half_width": width, "own": own, "own_half_width": own_width,
            "worlds": count,
        }
    )[known]  # fmt: skip
    return table.sort_values("gain", ascending=False, ignore_index=True)
