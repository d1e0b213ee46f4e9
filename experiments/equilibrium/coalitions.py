"""What several could do together: two sequencers, a sequencer and Rangers it bribes, one operator with more nodes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from experiments.equilibrium.deviations import CAUTIONS, be_cautious, in_words, independent, is_open
from experiments.equilibrium.moves import Deviation, Move
from experiments.equilibrium.payoff import Members
from experiments.equilibrium.watching import seated
from experiments.equilibrium.world import World
from model.core.options import NOBODY, OFFENCES, Conduct, Status, Tactic
from model.core.state import State

MOST_NODES = 4
"""Nodes that an operator may split into."""

ALL = 0
"""Stands for however many Rangers there are."""

OVERBID = 1.5
"""Bribe over the bounty that it must beat, so that it still does when stake and price have moved."""

BOTTOMLESS = 1e15
ITS_OWN = (
    "self_stake", "wallet", "exiting", "exit_epoch", "pool", "pool_shares", "members", "capital",
    "total_made", "total_tokens", "total_usd",
)  # fmt: skip
"""What a new node of an operator does not have from its first one, of which it is otherwise a copy."""


def joint() -> list[Deviation]:
    """Return the deviations of coalitions."""
    pairs = [Deviation("pair of largest sequencers", in_words(factor), partial(_both, factor)) for factor in CAUTIONS]
    splits = (
        Deviation("largest operator", f"splits its stake over {nodes} nodes", partial(_split, nodes), "entry_rate")
        for nodes in range(2, MOST_NODES + 1)
    )
    return [*pairs, *_of_bribers(), *splits]


def _both(factor: float, world: World) -> Move | None:
    rows = independent(world)
    if rows.size < 2:
        return None
    pair = (int(rows[-1]), int(rows[-2]))

    def change(state: State, rules: np.record) -> None:
        for i in pair:
            be_cautious(np.full(OFFENCES, factor), state, rules, i)

    return Move(Members(pair), change)


def _of_bribers() -> Iterator[Deviation]:
    role = "largest sequencer with Rangers"
    for rangers in (1, 2, 3, ALL):
        for factor in (1.0, 0.25, 0.0):
            whom = "all of them" if rangers == ALL else f"{rangers} of them"
            how = "" if factor == 1.0 else f" and {in_words(factor)}"
            yield Deviation(role, f"bribes {whom}{how}", partial(_bribe, rangers, factor))


def _bribe(count: int, factor: float, world: World) -> Move | None:
    """Let a sequencer pay Rangers for silence; what passes between them is no gain of theirs together.

    Not where an attacker has nodes already, which would bribe at the same price.
    """
    rows, willing = independent(world), seated(world)[::-1]
    bribed = willing if count == ALL else willing[:count]
    if rows.size == 0 or bribed.size < max(1, count) or (world.state.sequencers.owner != NOBODY).any():
        return None
    i = int(rows[-1])

    def change(state: State, rules: np.record) -> None:
        node, market = state.sequencers[i], state.market
        dearest = rules.bounty_share * rules.slash.max() * (node.self_stake + node.pool) * market.price
        rules.bribe = OVERBID * max(dearest, rules.cost_per_check)
        state.attackers[Tactic.BRIBERY].budget = BOTTOMLESS
        node.owner = Tactic.BRIBERY
        be_cautious(np.full(OFFENCES, factor), state, rules, i)
        for k in bribed:
            state.rangers[k].conduct = Conduct.COLLUDING

    return Move(Members((i,), tuple(int(k) for k in bribed)), change)


def _split(count: int, world: World) -> Move | None:
    """Let an operator spread its stake over the rows of the dearest candidates, which become copies of its node.

    Not where a vote or an authority decides who enters. What the candidates owned leaves the model with them, and the
    new nodes have no name among delegators.
    """
    rows, nodes = independent(world), world.state.sequencers
    free = np.flatnonzero((nodes.status == Status.CANDIDATE) & (nodes.exiting == 0))
    free = free[np.argsort(-nodes.cost[free], kind="stable")][: count - 1]
    if rows.size == 0 or free.size < count - 1 or not is_open(world.rules):
        return None
    i, part = int(rows[-1]), float(nodes.self_stake[rows[-1]] / count)
    if part < world.rules.min_stake or part <= 0:
        return None

    def change(state: State, rules: np.record) -> None:
        first = state.sequencers[i]
        first.self_stake = part
        first.income_average /= count
        first.profit_average /= count
        for j in free:
            node = state.sequencers[j]
            for name in node.dtype.names:
                if name not in ITS_OWN:
                    node[name] = first[name]
            node.self_stake, node.brand = part, 0.0
            state.accounts.circulating += node.wallet
            node.wallet = 0.0

    return Move(Members((i, *(int(j) for j in free))), change)
