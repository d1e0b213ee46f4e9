"""Phase 2: who orders which blocks."""

import numpy as np

from model.core.auction import place_bids
from model.core.chance import categorical, multinomial, round_half_up
from model.core.compiled import kernel
from model.core.options import Selection, Status


@kernel
def counted(node, rules):
    """Return the stake that counts for a node: own and delegated, up to the cap."""
    return min(node.self_stake + node.pool, rules.max_stake)


@kernel
def weight_of(node, rules):
    """Return the selection weight a node would have if it were active."""
    if rules.selection == Selection.STAKE:
        return counted(node, rules)
    if rules.selection == Selection.SQRT_STAKE:
        return np.sqrt(counted(node, rules))
    if rules.selection == Selection.EQUAL:
        return 1.0
    if rules.selection == Selection.AUCTION:
        return node.bid**rules.auction_precision
    raise ValueError("unknown selection rule")


@kernel
def weigh(state, rules):
    """Set every node's weight (zero unless active) and return their sum. Writes weight."""
    total = 0.0
    for node in state.sequencers:
        node.weight = weight_of(node, rules) if node.status == Status.ACTIVE else 0.0
        total += node.weight
    return total


@kernel
def selection(state, rules, streams):
    """Deal the epoch's blocks in spans, by weight; move blocks from nodes that are down to those that are up.

    Writes status (jail ends), bids, weight, assigned, and market.lost_blocks. Draws multinomials from `selection`. Law:
    assigned and lost blocks sum to blocks_per_epoch.
    """
    stream = streams.selection
    for node in state.sequencers:
        node.assigned = 0
        if node.status == Status.JAILED and node.jailed_until <= state.market.epoch:
            node.status = Status.ACTIVE
    if rules.selection == Selection.AUCTION:
        place_bids(state, rules)
    total = weigh(state, rules)
    if total <= 0.0:
        state.market.lost_blocks = rules.blocks_per_epoch
        return
    weights = np.empty(state.sequencers.size)
    for i in range(weights.size):
        weights[i] = state.sequencers[i].weight
    blocks = _spans(weights, total, rules, stream)
    for i in range(weights.size):
        state.sequencers[i].assigned = blocks[i]
    state.market.lost_blocks = _fail_over(state, rules, weights, blocks, stream)


@kernel
def _spans(weights, total, rules, stream):
    blocks = np.empty(weights.size, np.int64)
    multinomial(stream, rules.blocks_per_epoch // rules.blocks_per_span, weights, total, blocks)
    blocks *= rules.blocks_per_span
    rest = rules.blocks_per_epoch % rules.blocks_per_span
    if rest > 0:
        blocks[categorical(stream, weights, total)] += rest
    return blocks


@kernel
def _fail_over(state, rules, weights, taken_over, stream):
    missed = 0
    total = 0.0
    for i in range(weights.size):
        node = state.sequencers[i]
        own = round_half_up(node.outage * node.assigned)
        node.assigned -= own
        missed += own
        weights[i] *= 1.0 - node.outage
        total += weights[i]
    moved = round_half_up(rules.failover * missed) if total > 0.0 else 0
    if moved > 0:
        multinomial(stream, moved, weights, total, taken_over)
        for i in range(weights.size):
            state.sequencers[i].assigned += taken_over[i]
    return missed - moved
