"""The sequencer: what it believes, from which opportunity on an offence pays, and what it does with a block."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mesa

from model.core.options import NOBODY, OFFENCES, Conduct, Offence, Status

from .agents import Vault, fields

if TYPE_CHECKING:
    from . import Reference
    from .agents import Ranger


class Sequencer(mesa.Agent):
    """A node: orders blocks by the rules, or offends when the block is worth it."""

    model: Reference
    owner: int
    conduct: int
    status: int
    client: int
    self_stake: float
    wallet: float
    exiting: float
    exit_epoch: int
    capital: float
    commission: float
    commission_direction: float
    commission_income: float
    commission_before: float
    skill: float
    cost: float
    downtime: float
    brand: float
    caught: list[float]
    uncaught: list[float]
    reservation: list[float]
    income_average: float
    profit_average: float
    slash_average: float
    jailed_until: int
    total_made: int
    total_tokens: float
    total_usd: float

    def __init__(self, model: Reference, row: int, values: Any) -> None:
        super().__init__(model)
        self.row = row
        self.begin_epoch()
        own = fields(values)
        self.vault = Vault(own.pop("pool"), own.pop("pool_shares"), own.pop("members"))
        self.__dict__.update(own)
        self.buckets: dict[int, Vault] = {}
        self.pending: dict[int, float] = {}
        self.claims: dict[int, dict[Ranger, float]] = {}

    def begin_epoch(self) -> None:
        """Forget what happened in the last epoch."""
        self.outage, self.fault = 0.0, 0
        self.weight = 0.0
        self.assigned = self.made = 0
        self.opportunity = self.honest_value = 0.0
        self.offences, self.detected, self.convicted = [0] * OFFENCES, [0] * OFFENCES, [0] * OFFENCES
        self.stolen = [0.0] * OFFENCES
        self.turn_ended = self.sentenced = 0
        self.slashed = 0.0
        self.token_income = self.usd_income = self.profit = 0.0

    @property
    def pool(self) -> float:
        """Delegated tokens."""
        return self.vault.tokens

    @property
    def stake(self) -> float:
        """Own and delegated tokens."""
        return self.self_stake + self.vault.tokens

    @property
    def in_office(self) -> bool:
        """Whether the node runs (and costs), in jail or out of it."""
        return self.status in (Status.ACTIVE, Status.JAILED)

    def excess_gain(self, offence: Offence) -> float:
        """Return what the offence yields beyond honest ordering, per USD of opportunity."""
        return max(0.0, self.model.gain[offence] * self.skill - self.model.plan.honest_capture)

    def belief(self, offence: Offence) -> float:
        """Return the probability with which the node expects the offence to be found out."""
        s = self.model.plan
        advertised = 1 - (1 - s.sampling_probability * self.model.evidence[offence]) ** len(self.model.watchers())
        caught, uncaught = self.caught[offence], self.uncaught[offence]
        return (s.prior_weight * advertised + caught) / (s.prior_weight + caught + uncaught)

    def cost_of_conviction(self, offence: Offence) -> float:
        """Return the loss in USD that being found out leads to, on average over enforcement."""
        s = self.model.plan
        if s.sanction == "none":
            return 0.0
        slash = self.model.slash[offence]
        left = self.self_stake * (1 - slash)
        nothing_left = left <= 0 and s.min_stake == 0
        if s.expel or nothing_left or (left < s.min_stake and not self.can_refill(left)):
            franchise = max(0.0, self.profit_average) * s.planning_horizon
        else:
            franchise = max(0.0, self.income_average) * min(s.jail_epochs, s.planning_horizon)
        return s.enforcement * (
            slash * (self.self_stake + s.stake_alignment * self.pool) * self.model.price + franchise
        )

    def can_refill(self, own_stake: float) -> bool:
        """Say whether the node may and can bring that own stake back to the minimum from its wallet."""
        return self.model.plan.top_up and own_stake + self.wallet >= self.model.plan.min_stake

    def set_reservations(self) -> None:
        """Work out from which opportunity on each offence pays."""
        for a in Offence:
            gain, (q, bribes), clawback = self.excess_gain(a), self.outlook(a), self.model.plan.clawback
            if gain == 0 or q * clawback >= 1:
                self.reservation[a] = math.inf
            else:
                self.reservation[a] = (q * self.cost_of_conviction(a) + bribes) / (gain * (1 - q * clawback))

    def outlook(self, offence: Offence) -> tuple[float, float]:
        """Return the detection it reckons with and the bribes it expects to pay: an owner who bribes knows both."""
        if self.owner == NOBODY or not self.model.bribes_offered:
            return self.belief(offence), 0.0
        unseen, bribes = 1.0, 0.0
        for ranger in self.model.watchers():
            finds = self.model.plan.sampling_probability * ranger.diligence * self.model.evidence[offence]
            if ranger.takes_bribe(self, offence):
                bribes += finds * self.model.plan.bribe
            else:
                unseen *= 1 - finds
        return 1 - unseen, bribes

    @property
    def fault_risk(self) -> float:
        """Expected cost of honest faults per epoch, in USD."""
        s = self.model.plan
        if s.sanction == "none":
            return 0.0
        return s.honest_fault_rate * s.honest_fault_slash / s.epochs_per_year * self.self_stake * self.model.price

    def choose(self, opportunity: float) -> Offence | None:
        """Choose between ordering a block by the rules (None) and the offences."""
        if self.conduct == Conduct.HONEST:
            return None
        if self.conduct == Conduct.BYZANTINE:
            return max(Offence, key=lambda a: self.model.harm_per_gain[a] * self.model.gain[a])
        free = [a for a in Offence if self.reservation[a] == 0]
        if free:
            return max(free, key=self.excess_gain)
        if opportunity == 0:
            return None
        precision, log_v = self.model.plan.sequencer_precision, math.log(opportunity)
        scores = [0.0] + [precision * (log_v - math.log(tau)) for tau in self.reservation]
        highest = max(scores)
        weights = [math.exp(score - highest) for score in scores]
        draw = self.rng.random() * sum(weights)
        for option, weight in zip((None, *Offence), weights, strict=True):
            draw -= weight
            if draw < 0:
                return option
        return None

    def leave(self, status: Status) -> None:
        """Stop sequencing; own stake starts on its way out."""
        self.exiting += self.self_stake
        self.self_stake = 0.0
        self.exit_epoch = self.model.epoch
        self.status = status
