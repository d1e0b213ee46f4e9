"""Restaking: what other services pay and take, service by service and backer by backer (odd.md 6.6 and 6.7)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from model.core.options import NOBODY

from .agents import fields

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


class Service:
    """Something else that the same stake secures, with those who back it, in office or not."""

    def __init__(self, model: Reference, row: Any, backers: list[Sequencer]) -> None:
        self.model = model
        self.fallen = bool(fields(row)["fallen"])
        self.backers = backers

    @property
    def stake(self) -> float:
        """Tokens bonded behind it."""
        return sum(node.stake for node in self.backers if node.in_office)

    @property
    def is_worth_attacking(self) -> bool:
        """Whether a third of the stake behind it is worth less than what its corruption brings."""
        s, model = self.model.plan, self.model
        return not self.fallen and self.stake > 0 and self.stake / 3 * model.price < s.service_profit

    def strike(self) -> None:
        """Take stake for a reason of its own: the bonded, and what still waits to leave if that can be slashed."""
        for node in self.backers:
            if node.in_office or self.model.plan.unbonding_slashable:
                _burn(self.model, node, self.model.plan.external_shock_size, self.model.plan.unbonding_slashable)

    def fall(self) -> None:
        """Take a third of what is bonded behind it: who attacked is slashed."""
        for node in self.backers:
            if node.in_office:
                _burn(self.model, node, 1 / 3, False)
        self.fallen = True


def elsewhere(model: Reference) -> None:
    """Strike some services, then let fall whichever is worth attacking, until none is."""
    s = model.plan
    for service in model.services:
        struck = model.rng.random() < 1 - math.exp(-s.external_shock_rate / s.epochs_per_year)
        if struck and not service.fallen:
            service.strike()
    while falling := [service for service in model.services if service.is_worth_attacking]:
        falling[-1].fall()


def pay(model: Reference) -> None:
    """Have each service that stands buy tokens for the active nodes that back it, as far as there are tokens."""
    s, accounts, totals = model.plan, model.accounts, model.totals
    owed = {node: s.service_income / s.epochs_per_year * backed(model, node) * node.stake for node in model.active()}
    total = sum(owed.values())
    if total > 0:
        model.service_yield = s.service_income * min(1.0, accounts.circulating / total)
    for node, tokens in owed.items():
        if tokens > 0:
            bought = tokens * model.service_yield / s.service_income
            accounts.circulating = max(0.0, accounts.circulating - bought)
            totals.service_tokens += bought
            totals.pool_elsewhere += node.receive(bought)


def backed(model: Reference, node: Sequencer) -> int:
    """Return how many services that stand the node backs."""
    return sum(node in service.backers and not service.fallen for service in model.services)


def expected_loss(model: Reference, node: Sequencer) -> float:
    """Return the share of stake per epoch that honest faults, and shocks at services it backs, take on average."""
    s = model.plan
    faults = 0.0 if s.sanction == "none" else s.honest_fault_rate * s.honest_fault_slash / s.epochs_per_year
    struck = 1 - math.exp(-s.external_shock_rate / s.epochs_per_year)
    return faults + backed(model, node) * struck * s.external_shock_size


def _burn(model: Reference, node: Sequencer, share: float, waiting: bool) -> None:
    own, pool = share * node.self_stake, node.vault.take(share)
    node.self_stake -= own
    if node.pool == 0:
        node.dissolve()
    if waiting:
        own += share * node.exiting
        node.exiting -= share * node.exiting
        pool += sum(bucket.take(share) for bucket in node.buckets.values())
    node.slashed = 1 - (1 - node.slashed) * (1 - share)
    node.total_usd -= own * model.price
    model.totals.sequencer_usd -= own * model.price
    if node.owner != NOBODY:
        model.attackers[node.owner].profit -= own * model.price
    model.totals.shocked += own + pool
    model.totals.pool_elsewhere -= pool
    model.accounts.burned += own + pool
