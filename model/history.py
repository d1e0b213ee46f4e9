"""Snapshots of a running economy: what all metrics are computed from."""

from __future__ import annotations

from copy import copy

import numpy as np

from model.core import ledger
from model.core.options import Tactic
from model.core.state import ACCOUNTS, APP, ATTACKER, MARKET, RANGER, SEQUENCER, TOTALS, Rows, State, rows
from model.parameters import Scenario


class History:
    """Snapshots of the aggregates and the rows of all agents but delegators, the first before the first epoch.

    Arrays have a leading axis of time, T + 1 long. Metrics are functions of this, so they cost a run nothing but the
    copies.
    """

    def __init__(self, scenario: Scenario, records: int) -> None:
        """Make room for `records` snapshots after the first."""
        length = records + 1
        self.scenario = scenario
        self.size = 0
        self.epoch = np.zeros(length, int)
        self.sequencers: Rows = rows(SEQUENCER, length * scenario.possible_sequencers).reshape(length, -1)
        self.rangers = rows(RANGER, length * scenario.possible_rangers).reshape(length, -1)
        self.apps = rows(APP, length * scenario.number_of_apps).reshape(length, -1)
        self.attackers = rows(ATTACKER, length * len(Tactic)).reshape(length, -1)
        self.market, self.accounts, self.totals = (rows(kind, length) for kind in (MARKET, ACCOUNTS, TOTALS))
        self.unbonding = np.zeros(length)
        self.residual = np.zeros(length)

    def record(self, state: State, epoch: int) -> None:
        """Append a snapshot taken after `epoch` epochs."""
        t = self.size
        self.epoch[t] = epoch
        for name in ("sequencers", "rangers", "apps", "attackers"):
            _bytes(getattr(self, name))[t] = _bytes(getattr(state, name))
        for name in ("market", "accounts", "totals"):
            getattr(self, name)[t] = getattr(state, name)
        self.unbonding[t] = state.unbonding.sum()
        self.residual[t] = ledger.residual(state)
        self.size += 1

    def flow(self, name: str) -> np.ndarray:
        """Return the flow of a cumulative total between snapshots, (T,) or (T, offences)."""
        return np.diff(self.totals[name][: self.size], axis=0)

    def stock(self, group: str, name: str) -> np.ndarray:
        """Return a field of a group at every snapshot but the first."""
        return getattr(self, group)[name][1 : self.size]

    def interval(self, first: int, last: int) -> History:
        """Return the history of two of the snapshots alone."""
        part = copy(self)
        part.size = 2
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray):
                setattr(part, name, array[[first, last]])
        return part

    @property
    def epochs(self) -> np.ndarray:
        """Epochs between snapshots, (T,)."""
        return np.diff(self.epoch[: self.size])


def _bytes(rows: Rows) -> np.ndarray:
    """View rows as opaque items: copying these is many times faster than copying field by field."""
    plain = rows.view(np.ndarray)
    return plain.view(np.dtype((np.void, plain.dtype.itemsize)))
