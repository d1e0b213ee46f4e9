"""Economy: the model as Mesa runs it. It steps the same engine as `simulate`, to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from model.agents import ROLES, Sequencer, View
from model.collector import Collector
from model.core import conduct
from model.core.state import State
from model.core.watchers import count_peers
from model.parameters import Scenario, ScenarioError, idle
from model.simulation import Engine, new_seed

try:
    from mesa.experimental.scenarios import Scenario as MesaScenario
except ImportError:  # before Mesa 3.5
    MesaScenario = None


class Economy(mesa.Model):
    """A running economy: step it, look at its agents, write to them.

    Agents are made when they are first asked for, delegators only when they are. Nothing is drawn from `random` or
    `rng` of Mesa; `datacollector` has every metric after every step.
    """

    def __init__(
        self,
        preset: str | None = None,
        scenario: Any = None,
        seed: int | None = None,
        rng: int | None = None,
        agent_classes: Mapping[type[View], type[View]] | None = None,
        agent_reporters: Mapping[str, Any] | None = None,
        agenttype_reporters: Mapping[type, Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Set up a scenario: the one given, or that of the design `preset`, or the defaults, with changes by name.

        Args:
            preset: Name of a design.
            scenario: A Scenario, or one of Mesa 3.5 with parameters and `rng` in it.
            seed: Whole number of 0 or more; if there is none, one is drawn and kept.
            rng: Another name of `seed`.
            agent_classes: Role -> subclass. If that overrides `decide`, it is called before every epoch for each agent
                whose `custom` is 1, as it is at first, and the model's rules leave that agent's policy alone.
            agent_reporters: As in Mesa's DataCollector. They cost far more than an epoch, and make every delegator.
            agenttype_reporters: As in Mesa's DataCollector.
            kwargs: Parameters by name. (SolaraViz of Mesa 3.3 passes parameters only to this name.)

        Raises ScenarioError for what cannot be, and warns (IdleWarning) of settings without effect.
        """
        if MesaScenario is not None and isinstance(scenario, MesaScenario):
            values = dict(scenario)
            seed, scenario = _one_seed(seed, values.pop("rng")), values.pop("ours", None)
            kwargs = values | kwargs
        seed = _one_seed(seed, rng)
        self.engine = Engine(_settings(preset, scenario, kwargs), new_seed() if seed is None else seed)
        idle.warn(self.engine.scenario, stacklevel=2)
        self._join_mesa()
        self._classes = _classes(agent_classes or {})
        self._views: dict[type[View], list[Any]] = {}
        self._deciders = [role for role in ROLES if self._classes[role].decide is not View.decide]
        for role in self._deciders:
            if role.has_policy():
                getattr(self.state, role.group).custom = 1
        self.datacollector = Collector(self.engine, agent_reporters, agenttype_reporters)
        self.datacollector.collect(self)

    def _join_mesa(self) -> None:
        if MesaScenario is None:
            super().__init__(rng=self.seed)
            self.scenario = self.engine.scenario
        else:
            super().__init__(scenario=_Shown(self.engine.scenario, self.seed))

    @property
    def seed(self) -> int:
        """The seed: with the scenario, all that is needed to repeat the run."""
        return self.engine.seed

    @property
    def state(self) -> State:
        """The arrays that the agents show."""
        return self.engine.state

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self.engine.epoch

    def step(self) -> None:
        """Run one epoch, after agents with a policy of their own have decided."""
        self._let_decide()
        self.engine.advance(1)
        self.datacollector.collect(self)

    def run(self, epochs: int) -> None:
        """Step some epochs. Raises ScenarioError for less than one."""
        if not isinstance(epochs, int | np.integer) or isinstance(epochs, bool) or epochs < 1:
            raise ScenarioError(f"epochs = {epochs!r}: give a whole number of 1 or more")
        for _ in range(epochs):
            self.step()

    def _let_decide(self) -> None:
        if Sequencer in self._deciders:
            self._advise()
        for role in self._deciders:
            for agent in self.views(role):
                if not role.has_policy() or agent.custom:
                    agent.decide()

    def _advise(self) -> None:
        """Set the reservation values of sequencers that decide for themselves as the model's rule would."""
        nodes = self.state.sequencers
        custom = nodes.custom.copy()
        nodes.custom = 0
        if self.engine.scenario.verification == "peers":
            count_peers(nodes)
        conduct.decide(self.state, self.engine.rules)
        nodes.custom = custom

    def views(self, kind: type[View]) -> list[Any]:
        """Return the agents of a role, or of the class that plays it, in the order of their rows."""
        role = self.role_of(kind)
        for earlier in ROLES[: ROLES.index(role) + 1]:
            if earlier not in self._views:
                views = self._views[earlier] = []
                for row in range(len(getattr(self.state, earlier.group))):
                    views.append(self._classes[earlier](self, row))
        return self._views[role]

    def role_of(self, kind: type[View]) -> type[View]:
        """Return the role that a class plays. Raises KeyError if it plays none."""
        for role, player in self._classes.items():
            if kind in (role, player):
                return role
        names = ", ".join(player.__name__ for player in self._classes.values())
        raise KeyError(f"{kind!r} is no class of agents here; there are {names}")

    @property
    def agents(self) -> Any:
        """All agents; the delegators too, however many they are."""
        self.views(ROLES[-1])
        return super().agents

    @property
    def agents_by_type(self) -> Mapping[type[View], Any]:
        """The agents of a role, found by the role or by the class that plays it."""
        return _Groups(self, self._classes, super().agents_by_type)

    @property
    def agent_types(self) -> list[type[View]]:
        """The classes of agents."""
        return list(self._classes.values())


class _Groups(Mapping[type[View], Any]):
    """Class -> its agents, made when they are asked for."""

    def __init__(self, economy: Economy, classes: Mapping[type[View], type[View]], made: Mapping[type, Any]) -> None:
        self._economy, self._classes, self._made = economy, classes, made

    def __getitem__(self, kind: type[View]) -> Any:
        role = self._economy.role_of(kind)
        self._economy.views(role)
        made = self._made.get(self._classes[role])
        return AgentSet([], random=self._economy.random) if made is None else made

    def __iter__(self) -> Iterator[type[View]]:
        return iter(self._classes.values())

    def __len__(self) -> int:
        return len(self._classes)


if MesaScenario is not None:

    class _Shown(MesaScenario):
        """A scenario in the form that Mesa 3.5 and its SolaraViz demand of `model.scenario`; it reads like ours."""

        def __init__(self, ours: Scenario | None = None, rng: int | None = None) -> None:
            super().__init__(rng=rng, ours=ours)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__.get("ours"), name)


def _one_seed(seed: Any, rng: Any) -> Any:
    if seed is not None and rng is not None and seed != rng:
        raise ScenarioError(f"seed = {seed!r} and rng = {rng!r} are two names of one number; give one of them")
    return rng if seed is None else seed


def _settings(preset: str | None, scenario: Scenario | None, changes: dict[str, Any]) -> Scenario:
    if preset is not None and scenario is not None:
        raise ScenarioError(f"preset = {preset!r} names a scenario and another is given; leave one of them out")
    if scenario is not None and not isinstance(scenario, Scenario):
        raise ScenarioError(f"scenario = {scenario!r}: give a Scenario; as a parameter of batch_run, a list of them")
    if preset is not None and not isinstance(preset, str):
        raise ScenarioError(f"preset = {preset!r}: give the name of a design, or scenario=...")
    if preset is not None:
        return Scenario.preset(preset, **changes)
    return Scenario(**changes) if scenario is None else scenario.replace(**changes)


def _classes(players: Mapping[type[View], type[View]]) -> dict[type[View], type[View]]:
    """Return role -> class that plays it."""
    for role, player in players.items():
        if role not in ROLES or not isinstance(player, type) or not issubclass(player, role):
            roles = ", ".join(known.__name__ for known in ROLES)
            raise ScenarioError(f"agent_classes: {role!r} -> {player!r}: give one of {roles} and a subclass of it")
    return {role: players.get(role, role) for role in ROLES}
