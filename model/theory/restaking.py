"""Stake that secures several services at once: when a loss here makes an attack there pay.

Validators with stakes, services with a `profit` of corrupting each and a `threshold`: a coalition of validators that
holds that share of the stake behind each service of a set may attack the set, and loses all its stake. Attacks pay if
the profit exceeds that, and a service can be attacked once.

Source: Durvasula and Roughgarden 2024, arXiv:2407.21785, unless another is named.
"""

from math import log

import numpy as np
from numpy.typing import ArrayLike

from model.theory.conditions import (
    Quantity,
    require,
    require_count,
    require_non_negative,
    require_positive,
    require_share,
)


def shock_bound(shock: Quantity, slack: Quantity) -> Quantity:
    """Return the share of stake that can be lost after a share `shock` psi of it vanished: below `(1 + 1/gamma) psi`.

    Condition: before, every coalition that can attack has `slack` gamma > 0, (1 + gamma) profit <= its stake. Without
    slack any shock may bring down everything. Best possible; cut at 1.
    """
    require_share(shock=shock)
    require_positive(slack=slack)
    return np.minimum(1.0, (1.0 + 1.0 / slack) * shock)


def local_slack(stakes: ArrayLike, profits: ArrayLike, thresholds: ArrayLike, secures: ArrayLike) -> float:
    """Return the largest gamma with `sum_s (stake_v / stake behind s) (1 + gamma) profit_s / threshold_s <= stake_v`.

    `stakes` (V,), `profits` and `thresholds` (S,), `secures` (V, S) true where a validator stands behind a service. It
    can be read off validator by validator, and is never more than the slack of the worst coalition; negative if even
    gamma = 0 fails, infinite if there is nothing to gain. Source: EigenLayer's condition, as Durvasula and Roughgarden
    state it.
    """
    stake, profit, threshold = (np.asarray(given, float) for given in (stakes, profits, thresholds))
    behind = np.asarray(secures, bool)
    require_positive(stakes=stake, thresholds=threshold)
    require_share(thresholds=threshold)
    require_non_negative(profits=profit)
    require(behind.shape == (stake.size, profit.size), "shape of secures", str(behind.shape), "validators by services")
    secured = stake @ behind
    require(secured > 0.0, "stake behind a service", secured, "somebody must secure every service; drop those without")
    temptation = float((behind @ (profit / (threshold * secured))).max())
    return 1.0 / temptation - 1.0 if temptation > 0.0 else np.inf


def is_overcollateralised(
    stakes: ArrayLike, profits: ArrayLike, thresholds: ArrayLike, secures: ArrayLike, slack: float = 0.0
) -> bool:
    """Return whether the local condition holds with a slack: sufficient for no attack to pay; see `local_slack`."""
    require_non_negative(slack=slack)
    return local_slack(stakes, profits, thresholds, secures) >= slack


def cascade_bound(shock: float, slack: float, smallest: float, depth: int = 1) -> float:
    """Return a bound on how many attacks may follow each other: `k (1 + log_(1+gamma)(psi / (gamma epsilon)))`.

    After a `shock` psi, with `slack` gamma before it, if each attack takes at least the share `smallest` epsilon of
    stake and owes its profit to the losses of the last `depth` k attacks. Derived here; same logarithm as in the
    source.
    """
    require_positive(shock=shock, slack=slack, smallest=smallest)
    require_share(shock=shock, smallest=smallest)
    require_count(depth=depth)
    return max(0.0, depth * (1.0 + log(shock / (slack * smallest)) / log(1.0 + slack)))


def cost_of_corruption(stake: Quantity, threshold: Quantity, slash: Quantity) -> Quantity:
    """Return what an attack costs, threshold times slash times stake: secure iff its profit is not more.

    `threshold` is the share of stake that must collude, `slash` what it then loses. Insured transactors are made whole
    iff they are insured for no more. Source: Deb, Raynor and Kannan 2024 (STAKESURE), arXiv:2401.05797.
    """
    require_non_negative(stake=stake)
    require_share(threshold=threshold, slash=slash)
    return threshold * slash * stake
