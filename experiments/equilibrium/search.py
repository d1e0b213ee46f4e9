"""The search for the most profitable deviation: screened on some worlds, measured on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.moves import Deviation
from experiments.equilibrium.payoff import Play
from experiments.equilibrium.world import World

Floats = NDArray[np.float64]
THREADS = 2


class Gains(NamedTuple):
    """Of C deviations in W worlds, (C, W): what the members earn as they are, and what more when they deviate.

    In USD per epoch; a gain counts what stake that is freed, or tied up, would earn elsewhere. nan where a world has
    nobody to make the deviation.
    """

    income: Floats
    gain: Floats


def gains(worlds: Sequence[World], deviations: Sequence[Deviation], horizon: int, tell: Callable[[int], None]) -> Gains:
    """Play every deviation in every world against the same luck without it. `tell` hears of each world that is done."""
    columns = []
    with ThreadPoolExecutor(THREADS) as pool:
        for column in pool.map(partial(_in_world, deviations=deviations, horizon=horizon), worlds):
            columns.append(column)
            tell(1)
    income, gain = np.array(columns).transpose(1, 2, 0)
    return Gains(income, gain)


def _in_world(world: World, deviations: Sequence[Deviation], horizon: int) -> Floats:
    """Return income and gain of every deviation in a world, (2, C)."""
    column = np.full((2, len(deviations)), np.nan)
    as_it_is = Play(world, horizon)
    for place, deviation in enumerate(deviations):
        move = deviation.made_in(world)
        if move is not None:
            usual = as_it_is if move.otherwise is None else Play(world, horizon, move.otherwise)
            other, members = Play(world, horizon, move.change), move.members
            column[0, place] = usual.of(members)
            column[1, place] = other.of(members) - column[0, place] - (other.forgone(members) - usual.forgone(members))
    return column


def best_of_each_role(deviations: Sequence[Deviation], found: Gains) -> list[Deviation]:
    """Return the deviation of each role played that promises most: mean gain less its standard error."""
    best: dict[str, tuple[float, Deviation]] = {}
    for deviation, row in zip(deviations, found.gain, strict=True):
        gain = row[np.isfinite(row)]
        if gain.size > 1:
            promise = float(gain.mean() - gain.std(ddof=1) / np.sqrt(gain.size))
            if deviation.role not in best or promise > best[deviation.role][0]:
                best[deviation.role] = promise, deviation
    return [deviation for _, deviation in best.values()]
