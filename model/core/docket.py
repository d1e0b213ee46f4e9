"""What became of offences: filed in the epoch in which they are made, read once they have come to light."""

from model.core.compiled import kernel
from model.core.options import OFFENCES

COMMITTED, FOUND, CONVICTED, EMBARGO = 0, 1, 2, 3
FATES = 4
"""What is filed of each node's offences of an epoch, by kind; and an embargo that was found out, as a censoring."""


@kernel
def file(state):
    """File the offences of this epoch. Writes State.docket."""
    slot = state.market.epoch % state.docket.shape[0]
    for i in range(state.sequencers.size):
        for a in range(OFFENCES):
            state.docket[slot, i, COMMITTED, a] = state.sequencers[i].offences[a]
            state.docket[slot, i, FOUND, a] = state.sequencers[i].detected[a]
            state.docket[slot, i, CONVICTED, a] = state.sequencers[i].convicted[a]
            state.docket[slot, i, EMBARGO, a] = 0


@kernel
def due(state):
    """Return the slot of the docket whose offences come to light now: those of `exposure_delay` epochs ago."""
    return (state.market.epoch + 1) % state.docket.shape[0]
