"""How one attribute of an agent reads and writes one field of its row."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from model.core import ledger


class Field:
    """A field of the row, read and written in place. Raises ValueError for a value it cannot hold."""

    def __init__(self, low: float = -np.inf, high: float | str = np.inf, field: str = "") -> None:
        """Bound the field; `high` can name a parameter, `field` is its name in the row if it is not the attribute's."""
        self.low, self.high, self.field = low, high, field

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.field = self.field or name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        if agent is None:
            return self
        value = agent._record[self.field]
        return value if value.ndim else value.item()

    def __set__(self, agent: Any, value: Any) -> None:
        agent._record[self.field] = self.checked(agent, value)

    def checked(self, agent: Any, value: Any) -> np.ndarray:
        """Return the value as numbers that the field can hold."""
        now = agent._record[self.field]
        high = agent._rules[self.high] if isinstance(self.high, str) else self.high
        whole = now.dtype.kind == "i"
        try:
            numbers = np.asarray(value, float)
        except (TypeError, ValueError):
            numbers = np.full(now.shape, np.nan)
        fits = (numbers >= self.low) & (numbers <= high) & (not whole or numbers % 1 == 0)
        if numbers.shape != now.shape or not np.all(fits):
            kind = "whole number" if whole else "number"
            many = f"{now.size} {kind}s" if now.ndim else f"a {kind}"
            raise ValueError(f"{self.name} = {value!r}: give {many} from {self.low:g} to {high:g}")
        return numbers


class Balance(Field):
    """A token balance. Writing moves the difference from or to the circulating tokens; ValueError if they run out."""

    def __init__(self) -> None:
        """Bound it to what the ledger can hold."""
        super().__init__(low=0.0, high=float(np.finfo(float).max))

    def __set__(self, agent: Any, value: Any) -> None:
        ledger.set_balance(agent._state.accounts, agent._record, self.field, float(self.checked(agent, value)))


class Choice(Field):
    """A field that holds a member of an enumeration; its value and its lower-case name can be written too."""

    def __init__(self, options: type[IntEnum]) -> None:
        """Hold one of `options`."""
        super().__init__()
        self.options = options

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        return self if agent is None else self.options(agent._record[self.field])

    def __set__(self, agent: Any, value: Any) -> None:
        agent._record[self.field] = member(self.options, self.name, value)


class Closed(Field):
    """A field that follows from others and can only be read; the reason says what to do instead of writing it."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__()
        self.reason = reason

    def __set__(self, agent: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} cannot be written: {self.reason}")


def member(options: type[IntEnum], name: str, value: Any) -> IntEnum:
    """Return a member of an enumeration by itself, its value or its lower-case name; ValueError if there is none."""
    for option in options:
        if value in (option, option.name.lower()):
            return option
    raise ValueError(f"{name} = {value!r}: give one of {', '.join(option.name.lower() for option in options)}")
