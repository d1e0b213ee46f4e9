"""What a turn comes to on average: the exact means of what `turn.play` draws, given what the node knows and faces.

The certificate subtracts from what an agent earned the part that was luck by these means, so they must have no bias:
they are integrals of `choice.chances_at` over the strata of the opportunity, to the precision of the quadrature.
"""

import math

import numpy as np

from model.core.choice import chances_at, new_stance
from model.core.compiled import kernel
from model.core.opportunity import EXPONENTIAL, LOGNORMAL, PARETO
from model.core.options import OFFENCES
from model.core.penalty import conviction, ends_turn
from model.core.policy import take_stance

NEGLIGIBLE = 1e-13
"""Probability of an offence in a stratum, per block, that is left out."""

STEEP = 0.5
"""Change of a chance over an interval from which on it is halved: a jump, or nearly one, would spoil the quadrature."""

WIDE = 1.0
"""Standard deviations of the body's logs beyond which an interval is halved, too."""

NARROW = 1e-12
"""Part of a stratum that is not halved any more: what a jump within it can spoil is negligible."""

MOST_PIECES = 64
NODES, WEIGHTS = 0.5 * np.array(np.polynomial.legendre.leggauss(8)) + np.array([[0.5], [0.0]])
"""Of the quadrature of Gauss and Legendre on the unit interval."""

TURN = np.dtype(
    [
        ("offences", "f8", (OFFENCES,)),
        ("stolen", "f8", (OFFENCES,)),  # USD of opportunity
        ("convicted", "f8", (OFFENCES,)),
    ],
    align=True,
)


@kernel
def expected_turns(snapshots, rules, shape, i, found, out):
    """Fill `out` (T,) TURN with what sequencer i's turns of the epochs before snapshots 1..T came to on average.

    Given the blocks it was dealt, the opportunity and its policy of each epoch, and with what chance each offence was
    found out, `found` (T, OFFENCES). There must be a snapshot after every epoch. Its conduct is that with which it
    came into the epoch, for attackers change theirs at the end of one. Draws nothing.
    """
    chance = np.zeros(OFFENCES)
    sums = np.zeros((2, OFFENCES))
    stance = new_stance()[0]
    for t in range(out.size):
        node = snapshots.sequencers[t + 1, i : i + 1].copy()[0]
        node.conduct = snapshots.sequencers[t, i].conduct
        mean = snapshots.market[t + 1].mean_opportunity
        out[t].offences[:] = 0.0
        out[t].stolen[:] = 0.0
        out[t].convicted[:] = 0.0
        if node.assigned > 0:
            take_stance(node, rules, mean, stance)
            integrate(stance, shape, chance, sums)
            _turn(node, mean, found[t], rules, sums, out[t])


@kernel
def integrate(stance, shape, chance, sums):
    """Set `sums` (2, OFFENCES) to the probability of each offence in a block, and to the mean value that it takes.

    The value is in mean opportunities. Writes `chance`, which is scratch. Of a node's stance in the epoch.
    """
    sums[:] = 0.0
    pieces = np.empty((MOST_PIECES, 2))
    for k in range(shape.strata.size - 1):
        if chances_at(stance, shape.strata[k].log_high, chance) * shape.strata[k].mass > NEGLIGIBLE:
            _integrate_stratum(stance, shape, k, pieces, chance, sums)


@kernel
def _integrate_stratum(stance, shape, k, pieces, chance, sums):
    """Add a stratum's part, in pieces over which no chance changes much."""
    left = 1
    pieces[0, 0] = 0.0
    pieces[0, 1] = 1.0
    density = _density(shape.strata[k])
    while left > 0:
        low = pieces[left - 1, 0]
        high = pieces[left - 1, 1]
        middle = 0.5 * (low + high)
        if left < pieces.shape[0] and high - low > NARROW and _is_steep(stance, shape, k, low, high, chance):
            pieces[left - 1, 1] = middle
            pieces[left, 0] = middle
            pieces[left, 1] = high
            left += 1
        else:
            left -= 1
            _add_piece(stance, shape, k, low, high, density, chance, sums)


@kernel
def _is_steep(stance, shape, k, low, high, chance):
    stratum = shape.strata[k]
    if stratum.form == LOGNORMAL and (high - low) * (stratum.stop - stratum.start) > WIDE:
        return True
    chances_at(stance, np.log(_value(shape, k, low)), chance)
    before = chance.copy()
    chances_at(stance, np.log(_value(shape, k, high)), chance)
    return np.max(np.abs(chance - before)) > STEEP


@kernel
def _add_piece(stance, shape, k, low, high, density, chance, sums):
    stratum = shape.strata[k]
    for j in range(NODES.size):
        place = low + (high - low) * NODES[j]
        value = _value(shape, k, place)
        weight = WEIGHTS[j] * (high - low) * stratum.mass
        if stratum.form == LOGNORMAL:
            score = stratum.start + (stratum.stop - stratum.start) * place
            weight *= np.exp(-0.5 * score * score) / density
        chances_at(stance, np.log(value), chance)
        for a in range(OFFENCES):
            sums[0, a] += weight * chance[a]
            sums[1, a] += weight * chance[a] * value


@kernel
def _density(stratum):
    """Return the mean of the normal density, unscaled, over the scores of a stratum of the lognormal body."""
    if stratum.form != LOGNORMAL:
        return 1.0
    between = 0.5 * (math.erfc(-stratum.stop / math.sqrt(2.0)) - math.erfc(-stratum.start / math.sqrt(2.0)))
    return math.sqrt(2.0 * math.pi) * between / (stratum.stop - stratum.start)


@kernel
def _value(shape, k, place):
    """Return the value, in mean opportunities, at a place from 0 to 1 of stratum k."""
    stratum = shape.strata[k]
    fixed = shape.constants
    coordinate = stratum.start + (stratum.stop - stratum.start) * place
    if stratum.form == LOGNORMAL:
        return np.exp(fixed.sigma * coordinate) / fixed.unit
    if stratum.form == PARETO:
        power = fixed.tail_high + (fixed.tail_low - fixed.tail_high) * coordinate
        return power ** (-1.0 / fixed.index) / fixed.unit
    if stratum.form == EXPONENTIAL:
        return -np.log(max(coordinate, 1e-300)) / fixed.unit
    return 1.0


@kernel
def _turn(node, mean, found, rules, sums, turn):
    """Set what a node's blocks come to if the first offence that is found out and sanctioned ends the turn."""
    enforced = conviction(node, rules)
    ending = 0.0
    if ends_turn(rules):
        for a in range(OFFENCES):
            ending += sums[0, a] * found[a] * enforced
    played = -np.expm1(node.assigned * np.log1p(-ending)) / ending if ending > 0.0 else float(node.assigned)
    for a in range(OFFENCES):
        turn.offences[a] = played * sums[0, a]
        turn.stolen[a] = played * mean * sums[1, a]
        turn.convicted[a] = played * sums[0, a] * found[a] * enforced
