"""Mesa's data collector for an economy: snapshots now, metrics when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mesa
import numpy as np
import pandas as pd

from model.core.state import State
from model.history import History
from model.metrics import compute
from model.results import Run
from model.simulation import Engine

FIRST_ROOM = 128


class Collector(mesa.DataCollector):
    """Collects every metric by taking a snapshot, which costs a step less than one metric would."""

    def __init__(
        self,
        engine: Engine,
        agent_reporters: Mapping[str, Any] | None = None,
        agenttype_reporters: Mapping[type, Mapping[str, Any]] | None = None,
    ) -> None:
        """Collect from the economy of an engine; the reporters are Mesa's."""
        super().__init__(agent_reporters=agent_reporters, agenttype_reporters=agenttype_reporters)
        self.seed = engine.seed
        self.history = GrowingHistory(engine.scenario, FIRST_ROOM)
        self._collection_steps: list[int] = []
        self._columns: dict[str, list[Any]] = {}
        self._start = History(engine.scenario, 1)
        for _ in range(2):
            self._start.record(engine.state, 0)

    def collect(self, model: Any) -> None:
        """Take a snapshot of an economy, and what its agents report."""
        self.history.record(model.state, model.epoch)
        self._collection_steps.append(model.epoch)
        self._columns = {}
        if self.agent_reporters or self.agenttype_reporters:
            super().collect(model)

    @property
    def model_vars(self) -> dict[str, list[Any]]:
        """The seed and every metric, a value per snapshot: number n is that after n epochs, as `batch_run` wants it.

        Before the first epoch there are no flows; what is made of them is nan.
        """
        if not self._columns:
            with np.errstate(divide="ignore", invalid="ignore"):
                start = compute(self._start)
            later = compute(self.history)
            self._columns = {name: [*start[name].tolist(), *later[name].tolist()] for name in later}
            self._columns["seed"] = [self.seed] * self.history.size
        return self._columns

    @model_vars.setter
    def model_vars(self, nothing: Any) -> None:
        """Ignore the empty table that Mesa begins with."""

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """Return a column per metric and a row per epoch: the same as `simulate(..., record_every=1).metrics`."""
        return Run(self.history, {}).metrics


class GrowingHistory(History):
    """A history of a run whose length nobody knows."""

    def record(self, state: State, epoch: int) -> None:
        """Append a snapshot, doubling the room when there is none."""
        if self.size == len(self.epoch):
            for name, array in vars(self).items():
                if isinstance(array, np.ndarray):
                    room = np.zeros((2 * len(array), *array.shape[1:]), array.dtype).view(type(array))
                    room[: len(array)] = array
                    setattr(self, name, room)
        super().record(state, epoch)
