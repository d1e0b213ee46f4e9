"""The inspection game: a sequencer tempted to deviate, n Rangers who would rather not check, a bounty that they share.

A deviation gains `gain` g if nobody checks the block, and loses `loss` L if somebody does (its gain reversed). A check
costs `cost` c; those who check a deviation share `bounty` B equally; `pay` w is earned by proof of checking, whatever
is found; `harm` l befalls every Ranger if nobody finds a deviation. Moves are simultaneous, payoffs are per block in
any one unit, players are risk neutral. Pay that does not depend on checking changes nothing.

Sources: Avenhaus, von Stengel and Zamir 2002, doi:10.1016/S1574-0005(02)03014-X (inspection games); Felten 2019, "The
cheater checking problem: why the verifier's dilemma is harder than you think" (one checker); Mamageishvili and Felten
2023, arXiv:2308.02880 (attention games: no pure equilibrium, few validators fail least); Diekmann 1985,
doi:10.1177/0022002785029004003. Sharing among n: derived here.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)


class Inspection(NamedTuple):
    """An equilibrium of the inspection game, as probabilities per block."""

    checking: float
    """Of a Ranger (who mixes): that it checks."""

    unchecked: float
    """That nobody checks."""

    deviating: float
    """Of the sequencer: that it deviates."""

    undetected: float
    """That a deviation goes through."""


class Volunteers(NamedTuple):
    """The symmetric equilibrium of the volunteer's dilemma."""

    volunteering: float
    """Of each player."""

    nobody: float
    """That no player does."""


def expected_checks(gain: Quantity, loss: Quantity, rangers: Quantity) -> Quantity:
    """Return how many Rangers check a block on average where the sequencer is indifferent: `n (1 - (L/(g+L))^(1/n))`.

    It rises from g / (g + L), one Ranger, to ln(1 + g/L), infinitely many (`rangers` may be inf). Derived here.
    """
    require_positive(gain=gain, loss=loss)
    require_count(rangers=rangers)
    hazard = np.log1p(gain / loss)
    each = hazard / rangers
    return hazard * np.where(each > 0.0, -np.expm1(-each) / np.where(each > 0.0, each, 1.0), 1.0)


def bounty_per_checker(bounty: Quantity, checking: Quantity, rangers: Quantity) -> Quantity:
    """Return what a check of a deviation earns on average if all others check with chance p: `B (1 - (1-p)^n) / (n p)`.

    It is B / (1 + K) over K binomial (n - 1, p): B if nobody else checks, B / n if all do. Condition: Rangers check
    independently. Derived here.
    """
    require_non_negative(bounty=bounty)
    require_share(checking=checking)
    require_count(rangers=rangers)
    chance, count = np.asarray(checking, float), np.asarray(rangers, float)
    with np.errstate(divide="ignore"):
        found = -np.expm1(count * np.log1p(-chance))
    expected = count * chance
    return bounty * np.divide(found, expected, out=np.ones(found.shape), where=expected > 0)


def inspection_equilibrium(
    gain: float, loss: float, bounty: float, cost: float, rangers: float, pay: float = 0.0, harm: float = 0.0
) -> Inspection:
    """Return the equilibrium in which all n Rangers do alike: `Q = L / (g + L)`, whatever n, and p = 1 - Q^(1/n).

    Deviation `x = (c - w) / [B (1 - Q) / (n p) + l Q^((n-1)/n)]` leaves Rangers indifferent. What makes a sequencer
    indifferent (g, L) sets how often Rangers check, and what makes Rangers indifferent (B, c, w) how often it deviates:
    a harsher slash moves x only through the bounty. With w >= c all check and nobody deviates: no dilemma is left.
    `rangers` may be inf, with `checking` their vanishing chance 0. Condition: c - w below what a check of a sure
    deviation earns (or the sequencer always deviates: see `exogenous_checking`).
    """
    require_positive(gain=gain, loss=loss, cost=cost)
    require_non_negative(bounty=bounty, pay=pay, harm=harm)
    require_count(rangers=rangers)
    if pay >= cost:
        return Inspection(checking=1.0, unchecked=0.0, deviating=0.0, undetected=0.0)
    checks = float(expected_checks(gain, loss, rangers))
    unchecked = loss / (gain + loss)
    others_idle = unchecked / (1.0 - checks / rangers)
    worth = bounty * (1.0 - unchecked) / checks + harm * others_idle
    remedy = (
        f"below {worth:.6g}, what a check of a sure deviation earns; raise bounty, or see exogenous_checking(1, ...)"
    )
    require(cost - pay < worth, "cost - pay", cost - pay, remedy)
    deviating = (cost - pay) / worth
    return Inspection(checks / rangers, unchecked, deviating, deviating * unchecked)


def asymmetric_equilibrium(
    gain: float, loss: float, bounty: float, cost: float, rangers: int, mixers: int
) -> Inspection:
    """Return the equilibrium in which `mixers` m of the n Rangers check with equal chance and the others never do.

    There is one for every set of mixers, 2^n - 1 in all, with the same Q: an outsider would share the bounty with one
    more than a mixer does, so that `outsider_gain` is negative. Condition: neither pay nor harm. Derived here.
    """
    require_count(rangers=rangers, mixers=mixers)
    require(mixers <= rangers, "mixers", mixers, f"at most the {rangers} Rangers there are")
    return inspection_equilibrium(gain, loss, bounty, cost, mixers)


def outsider_gain(gain: float, loss: float, bounty: float, cost: float, rangers: int, mixers: int) -> float:
    """Return what a Ranger who never checks would gain per block by checking while `mixers` others mix: below 0."""
    require(mixers < rangers, "mixers", mixers, f"below the {rangers} Rangers there are, or nobody is outside")
    inside = asymmetric_equilibrium(gain, loss, bounty, cost, rangers, mixers)
    return inside.deviating * float(bounty_per_checker(bounty, inside.checking, mixers + 1)) - cost


def exogenous_checking(deviating: float, bounty: float, cost: float, pay: float, rangers: int) -> float:
    """Return how often each of n Rangers checks when deviations come at a given rate x: `x B (1-Q) / (n p) = c - w`.

    0 if even a bounty that need not be shared is too small (x B <= c - w), 1 if one shared by all is enough. The checks
    per block, n p, saturate as n grows. Derived here.
    """
    require_share(deviating=deviating)
    require_non_negative(bounty=bounty, cost=cost, pay=pay)
    require_count(rangers=rangers)

    def worth(checking: float) -> float:
        return deviating * float(bounty_per_checker(bounty, checking, rangers)) + pay - cost

    if worth(1.0) >= 0.0:
        return 1.0
    return float(brentq(worth, 0.0, 1.0, xtol=1e-15)) if worth(0.0) > 0.0 else 0.0


def volunteers_dilemma(cost: float, harm: float, players: int) -> Volunteers:
    """Return the symmetric equilibrium when one volunteer saves all from `harm`, and each would rather it were another.

    Volunteering `1 - (c/l)^(1/(n-1))` falls, and nobody's `(c/l)^(n/(n-1))` rises, with n (Diekmann 1985). It is the
    inspection game without bounty at a given rate of deviations, harm being the rate times l. Conditions: c < l, n > 1.
    """
    require_positive(cost=cost, harm=harm)
    require(cost < harm, "cost", cost, f"below harm = {harm}, or nobody ever volunteers")
    require_count(least=2, players=players)
    idle = (cost / harm) ** (1.0 / (players - 1))
    return Volunteers(volunteering=1.0 - idle, nobody=idle**players)


def failure_probability(
    checkers: Quantity, gain: Quantity, loss: Quantity, bounty_share: Quantity, cost: Quantity
) -> Quantity:
    """Return how often a deviation goes through, `c / (b g) N (1 - (L/(g+L))^(1/N))`, when N share the part b of L.

    It rises with the number of checkers N (1 to inf), falls with L, and for small g/L hardly hangs on g: more at stake
    makes them look harder. Condition: it pays to check a sure deviation. The claim is of Mamageishvili and Felten 2023,
    arXiv:2308.02880; the formula, for the payoffs of `inspection_equilibrium`, is derived here.
    """
    require_positive(cost=cost, bounty_share=bounty_share, gain=gain)
    require_count(checkers=checkers)
    failure = cost / (bounty_share * gain) * expected_checks(gain, loss, checkers)
    deviating = failure * (1.0 + gain / loss)
    require(np.less(deviating, 1.0), "cost", cost, "more than checks can earn; raise loss or bounty_share")
    return failure


def required_test_rate(cost: Quantity, penalty: Quantity) -> Quantity:
    """Return the rate of attention tests from which checking is dominant: `c / D`, D the penalty of a failed test.

    Tests cannot be told from deviations, and pass only by checking. Condition: D >= c. Sources: Felten 2019; Lee and
    Bak 2025, arXiv:2505.24393.
    """
    require_positive(cost=cost, penalty=penalty)
    require(np.less_equal(cost, penalty), "penalty", penalty, "raise it to the cost of a check at least")
    return cost / penalty


def tested_deviation(deviating: Quantity, rate: Quantity, penalty: Quantity, cost: Quantity) -> Quantity:
    """Return how often a sequencer deviates once Rangers are tested: `x (1 - a D / c)`, 0 from the required rate on.

    `deviating` x is that without tests; a test earns a checker what it saves, as pay w = a D does. Derived here.
    """
    require_share(deviating=deviating, rate=rate)
    require_positive(cost=cost)
    require_non_negative(penalty=penalty)
    return deviating * np.maximum(0.0, 1.0 - rate * penalty / cost)


def required_pay_budget(gain: Quantity, loss: Quantity, cost: Quantity, rangers: Quantity) -> Quantity:
    """Return the least pay for proofs of checking, per block, that makes honesty an equilibrium: cost times checks.

    Rangers paid just the cost of a check may mix at p with 1 - (1-p)^n = g / (g + L), which is enough to deter. From
    c g / (g + L), one Ranger drawn, to c ln(1 + g/L). Derived here.
    """
    require_positive(cost=cost)
    return cost * expected_checks(gain, loss, rangers)
