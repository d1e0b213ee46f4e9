"""The economy: yields, issuance, fees, users, and who is still there."""

from __future__ import annotations

import numpy as np

from model.core.options import Status
from model.history import History
from model.metrics.registry import Series, metric, per_year, ratio, stake


@metric("per year", "neither")
def yield_sequencer(h: History) -> Series:
    """Sequencers' profit, in tokens at the price, per token of own stake."""
    own = h.stock("sequencers", "self_stake").sum(axis=1) * h.stock("market", "price")
    return per_year(h, ratio(h.flow("sequencer_usd"), own))


@metric("per year", "neither")
def yield_delegator(h: History) -> Series:
    """Emission added to pools per delegated token."""
    return per_year(h, ratio(h.flow("pool_tokens"), h.stock("sequencers", "pool").sum(axis=1)))


@metric("per year", "neither")
def yield_ranger(h: History) -> Series:
    """Rangers' profit per dollar of bond."""
    return per_year(h, ratio(h.flow("ranger_usd"), h.stock("rangers", "bond").sum(axis=1) * h.stock("market", "price")))


@metric("per year", "neither")
def reward_rate(h: History) -> Series:
    """Emission to sequencers and pools per staked token (Metis's mining reward rate)."""
    return per_year(h, ratio(h.flow("sequencer_tokens") + h.flow("pool_tokens"), stake(h).sum(axis=1)))


@metric("share per year", "lower")
def net_issuance(h: History) -> Series:
    """Growth of the supply outside the reserve: minted and paid out of it, less burned."""
    issued = np.diff((h.accounts.minted - h.accounts.burned - h.accounts.reserve)[: h.size])
    return per_year(h, issued / supply(h))


@metric("tokens", "higher")
def reserve_left(h: History) -> Series:
    """What is left of the reserve that pays rewards."""
    return h.stock("accounts", "reserve")


@metric("tokens", "neither")
def supply(h: History) -> Series:
    """Tokens in existence outside the reserve."""
    accounts = h.accounts[1 : h.size]
    return accounts.opening + accounts.minted - accounts.burned - accounts.reserve


@metric("share", "neither")
def staking_ratio(h: History) -> Series:
    """Stake of serving sequencers in the supply."""
    return stake(h).sum(axis=1) / supply(h)


@metric("share", "neither")
def commission(h: History) -> Series:
    """Mean commission of active sequencers."""
    active = h.stock("sequencers", "status") == Status.ACTIVE
    return ratio((h.stock("sequencers", "commission") * active).sum(axis=1), active.sum(axis=1))


@metric("USD", "higher")
def reservation_value(h: History) -> Series:
    """Lowest opportunity at which reordering just pays, over active sequencers (geometric mean)."""
    rational = (h.stock("sequencers", "status") == Status.ACTIVE) & (h.stock("sequencers", "reservation")[..., 0] > 0)
    value = np.where(rational, h.stock("sequencers", "reservation")[..., 0], 1.0)
    return np.exp(ratio(np.log(value).sum(axis=1), rational.sum(axis=1)))


@metric("USD per epoch", "neither")
def fees(h: History) -> Series:
    """Fees paid by users."""
    return h.flow("fees") / h.epochs


@metric("USD per epoch", "higher")
def protocol_income(h: History) -> Series:
    """Fees after batch cost that the protocol keeps."""
    return h.flow("treasury_usd") / h.epochs


@metric("USD per token", "neither")
def price(h: History) -> Series:
    """Token price."""
    return h.stock("market", "price")


@metric("USD per epoch", "higher")
def volume(h: History) -> Series:
    """Traded volume."""
    return h.flow("volume") / h.epochs


@metric("share", "higher")
def trust(h: History) -> Series:
    """Trust of users."""
    return h.stock("market", "trust")


@metric("share", "higher")
def apps_left(h: History) -> Series:
    """Apps still there, by their share of volume."""
    return ratio(
        (h.stock("apps", "share") * h.stock("apps", "present")).sum(axis=1), h.stock("apps", "share").sum(axis=1)
    )


@metric("share", "lower")
def outage_share(h: History) -> Series:
    """Blocks that nobody made."""
    return 1 - h.flow("blocks_made") / h.flow("blocks_due")


@metric("nodes", "neither")
def sequencers_active(h: History) -> Series:
    """Active sequencers."""
    return (h.stock("sequencers", "status") == Status.ACTIVE).sum(axis=1).astype(float)


@metric("nodes", "lower")
def sequencers_jailed(h: History) -> Series:
    """Jailed sequencers."""
    return (h.stock("sequencers", "status") == Status.JAILED).sum(axis=1).astype(float)


@metric("nodes", "lower")
def sequencers_removed(h: History) -> Series:
    """Sequencers removed for good since the start."""
    return (h.stock("sequencers", "status") == Status.REMOVED).sum(axis=1).astype(float)


@metric("share of tokens", "lower")
def ledger_residual(h: History) -> Series:
    """Tokens out of nowhere: minted less burned against the change of all balances."""
    return np.abs(h.residual[1 : h.size]) / (supply(h) + reserve_left(h))
