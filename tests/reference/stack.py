"""The chains that share a name with this one (odd.md 6.12), as plain agents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mesa

from .agents import fields

if TYPE_CHECKING:
    from . import Reference


class Sister(mesa.Agent):
    """A chain of the same stack: has users who trust it, scandals, and a mind to leave."""

    model: Reference
    share: float
    trust: float
    present: int

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        self.__dict__.update(fields(values))

    @property
    def revenue(self) -> float:
        """What it earns in an epoch, in USD."""
        s = self.model.plan
        yearly = s.stack_revenue * 365 * self.share
        return float(yearly / s.epochs_per_year * self.trust**s.trust_elasticity)

    def has_scandal(self) -> bool:
        """Draw whether a Poisson number of scandals in the epoch is above zero."""
        s = self.model.plan
        return bool(self.rng.poisson(s.sister_scandal_rate / s.epochs_per_year) > 0)


def move_stack(model: Reference, lost_here: float) -> None:
    """Let trust recover, fall and drag the others down; settle accounts with the stack; let members leave."""
    s = model.plan
    if not model.sisters:
        return
    for sister in model.sisters:
        sister.trust += s.trust_recovery * (1 - sister.trust)
    scandals = [min(s.scandal_loss, sister.trust) if sister.has_scandal() else 0.0 for sister in model.sisters]
    for sister, loss in zip(model.sisters, scandals, strict=True):
        sister.trust -= loss
    losses = [loss for sister, loss in zip(model.sisters, scandals, strict=True) if sister.present]
    for sister, own in zip(model.sisters, scandals, strict=True):
        if sister.present:
            of_others = sum(losses) - own + lost_here
            sister.trust = max(0.0, sister.trust - s.contagion * of_others)
    model.trust = max(0.0, model.trust - s.contagion * sum(losses))

    members = [sister for sister in model.sisters if sister.present]
    model.totals.stack_usd += s.protocol_gross_share * sum(sister.revenue for sister in members)

    brand, all_revenue = standing(model)
    for sister in members:
        others = 1 - sister.revenue / all_revenue if all_revenue > 0 else 1.0
        gains = s.protocol_gross_share + s.control_value > s.brand_value * brand * others
        if gains and model.rng.random() < s.member_exit_rate:
            sister.present = 0
    model.brand, _ = standing(model)


def standing(model: Reference) -> tuple[float, float]:
    """Return the mean trust in the members, by revenue, and what they all earn in an epoch."""
    own = math.exp(model.trend) * model.plan.fee_bps / 1e4
    earners = [(own, model.trust), *((x.revenue, x.trust) for x in model.sisters if x.present)]
    total = sum(earned for earned, _ in earners)
    return (sum(earned * trust for earned, trust in earners) / total if total > 0 else 0.0), total
