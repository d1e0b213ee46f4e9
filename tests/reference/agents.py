"""Who acts beside the sequencers: Rangers, delegators, apps, attackers, and the vault that stake lies in.

Each agent carries the fields of its row in model.core.rows and decides from them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from model.core.options import NOBODY, Conduct, Offence
from model.parameters import Scenario

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


def fields(row: Any) -> dict[str, Any]:
    """Return the fields of a row as plain Python numbers and lists."""
    return {name: np.asarray(row[name]).tolist() for name in row.dtype.names}


def power_odds(ratio: float, precision: float) -> float:
    """Return the log-logit probability with odds `ratio ** precision`; none for a ratio of zero or less."""
    if ratio <= 0:
        return 0.0
    log_odds = precision * math.log(ratio)
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0


def exponentials(scores: list[float]) -> list[float]:
    """Return weights in proportion to the exponentials of scores."""
    highest = max(scores)
    return [math.exp(score - highest) for score in scores]


def willing(plan: Scenario, benefit: float, cost: float, precision: float) -> float:
    """Return the probability of an act by the choice rule of the scenario."""
    if plan.choice == "logit":
        act, rest = exponentials([precision * benefit, precision * cost])
        return act / (act + rest)
    if plan.choice == "best_response":
        return float(benefit > cost)
    if benefit <= 0:
        return 0.0
    return power_odds(benefit / cost, precision) if cost > 0 else 1.0


class Vault:
    """Tokens owned in shares: the pool of a node, or what left that pool in one epoch."""

    def __init__(self, tokens: float = 0.0, shares: float = 0.0, members: int = 0) -> None:
        self.tokens = tokens
        self.shares = shares
        self.members = members

    def deposit(self, tokens: float) -> float:
        """Take tokens of a new member in and return its shares."""
        shares = tokens * self.shares / self.tokens if self.shares > 0 else tokens
        self.tokens += tokens
        self.shares += shares
        self.members += 1
        return shares

    def withdraw(self, shares: float) -> float:
        """Pay a member out and return the tokens; the last one takes what is there, shares of nothing are void."""
        self.members -= 1
        whole = self.members == 0 or shares >= self.shares
        tokens = self.tokens if whole else self.tokens * shares / self.shares
        self.tokens -= tokens
        self.shares = self.shares - shares if self.tokens > 0 else 0.0
        return tokens

    def take(self, share: float) -> float:
        """Slash a share of the tokens and return them."""
        taken = share * self.tokens
        self.tokens -= taken
        return taken


class Ranger(mesa.Agent):
    """A verifier: checks the blocks it is assigned, or shirks; reports what it proves, or takes a bribe."""

    model: Reference
    owner: int
    conduct: int
    status: int
    bond: float
    wallet: float
    cost: float
    custom: int
    revises: int
    attraction: float
    experience: float
    payoff: float
    diligence: float
    found: float
    checks: float
    income_average: float
    total_usd: float

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        self.begin_epoch()
        self.__dict__.update(fields(values))

    def begin_epoch(self) -> None:
        """Forget what happened in the last epoch."""
        self.assigned = self.checked = self.reported = self.silenced = self.trapped = 0
        self.tokens = self.usd = self.profit = 0.0

    def inspect(self, offence: Offence | None) -> bool:
        """Look at a block if it is assigned and the Ranger is not shirking; return whether an offence is proven."""
        if self.rng.random() >= self.model.plan.sampling_probability:
            return False
        self.assigned += 1
        if self.rng.random() >= self.diligence:
            return False
        self.checked += 1
        return offence is not None and self.rng.random() < self.model.evidence[offence]

    def takes_bribe(self, node: Sequencer, offence: Offence) -> bool:
        """Say whether it keeps silent on an offence of this node."""
        s = self.model.plan
        if self.conduct != Conduct.COLLUDING or node.owner == NOBODY or not self.model.bribes_offered:
            return False
        slash = self.model.slash[offence] if self.model.takes_stake else 0.0
        return s.bribe > s.bounty_share * slash * node.stake * self.model.price * s.enforcement

    def misconduct(self) -> float:
        """Return how many offences it believes a check finds."""
        s = self.model.plan
        return (s.prior_weight * s.prior_misconduct + self.found) / (s.prior_weight + self.checks)

    def best_diligence(self, bounty: float) -> float:
        """Return the probability with which it wants to check, given the expected bounty of an offence in USD."""
        s = self.model.plan
        if self.conduct not in (Conduct.RATIONAL, Conduct.COLLUDING):
            return 1.0
        if s.learning in ("imitation", "reinforcement"):
            return self.diligence
        return willing(s, self.benefit(self.misconduct() * bounty), self.cost, s.ranger_precision)

    def benefit(self, hope: float) -> float:
        """Return what a check earns in USD: pay, a fine saved, and the hope of a bounty."""
        s = self.model.plan
        pay = self.model.pay_scale * s.reward_per_check if s.proof_of_check else 0.0
        return pay + s.trap_rate * s.trap_penalty + hope

    def expected_profit(self, bounty: float) -> float:
        """Return what a seat would earn per epoch with that diligence, in USD."""
        s, x = self.model.plan, self.best_diligence(bounty)
        paid = x if s.proof_of_check else 1.0
        checking = x * (self.misconduct() * bounty - self.cost)
        per_block = paid * self.model.pay_scale * s.reward_per_check + checking - (1 - x) * s.trap_rate * s.trap_penalty
        return s.blocks_per_epoch * s.sampling_probability * per_block


class Delegator(mesa.Agent):
    """A holder of tokens: free, in the pool of a node, or waiting to leave one."""

    model: Reference
    shares: float
    liquid: float
    risk_aversion: float
    release: int

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        own = fields(values)
        pool = own.pop("pool")
        self.__dict__.update(own)
        self.node: Sequencer | None = None if pool == NOBODY else model.sequencers[pool]

    @property
    def unbonding(self) -> bool:
        """Whether it waits for its stake."""
        return self.release > 0

    def collect(self) -> None:
        """Take the stake that waited out of its bucket."""
        assert self.node is not None
        bucket = self.node.buckets[self.release - self.model.plan.exit_delay]
        self.liquid += bucket.withdraw(self.shares)
        self.node, self.shares, self.release = None, 0.0, 0

    def choose(self, offers: list[tuple[Sequencer, float, float]]) -> Sequencer | None:
        """Choose a node or (None) the outside option from offers of node, net yield and slashing, per year."""
        s = self.model.plan
        values = [100 * (net - self.risk_aversion * slashing) + node.brand for node, net, slashing in offers]
        values.append(100 * s.opportunity_yield)
        best = max(values)
        weights = [math.exp(s.delegator_precision * (value - best)) for value in values]
        chosen = self.rng.choice(len(values), p=np.array(weights) / sum(weights))
        return offers[chosen][0] if chosen < len(offers) else None

    def move(self, target: Sequencer | None) -> None:
        """Go to the pool of the target at once, or to liquidity through the waiting room."""
        awaits_slash = self.node is not None and any(share > 0 for share in self.node.pending.values())
        if target is self.node or (target is not None and awaits_slash):
            return
        source, self.node = self.node, target
        tokens = self.liquid if source is None else source.vault.withdraw(self.shares)
        if target is not None:
            self.shares, self.liquid = target.vault.deposit(tokens), 0.0
        elif source is not None:
            self.node = source
            self.shares = source.buckets[self.model.epoch].deposit(tokens)
            self.release = self.model.epoch + self.model.plan.exit_delay


class App(mesa.Agent):
    """A share of the volume, with a memory of harm."""

    model: Reference
    share: float
    tolerance: float
    memory: float
    present: int

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        self.__dict__.update(fields(values))


class Attacker(mesa.Agent):
    """Somebody who owns nodes and Rangers and spends a budget."""

    model: Reference
    budget: float
    spent: float
    charged: float
    profit: float
    bought: float
    began: int
    succeeded: int

    def __init__(self, model: Reference, values: Any) -> None:
        super().__init__(model)
        self.__dict__.update(fields(values))
