"""The inspection game between players who choose better acts more often: quantal response, and whether it is reached.

A sequencer weighs the temptation g (1 - q r) against the expected loss q L, where q is detection and r (`returned`) the
part of the gain that is taken back on detection; a Ranger weighs pay and the expected bounty against the cost of a
check (`inspection`). Both then choose at random, the better act more often: see `willingness`.

Sources: McKelvey and Palfrey 1995, doi:10.1006/game.1995.1023 (quantal response equilibrium). Stability and its
thresholds are derived here.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.inspection import bounty_per_checker


class QuantalResponse(NamedTuple):
    """A quantal response equilibrium of the inspection game, as probabilities per block."""

    deviating: float
    """Of the sequencer."""

    checking: float
    """Of each Ranger, in the blocks that are assigned to it."""


class Stability(NamedTuple):
    """How replies to replies come back, at a quantal response equilibrium: `largest_revision(*stability(...))`."""

    omega_squared: float
    """More deviation means more checks means less deviation: the product of the two slopes, without its sign."""

    sharing: float
    """More checks of others mean less bounty each: that slope, without its sign; 0 for one Ranger."""


def willingness(benefit: Quantity, cost: Quantity, precision: Quantity, choice: str = "logit") -> Quantity:
    """Return the probability of an act with a benefit and a cost (one unit, neither negative), alternative 0.

    `logit`: odds exp(precision (benefit - cost)), precision per unit. `luce`: odds (benefit / cost)^precision, without
    unit (Luce 1959, Individual Choice Behavior); an act without cost is done, one without benefit is not.
    """
    require_non_negative(benefit=benefit, cost=cost)
    require_positive(precision=precision)
    require(choice in ("logit", "luce"), "choice", choice, "quantal response is defined for 'logit' and 'luce'")
    if choice == "logit":
        return expit(precision * (benefit - cost))
    with np.errstate(divide="ignore"):
        gain, loss = np.log(np.asarray(benefit, float)), np.log(np.asarray(cost, float))
    # Nothing to lose comes first: then -inf - (-inf) cannot arise.
    odds = np.subtract(gain, loss, out=np.full(np.broadcast(gain, loss).shape, np.inf), where=loss > -np.inf)
    return expit(precision * odds)


def quantal_response(
    gain: float, loss: float, bounty: float, cost: float, sequencer_precision: float, ranger_precision: float,
    choice: str = "logit", rangers: int = 1, *, sampling: float = 1.0, returned: float = 1.0, pay: float = 0.0,
) -> QuantalResponse:  # fmt: skip
    """Return the quantal response equilibrium in which all n Rangers do alike. It is unique.

    Unique because deviation falls with checks, and checks rise with deviation and fall with the checks of others.
    `sampling` is the chance that a block is assigned to a Ranger, each independently; cost and pay are per check. As
    precisions grow it tends to `inspection_equilibrium` (for r = 1 and s = 1). Conditions: all known to all; under
    `luce`, something to earn (bounty or pay).
    """
    return _Game(
        gain, loss, bounty, cost, sequencer_precision, ranger_precision, choice, rangers, sampling, returned, pay
    ).equilibrium()


def stability(
    gain: float, loss: float, bounty: float, cost: float, sequencer_precision: float, ranger_precision: float,
    choice: str = "logit", rangers: int = 1, *, sampling: float = 1.0, returned: float = 1.0, pay: float = 0.0,
) -> Stability:  # fmt: skip
    """Return the slopes of the replies at `quantal_response`, same arguments: they decide whether learning gets there.

    One Ranger, logit, r = s = 1: `omega^2 = lambda_s lambda_r x (1-x) p (1-p) (g + L) B`.
    """
    game = _Game(
        gain, loss, bounty, cost, sequencer_precision, ranger_precision, choice, rangers, sampling, returned, pay
    )
    return game.slopes(*game.equilibrium())


def largest_revision(omega_squared: Quantity, sharing: Quantity = 0.0) -> Quantity:
    """Return the share of agents revising at a time above which the equilibrium is not stable; above 1 it always is.

    Each period a share eta of either population moves to its reply. With one Ranger's bounty unshared
    `2 / (1 + omega^2)`; sharing k makes it `(2 + k) / (1 + k + omega^2)` while replies turn in circles (k < 2 omega),
    else `2 / (1 + k/2 + sqrt(k^2/4 - omega^2))`. Infinitely slow revision is always stable. Derived here.
    """
    require_non_negative(omega_squared=omega_squared, sharing=sharing)
    radicand = 0.25 * sharing**2 - omega_squared
    turning = (2.0 + sharing) / (1.0 + sharing + omega_squared)
    straight = 2.0 / (1.0 + 0.5 * sharing + np.sqrt(np.maximum(radicand, 0.0)))
    return np.where(radicand < 0.0, turning, straight)[()]


class _Game(NamedTuple):
    gain: float
    loss: float
    bounty: float
    cost: float
    sequencer_precision: float
    ranger_precision: float
    choice: str
    rangers: int
    sampling: float
    returned: float
    pay: float

    def equilibrium(self) -> QuantalResponse:
        self.require_conditions()
        checking = float(brentq(lambda chance: self.checking(chance) - chance, 0.0, 1.0, xtol=1e-16, rtol=1e-14))
        return QuantalResponse(self.deviating(checking), checking)

    def require_conditions(self) -> None:
        require_positive(gain=self.gain, loss=self.loss, cost=self.cost, sampling=self.sampling)
        require_non_negative(bounty=self.bounty, pay=self.pay)
        require_share(sampling=self.sampling, returned=self.returned)
        require_count(rangers=self.rangers)
        earning = self.choice != "luce" or self.bounty + self.pay > 0.0
        require(earning, "bounty", self.bounty, "under 'luce' nobody checks for nothing; give bounty or pay")

    def benefit(self, checking: float) -> float:
        share = float(bounty_per_checker(self.bounty, self.sampling * checking, self.rangers))
        return self.pay + self.deviating(checking) * share

    def deviating(self, checking: float) -> float:
        # By what is missed, which keeps its digits when nearly everything is found.
        missed = (1.0 - self.sampling * checking) ** self.rangers
        tempting, deterring = self.gain * (1.0 - self.returned + self.returned * missed), (1.0 - missed) * self.loss
        return float(willingness(tempting, deterring, self.sequencer_precision, self.choice))

    def checking(self, others: float) -> float:
        return float(willingness(self.benefit(others), self.cost, self.ranger_precision, self.choice))

    def slopes(self, deviating: float, checking: float) -> Stability:
        assigned = self.sampling * checking
        if not (0.0 < deviating < 1.0 and 0.0 < checking < 1.0):
            return Stability(0.0, 0.0)
        alone = (1.0 - assigned) ** (self.rangers - 1)
        share = float(bounty_per_checker(1.0, assigned, self.rangers))
        if self.choice == "logit":
            deterred, spurred = self.gain * self.returned + self.loss, 1.0
        else:
            missed = alone * (1.0 - assigned)
            deterred = 1.0 / ((1.0 - missed) * (1.0 - self.returned + self.returned * missed))
            spurred = 1.0 / self.benefit(checking)
        deviation = self.sequencer_precision * deviating * (1.0 - deviating) * deterred
        diligence = self.ranger_precision * checking * (1.0 - checking) * spurred * self.bounty
        # Equal for one Ranger, but for rounding.
        crowding = deviating * max(0.0, share - alone) / checking
        return Stability(
            omega_squared=deviation * self.rangers * self.sampling * alone * diligence * share,
            sharing=diligence * crowding,
        )
