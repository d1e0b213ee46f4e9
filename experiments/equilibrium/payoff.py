"""What members of a coalition earn over a horizon, in USD per epoch, without the part that was luck."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.luck import Luck
from experiments.equilibrium.world import Change, World
from model.core.docket import CONVICTED, due
from model.core.options import NOBODY, Tactic
from model.core.state import State


@dataclass(frozen=True)
class Members:
    """Rows of agents that share what they earn."""

    nodes: tuple[int, ...] = ()
    rangers: tuple[int, ...] = ()
    delegators: tuple[int, ...] = ()


class Play:
    """One run of a world, from which the payoffs of any members can be told."""

    def __init__(self, world: World, horizon: int, change: Change | None = None) -> None:
        """Run it for so many epochs, with a change from the start."""
        self._world, self._horizon = world, horizon
        self._rules, self._seen, self._end = world.play(horizon, change)
        self._luck = Luck(world, self._rules, self._seen)

    def of(self, members: Members) -> float:
        """Return what members earn per epoch (USD), less luck.

        What they are convicted to lose counts, taken or not. Bribes pass between members.
        """
        earned = sum(self._node(i) for i in members.nodes)
        earned += sum(_gained(self._seen.rangers["total_usd"][:, k]) for k in members.rangers)
        earned += sum(self._delegator(d) for d in members.delegators)
        if members.nodes and members.rangers:
            earned -= _gained(self._seen.attackers["spent"][:, Tactic.BRIBERY])
        return float(earned / self._horizon - self.luck(members))

    def forgone(self, members: Members) -> float:
        """Return what the stakes and bonds of members would earn elsewhere, per epoch (USD)."""
        nodes, rangers = self._seen.sequencers[1:], self._seen.rangers[1:]
        held = sum((nodes["self_stake"][:, i] + nodes["exiting"][:, i]).mean() for i in members.nodes)
        held += sum(rangers["bond"][:, k].mean() for k in members.rangers)
        return float(held * self._outside())

    def luck(self, members: Members) -> float:
        """Return what chance brought members per epoch (USD)."""
        brought = sum(self._luck.of_sequencer(i) for i in members.nodes)
        brought += sum(self._luck.of_ranger(k) for k in members.rangers)
        brought += sum(self._luck_of_delegator(d) for d in members.delegators)
        return float(brought / self._horizon)

    def _node(self, i: int) -> float:
        due = self._due(self._end, i) - self._due(self._world.state, i)
        return _gained(self._seen.sequencers["total_usd"][:, i]) - due

    def _due(self, state: State, i: int) -> float:
        """Return what sequencer i is convicted to lose and has not lost yet (USD), come to light or not."""
        kept = np.prod(1 - state.pending[:, i])
        filed = np.delete(state.docket[:, i, CONVICTED], due(state.docket, state.market.epoch), axis=0).sum(axis=0)
        kept *= np.prod((1 - self._rules.slash) ** filed)
        return float((1 - kept) * state.sequencers[i].self_stake * state.market.price)

    def _delegator(self, d: int) -> float:
        """Return what delegator d's tokens grew by (USD) if it keeps its place; outside they earn the outside yield."""
        start, end = self._world.state, self._end
        grown = (_tokens(end, d) - _tokens(start, d)) * start.market.price
        waits = self._rules.exit_delay if start.delegators[d].liquid < end.delegators[d].liquid else 0
        return float(grown + end.delegators[d].liquid * max(0, self._horizon - waits) * self._outside())

    def _luck_of_delegator(self, d: int) -> float:
        who = self._end.delegators[d]
        if who.pool == NOBODY or who.release != 0:
            return 0.0
        part = who.shares / np.maximum(self._seen.sequencers["pool_shares"][:-1, who.pool], who.shares)
        return float(self._luck.of_pool(int(who.pool)) @ part * self._world.state.market.price)

    def _outside(self) -> float:
        """Return what a token earns elsewhere per epoch (USD)."""
        return float(self._world.state.market.price * self._rules.opportunity_yield * self._rules.dt)


def _gained(path: NDArray[np.float64]) -> float:
    return float(path[-1] - path[0])


def _tokens(state: State, d: int) -> float:
    """Return the tokens of delegator d: liquid, in a pool, or on their way out."""
    who, size = state.delegators[d], state.unbonding.shape[1]
    tokens = float(who.liquid)
    if who.pool == NOBODY or who.shares == 0:
        return tokens
    node = state.sequencers[who.pool]
    if who.release == 0:
        return tokens + float(who.shares * node.pool / node.pool_shares)
    left = (who.release - (size - 1)) % size
    return tokens + float(who.shares * state.unbonding[who.pool, left] / state.unbonding_shares[who.pool, left])
