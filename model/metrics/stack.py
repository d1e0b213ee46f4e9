"""The stack: the chains that share a name with this one, and trust in the name. Undefined without sister chains."""

from __future__ import annotations

import numpy as np

from model.history import History
from model.metrics.registry import Series, flow, ratio, stock


@stock("share", "higher")
def brand(h: History) -> Series:
    """Mean trust in the members of the stack, this chain among them, by what they earn."""
    return np.where(h.stock("sisters", "present").shape[1] > 0, h.stock("market", "brand"), np.nan)


@stock("share", "higher")
def sisters_present(h: History) -> Series:
    """Sister chains still in the stack, by their share of revenue at full trust."""
    share = h.stock("sisters", "share")
    return ratio((share * h.stock("sisters", "present")).sum(axis=1), share.sum(axis=1))


@stock("share", "higher")
def sister_trust(h: History) -> Series:
    """Mean trust in the sister chains that are still in the stack, each counted alike."""
    present = h.stock("sisters", "present")
    return ratio((h.stock("sisters", "trust") * present).sum(axis=1), present.sum(axis=1))


@flow("USD per epoch", "higher")
def stack_income(h: History) -> Series:
    """Gross share of their fees that all members pay to the stack, this chain's included; 0 without sister chains."""
    return h.flow("stack_usd") / h.epochs
