"""The Ranger: a watcher that stakes for the right to check blocks."""

from __future__ import annotations

from model.agents.field import Balance, Choice, Field, member
from model.agents.sequencer import Sequencer
from model.agents.view import View
from model.core import choice, diligence, verification
from model.core.options import NOBODY, Conduct, Offence, Status, Tactic
from model.core.rows import RANGER


class Ranger(View, group="rangers", kind=RANGER):
    """Samples blocks, checks them or shirks, and reports offences for a bounty. Its policy is `diligence`."""

    status = Choice(Status)
    conduct = Choice(Conduct)
    owner = Field(NOBODY, len(Tactic) - 1)
    custom = Field(0, 1)
    bond = Balance()
    wallet = Balance()
    cost = Field(0)
    diligence = Field(0, 1)
    found = Field(0)
    checks = Field(0)

    @property
    def believed_misconduct(self) -> float:
        """Offences it expects to find per block that it checks."""
        return diligence.believed_misconduct(self._record, self._rules)

    def benefit(self) -> float:
        """Return what really checking a block earns it (USD): pay if proven, a fine saved, and hope of a bounty."""
        return diligence.benefit(self._rules, self.believed_misconduct, self._bounty(), self._state.market.pay_scale)

    def willingness(self) -> float:
        """Return the probability that it really checks a block, by the model's rule for the rational."""
        cost, rules = self.cost, self._rules
        return choice.willingness(self.benefit(), cost, rules.ranger_precision, rules.choice)

    def expected_profit(self) -> float:
        """Return what a seat is expected to earn it (USD per epoch), at the diligence it would choose."""
        return diligence.expected_ranger_profit(self._record, self._rules, self._bounty(), self._state.market.pay_scale)

    def finding(self, offence: Offence | str) -> float:
        """Return the probability that it finds a given offence."""
        return verification.finding(self._record, self._rules, int(member(Offence, "offence", offence)))

    def takes_bribe(self, sequencer: Sequencer, offence: Offence | str) -> bool:
        """Tell whether it takes a bribe, if any were on offer in the last epoch, to hush up a sequencer's offence."""
        a = int(member(Offence, "offence", offence))
        return bool(verification.silenced(self._state, self._record, self._rules, sequencer.row, a))

    def _bounty(self) -> float:
        return diligence.expected_bounty(
            self._state.sequencers, self._state.rangers, self._rules, self._state.market.price
        )
