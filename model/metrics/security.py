"""Security: what stands behind the chain, what corrupting it would cost and bring, what attackers made of it."""

from __future__ import annotations

from model.core.options import Offence, Tactic
from model.history import History
from model.metrics.registry import Series, metric, per_year, ratio, stake


@metric("tokens", "higher")
def stake_total(h: History) -> Series:
    """Stake of serving sequencers, own and delegated."""
    return stake(h).sum(axis=1)


@metric("USD", "higher")
def stake_at_risk(h: History) -> Series:
    """The same in dollars."""
    return stake_total(h) * h.stock("market", "price")


@metric("share per year", "lower")
def slashed_share(h: History) -> Series:
    """Stake slashed, of the stake there is."""
    return per_year(h, ratio(h.flow("slashed"), stake_total(h)))


@metric("USD", "higher")
def cost_to_halt(h: History) -> Series:
    """Price of a third of the stake: cost to halt."""
    return stake_at_risk(h) / 3


@metric("USD", "higher")
def cost_of_corruption(h: History) -> Series:
    """Price of two thirds of the stake: cost to control."""
    return stake_at_risk(h) * 2 / 3


@metric("USD", "lower")
def profit_from_corruption(h: History) -> Series:
    """What two thirds of the blocks can take while the exit delay runs, by the best offence."""
    s = h.scenario
    best = max(getattr(s, f"gain_{o.name.lower()}") * getattr(s, f"exposure_{o.name.lower()}") for o in Offence)
    return h.flow("opportunity") / h.epochs * s.exit_delay * best * 2 / 3


@metric("-", "higher")
def security_ratio(h: History) -> Series:
    """Cost of corruption over profit from corruption; above one, corruption does not pay."""
    return ratio(cost_of_corruption(h), profit_from_corruption(h))


@metric("USD", "lower")
def attacker_profit(h: History) -> Series:
    """Attackers' profit since the start."""
    return h.stock("attackers", "profit").sum(axis=1)


@metric("USD", "neither")
def attacker_budget_left(h: History) -> Series:
    """What is left of the attackers' budgets."""
    used = h.stock("attackers", "active") > 0
    return ((h.stock("attackers", "budget") - h.stock("attackers", "spent")) * used).sum(axis=1)


@metric("share", "lower")
def attacker_control(h: History) -> Series:
    """Stake of serving nodes that attackers own."""
    owned = (h.stock("sequencers", "owner") >= min(Tactic)) * stake(h)
    return ratio(owned.sum(axis=1), stake_total(h))
