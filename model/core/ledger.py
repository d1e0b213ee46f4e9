"""The only place where tokens move. Minted minus burned equals the change of all balances; none is ever negative.

Functions that return an amount take it out of a balance and hand it to the caller, who must place all of it with
another function of this file in the same phase. Amounts are tokens and never negative.
"""

from typing import Any

from model.core.compiled import kernel
from model.core.options import NOBODY, RewardSource

WORTHLESS = 1e-9
"""Tokens per share below which a slashed pool takes no more deposits until its members have left."""


def set_balance(accounts: Any, row: Any, name: str, tokens: float) -> None:
    """Set a balance of one row between epochs; the circulating tokens give or take the difference.

    Raises ValueError if they do not suffice.
    """
    change = tokens - row[name]
    if change > accounts.circulating:
        raise ValueError(f"{name} = {tokens:g}: only {accounts.circulating:g} circulating tokens are left to give")
    row[name] = tokens
    accounts.circulating -= change
    if name == "liquid":
        accounts.liquid = max(0.0, accounts.liquid + change)


@kernel
def emit(accounts, source, amount):
    """Take up to `amount` from the source of rewards (mint it, or draw on the reserve). Returns what was had."""
    if source == RewardSource.RESERVE:
        paid = min(amount, accounts.reserve)
        accounts.reserve -= paid
        return paid
    accounts.minted += amount
    return amount


@kernel
def give_back(accounts, source, amount):
    """Return emission in hand that found no taker."""
    if source == RewardSource.RESERVE:
        accounts.reserve += amount
    else:
        accounts.minted -= amount


@kernel
def buy(accounts, amount):
    """Take up to `amount` from the circulating tokens, for whoever buys them on the market. Returns what was had."""
    bought = min(amount, accounts.circulating)
    accounts.circulating -= bought
    return bought


@kernel
def sell(accounts, amount):
    """Put tokens in hand back into circulation."""
    accounts.circulating += amount


@kernel
def reward_node(node, to_stake, to_wallet, to_pool):
    """Place tokens in hand with a sequencer: emission, or what was bought."""
    node.self_stake += to_stake
    node.wallet += to_wallet
    node.pool += to_pool


@kernel
def pay_ranger(ranger, amount):
    """Place tokens in a Ranger's wallet."""
    ranger.wallet += amount


@kernel
def burn(accounts, amount):
    """Destroy tokens in hand."""
    accounts.burned += amount


@kernel
def bond(node, amount):
    """Move wallet to own stake, as far as it reaches."""
    moved = min(amount, node.wallet)
    node.wallet -= moved
    node.self_stake += moved


@kernel
def unbond(node):
    """Undo a bond at once: move all own stake to the wallet (for a candidate that did not enter)."""
    node.wallet += node.self_stake
    node.self_stake = 0.0


@kernel
def leave(node, epoch):
    """Start the exit of all own stake."""
    node.exiting += node.self_stake
    node.self_stake = 0.0
    node.exit_epoch = epoch


@kernel
def free(node):
    """End the exit of own stake."""
    node.wallet += node.exiting
    node.exiting = 0.0


@kernel
def post_bond(ranger, amount):
    """Move a Ranger's wallet to its bond, as far as it reaches."""
    moved = min(amount, ranger.wallet)
    ranger.wallet -= moved
    ranger.bond += moved


@kernel
def return_bond(ranger):
    """Move a Ranger's bond back to its wallet."""
    ranger.wallet += ranger.bond
    ranger.bond = 0.0


@kernel
def burn_bond(accounts, ranger, amount):
    """Destroy part of a Ranger's bond, as far as it reaches. Returns what was destroyed."""
    lost = min(amount, ranger.bond)
    ranger.bond -= lost
    accounts.burned += lost
    return lost


@kernel
def seize(state, i, fraction, since, unbonding_too):
    """Take a fraction of own stake, pool and (if told) of what left sequencer i in epoch `since` or later.

    Returns tokens in hand: the node's own, and delegators'. O(exit delay), whatever the number of delegators.
    """
    node = state.sequencers[i]
    own = fraction * node.self_stake
    node.self_stake -= own
    delegated = fraction * node.pool
    node.pool -= delegated
    if unbonding_too:
        if node.exit_epoch >= since:
            part = fraction * node.exiting
            node.exiting -= part
            own += part
        slots = state.unbonding.shape[1]
        for epoch in range(max(since, state.market.epoch - slots + 1), state.market.epoch + 1):
            part = fraction * state.unbonding[i, epoch % slots]
            state.unbonding[i, epoch % slots] -= part
            delegated += part
    return own, delegated


@kernel
def split_slash(accounts, to_users, to_treasury, to_nobody):
    """Place slashed tokens in hand: compensation, treasury, and the part that is burned."""
    accounts.users += to_users
    accounts.treasury += to_treasury
    accounts.burned += to_nobody


@kernel
def accepts(node):
    """Tell whether a deposit buys a meaningful share of the pool."""
    return node.pool_shares <= 0.0 or node.pool > WORTHLESS * node.pool_shares


@kernel
def _deposit(node, amount):
    shares = amount if node.pool_shares <= 0.0 else amount * node.pool_shares / node.pool
    node.pool += amount
    node.pool_shares += shares
    node.members += 1
    return shares


@kernel
def _part(held, shares, all_shares):
    """Return what shares are worth; a member has none if it came with nothing, or lost it to rounding."""
    return held * min(1.0, shares / all_shares) if all_shares > 0.0 else 0.0


@kernel
def _withdraw(node, shares):
    node.members -= 1
    if node.members == 0:
        amount = node.pool
        node.pool = 0.0
        node.pool_shares = 0.0
        return amount
    amount = _part(node.pool, shares, node.pool_shares)
    node.pool -= amount
    node.pool_shares = max(0.0, node.pool_shares - shares)
    return amount


@kernel
def delegate(accounts, who, nodes, i):
    """Put all liquid tokens of a delegator into the pool of sequencer i, which must accept them."""
    amount = min(who.liquid, accounts.liquid)
    who.liquid = 0.0
    accounts.liquid -= amount
    who.shares = _deposit(nodes[i], amount)
    who.pool = i


@kernel
def redelegate(who, nodes, i):
    """Move a delegator from its pool to that of sequencer i at once."""
    amount = _withdraw(nodes[who.pool], who.shares)
    who.shares = _deposit(nodes[i], amount)
    who.pool = i


@kernel
def undelegate(state, d, delay):
    """Move delegator d's stake from its pool to the unbonding bucket of pool and epoch, to be free after `delay`."""
    who = state.delegators[d]
    market = state.market
    amount = _withdraw(state.sequencers[who.pool], who.shares)
    slot = market.epoch % state.unbonding.shape[1]
    had = state.unbonding_members[who.pool, slot]
    held = state.unbonding[who.pool, slot]
    who.shares = amount if had == 0 or held <= 0.0 else amount * state.unbonding_shares[who.pool, slot] / held
    state.unbonding[who.pool, slot] += amount
    state.unbonding_shares[who.pool, slot] += who.shares
    state.unbonding_members[who.pool, slot] += 1
    who.release = market.epoch + delay
    state.leaving[(market.queue_head + market.queue_length) % state.leaving.size] = d
    market.queue_length += 1


@kernel
def release(state, d, delay):
    """Free the unbonded stake of delegator d; the last one out of a bucket takes all that is left in it."""
    who = state.delegators[d]
    slot = (who.release - delay) % state.unbonding.shape[1]
    held = state.unbonding[who.pool, slot]
    state.unbonding_members[who.pool, slot] -= 1
    if state.unbonding_members[who.pool, slot] == 0:
        amount = held
        state.unbonding_shares[who.pool, slot] = 0.0
    else:
        shares = state.unbonding_shares[who.pool, slot]
        amount = _part(held, who.shares, shares)
        state.unbonding_shares[who.pool, slot] = max(0.0, shares - who.shares)
    state.unbonding[who.pool, slot] -= amount
    who.liquid += amount
    state.accounts.liquid += amount
    who.shares = 0.0
    who.pool = NOBODY
    who.release = 0
