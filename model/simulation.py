"""simulate: a scenario and a seed in, a run out. No Mesa objects; what sweeps call."""

from __future__ import annotations

import secrets

import numpy as np

from model.core.compiled import digest
from model.core.epoch import advance
from model.core.opportunity import new_shape
from model.core.recording import Snapshots, new_snapshots
from model.core.state import State
from model.history import History
from model.parameters import Scenario, ScenarioError, idle
from model.parameters.rules import rules_of
from model.population import new_streams, populate
from model.results import Run, versions


class Engine:
    """A state with the rules, the shape and the streams that move it: what `simulate` and `Economy` share."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Populate the scenario. Raises ScenarioError for a scenario or seed that cannot be."""
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise ScenarioError(f"seed = {seed!r}: give a whole number of 0 or more")
        self.scenario = scenario
        self.seed = int(seed)
        self.rules = rules_of(scenario)
        self.shape = new_shape(self.rules)
        self.state: State = populate(scenario, self.seed, self.rules)
        self.streams = new_streams(self.seed)
        self.epoch = 0
        self._unwatched = new_snapshots(self.state, ())

    def advance(self, epochs: int, snapshots: Snapshots | None = None) -> None:
        """Run some epochs and take the snapshots that are due. Neither these nor chunks change a byte of the state."""
        snapshots = self._unwatched if snapshots is None else snapshots
        last = self.epoch + epochs
        advance(self.state, self.rules, self.shape, self.streams, snapshots, self.epoch, last)
        self.epoch = last


def new_seed() -> int:
    """Draw a seed from the operating system, for runs that name none; it is recorded with the run."""
    return secrets.randbits(32)


def simulate(scenario: Scenario, seed: int | None = None, epochs: int = 365, record_every: int = 1) -> Run:
    """Run a scenario and return its metrics every `record_every` epochs, flows being those since the last record.

    The last interval is shorter if `record_every` does not divide `epochs`. The same scenario and seed give the same
    bytes. Raises ScenarioError for epochs or record_every below 1, and warns (IdleWarning) of settings without effect.
    """
    for name, value in (("epochs", epochs), ("record_every", record_every)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ScenarioError(f"{name} = {value!r}: give a whole number of 1 or more")
    engine = Engine(scenario, new_seed() if seed is None else seed)
    idle.warn(scenario, stacklevel=2)
    snapshots = new_snapshots(engine.state, [*range(0, epochs, record_every), epochs])
    engine.advance(epochs, snapshots)
    provenance = {
        "scenario": scenario.model_dump(),
        "seed": engine.seed,
        "epochs": epochs,
        "record_every": record_every,
    }
    return Run(History(scenario, snapshots), {**provenance, "code": digest(), "versions": versions()})
