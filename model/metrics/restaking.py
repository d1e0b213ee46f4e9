"""Restaking: what the same stake earns and loses at the other services that it backs."""

from __future__ import annotations

from model.core.options import Status
from model.history import History
from model.metrics.registry import Series, held, rate, ratio, stake_path, stock


@stock("services", "neither")
def services_backed(h: History) -> Series:
    """Other services that stand and that the stake of a serving sequencer backs, on average."""
    status = h.stock("sequencers", "status")
    serving = (status == Status.ACTIVE) | (status == Status.JAILED)
    return ratio((h.stock("sequencers", "services") * serving).sum(axis=1), serving.sum(axis=1))


@stock("services", "lower")
def services_fallen(h: History) -> Series:
    """Other services that were corrupted with the stake that backed them, since the start."""
    return h.stock("services", "fallen").sum(axis=1).astype(float)


@rate("share per year", "lower")
def stake_lost_elsewhere(h: History) -> tuple[Series, Series]:
    """Stake lost to shocks and attacks at other services, of the stake there is."""
    return h.flow("shocked"), held(h, stake_path(h).sum(axis=1))


@rate("per year", "higher")
def service_yield(h: History) -> tuple[Series, Series]:
    """Other services' pay to sequencers and pools per staked token."""
    return h.flow("service_tokens"), held(h, stake_path(h).sum(axis=1))
