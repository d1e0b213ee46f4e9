"""What became of offences: filed in the epoch in which they are made, read once they have come to light."""

from model.core.compiled import kernel
from model.core.options import OFFENCES

COMMITTED, FOUND, CONVICTED, EMBARGO = 0, 1, 2, 3
FATES = 4
"""What is filed of each node's offences of an epoch, by kind; and an embargo that was found out, as a censoring."""


@kernel
def file(state):
    """File the offences of this epoch. Writes State.docket."""
    cases = state.docket[state.market.epoch % state.docket.shape[0]]
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        for a in range(OFFENCES):
            cases[i, COMMITTED, a] = node.offences[a]
            cases[i, FOUND, a] = node.detected[a]
            cases[i, CONVICTED, a] = node.convicted[a]
            cases[i, EMBARGO, a] = 0


@kernel
def due(state):
    """Return the slot of the docket whose offences come to light now: those of `exposure_delay` epochs ago."""
    return (state.market.epoch + 1) % state.docket.shape[0]


@kernel
def has_come_to_light(cases, i):
    """Tell whether anything that sequencer i did was found out, by a slot of the docket."""
    found = 0
    for a in range(OFFENCES):
        found += cases[i, FOUND, a] + cases[i, EMBARGO, a]
    return found > 0
