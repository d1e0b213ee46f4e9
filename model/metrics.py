"""What is measured: one function per metric on a History, registered with unit, direction and meaning in METRICS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.concentration import INDICES, profile
from model.core.options import Offence, Status, Tactic
from model.results import History

Series = np.ndarray
"""One value per record, (T,)."""


@dataclass(frozen=True)
class Metric:
    """A named measure: its unit, which direction is better (higher, lower, neither), what it means, how it is computed."""

    name: str
    unit: str
    better: str
    meaning: str
    compute: Callable[[History], Series]


METRICS: dict[str, Metric] = {}


def metric(unit: str, better: str, meaning: str) -> Callable[[Callable[[History], Series]], Callable[[History], Series]]:
    """Register a function as the metric of its name. Flows are over the interval since the last record."""

    def register(function: Callable[[History], Series]) -> Callable[[History], Series]:
        METRICS[function.__name__] = Metric(function.__name__, unit, better, meaning, function)
        return function

    return register


def compute(history: History) -> dict[str, Series]:
    """Return every metric of a history, (T,) each; nan where it is undefined."""
    table = {name: entry.compute(history) for name, entry in METRICS.items() if name not in _CONCENTRATION}
    return table | _concentration(history)


def ratio(part: Series, whole: Series) -> Series:
    """Return part over whole, nan where there is no whole."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) != 0)


def stake(history: History) -> Series:
    """Return the stake of every node, own and delegated, zero once it is out, (T, S)."""
    status = history.stock("sequencers", "status")
    serving = (status == Status.ACTIVE) | (status == Status.JAILED)
    return (history.stock("sequencers", "self_stake") + history.stock("sequencers", "pool")) * serving


def per_year(history: History, flow: Series) -> Series:
    """Return a flow between records as a yearly rate."""
    return flow / history.epochs * history.scenario.epochs_per_year


@metric("share", "higher", "blocks that were ordered honestly, of those made")
def honesty_by_blocks(h: History) -> Series:  # noqa: D103
    return 1 - ratio(h.flow("offending_blocks"), h.flow("blocks_made"))


@metric("share", "higher", "opportunity (MEV value) in blocks that were ordered honestly, of all that came by")
def honesty_by_value(h: History) -> Series:  # noqa: D103
    return 1 - ratio(h.flow("stolen"), h.flow("opportunity"))


@metric("per epoch", "lower", "blocks reordered against the rules")
def offences_reorder(h: History) -> Series:  # noqa: D103
    return h.flow("offences")[:, Offence.REORDER] / h.epochs


@metric("per epoch", "lower", "blocks with malicious transactions inserted")
def offences_insert(h: History) -> Series:  # noqa: D103
    return h.flow("offences")[:, Offence.INSERT] / h.epochs


@metric("per epoch", "lower", "blocks from which transactions were censored")
def offences_censor(h: History) -> Series:  # noqa: D103
    return h.flow("offences")[:, Offence.CENSOR] / h.epochs


@metric("share", "higher", "offences that were found out")
def detected_share(h: History) -> Series:  # noqa: D103
    return ratio(h.flow("detected").sum(axis=1), h.flow("offences").sum(axis=1))


@metric("per year", "lower", "slashes that hit the innocent: honest faults and false accusations upheld")
def wrongful_slashes(h: History) -> Series:  # noqa: D103
    return per_year(h, h.flow("wrongful"))


@metric("bps of volume", "lower", "harm to users by offences, after what was taken back")
def user_harm(h: History) -> Series:  # noqa: D103
    return 1e4 * ratio(h.flow("harm"), h.flow("volume"))


@metric("tokens", "higher", "stake of serving sequencers, own and delegated")
def stake_total(h: History) -> Series:  # noqa: D103
    return stake(h).sum(axis=1)


@metric("USD", "higher", "the same in dollars")
def stake_at_risk(h: History) -> Series:  # noqa: D103
    return stake_total(h) * price(h)


@metric("share per year", "lower", "stake slashed, of the stake there is")
def slashed_share(h: History) -> Series:  # noqa: D103
    return per_year(h, ratio(h.flow("slashed"), stake_total(h)))


@metric("USD", "higher", "price of a third of the stake: cost to halt")
def cost_to_halt(h: History) -> Series:  # noqa: D103
    return stake_at_risk(h) / 3


@metric("USD", "higher", "price of two thirds of the stake: cost to control")
def cost_of_corruption(h: History) -> Series:  # noqa: D103
    return stake_at_risk(h) * 2 / 3


@metric("USD", "lower", "what two thirds of the blocks can take while the exit delay runs, by the best offence")
def profit_from_corruption(h: History) -> Series:  # noqa: D103
    s = h.scenario
    best = max(getattr(s, f"gain_{o.name.lower()}") * getattr(s, f"exposure_{o.name.lower()}") for o in Offence)
    return h.flow("opportunity") / h.epochs * s.exit_delay * best * 2 / 3


@metric("-", "higher", "cost of corruption over profit from corruption; above one, corruption does not pay")
def security_ratio(h: History) -> Series:  # noqa: D103
    return ratio(cost_of_corruption(h), profit_from_corruption(h))


@metric("per year", "neither", "sequencers' profit, in tokens at the price, per token of own stake")
def yield_sequencer(h: History) -> Series:  # noqa: D103
    own = h.stock("sequencers", "self_stake").sum(axis=1) * price(h)
    return per_year(h, ratio(h.flow("sequencer_usd"), own))


@metric("per year", "neither", "emission added to pools per delegated token")
def yield_delegator(h: History) -> Series:  # noqa: D103
    return per_year(h, ratio(h.flow("pool_tokens"), h.stock("sequencers", "pool").sum(axis=1)))


@metric("per year", "neither", "Rangers' profit per dollar of bond")
def yield_ranger(h: History) -> Series:  # noqa: D103
    return per_year(h, ratio(h.flow("ranger_usd"), h.stock("rangers", "bond").sum(axis=1) * price(h)))


@metric("per year", "neither", "emission to sequencers and pools per staked token (Metis's mining reward rate)")
def reward_rate(h: History) -> Series:  # noqa: D103
    return per_year(h, ratio(h.flow("sequencer_tokens") + h.flow("pool_tokens"), stake_total(h)))


@metric("share per year", "lower", "tokens minted less burned, of all there are")
def net_issuance(h: History) -> Series:  # noqa: D103
    issued = np.diff(h.accounts.minted[: h.size] - h.accounts.burned[: h.size])
    return per_year(h, issued / supply(h))


@metric("tokens", "higher", "what is left of the reserve that pays rewards")
def reserve_left(h: History) -> Series:  # noqa: D103
    return h.stock("accounts", "reserve")


@metric("tokens", "neither", "tokens in existence outside the reserve")
def supply(h: History) -> Series:  # noqa: D103
    accounts = h.accounts[1 : h.size]
    return accounts.opening + accounts.minted - accounts.burned - accounts.reserve


@metric("share", "neither", "stake of serving sequencers in the supply")
def staking_ratio(h: History) -> Series:  # noqa: D103
    return stake_total(h) / supply(h)


@metric("USD per epoch", "neither", "fees paid by users")
def fees(h: History) -> Series:  # noqa: D103
    return h.flow("fees") / h.epochs


@metric("USD per epoch", "higher", "fees after batch cost that the protocol keeps")
def protocol_income(h: History) -> Series:  # noqa: D103
    return h.flow("treasury_usd") / h.epochs


@metric("USD per token", "neither", "token price")
def price(h: History) -> Series:  # noqa: D103
    return h.stock("market", "price")


@metric("USD per epoch", "higher", "traded volume")
def volume(h: History) -> Series:  # noqa: D103
    return h.flow("volume") / h.epochs


@metric("share", "higher", "trust of users")
def trust(h: History) -> Series:  # noqa: D103
    return h.stock("market", "trust")


@metric("share", "higher", "apps still there, by their share of volume")
def apps_left(h: History) -> Series:  # noqa: D103
    return ratio((h.stock("apps", "share") * h.stock("apps", "present")).sum(axis=1), h.stock("apps", "share").sum(axis=1))


@metric("share", "lower", "blocks that nobody made")
def outage_share(h: History) -> Series:  # noqa: D103
    return 1 - h.flow("blocks_made") / h.flow("blocks_due")


@metric("nodes", "neither", "active sequencers")
def sequencers_active(h: History) -> Series:  # noqa: D103
    return (h.stock("sequencers", "status") == Status.ACTIVE).sum(axis=1).astype(float)


@metric("nodes", "lower", "jailed sequencers")
def sequencers_jailed(h: History) -> Series:  # noqa: D103
    return (h.stock("sequencers", "status") == Status.JAILED).sum(axis=1).astype(float)


@metric("nodes", "lower", "sequencers removed for good since the start")
def sequencers_removed(h: History) -> Series:  # noqa: D103
    return (h.stock("sequencers", "status") == Status.REMOVED).sum(axis=1).astype(float)


@metric("share", "neither", "mean commission of active sequencers")
def commission(h: History) -> Series:  # noqa: D103
    active = h.stock("sequencers", "status") == Status.ACTIVE
    return ratio((h.stock("sequencers", "commission") * active).sum(axis=1), active.sum(axis=1))


@metric("USD", "higher", "lowest opportunity at which reordering just pays, over active sequencers (geometric mean)")
def reservation_value(h: History) -> Series:  # noqa: D103
    rational = (h.stock("sequencers", "status") == Status.ACTIVE) & (h.stock("sequencers", "reservation")[..., 0] > 0)
    value = np.where(rational, h.stock("sequencers", "reservation")[..., 0], 1.0)
    return np.exp(ratio(np.log(value).sum(axis=1), rational.sum(axis=1)))


@metric("share", "higher", "probability that a block is really checked by some Ranger")
def coverage(h: History) -> Series:  # noqa: D103
    return h.flow("coverage") / h.epochs


@metric("share", "higher", "mean probability that a seated Ranger really checks a block assigned to it")
def diligence(h: History) -> Series:  # noqa: D103
    seated = h.stock("rangers", "status") == Status.ACTIVE
    return ratio((h.stock("rangers", "diligence") * seated).sum(axis=1), seated.sum(axis=1))


@metric("agents", "neither", "Rangers with a seat")
def rangers_seated(h: History) -> Series:  # noqa: D103
    return (h.stock("rangers", "status") == Status.ACTIVE).sum(axis=1).astype(float)


@metric("USD per epoch", "neither", "profit of all Rangers")
def ranger_profit(h: History) -> Series:  # noqa: D103
    return h.flow("ranger_usd") / h.epochs


@metric("USD", "lower", "attackers' profit since the start")
def attacker_profit(h: History) -> Series:  # noqa: D103
    return h.stock("attackers", "profit").sum(axis=1)


@metric("USD", "neither", "what is left of the attackers' budgets")
def attacker_budget_left(h: History) -> Series:  # noqa: D103
    used = h.stock("attackers", "active") > 0
    return ((h.stock("attackers", "budget") - h.stock("attackers", "spent")) * used).sum(axis=1)


@metric("share", "lower", "stake of serving nodes that attackers own")
def attacker_control(h: History) -> Series:  # noqa: D103
    owned = (h.stock("sequencers", "owner") >= min(Tactic)) * stake(h)
    return ratio(owned.sum(axis=1), stake_total(h))


@metric("share of tokens", "lower", "tokens out of nowhere: minted less burned against the change of all balances")
def ledger_residual(h: History) -> Series:  # noqa: D103
    return np.abs(h.residual[1 : h.size]) / (supply(h) + reserve_left(h))


def _by_operator(h: History, holdings: Series) -> Series:
    """Join the columns of nodes that one operator runs."""
    owner = h.sequencers.operator[0]
    return holdings @ (owner[:, None] == np.unique(owner)[None, :])


def _holdings(h: History) -> dict[str, Series]:
    staked, made = stake(h), np.diff(h.sequencers.total_made[: h.size].astype(float), axis=0)
    return {
        "stake_node": staked,
        "stake_operator": _by_operator(h, staked),
        "blocks_node": made,
        "blocks_operator": _by_operator(h, made),
    }


def _concentration(h: History) -> dict[str, Series]:
    return {
        f"{index}_{base}": series
        for base, holdings in _holdings(h).items()
        for index, series in profile(holdings).items()
    }


def _concentration_metric(name: str, index: str, base: str) -> Metric:
    unit, better, meaning = INDICES[index]
    what, holder = base.split("_")
    words = {"stake": "stake", "blocks": "blocks made since the last record"}[what]
    return Metric(
        name, unit, better, f"{meaning.format(what=words)}, by {holder}", lambda h: profile(_holdings(h)[base])[index]
    )


_CONCENTRATION = {
    f"{index}_{base}": (index, base)
    for base in ("stake_node", "stake_operator", "blocks_node", "blocks_operator")
    for index in INDICES
}
METRICS.update({name: _concentration_metric(name, *parts) for name, parts in _CONCENTRATION.items()})
