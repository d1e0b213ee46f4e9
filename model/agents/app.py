"""The app: a venue that brings volume to the chain."""

from __future__ import annotations

from model.agents.field import Field
from model.agents.view import View
from model.core.rows import APP


class App(View, group="apps", kind=APP):
    """Brings its share of the volume, remembers harm, and leaves for good when it remembers too much."""

    share = Field(0)
    tolerance = Field(0)
    memory = Field(0)
    present = Field(0, 1)

    @property
    def fed_up(self) -> bool:
        """Whether it is there and would rather not be."""
        return bool(self.present) and self.memory > self.tolerance
