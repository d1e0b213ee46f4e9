"""The economy: yields, issuance, fees, users, and who is still there."""

from __future__ import annotations

import numpy as np

from model.core.audit import residual
from model.core.options import Conduct, Offence, Status
from model.history import History
from model.metrics.registry import Series, flow, held, rate, ratio, stake, stake_path, stock


@rate("per year", "neither")
def yield_sequencer(h: History) -> tuple[Series, Series]:
    """Sequencers' profit after slashes, per dollar of own stake."""
    own = h.path("sequencers", "self_stake").sum(axis=1) * h.path("market", "price")
    return h.flow("sequencer_usd"), held(h, own)


@rate("per year", "neither")
def yield_delegator(h: History) -> tuple[Series, Series]:
    """Emission and other services' pay added to pools less what was slashed or lost there, per delegated token."""
    gained = h.flow("pool_tokens") - h.flow("pool_slashed") + h.flow("pool_elsewhere")
    return gained, held(h, h.path("sequencers", "pool").sum(axis=1))


@rate("per year", "neither")
def yield_ranger(h: History) -> tuple[Series, Series]:
    """Rangers' profit per dollar of bond."""
    bonds = h.path("rangers", "bond").sum(axis=1) * h.path("market", "price")
    return h.flow("ranger_usd"), held(h, bonds)


@rate("per year", "neither")
def reward_rate(h: History) -> tuple[Series, Series]:
    """Emission to sequencers and pools per staked token (Metis's mining reward rate)."""
    return h.flow("sequencer_tokens") + h.flow("pool_tokens"), held(h, stake_path(h).sum(axis=1))


@rate("share per year", "lower")
def net_issuance(h: History) -> tuple[Series, Series]:
    """Growth of the supply outside the reserve: minted and paid out of it, less burned."""
    return np.diff(_supply_path(h)), held(h, _supply_path(h))


@stock("tokens", "higher")
def reserve_left(h: History) -> Series:
    """What is left of the reserve that pays rewards."""
    return h.stock("accounts", "reserve")


@stock("tokens", "neither")
def supply(h: History) -> Series:
    """Tokens in existence outside the reserve."""
    return _supply_path(h)[1:]


def _supply_path(h: History) -> Series:
    created = h.path("accounts", "opening") + h.path("accounts", "minted")
    return created - h.path("accounts", "burned") - h.path("accounts", "reserve")


@stock("share", "neither")
def staking_ratio(h: History) -> Series:
    """Stake of serving sequencers in the supply."""
    return stake(h).sum(axis=1) / supply(h)


@stock("share", "neither")
def commission(h: History) -> Series:
    """Mean commission of active sequencers that have delegators."""
    active = (h.stock("sequencers", "status") == Status.ACTIVE) & (h.stock("sequencers", "members") > 0)
    return ratio((h.stock("sequencers", "commission") * active).sum(axis=1), active.sum(axis=1))


@stock("USD", "higher")
def reservation_value(h: History) -> Series:
    """Opportunity at which reordering just pays, geometric mean over active rational sequencers.

    Undefined if it always pays for one of them and never for another.
    """
    rational = h.stock("sequencers", "conduct") == Conduct.RATIONAL
    rational &= h.stock("sequencers", "status") == Status.ACTIVE
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(rational, h.stock("sequencers", "reservation")[..., Offence.REORDER], 1.0))
        return np.exp(ratio(logs.sum(axis=1), rational.sum(axis=1)))


@flow("USD per epoch", "neither")
def fees(h: History) -> Series:
    """Fees paid by users."""
    return h.flow("fees") / h.epochs


@flow("USD per epoch", "higher")
def protocol_income(h: History) -> Series:
    """What the protocol keeps: its part of fees and slashes, and what is paid for the right to order blocks."""
    return h.flow("treasury_usd") / h.epochs


@stock("USD per token", "neither")
def price(h: History) -> Series:
    """Token price."""
    return h.stock("market", "price")


@flow("USD per epoch", "higher")
def volume(h: History) -> Series:
    """Traded volume."""
    return h.flow("volume") / h.epochs


@stock("share", "higher")
def trust(h: History) -> Series:
    """Trust of users."""
    return h.stock("market", "trust")


@stock("share", "higher")
def apps_left(h: History) -> Series:
    """Apps still there, by their share of volume."""
    return ratio(
        (h.stock("apps", "share") * h.stock("apps", "present")).sum(axis=1), h.stock("apps", "share").sum(axis=1)
    )


@flow("share", "lower")
def outage_share(h: History) -> Series:
    """Blocks that nobody made."""
    return 1 - h.flow("blocks_made") / h.flow("blocks_due")


@stock("nodes", "neither")
def sequencers_active(h: History) -> Series:
    """Active sequencers."""
    return (h.stock("sequencers", "status") == Status.ACTIVE).sum(axis=1).astype(float)


@stock("nodes", "neither")
def sequencers_jailed(h: History) -> Series:
    """Jailed sequencers."""
    return (h.stock("sequencers", "status") == Status.JAILED).sum(axis=1).astype(float)


@stock("nodes", "neither")
def sequencers_removed(h: History) -> Series:
    """Sequencers removed for good since the start."""
    return (h.stock("sequencers", "status") == Status.REMOVED).sum(axis=1).astype(float)


@stock("share of tokens", "lower")
def ledger_residual(h: History) -> Series:
    """Tokens out of nowhere: minted less burned against the change of all balances."""
    return np.abs(residual(h.snapshots.accounts[1:], h.snapshots.tokens[1:])) / (supply(h) + reserve_left(h))
