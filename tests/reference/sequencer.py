"""The sequencer: what it believes, from which opportunity on an offence pays, and what it does with a block."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mesa

from model.core.options import NOBODY, OFFENCES, Conduct, Offence, Status, Tactic

from . import council, ordering, payoffs, restaking
from .agents import Vault, exponentials, fields

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
    incumbent: int
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
    custom: int
    caution: list[float]
    sharpness: float
    bid: float
    payment: float
    caught: list[float]
    uncaught: list[float]
    reservation: list[float]
    kept: list[float]
    mix: list[list[float]]
    attractions: list[list[float]]
    experience: float
    payoff: float
    usd_before: float
    revises: int
    income_average: float
    profit_average: float
    slash_average: float
    jailed_until: int
    embargo: int
    accusers: set[Ranger]
    given_away: bool
    worth: float
    removed_from: int
    operator: int
    peers: int
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
        self.docket: dict[int, tuple[list[int], list[int]]] = {}
        self.embargoes: dict[int, bool] = {}

    def begin_epoch(self) -> None:
        """Forget what happened in the last epoch."""
        self.outage, self.fault = 0.0, 0
        self.weight = self.votes = self.absent = 0.0
        self.shard = 0
        self.assigned = self.made = 0
        self.opportunity = self.honest_value = 0.0
        self.offences, self.detected, self.convicted = [0] * OFFENCES, [0] * OFFENCES, [0] * OFFENCES
        self.refuted, self.sentences = [0] * OFFENCES, 0
        self.stolen = [0.0] * OFFENCES
        self.turn_ended = self.sentenced = 0
        self.slashed = 0.0
        self.token_income = self.usd_income = self.profit = 0.0
        self.accusers = set()
        self.given_away = False

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

    @property
    def answers_for_it(self) -> float:
        """Probability that it is sanctioned for what is proven; its owner does not agree to that after a takeover."""
        taken_over = self.owner == Tactic.TAKEOVER and self.conduct == Conduct.BYZANTINE
        return 0.0 if taken_over else self.model.plan.enforcement

    def lasting(self, offence: Offence) -> float:
        """Return what an offence yields per USD of opportunity, on average over what proofs reverse."""
        return self.model.gain[offence] * (1 - self.model.refutes(offence))

    def count_peers(self) -> int:
        """Count the other nodes that re-execute its blocks: those of others, active now."""
        others = [node for node in self.model.active() if node.operator != self.operator]
        return sum(self.owner == NOBODY or node.owner != self.owner for node in others)

    def unnoticed(self, offence: Offence) -> float:
        """Return the chance that neither proof nor peers nor the public find the offence."""
        s, evidence = self.model.plan, self.model.evidence[offence]
        public = s.watch * evidence if s.verification == "social" else 0.0
        peers = (1 - s.peer_sampling * evidence) ** self.peers if s.verification == "peers" else 1.0
        return (1 - self.model.refutes(offence)) * (1 - public) * peers

    def belief(self, offence: Offence) -> float:
        """Return the probability with which the node expects the offence to be found out."""
        s = self.model.plan
        missed = (1 - s.sampling_probability * self.model.evidence[offence]) ** len(self.model.watchers())
        advertised = 1 - missed * self.unnoticed(offence)
        caught, uncaught = self.caught[offence], self.uncaught[offence]
        return (s.prior_weight * advertised + caught) / (s.prior_weight + caught + uncaught)

    def cost_of_conviction(self, offence: Offence) -> float:
        """Return the loss in USD that being found out leads to, on average over enforcement."""
        s = self.model.plan
        if s.sanction == "none":
            return 0.0
        if self.model.soft:
            return council.disgrace(self)
        slash = self.model.slash[offence]
        left = self.self_stake * (1 - slash)
        nothing_left = left <= 0 and s.min_stake == 0
        if s.expel or nothing_left or (left < s.min_stake and not self.can_refill(left)):
            franchise = max(0.0, self.profit_average) * self.horizon
        else:
            franchise = max(0.0, self.income_average) * min(s.jail_epochs, self.horizon)
        return s.enforcement * (
            slash * (self.self_stake + s.stake_alignment * self.pool) * self.model.price + franchise
        )

    @property
    def horizon(self) -> float:
        """Epochs that it reckons with after what it does now has come to light, or it is removed for it."""
        s = self.model.plan
        delay = self.model.hidden + (s.removal_delay if s.sanction == "removal" else 0)
        return max(0.0, s.planning_horizon - delay)

    def can_refill(self, own_stake: float) -> bool:
        """Say whether the node may and can bring that own stake back to the minimum from its wallet."""
        return self.model.plan.top_up and own_stake + self.wallet >= self.model.plan.min_stake

    def set_reservations(self) -> None:
        """Work out from which opportunity on each offence pays, and what is kept of its gain."""
        for a in Offence:
            gain, loss = self.prospect(a, self.belief(a))
            self.kept[a] = gain
            if not self.custom or not ordering.exists(self.model.plan, a):
                never = gain <= 0 or self.caution[a] == math.inf
                self.reservation[a] = math.inf if never else self.caution[a] * loss / gain

    def prospect(self, offence: Offence, believed: float) -> tuple[float, float]:
        """Return the gain per USD of opportunity after clawback, and the loss in USD, that an offence should bring."""
        q, bribes = self.outlook(offence, believed)
        refuted = min(q, self.model.refutes(offence))
        otherwise = (q - refuted) / (1 - refuted) if refuted < 1 else 0.0
        lawful = ordering.capture(self.model, self)
        left = 1 - otherwise * self.model.plan.clawback
        gain = max(0.0, self.model.gain[offence] * (1 - refuted) * self.skill * left - lawful)
        return gain, q * self.cost_of_conviction(offence) + bribes

    def outlook(self, offence: Offence, believed: float) -> tuple[float, float]:
        """Return the detection it reckons with and the bribes it expects to pay: an owner who bribes knows both."""
        if self.owner == NOBODY or not self.model.bribes_offered:
            return believed, 0.0
        unseen, bribes = 1.0, 0.0
        for ranger in self.model.watchers():
            finds = self.model.plan.sampling_probability * ranger.diligence * self.model.evidence[offence]
            if ranger.takes_bribe(self, offence):
                bribes += finds * self.model.plan.bribe
            else:
                unseen *= 1 - finds
        return 1 - unseen * self.unnoticed(offence), bribes

    @property
    def fault_risk(self) -> float:
        """Expected cost of honest faults and of shocks elsewhere per epoch, in USD."""
        return restaking.expected_loss(self.model, self) * self.self_stake * self.model.price

    def choose(self, opportunity: float) -> Offence | None:
        """Choose between ordering a block by the rules (None) and the offences."""
        if self.conduct == Conduct.HONEST:
            return None
        if self.conduct == Conduct.BYZANTINE:
            return self.worst_offence()
        weights = self.weigh(opportunity)
        draw = self.rng.random() * sum(weights)
        for option, weight in zip((None, *Offence), weights, strict=True):
            draw -= weight
            if draw < 0:
                return option
        return None

    def worst_offence(self) -> Offence | None:
        """Return the offence that harms most, on average over what proofs reverse; None if ordering at will does."""
        harms = {
            a: self.model.harm_per_gain[a] * self.lasting(a) for a in Offence if ordering.exists(self.model.plan, a)
        }
        worst = max(harms, key=harms.__getitem__)
        return worst if harms[worst] > ordering.harm_at_will(self.model.plan) else None

    def weigh(self, opportunity: float) -> list[float]:
        """Return the weights of honesty and of each offence, for a rational node."""
        s = self.model.plan
        if s.learning in ("imitation", "reinforcement") and not self.custom:
            if self.model.mean_opportunity == 0:
                return [1.0, 0.0, 0.0, 0.0]
            relative = opportunity / self.model.mean_opportunity
            chances = [
                sum(share for share, rung in zip(shares, payoffs.LADDER, strict=True) if above(relative, rung, care))
                for shares, care in zip(self.mix, self.caution, strict=True)
            ]
            chances = [c if ordering.exists(s, a) else 0.0 for a, c in zip(Offence, chances, strict=True)]
            return [1 - sum(chances), *chances]
        if s.choice == "luce":
            return self.weigh_ratios(opportunity)
        worth = [
            kept * (opportunity - tau) if kept > 0 and tau < math.inf else -math.inf
            for kept, tau in zip(self.kept, self.reservation, strict=True)
        ]
        if s.choice == "best_response":
            best = max(0.0, *worth)
            chosen = 0 if best == 0 else 1 + worth.index(best)
            return [float(option == chosen) for option in range(1 + OFFENCES)]
        return exponentials([0.0] + [self.sharpness * s.sequencer_precision * utility for utility in worth])

    def weigh_ratios(self, opportunity: float) -> list[float]:
        """Return the weights of Luce's rule: opportunity over reservation value, to a power."""
        free = [a for a in Offence if self.reservation[a] == 0]
        if free:
            best = max(free, key=self.lasting)
            return [0.0] + [float(a == best) for a in Offence]
        if opportunity == 0:
            return [1.0, 0.0, 0.0, 0.0]
        precision, log_v = self.sharpness * self.model.plan.sequencer_precision, math.log(opportunity)
        return exponentials([0.0] + [precision * (log_v - math.log(tau)) for tau in self.reservation])

    def dissolve(self) -> None:
        """Send the members of a pool that was slashed to nothing home with nothing."""
        for delegator in self.model.delegators:
            if delegator.node is self and not delegator.unbonding:
                delegator.node, delegator.shares = None, 0.0
        self.vault.shares, self.vault.members = 0.0, 0

    def receive(self, reward: float) -> float:
        """Split a reward with the pool, which pays commission; return what the pool got."""
        just_removed = self.status == Status.REMOVED and self.exit_epoch == self.model.epoch
        stake = self.stake + (self.exiting if just_removed else 0.0)
        pool_part = reward * self.pool / stake if self.vault.members > 0 and self.pool > 0 else 0.0
        commission = self.commission * pool_part
        self.vault.tokens += pool_part - commission
        self.commission_income += commission
        own = reward - pool_part + commission
        restaked = self.model.plan.restake_share * own if self.in_office else 0.0
        self.self_stake += restaked
        self.wallet += own - restaked
        self.token_income += own
        self.total_tokens += own
        return pool_part - commission

    def leave(self, status: Status) -> None:
        """Stop sequencing; own stake starts on its way out."""
        self.exiting += self.self_stake
        self.self_stake = 0.0
        self.exit_epoch = self.model.epoch
        self.status = status


def above(relative: float, rung: float, caution: float) -> bool:
    """Say whether an opportunity in multiples of the mean exceeds a rung times caution."""
    return caution < math.inf and relative > caution * rung
