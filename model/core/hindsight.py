"""Rules asked of a moment that has passed: how likely offences were found out, what was believed, what honesty earned.

The answers are those of the very functions by which the economy runs, from snapshots instead of a state.
"""

from typing import NamedTuple

from model.core.auction import own_part
from model.core.compiled import kernel
from model.core.options import OFFENCES
from model.core.ordering import lawful_capture
from model.core.policy import advertised_detection, believed_detection
from model.core.state import Rows
from model.core.verification import reported, reporting
from model.core.watchers import found_out


class Moment(NamedTuple):
    """What rules of detection read of a state, under the same names: it can stand in for one."""

    sequencers: Rows  # (S,) SEQUENCER
    rangers: Rows  # (K,) RANGER
    market: Rows  # MARKET


@kernel
def detections(snapshots, rules, i, found, reports):
    """Fill `found` (T, OFFENCES) with the chance that an offence of sequencer i was found out before snapshots 1..T.

    And `reports` (T, OFFENCES, K) with the chance that each Ranger reported it. There must be a snapshot after every
    epoch: offences meet agents as they entered it, and its market. Draws nothing.
    """
    for t in range(found.shape[0]):
        moment = Moment(snapshots.sequencers[t], snapshots.rangers[t], snapshots.market[t + 1])
        reported(moment, rules, i, found[t])
        for a in range(OFFENCES):
            found[t, a] = found_out(snapshots.sequencers[t + 1, i], rules, a, found[t, a])
            for k in range(reports.shape[2]):
                reports[t, a, k] = reporting(moment, snapshots.rangers[t, k], rules, i, a)


@kernel
def beliefs(snapshots, rules, a, out):
    """Fill `out` (T, S) with the detection of offence a that sequencers believed in at each snapshot. Draws nothing."""
    for t in range(out.shape[0]):
        moment = Moment(snapshots.sequencers[t], snapshots.rangers[t], snapshots.market[t])
        for i in range(out.shape[1]):
            node = snapshots.sequencers[t, i]
            out[t, i] = believed_detection(node, rules, a, advertised_detection(moment, rules, node, a))


@kernel
def lawful_parts(snapshots, rules, i, emission, capture):
    """Fill in what parts sequencer i had of an honest block in the epochs before snapshots 1..T, each (T,).

    Of its `emission`, and of the opportunity, which it can `capture`. There must be a snapshot after every epoch.
    Draws nothing.
    """
    for t in range(emission.size):
        node = snapshots.sequencers[t, i]
        emission[t] = own_part(node)
        capture[t] = lawful_capture(node, rules, snapshots.market[t + 1])
