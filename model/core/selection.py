"""Phase 2: who orders which blocks."""

import numpy as np

from model.core.auction import place_bids
from model.core.compiled import kernel
from model.core.consensus import agree, outage_starts
from model.core.dealing import deal, seat_committees
from model.core.options import Consensus, Selection, Status

EVERYBODY = np.iinfo(np.int64).max
"""Seats where nobody is appointed."""


@kernel
def counted(node, rules):
    """Return the stake that counts for a node: own and delegated, up to the cap."""
    return min(node.self_stake + node.pool, rules.max_stake)


@kernel
def weight_of(node, rules):
    """Return the selection weight a node would have by its own row if it were active, and had a seat."""
    if rules.selection == Selection.STAKE:
        return counted(node, rules)
    if rules.selection == Selection.SQRT_STAKE:
        return np.sqrt(counted(node, rules))
    if rules.selection == Selection.EQUAL or rules.selection == Selection.SINGLE:
        return 1.0
    if rules.selection == Selection.APPOINTED:
        return 1.0
    if rules.selection == Selection.AUCTION:
        return node.bid**rules.auction_precision
    raise ValueError("unknown selection rule")


@kernel
def votes_of(node, rules):
    """Return the votes a node would have in consensus: its weight, or its stake where the right to order is sold.

    A plan that leaves blocks to the incumbent leaves votes as they are.
    """
    return counted(node, rules) if rules.selection == Selection.AUCTION else weight_of(node, rules)


@kernel
def seats(rules):
    """Return how many nodes an authority appoints to order blocks; EVERYBODY where there is none."""
    if rules.selection == Selection.SINGLE:
        return 1
    if rules.selection == Selection.APPOINTED:
        return rules.appointed_seats
    return EVERYBODY


@kernel
def has_plan(rules):
    """Tell whether the incumbent is to hand over by a plan."""
    return rules.handover_start > 0 or rules.handover_end > 0


@kernel
def incumbent_share(rules, epoch):
    """Return the share of blocks that the plan leaves to the incumbent: all, falling linearly to none."""
    if epoch < rules.handover_start:
        return 1.0
    if epoch >= rules.handover_end:
        return 0.0
    return (rules.handover_end - epoch) / (rules.handover_end - rules.handover_start)


@kernel
def needs_seat(node, rules):
    """Tell whether somebody must appoint a node; by a plan the incumbent's nodes have their share without."""
    return seats(rules) < EVERYBODY and not (node.incumbent == 1 and has_plan(rules))


@kernel
def weigh(state, rules):
    """Set every node's weight and return their sum: zero unless active, and seated where seats are limited.

    Seats go to active nodes in the order of rows. Writes weight. Draws nothing.
    """
    return entitle(state.sequencers, rules, state.market.epoch, False)


@kernel
def entitle(nodes, rules, epoch, in_jail):
    """Set and sum weights as `weigh` does; with `in_jail`, of the jailed too, who take nobody's seat for that."""
    free = seats(rules)
    total = 0.0
    for node in nodes:
        node.weight = 0.0
        active = node.status == Status.ACTIVE
        if (active or (in_jail and node.status == Status.JAILED)) and (free > 0 or not needs_seat(node, rules)):
            node.weight = weight_of(node, rules)
            if active and needs_seat(node, rules):
                free -= 1
        total += node.weight
    return _hand_over(nodes, rules, epoch, total) if has_plan(rules) else total


@kernel
def _hand_over(nodes, rules, epoch, total):
    """Scale weights so that the incumbent's come to its share by the plan, if it and others are there."""
    own = 0.0
    rest = 0.0
    for node in nodes:
        if node.incumbent == 1:
            own += node.weight
        else:
            rest += node.weight
    if own <= 0.0 or rest <= 0.0:
        return total
    share = incumbent_share(rules, epoch)
    for node in nodes:
        node.weight *= share / own if node.incumbent == 1 else (1.0 - share) / rest
    return 1.0


@kernel
def openings(state, rules):
    """Return what candidates find: the part of blocks open to them, and the weight of those they would share it with.

    (2, 2), a row for the incumbent's rivals (0) and for its own nodes (1); alike without a plan. Writes weight.
    """
    found = np.ones((2, 2))
    found[0, 1] = found[1, 1] = weigh(state, rules)
    if has_plan(rules):
        found[0, 1] = found[1, 1] = 0.0
        for node in state.sequencers:
            if node.status == Status.ACTIVE:
                found[node.incumbent, 1] += weight_of(node, rules)
        share = incumbent_share(rules, state.market.epoch)
        found[0, 0] = 1.0 - share if found[1, 1] > 0.0 else 1.0
        found[1, 0] = share if found[0, 1] > 0.0 else 1.0
    return found


@kernel
def prospect(node, rules, found):
    """Return the blocks per epoch that a candidate would be dealt on average beside those it found (see `openings`)."""
    return found[node.incumbent, 0] * mean_blocks(rules, weight_of(node, rules), found[node.incumbent, 1])


@kernel
def mean_blocks(rules, weight, others):
    """Return the blocks per epoch that a weight is dealt on average beside the others' weight."""
    return rules.blocks_per_epoch * weight / (weight + others) if weight > 0.0 else 0.0


@kernel
def selection(state, rules, stream, overlap):
    """Deal the epoch's blocks by committee, as far as these agree; move blocks from nodes that are down to others.

    Writes status (jail ends), bids, weight, votes, shard, absent, assigned, due, and market.latency, capacity_used,
    halted, lost_blocks. Draws from `stream` multinomials, and the committees if there are several; from `overlap`, if
    there is consensus, a uniform per row. Law: assigned and lost blocks sum to blocks_per_epoch.
    """
    now = state.market
    for node in state.sequencers:
        node.assigned = 0
        node.due = 0.0
        node.absent = node.outage
        if node.status == Status.JAILED and node.jailed_until <= now.epoch:
            node.status = Status.ACTIVE
    now.latency = rules.latency
    now.capacity_used = 0.0
    now.halted = 0.0
    now.lost_blocks = rules.blocks_per_epoch
    starts = outage_starts(rules, state.sequencers.size, overlap)
    if rules.selection == Selection.AUCTION:
        place_bids(state, rules)
    total = weigh(state, rules)
    for node in state.sequencers:
        node.votes = votes_of(node, rules) if node.weight > 0.0 else 0.0
    if total <= 0.0:
        now.halted = 0.0 if rules.consensus == Consensus.NONE else 1.0
        return
    committees = seat_committees(state.sequencers, rules, stream)
    rest = rules.blocks_per_epoch % committees
    first = int(stream.random() * committees) if rest > 0 else 0
    for c in range(committees):
        due = rules.blocks_per_epoch // committees + (1 if (c - first) % committees < rest else 0)
        agreed = due if rules.consensus == Consensus.NONE else agree(state, rules, c, due, starts)
        now.lost_blocks -= agreed - deal(state.sequencers, rules, c, agreed, stream)
