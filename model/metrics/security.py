"""Security: what stands behind the chain, what corrupting it would cost and bring, what attackers made of it."""

from __future__ import annotations

import numpy as np

from model.core.options import Tactic
from model.history import History
from model.metrics.registry import Series, flow, held, rate, ratio, rules, stake, stake_path, stock, years
from model.parameters.plights import unslashed


@stock("tokens", "higher")
def stake_total(h: History) -> Series:
    """Stake of serving sequencers, own and delegated."""
    return stake(h).sum(axis=1)


@stock("USD", "higher")
def stake_at_risk(h: History) -> Series:
    """The same in dollars."""
    return _value_path(h)[1:]


def _value_path(h: History) -> Series:
    return stake_path(h).sum(axis=1) * h.path("market", "price")


@rate("share per year", "neither")
def slashed_share(h: History) -> tuple[Series, Series]:
    """Stake slashed, of the stake there is."""
    return h.flow("slashed"), held(h, stake_path(h).sum(axis=1))


@stock("USD", "higher")
def stake_to_halt(h: History) -> Series:
    """Price of a third of the stake: what must be held to halt."""
    return stake_at_risk(h) / 3


@stock("USD", "higher")
def stake_to_control(h: History) -> Series:
    """Price of two thirds of the stake: what must be held to control."""
    return stake_at_risk(h) * 2 / 3


@stock("USD", "higher")
def cost_of_corruption(h: History) -> Series:
    """What two thirds of the stake would be expected to lose of it by a conviction for the most profitable offence.

    Zero where no stake is taken: what removal or a bad name cost is income, which no attacker need have. If other
    services count the same stake, also the third of what is behind each of them that corrupting it takes; all in all no
    more than there is.
    """
    return _cost_path(h)[1:]


def _cost_path(h: History) -> Series:
    s = h.scenario
    slash = 0.0 if unslashed(s) else rules(h).slash[_lasting_gains(h).argmax()]
    held, behind = _value_path(h) * 2 / 3, h.path("services", "stake").sum(axis=1) * h.path("market", "price")
    return np.minimum(held, held * s.enforcement * slash + behind / 3)


def _lasting_gains(h: History) -> Series:
    """Return what each offence yields per dollar of opportunity, on average over those that a proof reverses."""
    return (1.0 - rules(h).refutation) * rules(h).gain


@flow("USD", "neither")
def profit_from_corruption(h: History) -> Series:
    """What two thirds of the blocks are expected to yield to the most profitable offence while the exit delay runs.

    And, if other services count the same stake, what corrupting all of them would bring at once: two thirds of all
    stake hold the third that each of them takes.
    """
    s = h.scenario
    passing = h.flow("volume") / h.epochs * s.mev_bps * 1e-4
    standing = (h.path("services", "stake") > 0).sum(axis=1)
    elsewhere = s.service_profit * (standing[1:] + standing[:-1]) / 2
    return passing * _lasting_gains(h).max() * s.exit_delay * 2 / 3 + elsewhere


@rate("-", "higher")
def security_ratio(h: History) -> tuple[Series, Series]:
    """Cost of corruption over profit from corruption: below one, corruption pays even if it is sure to be convicted."""
    return held(h, _cost_path(h)), profit_from_corruption(h) * years(h)


@stock("USD", "lower")
def attacker_profit(h: History) -> Series:
    """Attackers' profit since the start."""
    return h.stock("attackers", "profit").sum(axis=1)


@stock("USD", "neither")
def attacker_budget_left(h: History) -> Series:
    """What is left of the attackers' budgets."""
    used = h.stock("attackers", "active") > 0
    return ((h.stock("attackers", "budget") - h.stock("attackers", "spent")) * used).sum(axis=1)


@stock("share", "lower")
def attacker_control(h: History) -> Series:
    """Stake of serving nodes that attackers own."""
    owned = (h.stock("sequencers", "owner") >= min(Tactic)) * stake(h)
    return ratio(owned.sum(axis=1), stake_total(h))
