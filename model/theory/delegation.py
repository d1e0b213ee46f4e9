"""Who delegates to whom, and at what commission: logit choice among pools, and stake pools with a target size.

Sources: Anderson, de Palma and Thisse 1992, Discrete Choice Theory of Product Differentiation, chapters 2 and 7 (logit
demand and its oligopoly); Brünjes, Kiayias, Koutsoupias and Stouka 2020, Reward Sharing Schemes for Stake Pools,
arXiv:1807.11218. The rule of rewards by rotation is derived here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import softmax, wrightomega

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)
from model.theory.shapes import Floats


class StakePools(NamedTuple):
    """The equilibrium of stake pools, everything per unit of the epoch's rewards."""

    leaders: NDArray[np.int64]
    """(k,) players who run a pool, the most profitable first; each pledges all it has, each pool is full."""

    margins: Floats
    """(k,) part of a pool's profit that its leader keeps before sharing by stake."""

    price: float
    """What a whole pool's members receive: the potential profit of the best player without a pool."""

    utilities: Floats
    """(players,) expected income of every player, as leader or as member."""


def pro_rata_shares(precision: float, rate: float, commissions: ArrayLike) -> Floats:
    """Return the shares of delegated stake when all stake earns one gross `rate`: `s_j ~ exp(-lambda rate m_j)`.

    Many delegators choose the pool with the best net yield `(1 - m_j) rate` plus a standard Gumbel taste divided by
    `precision` lambda (per unit of yield, as `rate`); commissions m (N,) are shares. No pool yields more by being
    small, so no fixed point is needed.
    """
    require_non_negative(precision=precision, rate=rate)
    require_share(commissions=commissions)
    return np.asarray(softmax(-precision * rate * np.asarray(commissions, float)))


def rotation_shares(precision: float, reward: float, stake: float, commissions: ArrayLike) -> Floats:
    """Return the shares of delegated stake when each of N pools earns the same, so that small pools yield more.

    Net yields are `(1 - m_j) R / (N T s_j)` with `reward` R for all pools and `stake` T delegated in all; shares solve
    `ln s_j - lambda (1 - m_j) R / (N T s_j) = const`, which has one solution, for the left side rises with s_j. By the
    Wright omega function `s_j = exp(C + omega(ln(lambda a_j) - C))`. As precision grows s_j ~ 1 - m_j. Derived here.
    """
    require_non_negative(precision=precision, reward=reward)
    require_positive(stake=stake)
    require_share(commissions=commissions)
    kept = 1.0 - np.asarray(commissions, float)
    pull = precision * kept * reward / (kept.size * stake)
    with np.errstate(divide="ignore"):
        log_pull = np.log(pull)

    def shares(level: float) -> Floats:
        return np.exp(level + wrightomega(log_pull - level))

    lowest = -np.log(kept.size) - kept.size * float(pull.max())
    level = brentq(lambda level: float(shares(level).sum()) - 1.0, lowest - 1.0, 0.0, xtol=1e-14)
    return shares(level)


def nash_commission(sequencers: int, precision: float, rate: float) -> float:
    """Return the commission of the symmetric equilibrium of `pro_rata_shares`: `min(1, N / ((N - 1) lambda rate))`.

    Every sequencer maximises commission times its share, given those of others (logit Bertrand; Anderson, de Palma and
    Thisse 1992). It falls to 1 / (lambda rate) with N. Condition: two sequencers at least; commission income alone.
    """
    require_count(least=2, sequencers=sequencers)
    require_positive(precision=precision, rate=rate)
    return min(1.0, sequencers / ((sequencers - 1) * precision * rate))


def potential_profit(stakes: Quantity, costs: Quantity, pools: int, pledge_influence: float) -> Quantity:
    """Return the profit of each player's pool if full and with all its stake pledged: `(1/k + a0 s)/(1 + a0) - c`."""
    return (1.0 / pools + pledge_influence * stakes) / (1.0 + pledge_influence) - costs


def stake_pools(stakes: ArrayLike, costs: ArrayLike, pools: int, pledge_influence: float) -> StakePools:
    """Return the equilibrium of the stake pool game: the k players of most potential profit P run a full pool each.

    Players have stakes s (sum 1), costs c of running a pool, and the epoch's reward 1; a pool of size sigma with pledge
    lambda earns `[sigma' + lambda' a0 (sigma' - lambda' (1 - sigma' k)) k] / (1 + a0)`, both cut at 1/k. Margins
    `1 - P_(k+1) / P_j` leave members what the best player without a pool could offer them. Utilities are
    `P_(k+1) k s_j` for members, and P_j - P_(k+1) more for leaders. The Nakamoto coefficient is floor(k/2) + 1.
    Conditions: more than k players; s_j < 1/k; P_(k+1) > 0; a pool per player; players look past the moment, and reckon
    with the pool that player k + 1 could open. Source: Brünjes et al. 2020, theorem on perfect strategies.
    """
    stake, cost = np.asarray(stakes, float), np.asarray(costs, float)
    require_non_negative(stakes=stake, costs=cost, pledge_influence=pledge_influence)
    require_count(pools=pools)
    require(pools < stake.size, "pools", pools, f"below the number of players, {stake.size}")
    require(np.isclose(stake.sum(), 1.0), "sum of stakes", stake.sum(), "give stakes as shares of all stake")
    require(stake < 1.0 / pools, "stakes", stake, f"below the size of a full pool, 1/{pools}; split or raise pools")
    profit = np.asarray(potential_profit(stake, cost, pools, pledge_influence))
    ranked = np.argsort(-profit, kind="stable")
    leaders, price = ranked[:pools], float(profit[ranked[pools]])
    require(price > 0.0, "potential profit of player k + 1", price, "above 0; lower costs or pools")
    utilities = price * pools * stake
    utilities[leaders] += profit[leaders] - price
    return StakePools(leaders, 1.0 - price / profit[leaders], price, utilities)
