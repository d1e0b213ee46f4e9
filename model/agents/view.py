"""What all roles share: being a live view of one row of the state."""

from __future__ import annotations

import difflib
import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import mesa
import numpy as np

from model.agents.field import Field
from model.core.state import State


class _Counters(weakref.WeakKeyDictionary[Any, Iterator[int]]):
    """Ids by model. Mesa 3.3 counts them in a table that keeps every model alive for ever; this one lets go."""

    def __getitem__(self, model: Any) -> Iterator[int]:
        return self.setdefault(model, itertools.count(1))


class View(mesa.Agent):
    """One row of the state as a Mesa agent. An attribute that neither row nor class declares raises AttributeError.

    A subclass that keeps notes of its own declares them as class attributes or begins their names with an underscore.
    """

    _ids = _Counters()
    group = ""
    kind = np.dtype([])
    model: Any = None
    unique_id = 0
    pos = None
    row = -1

    def __init_subclass__(cls, group: str = "", kind: np.dtype | None = None, **options: Any) -> None:
        """Declare every field of a kind of row that the class does not declare itself."""
        super().__init_subclass__(**options)
        if kind is None:
            return
        cls.group, cls.kind = group, kind
        declared = {entry.field if isinstance(entry, Field) else name for name, entry in vars(cls).items()}
        for name in kind.names or ():
            if name not in declared:
                entry = Field()
                entry.__set_name__(cls, name)
                setattr(cls, name, entry)

    def __init__(self, model: Any, row: int) -> None:
        """See row number `row` of the economy `model`, which makes the view of every row."""
        self.row = row
        super().__init__(model)

    @classmethod
    def has_policy(cls) -> bool:
        """Tell whether rows of this kind carry `custom`, which keeps the model's rules off an agent's own policy."""
        return "custom" in (cls.kind.names or ())

    def decide(self) -> None:
        """Set the agent's own policy for the next epoch; a class that overrides this is asked before every epoch."""

    def remove(self) -> None:
        """Refuse, with NotImplementedError: a row is a permanent identity."""
        raise NotImplementedError(f"{self!r} cannot be removed: rows are permanent, and to leave is a status")

    @property
    def scenario(self) -> Any:
        """The scenario of the economy."""
        return self.model.scenario

    @property
    def _record(self) -> Any:
        return getattr(self._state, self.group)[self.row]

    @property
    def _state(self) -> State:
        return self.model.engine.state

    @property
    def _rules(self) -> Any:
        return self.model.engine.rules

    def _copied(self) -> State:
        """Return the state with a copy of its sequencers, to ask what if; the economy is left alone."""
        return self._state._replace(sequencers=self._state.sequencers.copy())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.row})"

    def __getattr__(self, name: str) -> Any:
        if hasattr(type(self), name):
            return self.__getattribute__(name)  # the property of that name failed: let it say why
        raise AttributeError(self._unknown(name))

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(self._unknown(name))
        super().__setattr__(name, value)

    def _unknown(self, name: str) -> str:
        known = [entry for entry in dir(type(self)) if not entry.startswith("_")]
        near = difflib.get_close_matches(name, known, n=1)
        return f"{type(self).__name__} has no attribute {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
