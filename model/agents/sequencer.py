"""The sequencer: a node that stakes for the right to order blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from model.agents.field import Balance, Choice, Closed, Field, member
from model.agents.view import View
from model.core import auction, conduct, delegation, entry, ledger, policy, selection, verification, watchers
from model.core.options import NOBODY, OFFENCES, Conduct, Offence, Status, Tactic
from model.core.rows import SEQUENCER
from model.core.state import State

DELEGATED = "it is delegators' stake; let a Delegator delegate() or undelegate()"


class Sequencer(View, group="sequencers", kind=SEQUENCER):
    """Orders blocks, honestly or not, for a share of the blocks that grows with its stake.

    Its policy is `reservation_values`, which bind it if its conduct is rational, and `commission`. They are as it last
    decided; a subclass that overrides `decide` finds the reservation values that the model's rule advises now.
    """

    status = Choice(Status)
    conduct = Choice(Conduct)
    owner = Field(NOBODY, len(Tactic) - 1)
    client = Field(0)
    custom = Field(0, 1)
    self_stake = Balance()
    wallet = Balance()
    exiting = Closed("own stake on its way out reaches the wallet by itself")
    pool = Closed(DELEGATED)
    pool_shares = Closed(DELEGATED)
    members = Closed(DELEGATED)
    capital = Field(0)
    commission = Field(0, "max_commission")
    services = Closed("it follows from which other services its stake backs")
    skill = Field(0)
    cost = Field(0)
    downtime = Field(0, 1)
    caution = Field(0)
    sharpness = Field(0)
    mix = Field(0, 1)
    caught = Field(0)
    uncaught = Field(0)
    reservation_values = Field(0, field="reservation")

    @property
    def stake(self) -> float:
        """Tokens staked with it, own and delegated."""
        return self.self_stake + self.pool

    @property
    def rate(self) -> float:
        """Tokens per share of its pool; 1 while the pool is empty."""
        return self.pool / self.pool_shares if self.pool_shares > 0 else 1.0

    @property
    def net_yield(self) -> float:
        """Yearly reward per delegated token after commission, at today's weights: emission and other services' pay."""
        state = self._copied()
        total = selection.weigh(state, self._rules)
        node = state.sequencers[self.row]
        return (1.0 - node.commission) * delegation.gross_yield(node, self._rules, total, state.market)

    @property
    def slash_rate(self) -> float:
        """Yearly share of stake that delegators expect to be slashed."""
        return float(self._record.slash_average * self._rules.epochs_per_year)

    @property
    def detection_beliefs(self) -> tuple[float, ...]:
        """Probability, as it believes, that each offence is found out."""
        state = self._watched()
        node = state.sequencers[self.row]
        advertised = [policy.advertised_detection(state, self._rules, node, a) for a in range(OFFENCES)]
        return tuple(policy.believed_detection(node, self._rules, a, q) for a, q in enumerate(advertised))

    @property
    def detection(self) -> tuple[float, ...]:
        """Probability, in truth, that each offence is found out."""
        found = np.zeros(OFFENCES)
        verification.detection(self._watched(), self._rules, self.row, found)
        return tuple(found.tolist())

    @property
    def franchise(self) -> tuple[float, ...]:
        """Future income (USD) that a conviction for each offence would cost."""
        return tuple(policy.franchise(self._record, self._rules, a) for a in range(OFFENCES))

    def reservation_value(self, offence: Offence | str) -> float:
        """Return the opportunity (USD) at which an offence just pays, by the model's rule."""
        return float(self._considered(custom=0).reservation[int(member(Offence, "offence", offence))])

    def offence_probability(self, opportunity: float) -> float:
        """Return the probability that it offends in a block of this opportunity (USD, above 0), if it decided now."""
        average = self._state.market.mean_opportunity or opportunity
        return policy.chances(self._considered(self.custom), self._rules, opportunity, average, np.zeros(OFFENCES))

    def _considered(self, custom: int) -> Any:
        """Return a copy of its row that thinks of the offences as it would now; a policy of its own (custom) stays."""
        state = self._watched()
        node = state.sequencers[self.row]
        node.custom = custom
        for a in range(OFFENCES):
            advertised = policy.advertised_detection(state, self._rules, node, a)
            conduct.consider(state, self._rules, node, self.row, a, advertised)
        return node

    def _watched(self) -> State:
        """Return the state with nodes that know how many peers they have now; the economy is left alone."""
        copy = self._state._replace(sequencers=self._state.sequencers.copy())
        watchers.count_peers(copy.sequencers)
        return copy

    def expected_profit(self) -> float:
        """Return what honest ordering would earn (USD per epoch); a candidate reckons with the stake it can bond."""
        state = self._copied()
        node = state.sequencers[self.row]
        if node.status == Status.CANDIDATE:
            ledger.bond(node, min(node.wallet, node.capital))
        node.status = Status.ACTIVE
        others = selection.weigh(state, self._rules) - node.weight
        margin = auction.margin(node, self._rules, state.market, others)
        blocks = selection.mean_blocks(self._rules, node.weight, others)
        return entry.expected_profit(state.market, self._rules, node, blocks, margin)
