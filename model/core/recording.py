"""Snapshots of a running economy, taken where it runs: all aggregates, and the rows of all agents but delegators."""

from typing import Any, NamedTuple

import numpy as np

from model.core.audit import total
from model.core.compiled import kernel

NEVER = np.iinfo(np.int64).max
"""Epoch of a snapshot that is not due."""


class Snapshots(NamedTuple):
    """Copies of the state, one for each epoch at which one is due: a leading axis of time, T long."""

    epoch: np.ndarray  # (T,) int64, ascending: epochs done
    sequencers: np.ndarray  # (T, S) SEQUENCER
    rangers: np.ndarray  # (T, K) RANGER
    apps: np.ndarray  # (T, A) APP
    attackers: np.ndarray  # (T, 7) ATTACKER
    builders: np.ndarray  # (T, B) BUILDER
    sisters: np.ndarray  # (T, N) SISTER
    services: np.ndarray  # (T, J) SERVICE
    market: np.ndarray  # (T,) MARKET
    accounts: np.ndarray  # (T,) ACCOUNTS
    totals: np.ndarray  # (T,) TOTALS
    tokens: np.ndarray  # (T,) in existence


def new_snapshots(state: Any, epochs: Any) -> Snapshots:
    """Return room for a snapshot after each of `epochs`, which ascend."""
    epoch = np.array(epochs, np.int64)
    groups = (getattr(state, name) for name in Snapshots._fields[1:-1])
    copies = (np.zeros((epoch.size, *group.shape), group.dtype) for group in groups)
    return Snapshots(epoch, *copies, np.zeros(epoch.size))


@kernel
def observe(state, snapshots, epoch):
    """Copy the state into the snapshot that is due after `epoch` epochs, if one is. Writes snapshots. Draws nothing."""
    t = np.searchsorted(snapshots.epoch, epoch, side="right") - 1
    if t < 0 or snapshots.epoch[t] != epoch:
        return
    for i in range(state.sequencers.size):
        snapshots.sequencers[t, i] = state.sequencers[i]
    for k in range(state.rangers.size):
        snapshots.rangers[t, k] = state.rangers[k]
    for a in range(state.apps.size):
        snapshots.apps[t, a] = state.apps[a]
    for a in range(state.attackers.size):
        snapshots.attackers[t, a] = state.attackers[a]
    for b in range(state.builders.size):
        snapshots.builders[t, b] = state.builders[b]
    for c in range(state.sisters.size):
        snapshots.sisters[t, c] = state.sisters[c]
    for j in range(state.services.size):
        snapshots.services[t, j] = state.services[j]
    snapshots.market[t] = state.market
    snapshots.accounts[t] = state.accounts
    snapshots.totals[t] = state.totals
    snapshots.tokens[t] = total(state)
