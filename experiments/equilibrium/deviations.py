"""What somebody could do otherwise, alone: the unilateral deviations that a certificate searches.

Each is a way to write a change into a private copy of a world; who makes it is found anew in every world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.payoff import Members
from experiments.equilibrium.world import Change, World
from model.core import delegation, entry, ladder, ledger, policy
from model.core.options import NOBODY, OFFENCES, Admission, Conduct, Learning, Offence, Status, Verification
from model.core.selection import weigh
from model.core.state import State

NEVER = np.inf
"""Caution of who leaves an offence alone whatever the opportunity."""

CAUTIONS = (0.0, 0.25, 0.5, 0.75, 1.4, 2.0, 4.0, NEVER)
SHARP_CAUTIONS = (0.75, 1.0, 1.4)
SHARP = 250.0
"""Sharpness of who does not err: the best response, or nearly."""

RUNGS_TRIED = (2, 4, 6, 8)
"""Of the ladder of learnt policies, those that somebody else than a learner tries."""

DILIGENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
POOLS = 3
"""Pools of the highest net yield that a delegator tries."""

SIZES = {"smallest": (0.0, 1), "middle": (0.5, 3), "largest": (1.0, 2)}
"""Roles of sequencers: where they stand in the order of stake, and how many there must be."""

RANGERS = {-1: "most diligent", 0: "least diligent"}
"""Where Rangers stand in the order of diligence, and their roles."""

DELEGATORS = ("largest", "middle")


class Move(NamedTuple):
    """A deviation in one world: who shares its payoff, and the change.

    `otherwise` is the change it is compared with; None compares it with the world as it is.
    """

    members: Members
    change: Change
    otherwise: Change | None = None


class Deviation(NamedTuple):
    """A deviation of a role, in words; `needs` is a parameter that rules it out for everybody where it is zero."""

    role: str
    words: str
    move: Callable[[World], Move | None]
    needs: str = ""

    def made_in(self, world: World) -> Move | None:
        """Return how it is made in a world, None where nobody can make it."""
        if self.needs and getattr(world.scenario, self.needs) == 0:
            return None
        return self.move(world)


def unilateral() -> list[Deviation]:
    """Return the deviations of every role by itself."""
    found = [deviation for size in SIZES for deviation in _of_sequencer(size)]
    found.append(Deviation("outsider", "enters", _enter, "entry_rate"))
    found += [deviation for place in RANGERS for deviation in _of_ranger(place)]
    return found + [deviation for who in DELEGATORS for deviation in _of_delegator(who)]


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
    """Let a node reckon with the true detection q: its reservation values go as q / (1 - q clawback)."""
    node = state.sequencers[i]
    node.revises = 1
    for a in range(OFFENCES):
        believed = policy.believed_detection(node, rules, a, policy.advertised_detection(state, rules, a))
        true = state.market.detection[a]
        if believed > 0.0:
            node.caution[a] *= true * (1.0 - believed * rules.clawback) / (believed * (1.0 - true * rules.clawback))


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


def _enter(world: World) -> Move | None:
    """Let the candidate of the lowest cost that can pay the least stake enter, where nobody else has a say in it."""
    nodes, least = world.state.sequencers, world.rules.min_stake
    stake = np.minimum(nodes.wallet, nodes.capital)
    able = np.flatnonzero((nodes.status == Status.CANDIDATE) & (stake >= least) & (stake > 0))
    if able.size == 0 or world.rules.admission == Admission.VOTE:
        return None
    i = int(able[np.argmin(nodes.cost[able])])

    def change(state: State, rules: np.record) -> None:
        node = state.sequencers[i]
        total = weigh(state, rules)
        ledger.bond(node, float(stake[i]))
        node.status = Status.ACTIVE
        node.profit_average = entry.expected_profit(state.market, rules, node, total)
        node.income_average = node.profit_average + node.cost

    return Move(Members((i,)), change)


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
