"""Free entry: how many sequencers a reward carries before the next would lose.

Each bonds `stake` s, which would earn `opportunity_rate` r elsewhere, and runs at `cost` c: it needs K = c + r s per
epoch. A reward R per epoch is shared pro rata over all stake. Each function returns the number N at which profit is
zero, not rounded: its floor is the number that enters one by one. Derived here, for the pro-rata rule; free entry as
such is textbook (Mas-Colell, Whinston and Green 1995, Microeconomic Theory, chapter 12.E).
"""

import numpy as np

from model.theory.conditions import (
    Quantity,
    require,
    require_non_negative,
    require_positive,
    require_share,
)


def free_entry_own_stake(reward: Quantity, cost: Quantity, opportunity_rate: Quantity, stake: Quantity) -> Quantity:
    """Return how many sequencers enter with stake of their own alone: `R / (c + r s)`."""
    require_positive(reward=reward, stake=stake)
    return reward / _needed(cost, opportunity_rate, stake)


def free_entry_delegated(
    reward: Quantity, cost: Quantity, opportunity_rate: Quantity, stake: Quantity, delegated: Quantity,
    commission: Quantity,
) -> Quantity:  # fmt: skip
    """Return how many enter when a fixed delegated stake D is spread evenly: income `R (s + m D/N) / (N s + D)` is K.

    The positive root of `K s N^2 - (R s - K D) N - m R D = 0`. Delegated stake takes reward away and gives the
    commission m back: fewer enter, unless m is 1.
    """
    require_positive(reward=reward, stake=stake)
    require_non_negative(delegated=delegated)
    require_share(commission=commission)
    needed = _needed(cost, opportunity_rate, stake)
    linear = reward * stake - needed * delegated
    constant = commission * reward * delegated
    return (linear + np.sqrt(linear**2 + 4.0 * needed * stake * constant)) / (2.0 * needed * stake)


def free_entry_elastic(
    reward: Quantity, cost: Quantity, opportunity_rate: Quantity, stake: Quantity, commission: Quantity,
    delegators_rate: Quantity,
) -> Quantity:  # fmt: skip
    """Return how many enter when delegation flows in until its net yield is r_d: `m R / (c + (r - r_d) s)`.

    With r_d = r it is m R / c, whatever the stake: commission alone pays for operation. Conditions: sequencers
    need more than the yield on their stake, and delegation is not negative, `(1 - m) R >= r_d N s` (at m = 1 nobody
    delegates).
    """
    require_positive(reward=reward, stake=stake, delegators_rate=delegators_rate)
    require_non_negative(cost=cost, opportunity_rate=opportunity_rate)
    require_share(commission=commission)
    net = cost + (opportunity_rate - delegators_rate) * stake
    name = "cost + (opportunity_rate - delegators_rate) stake"
    require(np.greater(net, 0.0), name, net, "above 0, or ever more enter; raise cost")
    entering = commission * reward / net
    attracted = np.greater_equal((1.0 - commission) * reward, delegators_rate * entering * stake)
    require(attracted, "commission", commission, "too high for anybody to delegate; see free_entry_own_stake")
    return entering


def _needed(cost: Quantity, opportunity_rate: Quantity, stake: Quantity) -> Quantity:
    require_non_negative(cost=cost, opportunity_rate=opportunity_rate)
    needed = cost + opportunity_rate * stake
    require(np.greater(needed, 0.0), "cost + opportunity_rate stake", needed, "above 0, or ever more enter; raise cost")
    return needed
