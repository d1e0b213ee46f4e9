"""The app: a venue that brings volume to the chain."""

from __future__ import annotations

from model.agents.field import Field
from model.agents.view import View
from model.core.rows import APP
from model.core.users import fed_up, usual_traffic


class App(View, group="apps", kind=APP):
    """Brings its share of the volume, remembers harm, and leaves for good when that or the fees are too much."""

    share = Field(0)
    tolerance = Field(0)
    memory = Field(0)
    present = Field(0, 1)

    @property
    def fed_up(self) -> bool:
        """Whether it is there and would rather not be: for harm, or for a chain of its own."""
        traffic = usual_traffic(self._state.apps, self._state.market)
        return bool(self.present) and bool(fed_up(self._record, traffic, self._rules))
