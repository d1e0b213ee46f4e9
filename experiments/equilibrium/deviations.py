"""What somebody could do otherwise, alone: the unilateral deviations that a certificate searches.

Each is a way to write a change into a private copy of a world; who makes it is found anew in every world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.moves import Deviation, Move
from experiments.equilibrium.payoff import Members
from experiments.equilibrium.watching import of_delegators, of_rangers
from experiments.equilibrium.world import World
from model.core import auction, entry, ladder, ledger, ordering, policy, watchers
from model.core.options import NOBODY, OFFENCES, Admission, Conduct, Learning, Offence, Status
from model.core.selection import EVERYBODY, openings, prospect, seats
from model.core.state import State

NEVER = np.inf
"""Caution of who leaves an offence alone whatever the opportunity."""

CAUTIONS = (0.0, 0.25, 0.5, 0.75, 1.4, 2.0, 4.0, NEVER)
SHARP_CAUTIONS = (0.75, 1.0, 1.4)
SHARP = 250.0
"""Sharpness of who does not err: the best response, or nearly."""

RUNGS_TRIED = (2, 4, 6, 8)
"""Of the ladder of learnt policies, those that somebody else than a learner tries."""

SIZES = {"smallest": (0.0, 1), "middle": (0.5, 3), "largest": (1.0, 2)}
"""Roles of sequencers: where they stand in the order of stake, and how many there must be."""


def unilateral() -> list[Deviation]:
    """Return the deviations of every role by itself."""
    found = [deviation for size in SIZES for deviation in _of_sequencer(size)]
    found.append(Deviation("outsider", "enters", _enter, "entry_rate"))
    return [*found, *of_rangers(), *of_delegators()]


def _of_sequencer(size: str) -> Iterator[Deviation]:
    role = f"{size} sequencer"
    for factor in CAUTIONS:
        yield Deviation(role, in_words(factor), partial(_alone, size, partial(be_cautious, np.full(OFFENCES, factor))))
    for offence in Offence:
        others = np.where(np.arange(OFFENCES) == offence, 1.0, NEVER)
        words = f"commits no offence but to {offence.name.lower()}"
        yield Deviation(role, words, partial(_alone, size, partial(be_cautious, others)))
    for factor in SHARP_CAUTIONS:
        words = "chooses without error" + ("" if factor == 1.0 else f" and {in_words(factor)}")
        yield Deviation(role, words, partial(_alone, size, partial(_sharp, factor)))
    for rung in RUNGS_TRIED:
        words = f"reorders where a block is worth {ladder.RUNG[rung]:g} times the mean"
        yield Deviation(role, words, partial(_climb, size, rung))
    yield Deviation(role, "knows how often offences are found out", partial(_alone, size, _informed))
    for step in (-0.05, 0.05):
        words = f"asks {abs(step):.0%} {'more' if step > 0 else 'less'} commission"
        yield Deviation(role, words, partial(_alone, size, partial(_commission, step)), "commission_step")
    for step, words in ((-1.0, "asks no commission"), (1.0, "asks the highest commission")):
        yield Deviation(role, words, partial(_alone, size, partial(_commission, step)), "commission_step")
    yield Deviation(role, "leaves", partial(_leave, size), "exit_rate")


def in_words(factor: float) -> str:
    """Return what it is to multiply one's reservation values by a factor."""
    if factor == NEVER:
        return "orders every block by the rules"
    if factor == 0.0:
        return "offends in every block"
    return f"asks for {factor:g} times the opportunity before it offends"


def independent(world: World) -> NDArray[np.int64]:
    """Return the rows of active sequencers that decide for themselves, by stake."""
    nodes = world.state.sequencers
    free = (nodes.status == Status.ACTIVE) & (nodes.conduct == Conduct.RATIONAL) & (nodes.owner == NOBODY)
    rows = np.flatnonzero(free)
    return rows[np.argsort((nodes.self_stake + nodes.pool)[rows], kind="stable")]


def _of_size(world: World, size: str) -> int | None:
    rows = independent(world)
    place, fewest = SIZES[size]
    return int(rows[round(place * (rows.size - 1))]) if rows.size >= fewest else None


def _alone(size: str, write: Callable[[State, np.record, int], None], world: World) -> Move | None:
    i = _of_size(world, size)
    return None if i is None else Move(Members((i,)), lambda state, rules: write(state, rules, i))


def be_cautious(factors: NDArray[np.float64], state: State, rules: np.record, i: int) -> None:
    """Multiply a node's reservation values by factors, by offence, from now on; a learnt policy's rungs likewise."""
    node = state.sequencers[i]
    node.caution *= factors
    if learns_policies(rules):
        if (factors == NEVER).all():
            ladder.adopt(node, 0)
        elif (factors == 0.0).all():
            ladder.adopt(node, _above(Offence.REORDER, 0))
    else:
        node.revises = 1
        if (factors == 0.0).all():
            node.sharpness *= SHARP


def learns_policies(rules: np.record) -> bool:
    """Return whether policies are learnt from payoffs, and not thought out from beliefs."""
    return bool(rules.learning in (Learning.IMITATION, Learning.REINFORCEMENT))


def _above(offence: Offence, rung: int) -> int:
    """Return the policy to commit an offence wherever the opportunity exceeds a rung."""
    return 1 + int(offence) * ladder.RUNGS + rung


def _climb(size: str, rung: int, world: World) -> Move | None:
    if not learns_policies(world.rules):
        return None
    policy = _above(Offence.REORDER, rung)
    return _alone(size, lambda state, rules, i: ladder.adopt(state.sequencers[i], policy), world)


def _sharp(factor: float, state: State, rules: np.record, i: int) -> None:
    state.sequencers[i].sharpness *= SHARP
    be_cautious(np.full(OFFENCES, factor), state, rules, i)


def _informed(state: State, rules: np.record, i: int) -> None:
    """Let a node reckon with the true detection q: its reservation values go as q over what it keeps of a gain."""
    node = state.sequencers[i]
    node.revises = 1
    for a in range(OFFENCES):
        believed = policy.believed_detection(node, rules, a, policy.advertised_detection(state, rules, node, a))
        true = watchers.found_out(node, rules, a, state.market.detection[a])
        capture = ordering.lawful_capture(node, rules, state.market)
        hoped = policy.kept_gain(node, rules, a, believed, capture)
        kept = policy.kept_gain(node, rules, a, true, capture)
        if believed > 0.0 and hoped > 0.0:
            node.caution[a] *= (true / believed) * (hoped / kept) if kept > 0.0 else np.inf


def _commission(step: float, state: State, rules: np.record, i: int) -> None:
    node = state.sequencers[i]
    node.commission = min(max(0.0, node.commission + step), rules.max_commission)


def _leave(size: str, world: World) -> Move | None:
    i = _of_size(world, size)
    if i is None:
        return None

    def change(state: State, rules: np.record) -> None:
        state.sequencers[i].status = Status.EXITING
        ledger.leave(state.sequencers[i], state.market.epoch)

    return Move(Members((i,)), change)


def is_open(rules: np.record) -> bool:
    """Return whether a node can enter by its own decision: nobody votes on it, and no authority fills seats."""
    return bool(rules.admission == Admission.OPEN and seats(rules) == EVERYBODY)


def _enter(world: World) -> Move | None:
    """Let the candidate of the lowest cost that can pay the least stake enter, where nobody else has a say in it."""
    nodes, least = world.state.sequencers, world.rules.min_stake
    stake = np.minimum(nodes.wallet, nodes.capital)
    able = np.flatnonzero((nodes.status == Status.CANDIDATE) & (stake >= least) & (stake > 0))
    if able.size == 0 or not is_open(world.rules):
        return None
    i = int(able[np.argmin(nodes.cost[able])])

    def change(state: State, rules: np.record) -> None:
        node = state.sequencers[i]
        found = openings(state, rules)
        ledger.bond(node, float(stake[i]))
        node.status = Status.ACTIVE
        worth = auction.margin(node, rules, state.market, found[node.incumbent, 1])
        blocks = prospect(node, rules, found)
        profit = entry.expected_profit(state.market, rules, node, blocks, worth)
        entry.expect(state.market, rules, node, profit)

    return Move(Members((i,)), change)
