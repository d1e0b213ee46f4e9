"""Every closed form holds under conditions; asked for outside them it raises, and says which one and what to do."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Quantity = float | NDArray[np.float64]
"""A number, or an array of them: closed forms broadcast as numpy does."""


class ConditionError(ValueError):
    """A closed form was asked for outside its conditions: one line with the quantity, its value and what is needed."""


def require(holds: ArrayLike, name: str, value: ArrayLike, needed: str) -> None:
    """Raise ConditionError `name = value: needed` unless the condition holds everywhere; shows the first that fails."""
    met = np.asarray(holds, bool)
    if not met.all():
        values = np.broadcast_to(value, met.shape)
        raise ConditionError(f"{name} = {values[~met].flat[0]}: {needed}")


def require_positive(**values: ArrayLike) -> None:
    """Raise ConditionError unless all values are finite and above zero."""
    for name, value in values.items():
        number = np.asarray(value, float)
        require((number > 0) & np.isfinite(number), name, value, "give a finite number above 0")


def require_non_negative(**values: ArrayLike) -> None:
    """Raise ConditionError unless all values are finite and not negative."""
    for name, value in values.items():
        number = np.asarray(value, float)
        require((number >= 0) & np.isfinite(number), name, value, "give a finite number of at least 0")


def require_share(**values: ArrayLike) -> None:
    """Raise ConditionError unless all values lie between 0 and 1, both allowed."""
    for name, value in values.items():
        number = np.asarray(value, float)
        require((number >= 0) & (number <= 1), name, value, "give a share from 0 to 1")


def require_count(least: int = 1, **values: ArrayLike) -> None:
    """Raise ConditionError unless all values are whole numbers of at least `least`."""
    for name, value in values.items():
        number = np.asarray(value, float)
        require((number >= least) & (number == np.floor(number)), name, value, f"give a whole number from {least} up")
