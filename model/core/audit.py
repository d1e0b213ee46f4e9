"""How many tokens there are, and whether any came out of nowhere."""

from typing import Any

import numpy as np

from model.core.compiled import kernel


@kernel
def total(state):
    """Return all tokens in existence: the sum of every balance, by one summation."""
    nodes = state.sequencers
    rangers = state.rangers
    accounts = state.accounts
    owned = (nodes.self_stake, nodes.wallet, nodes.exiting, nodes.pool, rangers.bond, rangers.wallet)
    elsewhere = (accounts.circulating, accounts.liquid, accounts.reserve, accounts.treasury, accounts.users)
    return pairwise_sum(np.concatenate((*owned, state.unbonding.ravel(), np.array(elsewhere))))


def residual(accounts: Any, tokens: Any) -> Any:
    """Return tokens that appeared from nowhere since the start, given all there are; zero but for rounding."""
    return tokens - (accounts["opening"] + accounts["minted"] - accounts["burned"])


@kernel
def pairwise_sum(values):
    """Return the sum of a vector by halves, so that rounding errors grow with the logarithm of its length.

    The order is that of numpy's sum, which compiled code adds up from first to last.
    """
    count = values.size
    if count > 128:
        half = count // 16 * 8
        return pairwise_sum(values[:half]) + pairwise_sum(values[half:])
    lanes = np.zeros(8)
    rest = count % 8
    for i in range(count - rest):
        lanes[i % 8] += values[i]
    result = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    for i in range(count - rest, count):
        result += values[i]
    return result
