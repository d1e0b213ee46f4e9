"""The delegator: a holder of tokens who lends them to a sequencer's pool."""

from __future__ import annotations

import numpy as np

from model.agents.field import Balance, Closed, Field
from model.agents.sequencer import Sequencer
from model.agents.view import View
from model.core import delegation
from model.core.options import NOBODY, Status
from model.core.rows import DELEGATOR

VAULT = "it follows from delegate() and undelegate()"


class Delegator(View, group="delegators", kind=DELEGATOR):
    """Shares a sequencer's rewards and slashes. Its policy is where its stake is: `delegate`, `undelegate`."""

    custom = Field(0, 1)
    liquid = Balance()
    shares = Closed(VAULT)
    pool = Closed(VAULT)
    release = Closed(VAULT)
    risk_aversion = Field(0)

    @property
    def sequencer(self) -> Sequencer | None:
        """The sequencer in whose pool its stake is, or waits to leave; None while all is liquid."""
        return None if self.pool == NOBODY else self.model.views(Sequencer)[self.pool]

    @property
    def unbonding(self) -> bool:
        """Whether its stake waits to be free, in epoch `release`."""
        return self.release != 0

    @property
    def stake(self) -> float:
        """Tokens its shares are worth, in the pool or on the way out."""
        if self.pool == NOBODY:
            return 0.0
        node = self._state.sequencers[self.pool]
        held, issued = node.pool, node.pool_shares
        if self.unbonding:
            slot = (self.release - self._rules.exit_delay) % self._state.unbonding.shape[1]
            held, issued = self._state.unbonding[self.pool, slot], self._state.unbonding_shares[self.pool, slot]
        return float(held * (self.shares / issued)) if issued > 0 else 0.0

    @property
    def outside_value(self) -> float:
        """What keeping its tokens liquid is worth to it (percentage points a year)."""
        return float(100.0 * self._rules.opportunity_yield)

    def value_of(self, sequencer: Sequencer) -> float:
        """Return what delegating to a sequencer is worth to it (percentage points a year); -inf if that is closed."""
        rows, values = self._values()
        return float(values[rows == sequencer.row].max(initial=-np.inf))

    def best_sequencer(self) -> Sequencer | None:
        """Return the sequencer that is worth most to it; None if staying liquid is worth more."""
        rows, values = self._values()
        if values.max(initial=-np.inf) < self.outside_value:
            return None
        return self.model.views(Sequencer)[rows[values.argmax()]]

    def delegate(self, sequencer: Sequencer) -> bool:
        """Move its stake, or its liquid tokens, to a sequencer's pool, and tell whether they are there.

        They are not while they are unbonding, while their pool awaits a slash, or if the sequencer is not active or its
        pool is worthless.
        """
        if not isinstance(sequencer, Sequencer) or sequencer.model is not self.model:
            raise ValueError(f"sequencer = {sequencer!r}: give a Sequencer of the same economy")
        if sequencer.status == Status.ACTIVE:
            delegation.move(self._state, self._rules, self.row, sequencer.row)
        return self.pool == sequencer.row and not self.unbonding

    def undelegate(self) -> None:
        """Start to leave its pool; the stake is liquid after the exit delay."""
        delegation.move(self._state, self._rules, self.row, NOBODY)

    def _values(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the sequencers that take deposits and what each is worth, as the compiled choice does."""
        state = self._copied()
        rows, yields, risks = delegation.offers(state, self._rules)
        return rows, yields - self.risk_aversion * risks
