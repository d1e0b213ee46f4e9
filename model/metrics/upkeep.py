"""What a design costs its users, and how long it can go on paying for it."""

from __future__ import annotations

import numpy as np

from model.history import History
from model.metrics.registry import Series, flow, ratio, years


@flow("bps of volume", "lower")
def user_cost(h: History) -> Series:
    """Fees that users pay and harm that they suffer, against the rules or within them, less compensation."""
    harm = h.flow("harm") + h.flow("lawful_harm") - h.flow("compensated_usd")
    return 1e4 * ratio(h.flow("fees") + harm, h.flow("volume"))


@flow("years", "higher")
def reserve_life(h: History) -> Series:
    """Time until the reserve is empty at the present pace; undefined where nothing is drawn from one."""
    reserve = h.path("accounts", "reserve")
    drawn = -np.diff(reserve) / years(h)
    return ratio(reserve[1:], np.where(drawn > 0, drawn, 0.0))
