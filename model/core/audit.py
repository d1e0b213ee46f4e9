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
    size = nodes.size
    balances = np.empty(4 * size + 2 * rangers.size + state.unbonding.size + 5)
    for i in range(size):
        balances[i] = nodes[i].self_stake
        balances[size + i] = nodes[i].wallet
        balances[2 * size + i] = nodes[i].exiting
        balances[3 * size + i] = nodes[i].pool
    end = 4 * size
    for k in range(rangers.size):
        balances[end + k] = rangers[k].bond
        balances[end + rangers.size + k] = rangers[k].wallet
    end += 2 * rangers.size
    for i in range(size):
        for slot in range(state.unbonding.shape[1]):
            balances[end] = state.unbonding[i, slot]
            end += 1
    balances[end] = accounts.circulating
    balances[end + 1] = accounts.liquid
    balances[end + 2] = accounts.reserve
    balances[end + 3] = accounts.treasury
    balances[end + 4] = accounts.users
    return pairwise_sum(balances)


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
