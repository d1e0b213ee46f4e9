"""A frozen world: a settled economy in which nobody learns any more, run again and again with one change in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.core.epoch import advance
from model.core.opportunity import Shape
from model.core.recording import Snapshots, new_snapshots
from model.core.state import State, Streams
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.population import new_streams
from model.simulation import Engine

Change = Callable[[State, np.record], None]
"""Writes a deviation into a state and rules that are its own."""


@dataclass(frozen=True)
class World:
    """A settled economy with everybody's policy frozen, and the `seed` of the luck that it meets from now on.

    `scenario` says what can be done at all, `rules` are the frozen ones.

    Frozen is what is learned: beliefs, propensities, commissions. Rules of behaviour stay: who orders looks at the
    price, delegators look for yield, candidates may enter and who loses money may leave. Nothing writes to `state`.
    """

    scenario: Scenario
    state: State
    rules: np.record
    shape: Shape
    epoch: int
    seed: int

    def play(self, horizon: int, change: Change | None = None) -> tuple[np.record, Snapshots, State]:
        """Run the world for some epochs with a change from the start.

        Returns the rules, a snapshot of every epoch from the start on, and the state at the end. The luck is the same
        whatever the change, as far as the change leaves it the same.
        """
        state, rules = _copied(self.state), self.rules.copy()
        if change is not None:
            change(state, rules)
        snapshots = new_snapshots(state, range(self.epoch, self.epoch + horizon + 1))
        streams: Streams = new_streams(self.seed)
        advance(state, rules, self.shape, streams, snapshots, self.epoch, self.epoch + horizon)
        return rules, snapshots, state


def calm(scenario: Scenario) -> Scenario:
    """Return a scenario whose token price moves by nothing but what its agents do: an equilibrium is at some price."""
    return scenario.replace(price_drift=0.0, price_volatility=0.0)


def frozen(engine: Engine, seed: int) -> World:
    """Return the world of an economy as it is now; `seed` is not that of the economy."""
    scenario, state = engine.scenario.replace(commission_step=0.0), _copied(engine.state)
    if scenario.learning in ("belief", "fixed"):
        scenario = scenario.replace(learning="fixed")
    else:
        scenario = scenario.replace(revision_rate=0.0)
        state.sequencers.revises = state.rangers.revises = 0
    return World(engine.scenario, state, rules_of(scenario), engine.shape, engine.epoch, seed)


def _copied(state: State) -> State:
    return State(*[part.copy() for part in state])
