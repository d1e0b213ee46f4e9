"""The oracle: docs/odd.md written a second time, plainly, as ordinary Mesa agents and block by block.

It shares the parameters, the enumerations and the row layouts with the model and nothing else. Every span is drawn,
every block has an owner and an opportunity, every Ranger looks at every block or does not. Read it as the
specification: this file is the schedule; `sequencer` and `agents` say who decides what; the phases stand in `blocks`
(market to verification; `turns` for whose turn it is), `council` and `money` (sanctions, rewards) and `people`
(learning to users; `payoffs` for policies that are learnt from payoffs, `tactics` for attackers); what ordering earns,
and who buys it, in `ordering` and `auctions`.

Time within an epoch: blocks are played in the order of their spans, block b at time b / B. The spans of a node lie at
independent places of that order and its blocks are alike, so which of them come before its first sanctioned offence
has the same distribution as with independent uniform times.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np

from model.core.options import Offence, Status
from model.core.state import State
from model.parameters import Scenario

from . import blocks, money, ordering, people, restaking, tactics, turns
from .agents import App, Attacker, Delegator, Ranger, Vault, fields
from .auctions import Builder
from .sequencer import Sequencer
from .stack import Sister

__all__ = ["Reference"]


class Reference(mesa.Model):
    """An economy of plain objects, started from a State, with one numpy Generator made from `seed`.

    Agents carry the field names of `model.core.rows`; `totals` and `accounts` those of TOTALS and ACCOUNTS. Each
    phase can be called alone, on a state taken between epochs or between two phases; but convictions of the current
    epoch are known only to the `conduct` that made them. `conduct` plays every block and has the Rangers look at it
    at once, since a conviction ends a node's turn; `verification` then settles traps and published coverage.
    """

    epoch: int
    price: float
    volume: float
    trend: float
    trust: float
    brand: float
    storm: int
    mean_opportunity: float
    net_issuance: float
    issued_before: float
    pay_scale: float
    net_fee: float
    reward_rate: float
    service_yield: float
    latency: float
    capacity_used: float
    halted: float
    capture: float
    top_bid: float
    lost_blocks: int
    harm: float
    lawful_harm: float
    coverage: float
    detection: list[float]
    scandal: int

    market = blocks.market
    selection = turns.selection
    conduct = blocks.conduct
    verification = blocks.verification
    sanctions = money.sanctions
    rewards = money.rewards
    learning = people.learning
    delegation = people.delegation
    entry_and_exit = people.entry_and_exit
    attack = tactics.attack
    users = people.users

    def __init__(self, scenario: Scenario, state: State, seed: int) -> None:
        super().__init__(rng=seed)
        self.plan = scenario
        self.shape = blocks.Shape(scenario, self.rng)
        self.gain = [ordering.gain(scenario, a) for a in Offence]
        self.harm_per_gain = [ordering.harm(scenario, a) for a in Offence]
        self.evidence = [ordering.evidence(scenario, a) for a in Offence]
        self.slash = [min(1.0, scenario.slash_fraction * m) for m in self.by_offence("slash_multiplier")]
        self.soft = scenario.sanction in ("reputation", "removal")
        self.hidden = scenario.watch_delay if scenario.verification == "social" else 0

        self.__dict__.update(fields(state.market))
        self.accounts = SimpleNamespace(**fields(state.accounts))
        self.totals = SimpleNamespace(**fields(state.totals))
        self.sequencers = [Sequencer(self, i, row) for i, row in enumerate(state.sequencers)]
        self.rangers = [Ranger(self, row) for row in state.rangers]
        self.delegators = [Delegator(self, row) for row in state.delegators]
        for node, attractions in zip(self.sequencers, state.attractions, strict=True):
            node.attractions = attractions.tolist()
        self.services = [
            restaking.Service(self, row, [node for node, backs in zip(self.sequencers, column, strict=True) if backs])
            for row, column in zip(state.services, state.backing.T, strict=True)
        ]
        self.builders = [Builder(self, row) for row in state.builders]
        self.apps = [App(self, row) for row in state.apps]
        self.sisters = [Sister(self, row) for row in state.sisters]
        self.attackers = [Attacker(self, row) for row in state.attackers]
        self.copy_calendar(state)

        self.schedule: list[Sequencer | None] = []
        self.convictions: list[tuple[Sequencer, Offence, list[Ranger]]] = []
        self.exposed: list[tuple[Sequencer, Offence, list[Ranger]]] = []

    def step(self) -> None:
        """Play one epoch."""
        self.market()
        self.selection()
        self.conduct()
        self.verification()
        self.sanctions()
        self.rewards()
        self.learning()
        self.delegation()
        self.entry_and_exit()
        self.attack()
        self.users()
        self.record()

    def run(self, epochs: int) -> None:
        """Play a number of epochs."""
        for _ in range(epochs):
            self.step()

    def record(self) -> None:
        """Add the epoch to the totals and turn the page."""
        totals, nodes = self.totals, self.sequencers
        totals.blocks_due += self.plan.blocks_per_epoch
        totals.blocks_made += sum(node.made for node in nodes)
        totals.offending_blocks += sum(sum(node.offences) for node in nodes)
        for a in Offence:
            totals.offences[a] += sum(node.offences[a] for node in nodes)
            totals.detected[a] += sum(node.detected[a] for node in nodes)
        totals.convicted += sum(node.sentences for node in nodes)
        totals.refuted += sum(sum(node.refuted) for node in nodes)
        totals.scandals += self.scandal
        totals.opportunity += sum(node.opportunity for node in nodes)
        totals.stolen += sum(sum(node.stolen) for node in nodes)
        totals.checks += sum(ranger.checked for ranger in self.rangers)
        totals.checks_assigned += sum(ranger.assigned for ranger in self.rangers)
        totals.coverage += self.coverage
        totals.halted += self.halted
        totals.volume += self.volume
        totals.harm += self.harm
        totals.lawful_harm += self.lawful_harm
        issued = self.accounts.minted - self.accounts.burned - self.accounts.reserve
        self.net_issuance, self.issued_before = issued - self.issued_before, issued
        self.epoch += 1

    @property
    def takes_stake(self) -> bool:
        """Whether stake is taken for proven offences."""
        return self.plan.sanction in ("slash", "restaked_slash")

    def active(self) -> list[Sequencer]:
        """Return the nodes that take part in selection now."""
        return [node for node in self.sequencers if node.status == Status.ACTIVE]

    def seated(self) -> list[Ranger]:
        """Return the Rangers that hold a seat now."""
        return [ranger for ranger in self.rangers if ranger.status == Status.ACTIVE]

    def watchers(self) -> list[Ranger]:
        """Return the Rangers that look at blocks now."""
        return self.seated() if self.plan.verification == "rangers" else []

    def refutes(self, offence: Offence) -> float:
        """Return the probability that a fault proof finds an offence and reverses it."""
        insertion = self.plan.proof_system == "fault" and offence == Offence.INSERT
        return self.plan.fault_proof_success if insertion else 0.0

    def exposure(self, node: Sequencer, offence: Offence) -> float:
        """Return the probability that an offence is found out in the epoch, nobody being bribed."""
        return 1 - (1 - self.detection[offence]) * node.unnoticed(offence)

    def weight(self, node: Sequencer, stake: float) -> float:
        """Return a node's weight with that stake, own and delegated, or its last bid; before seats and plans."""
        counted, sold = min(stake, self.plan.max_stake), node.bid**self.plan.auction_precision
        alike = {"equal": 1.0, "single": 1.0, "appointed": 1.0}
        return {"stake": counted, "sqrt_stake": counted**0.5, "auction": sold, **alike}[self.plan.selection]

    def votes(self, node: Sequencer, stake: float) -> float:
        """Return a node's votes in consensus with that stake; where blocks are sold they are stake, not bids."""
        return min(stake, self.plan.max_stake) if self.plan.selection == "auction" else self.weight(node, stake)

    def balances(self) -> list[float]:
        """Return every balance of tokens; their sum changes by what is minted less what is burned."""
        nodes, accounts = self.sequencers, self.accounts
        return [
            *(x for node in nodes for x in (node.self_stake, node.wallet, node.exiting, node.pool)),
            *(bucket.tokens for node in nodes for bucket in node.buckets.values()),
            *(x for ranger in self.rangers for x in (ranger.bond, ranger.wallet)),
            *(delegator.liquid for delegator in self.delegators),
            *(accounts.circulating, accounts.reserve, accounts.treasury, accounts.users),
        ]

    def by_offence(self, name: str) -> list[float]:
        """Return the parameters `name_reorder`, `name_insert`, `name_censor`."""
        return [getattr(self.plan, f"{name}_{offence.name.lower()}") for offence in Offence]

    def copy_calendar(self, state: State) -> None:
        """Copy what the State keeps by epoch modulo something into dictionaries by epoch."""
        s, now = self.plan, self.epoch
        self.waiting: dict[int, list[tuple[Sequencer, Offence, list[Ranger]]]] = {}
        self.slashed_before = {e: float(_slot(state.slashed_before, e)) for e in range(now - s.correlation_window, now)}
        for node in self.sequencers:
            i = node.row
            for e in range(now - self.hidden, now + 1):
                committed, found, convicted, embargo = _slot(state.docket, e)[i].tolist()
                node.docket[e] = committed, found
                node.embargoes[e] = any(embargo)
                self.waiting.setdefault(e, []).extend((node, a, []) for a in Offence for _ in range(convicted[a]))
            for e in range(now - s.slash_delay, now + 1):
                node.pending[e] = float(_slot(state.pending, e)[i])
                node.claims[e] = dict(zip(self.rangers, _slot(state.claims, e)[i].tolist(), strict=True))
            for e in range(now - s.exit_delay, now + 1):
                slot = e % (s.exit_delay + 1)
                columns = state.unbonding, state.unbonding_shares, state.unbonding_members
                node.buckets[e] = Vault(*(column[i, slot].item() for column in columns))


def _slot(by_epoch: np.ndarray, epoch: int) -> Any:
    return by_epoch[epoch % len(by_epoch)]
