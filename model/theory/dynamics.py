"""How learning moves players: imitation of the richer, its orbits in the inspection game, the rest of reinforcement.

x is how often the sequencer deviates, p how often the Ranger checks; a deviation gains g if unchecked, loses L if
checked; a check costs c and earns the bounty B if it finds one (`inspection`).

Sources: Blume 1993, doi:10.1006/game.1993.1023 (copying with logit odds); Hofbauer and Sigmund 1998, Evolutionary Games
and Population Dynamics, chapters 10 and 11 (orbits, conserved quantity, averages); Camerer and Ho 1999,
doi:10.1111/1468-0262.00054 (experience-weighted attraction). The step of imitation, the period, the effective precision
and the thresholds are derived here.
"""

import numpy as np
from scipy.special import xlogy

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.inspection import inspection_equilibrium


def replicator_period(gain: float, loss: float, bounty: float, cost: float) -> float:
    """Return the period of small orbits, `2 pi / sqrt(x (1 - x) p (1 - p) B (g + L))`, at the equilibrium x and p.

    Time is such that a share s of an act with an advantage of u per block grows at s (1 - s) u. Wider orbits take
    longer; the average over any orbit is the equilibrium. Condition: an equilibrium inside, c < B.
    """
    checking, _, deviating, _ = inspection_equilibrium(gain, loss, bounty, cost, 1)
    pull = deviating * (1.0 - deviating) * checking * (1.0 - checking) * bounty * (gain + loss)
    return float(2.0 * np.pi / np.sqrt(pull))


def replicator_invariant(
    deviating: Quantity, checking: Quantity, gain: float, loss: float, bounty: float, cost: float
) -> Quantity:
    """Return what is conserved along an orbit: `-c ln x - (B-c) ln(1-x) - g ln p - L ln(1-p)`.

    Least at the equilibrium, infinite on the border: imitation in continuous time circles for ever, and neither reaches
    the equilibrium nor leaves the inside. In steps, as learners take them, it rises. Condition: c < B.
    """
    require_share(deviating=deviating, checking=checking)
    require_positive(gain=gain, loss=loss, cost=cost)
    require(cost < bounty, "cost", cost, f"below the bounty, {bounty}, or nobody ever checks")
    return -(
        xlogy(cost, deviating)
        + xlogy(bounty - cost, 1.0 - np.asarray(deviating))
        + xlogy(gain, checking)
        + xlogy(loss, 1.0 - np.asarray(checking))
    )


def imitated_share(
    share: Quantity, advantage: Quantity, precision: Quantity, revising: Quantity, rounds: int
) -> Quantity:
    """Return the share of an act after some rounds of imitation: each adds `eta s (1 - s) tanh(lambda u / 2)`.

    In a round a part eta of all looks at one other and copies it with odds `exp(lambda difference)` of their payoffs:
    who does not act copies who does by as much more often than the other way round. In small steps it is the replicator
    equation, the odds of the act growing at `eta lambda u / 2`. Conditions: many players, two payoffs, the act's larger
    by u whatever its share.
    """
    require_share(share=share, revising=revising)
    require_count(0, rounds=rounds)
    require_positive(precision=precision)
    step = revising * np.tanh(0.5 * precision * np.asarray(advantage))
    for _ in range(rounds):
        share = share + step * share * (1.0 - share)
    return share


def attraction_precision(precision: Quantity, memory: Quantity, accumulation: Quantity = 0.0) -> Quantity:
    """Return the precision of the `quantal_response` at which attractions rest: `lambda (1 - phi (1-k)) / (1 - phi)`.

    `memory` phi is the part of experience kept per epoch, `accumulation` k whether attractions average payoffs (0:
    lambda) or add them up (1: lambda / (1 - phi)). Conditions: phi < 1; foregone payoffs count in full (EWA's delta is
    1).
    """
    require_non_negative(precision=precision)
    require_share(memory=memory, accumulation=accumulation)
    require(np.less(memory, 1.0), "memory", memory, "below 1, or experience adds up for ever")
    return precision * (1.0 - memory * (1.0 - accumulation)) / (1.0 - memory)


def attraction_is_stable(omega_squared: Quantity, memory: Quantity) -> Quantity:
    """Return whether attractions come to rest there: `omega^2 < (1 + phi) / (1 - phi)`; else they cycle.

    `omega_squared` is that of `stability` at the `attraction_precision`. The same as `largest_revision` above 1 - phi:
    memory slows down as much as rare revision does. Condition: phi < 1.
    """
    require_non_negative(omega_squared=omega_squared)
    require_share(memory=memory)
    require(np.less(memory, 1.0), "memory", memory, "below 1, or nothing is ever forgotten")
    return np.less(omega_squared * (1.0 - memory), 1.0 + memory)
