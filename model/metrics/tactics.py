"""Attack tactics one by one: what each has reached, what it cost, what it brought and how long it took."""

from __future__ import annotations

import numpy as np

from model.core.options import Tactic
from model.history import History
from model.metrics.registry import Series, flow, ratio, stake, stock


@flow("share", "lower")
def embargo_share(h: History) -> Series:
    """Blocks that left out the victim of a paid censor, of those made."""
    return ratio(h.flow("embargo_blocks"), h.flow("blocks_made"))


@flow("share", "lower")
def embargo_held_up(h: History) -> Series:
    """Volume that the victim of a paid censor could not trade for waiting, of all volume."""
    return ratio(h.flow("embargo_usd"), h.flow("volume"))


@stock("USD", "neither")
def embargo_cost(h: History) -> Series:
    """What the censor has paid since the start."""
    return _of(h, Tactic.CENSORSHIP, "spent")


@stock("epochs", "higher")
def epochs_to_embargo(h: History) -> Series:
    """Time from the censor's first offer until its victim waited until forced inclusion; undefined before."""
    return _time(h, Tactic.CENSORSHIP)


@stock("USD", "lower")
def hit_and_run_profit(h: History) -> Series:
    """Profit of the nodes that hit and run since the start, own stake slashed taken off."""
    return _of(h, Tactic.HIT_AND_RUN, "profit")


@stock("epochs", "higher")
def epochs_to_getaway(h: History) -> Series:
    """Time from the first hit until own stake was out of reach, with a profit; undefined before."""
    return _time(h, Tactic.HIT_AND_RUN)


@stock("share", "lower")
def takeover_share(h: History) -> Series:
    """Stake of serving nodes that the buyer of stake owns."""
    owned = (h.stock("sequencers", "owner") == Tactic.TAKEOVER) * stake(h)
    return ratio(owned.sum(axis=1), stake(h).sum(axis=1))


@stock("USD", "higher")
def takeover_cost(h: History) -> Series:
    """What the buyer of stake has paid for tokens since the start."""
    return _of(h, Tactic.TAKEOVER, "spent")


@stock("USD", "lower")
def takeover_profit(h: History) -> Series:
    """Profit of the buyer of stake since the start, if it sold what it bought as slowly as it bought.

    Selling moves the price down the way that buying moved it up, so that to buy and sell again alone brings nothing.
    """
    bought, supply = _of(h, Tactic.TAKEOVER, "bought"), h.stock("accounts", "circulating")
    proceeds = h.stock("market", "price") * _sold(bought, supply, h.scenario.price_impact)
    return _of(h, Tactic.TAKEOVER, "profit") + proceeds


@stock("epochs", "higher")
def epochs_to_takeover(h: History) -> Series:
    """Time from the first purchase until the share of the stake aimed at was reached; undefined before."""
    return _time(h, Tactic.TAKEOVER)


def _sold(tokens: Series, supply: Series, impact: float) -> Series:
    """Return what tokens bring, in multiples of the price: it falls by `impact` per log of the circulating supply."""
    growth = np.log1p(np.divide(tokens, supply, out=np.zeros(tokens.shape), where=supply > 0))
    fall = (1.0 - impact) * growth
    average = np.divide(np.expm1(fall), fall, out=np.ones(fall.shape), where=fall != 0)
    return supply * growth * average


def _of(h: History, tactic: Tactic, name: str) -> Series:
    return h.stock("attackers", name)[:, tactic].astype(float)


def _time(h: History, tactic: Tactic) -> Series:
    began, succeeded = _of(h, tactic, "began"), _of(h, tactic, "succeeded")
    return np.where(succeeded >= 0, succeeded - began, np.nan)
