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
    _copy(state.sequencers, snapshots.sequencers[t])
    _copy(state.rangers, snapshots.rangers[t])
    _copy(state.apps, snapshots.apps[t])
    _copy(state.attackers, snapshots.attackers[t])
    _copy(state.builders, snapshots.builders[t])
    _copy(state.sisters, snapshots.sisters[t])
    _copy(state.services, snapshots.services[t])
    snapshots.market[t] = state.market
    snapshots.accounts[t] = state.accounts
    snapshots.totals[t] = state.totals
    snapshots.tokens[t] = total(state)


@kernel
def _copy(rows, copies):
    """Copy rows word by word: whole ones would be carried through registers, which takes seconds to compile."""
    words = rows.view(np.int64)
    room = copies.view(np.int64)
    for w in range(words.size):
        room[w] = words[w]
