"""Mesa's data collector for an economy: snapshots now, metrics when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mesa
import numpy as np
import pandas as pd

from model.core.recording import NEVER, Snapshots, new_snapshots, observe
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
        self._scenario = engine.scenario
        self._snapshots = new_snapshots(engine.state, [NEVER] * FIRST_ROOM)
        self._taken = 0
        self._collection_steps: list[int] = []
        self._columns: dict[str, list[Any]] = {}

    def collect(self, model: Any) -> None:
        """Take a snapshot of an economy, and what its agents report."""
        if self._taken == len(self._snapshots.epoch):
            self._snapshots = Snapshots(*[np.concatenate((rows, rows)) for rows in self._snapshots])
            self._snapshots.epoch[self._taken :] = NEVER
        self._snapshots.epoch[self._taken] = model.epoch
        observe(model.state, self._snapshots, model.epoch)
        self._taken += 1
        self._collection_steps.append(model.epoch)
        self._columns = {}
        if self.agent_reporters or self.agenttype_reporters:
            super().collect(model)

    @property
    def history(self) -> History:
        """The snapshots taken so far."""
        return self._part(slice(self._taken))

    def _part(self, which: slice | list[int]) -> History:
        return History(self._scenario, self._snapshots).part(which)

    @property
    def model_vars(self) -> dict[str, list[Any]]:
        """The seed and every metric, a value per snapshot: number n is that after n epochs, as `batch_run` wants it.

        Before the first epoch there are no flows; what is made of them is nan.
        """
        if not self._columns:
            with np.errstate(divide="ignore", invalid="ignore"):
                start = compute(self._part([0, 0]))
            later = compute(self.history)
            self._columns = {name: [*start[name].tolist(), *later[name].tolist()] for name in later}
            self._columns["seed"] = [self.seed] * self._taken
        return self._columns

    @model_vars.setter
    def model_vars(self, nothing: Any) -> None:
        """Ignore the empty table that Mesa begins with."""

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """Return a column per metric and a row per epoch: the same as `simulate(..., record_every=1).metrics`."""
        return Run(self.history, {}).metrics
