"""What those who do not order could do otherwise, alone: Rangers and delegators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.moves import Deviation, Move
from experiments.equilibrium.payoff import Members
from experiments.equilibrium.world import World
from model.core import delegation, ledger
from model.core.options import NOBODY, Conduct, Status, Verification
from model.core.state import State

DILIGENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
POOLS = 3
"""Pools of the highest net yield that a delegator tries."""

RANGERS = {-1: "most diligent", 0: "least diligent"}
"""Where Rangers stand in the order of diligence, and their roles."""

DELEGATORS = ("largest", "middle")


def of_rangers() -> list[Deviation]:
    """Return the deviations of Rangers."""
    return [deviation for place in RANGERS for deviation in _of_ranger(place)]


def of_delegators() -> list[Deviation]:
    """Return the deviations of delegators."""
    return [deviation for who in DELEGATORS for deviation in _of_delegator(who)]


def _of_ranger(place: int) -> Iterator[Deviation]:
    role = f"{RANGERS[place]} Ranger"
    for diligence in DILIGENCES:
        words = f"checks {diligence:.0%} of what it is assigned"
        yield Deviation(role, words, partial(_ranger, place, partial(_diligence, diligence)))
    yield Deviation(role, "accuses falsely", partial(_ranger, place, _accuse))
    yield Deviation(role, "leaves", partial(_ranger, place, _unseat), "exit_rate")


def seated(world: World) -> NDArray[np.int64]:
    """Return the rows of seated Rangers that decide for themselves, the least diligent first."""
    rangers = world.state.rangers
    if world.rules.verification != Verification.RANGERS:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero((rangers.status == Status.ACTIVE) & (rangers.conduct == Conduct.RATIONAL))
    return rows[np.argsort(rangers.diligence[rows], kind="stable")]


def _ranger(place: int, write: Callable[[State, int], None], world: World) -> Move | None:
    rows = seated(world)
    if rows.size <= -place - 1 or rows.size <= place:
        return None
    k = int(rows[place])
    return Move(Members(rangers=(k,)), lambda state, rules: write(state, k))


def _diligence(diligence: float, state: State, k: int) -> None:
    state.rangers[k].custom, state.rangers[k].diligence = 1, diligence


def _accuse(state: State, k: int) -> None:
    state.rangers[k].conduct = Conduct.GRIEFING


def _unseat(state: State, k: int) -> None:
    ledger.return_bond(state.rangers[k])
    state.rangers[k].status = Status.REMOVED


def _of_delegator(who: str) -> Iterator[Deviation]:
    role = f"{who} delegator"
    for place in range(POOLS):
        nth = ("highest", "second highest", "third highest")[place]
        yield Deviation(
            role, f"goes to the pool of the {nth} yield and stays", partial(_delegate, who, place), "attention"
        )
    yield Deviation(role, "takes its stake out", partial(_delegate, who, None), "attention")


def _delegate(who: str, place: int | None, world: World) -> Move | None:
    crowd = world.state.delegators
    staked = np.flatnonzero((crowd.pool != NOBODY) & (crowd.release == 0) & (crowd.shares > 0))
    if staked.size == 0:
        return None
    by_stake = staked[np.argsort(crowd.shares[staked], kind="stable")]
    d = int(by_stake[-1] if who == "largest" else by_stake[by_stake.size // 2])

    def stay(state: State, rules: np.record) -> None:
        state.delegators[d].custom = 1

    def change(state: State, rules: np.record) -> None:
        target = NOBODY
        if place is not None:
            names, yields, _ = delegation.offers(state, rules)
            order = np.argsort(-(yields - state.sequencers.brand[names]), kind="stable")
            target = int(names[order[min(place, order.size - 1)]]) if order.size else NOBODY
        stay(state, rules)
        delegation.move(state, rules, d, target)

    return Move(Members(delegators=(d,)), change, otherwise=stay)
