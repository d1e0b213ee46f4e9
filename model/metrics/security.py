"""Security: what stands behind the chain, what corrupting it would cost and bring, what attackers made of it."""

from __future__ import annotations

import numpy as np

from model.core.options import Tactic
from model.history import History
from model.metrics.registry import Series, flow, per_year, ratio, stake, stock
from model.parameters import Scenario
from model.parameters.rules import by_offence


@stock("tokens", "higher")
def stake_total(h: History) -> Series:
    """Stake of serving sequencers, own and delegated."""
    return stake(h).sum(axis=1)


@stock("USD", "higher")
def stake_at_risk(h: History) -> Series:
    """The same in dollars."""
    return stake_total(h) * h.stock("market", "price")


@flow("share per year", "lower")
def slashed_share(h: History) -> Series:
    """Stake slashed, of the stake there is."""
    return per_year(h, ratio(h.flow("slashed"), stake_total(h)))


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
    """What two thirds of the stake would be expected to lose by a conviction for the most profitable offence."""
    s, offence = h.scenario, _most_profitable(h.scenario)
    slash = min(1.0, s.slash_fraction * by_offence(s, "slash_multiplier")[offence])
    return stake_to_control(h) * (s.enforcement * slash if s.sanction == "slash" else 0.0)


@flow("USD", "lower")
def profit_from_corruption(h: History) -> Series:
    """What two thirds of the blocks are expected to yield to the most profitable offence while the exit delay runs."""
    s = h.scenario
    passing = h.flow("volume") / h.epochs * s.mev_bps * 1e-4
    return passing * _gains(s).max() * s.exit_delay * 2 / 3


@flow("-", "higher")
def security_ratio(h: History) -> Series:
    """Cost of corruption over profit from corruption: below one, corruption pays even if it is sure to be convicted."""
    return ratio(cost_of_corruption(h), profit_from_corruption(h))


def _gains(scenario: Scenario) -> np.ndarray:
    return by_offence(scenario, "gain") * by_offence(scenario, "exposure")


def _most_profitable(scenario: Scenario) -> int:
    return int(_gains(scenario).argmax())


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
