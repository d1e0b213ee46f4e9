"""Phase 8: delegators reconsider, unbonding ends, commissions move."""

import numpy as np

from model.core import ledger
from model.core.chance import categorical
from model.core.compiled import kernel
from model.core.options import NOBODY, RewardRule, Status, Tactic
from model.core.selection import counted, weigh


@kernel
def delegation(state, rules, stream):
    """Free unbonded stake, let attentive delegators choose again, and let sequencers search their commission.

    Writes balances (through the ledger), delegators, commissions. Draws from `stream` a geometric and a uniform
    per attentive delegator, so the cost is O(attention x delegators x active sequencers).
    """
    _release(state, rules)
    if state.delegators.size > 0 and rules.attention > 0.0:
        _choose_again(state, rules, stream)
    _search_commissions(state.sequencers, rules, state.market.epoch)


@kernel
def _choose_again(state, rules, stream):
    names, yields, risks = offers(state, rules)
    odds = np.empty(names.size + 1)
    d = stream.geometric(rules.attention) - 1
    while d < state.delegators.size:
        who = state.delegators[d]
        if who.release == 0 and who.custom == 0:
            target = _preferred(who, rules, names, yields, risks, odds, stream)
            if target != who.pool:
                move(state, rules, d, target)
        d += stream.geometric(rules.attention)


@kernel
def _release(state, rules):
    now = state.market
    while now.queue_length > 0:
        d = state.leaving[now.queue_head]
        if state.delegators[d].release > now.epoch:
            break
        ledger.release(state, d, rules.exit_delay)
        now.queue_head = (now.queue_head + 1) % state.leaving.size
        now.queue_length -= 1


@kernel
def gross_yield(node, rules, total_weight, now):
    """Return a node's yearly reward per token of stake: emission, and what other services that it backs pay.

    Emission is as the protocol states it: by weight share of all blocks, or at the announced rate of counted stake.
    """
    stake = node.self_stake + node.pool
    if stake <= 0.0:
        return 0.0
    elsewhere = now.service_yield * node.services
    if rules.reward_rule != RewardRule.PER_BLOCK:
        return now.reward_rate * now.pay_scale * counted(node, rules) / stake + elsewhere
    if total_weight <= 0.0:
        return elsewhere
    blocks = rules.blocks_per_epoch * rules.epochs_per_year * node.weight / total_weight
    return blocks * rules.reward_per_block * now.pay_scale / stake + elsewhere


@kernel
def offers(state, rules):
    """List the active nodes that take deposits: net yield plus brand, and slash rate, in percentage points a year."""
    total = weigh(state, rules)
    size = state.sequencers.size
    names = np.empty(size, np.int64)
    yields = np.empty(size)
    risks = np.empty(size)
    n = 0
    for i in range(size):
        node = state.sequencers[i]
        if node.status == Status.ACTIVE and ledger.accepts(node):
            net = (1.0 - node.commission) * gross_yield(node, rules, total, state.market)
            names[n] = i
            yields[n] = 100.0 * net + node.brand
            risks[n] = 100.0 * node.slash_average * rules.epochs_per_year
            n += 1
    return names[:n], yields[:n], risks[:n]


@kernel
def _preferred(who, rules, names, yields, risks, odds, stream):
    """Return the pool that a delegator draws from a logit over what is on offer, or NOBODY. Writes odds."""
    n = names.size
    best = odds[n] = 100.0 * rules.opportunity_yield
    for j in range(n):
        odds[j] = yields[j] - who.risk_aversion * risks[j]
        best = max(best, odds[j])
    total = 0.0
    for j in range(n + 1):
        odds[j] = np.exp(rules.delegator_precision * (odds[j] - best))
        total += odds[j]
    chosen = categorical(stream, odds, total)
    return names[chosen] if chosen < n else NOBODY


@kernel
def move(state, rules, d, target):
    """Move delegator d to the pool of sequencer `target`, or out (NOBODY); nothing if it is there already.

    A pool that awaits a slash can be left only through unbonding, where the slash still reaches.
    """
    who = state.delegators[d]
    if who.pool == target or who.release != 0:
        return
    if who.pool != NOBODY and target != NOBODY and _pending_slash(state.pending, who.pool) > 0.0:
        return
    if target == NOBODY:
        ledger.undelegate(state, d, rules.exit_delay)
    elif not ledger.accepts(state.sequencers[target]):
        return
    elif who.pool == NOBODY:
        ledger.delegate(state.accounts, who, state.sequencers, target)
    else:
        ledger.redelegate(who, state.sequencers, target)


@kernel
def _pending_slash(pending, i):
    fraction = 0.0
    for slot in range(pending.shape[0]):
        fraction += pending[slot, i]
    return fraction


@kernel
def _search_commissions(nodes, rules, epoch):
    """Let a sequencer whose commission income fell since its last step turn round, then step; without members, down.

    Who gathers delegations to run with them stays at none.
    """
    for i in range(nodes.size):
        node = nodes[i]
        if node.status != Status.ACTIVE or (epoch + i) % rules.commission_period != 0:
            continue
        if node.custom == 0 and node.owner != Tactic.HIT_AND_RUN:
            if node.members == 0:
                node.commission_direction = -1.0
            elif node.commission <= 0.0:
                node.commission_direction = 1.0
            elif node.commission_income < node.commission_before:
                node.commission_direction = -node.commission_direction
            step = node.commission + rules.commission_step * node.commission_direction
            node.commission = min(max(step, 0.0), rules.max_commission)
        node.commission_before = node.commission_income
        node.commission_income = 0.0
