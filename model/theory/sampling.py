"""Ways out of the verifier's dilemma: drawn challengers, work that proves itself, altruists, auctions, absence fined.

Payoffs are per block in any one unit; players are risk neutral. Each function states its own game.
"""

from math import ceil
from typing import NamedTuple

from model.theory.conditions import (
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.inspection import bounty_per_checker, expected_checks


class SingleBounty(NamedTuple):
    """What competition for one bounty leaves."""

    surplus: float
    """Expected surplus of the winner."""

    entrants: int
    """Most validators who may take part before that no longer covers the cost."""


class Mixers(NamedTuple):
    """The equilibrium in which m of n validators mix and the others never check."""

    checking: float
    """Of a mixer."""

    attacking: float
    """Of the proposer."""

    fines: float
    """What an idle validator has at stake if the block is bad, (t + f) / D."""

    largest_fines: float
    """From which on idleness does not pay for those outside, and this is no equilibrium."""

    exists: bool


def proof_of_sampling(cost: float, collusion: float, reward: float, slash: float, gain: float = 0.0) -> float:
    """Return the challenge rate above which honest work is the only best reply: `(C+U) / ((1-r)(R+S+U))`.

    An asserter is paid R, and saves `cost` C and gains `gain` U by cheating. It is challenged at that rate by one drawn
    validator, who with probability `collusion` r passes anything; caught, it gets neither R nor U and loses `slash` S.
    Condition: the rate is at most 1. Source: Zhang et al. 2024, arXiv:2405.00295; with U derived here.
    """
    require_positive(cost=cost)
    require_share(collusion=collusion)
    require_non_negative(reward=reward, slash=slash, gain=gain)
    need, power = cost + gain, (1.0 - collusion) * (reward + slash + gain)
    remedy = f"at least (cost + gain) / (1 - collusion) - reward - gain; it is out of reach at collusion = {collusion}"
    require(need <= power, "slash", slash, remedy)
    return need / power


def proof_of_diligence(cost: float, finding: float) -> float:
    """Return the bounty above which work is dominant, however rare attacks are: `c / beta`.

    Bounties can only be found by executing blocks; one who does finds one with probability `finding` beta per block. It
    is pay for proof of checking, w = beta V, in `inspection_equilibrium`. Source: Sheng et al. 2024,
    arXiv:2402.07241.
    """
    require_positive(cost=cost, finding=finding)
    require_share(finding=finding)
    return cost / finding


def required_altruism(gain: float, loss: float) -> float:
    """Return how likely somebody must be who checks for no pay, to deter alone: `g / (g + L)`.

    A deviation gains g if unchecked and loses L if checked. Without pay for proof, no bounty deters by itself: if
    nobody deviated nobody would check. Source of that: Landis 2023, arXiv:2312.01549; the threshold is derived here.
    """
    require_positive(gain=gain, loss=loss)
    return gain / (gain + loss)


def single_bounty(validators: int, highest: float, cost: float) -> SingleBounty:
    """Return what n validators who bid for one bounty leave to the winner: `mu / (n + 1)`, the best less the second.

    Values of the bounty are independent and uniform on [0, `highest`] mu. The winner alone bears `cost` c, and takes
    part if the surplus exceeds it, `mu > c (n + 1)`: more competition, less vigilance. Source: Lee 2025,
    arXiv:2504.05094.
    """
    require_count(least=2, validators=validators)
    require_positive(highest=highest, cost=cost)
    return SingleBounty(surplus=highest / (validators + 1), entrants=max(0, ceil(highest / cost) - 2))


def mixers_equilibrium(
    reward: float, stake: float, value: float, bounty: float, cost: float, validators: int, mixers: int,
    fine: float = 0.0, pay: float = 0.0,
) -> Mixers:  # fmt: skip
    """Return the equilibrium in which `mixers` m of n validators check at random, and whether the idle stay idle.

    A proposer earns `reward` B honestly; a bad block gains `value` Z if nobody checks, and loses `stake` S otherwise.
    Then checkers share `bounty` D, idle validators are fined `fine` f, and nobody gets the `pay` t = T/n that
    validators have for every other block. Unchecked with probability `A = (B+S)/(Z+S)`; attacks at `c / (P D - Q (f+t)
    + f)`, with P the expected part of the bounty and Q the chance that no other checks. With m < n it is an equilibrium
    iff `(t + f) / D <= [(1/A - 1) / (m (m+1)) - a / (m+1)] (1 - a) / a^2`, a = 1 - A^(1/m): fines for absence end free
    riding. Conditions: Z > B; a check of a sure attack pays. Derived here; a game of this kind is in Liu and Zeng 2024,
    arXiv:2407.21413.
    """
    require_positive(stake=stake, bounty=bounty, cost=cost)
    require_non_negative(reward=reward, fine=fine, pay=pay)
    require_count(validators=validators, mixers=mixers)
    require(mixers <= validators, "mixers", mixers, f"at most the {validators} validators there are")
    require(value > reward, "value", value, f"above the honest reward, {reward}, or nobody attacks")
    unchecked = (reward + stake) / (value + stake)
    checking = float(expected_checks(value - reward, reward + stake, mixers)) / mixers
    alone = unchecked / (1.0 - checking)
    worth = float(bounty_per_checker(bounty, checking, mixers)) - alone * (fine + pay) + fine
    require(cost < worth, "cost", cost, f"below {worth:.6g}, what a check of a sure attack earns; raise bounty or fine")
    crowding = (1.0 / unchecked - 1.0) / (mixers * (mixers + 1)) - checking / (mixers + 1)
    limit = crowding * (1.0 - checking) / checking**2
    fines = (pay + fine) / bounty
    return Mixers(checking, cost / worth, fines, limit, exists=mixers == validators or fines <= limit)
