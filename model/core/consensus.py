"""Who must be online for a block to be agreed upon, and the time that agreement takes.

With Byzantine fault tolerance a block needs more than two thirds of a committee's votes. Every member sends one
message to a leader and has one back (linear, as HotStuff: Yin et al. 2019, arXiv:1803.05069), or one to each of the
others (quadratic, as PBFT: Castro and Liskov 1999).
"""

import numpy as np

from model.core.chance import round_half_up
from model.core.compiled import kernel
from model.core.options import Consensus

SECONDS_PER_YEAR = 365.0 * 86_400.0

TIE = 1e-12
"""Relative shortfall of a third that is arithmetic: with a third offline there is no quorum."""


@kernel
def agreement_time(rules, members):
    """Return the seconds that `members` nodes take to agree on a block."""
    if rules.consensus == Consensus.BFT_LINEAR:
        return rules.consensus_round + rules.message_time * members
    if rules.consensus == Consensus.BFT_QUADRATIC:
        return rules.consensus_round + rules.message_time * members * members
    return 0.0


@kernel
def burden(now, rules, members, due):
    """Return the blocks due to a committee over those that it has time for, one after the other.

    Writes market.latency and capacity_used, if they are less than this committee's.
    """
    seconds = agreement_time(rules, members)
    used = due * seconds / (SECONDS_PER_YEAR * rules.dt)
    now.latency = max(now.latency, rules.latency + seconds)
    now.capacity_used = max(now.capacity_used, used)
    return used


@kernel
def outage_starts(rules, size, stream):
    """Draw when in the epoch (0 to 1) an outage of each row begins. Draws a uniform per row, none without consensus."""
    starts = np.zeros(size)
    if rules.consensus != Consensus.NONE:
        for i in range(size):
            starts[i] = stream.random()
    return starts


@kernel
def agree(state, rules, committee, due, starts):
    """Return how many of the blocks due to a committee are agreed upon: as time allows, while it has a quorum.

    Writes absent of the members, market.latency, capacity_used and halted (adds its part). Draws nothing.
    """
    members = 0
    total = 0.0
    for node in state.sequencers:
        if node.shard == committee and node.votes > 0.0:
            members += 1
            total += node.votes
    used = burden(state.market, rules, members, due)
    halted = _halt(state.sequencers, committee, total, starts)
    state.market.halted += halted * due / rules.blocks_per_epoch
    return round_half_up((1.0 - halted) * due / max(1.0, used))


@kernel
def _halt(nodes, committee, total, starts):
    """Return the share of the epoch without a quorum. Writes absent: the share of the rest in which a member is down.

    It goes from one beginning or end of an outage to the next.
    """
    down = np.empty(nodes.size, np.int64)
    size = 0
    for i in range(nodes.size):
        if nodes[i].shard == committee and nodes[i].votes > 0.0 and nodes[i].outage > 0.0:
            nodes[i].absent = 0.0
            down[size] = i
            size += 1
    halted = 0.0
    time = 0.0
    while time < 1.0:
        offline = 0.0
        until = 1.0
        for i in down[:size]:
            end = starts[i] + nodes[i].outage
            until = _sooner(starts[i], time, _sooner(end, time, _sooner(end - 1.0, time, until)))
            if _is_down(nodes[i], starts[i], time):
                offline += nodes[i].votes
        if 3.0 * offline >= (1.0 - TIE) * total:
            halted += until - time
        else:
            for i in down[:size]:
                if _is_down(nodes[i], starts[i], time):
                    nodes[i].absent += until - time
        time = until
    for i in down[:size]:
        nodes[i].absent = min(1.0, nodes[i].absent / (1.0 - halted)) if halted < 1.0 else 1.0
    return min(1.0, halted)


@kernel
def _is_down(node, start, time):
    """Tell whether a node is down at a time of the epoch; an outage that outlasts it is counted from its beginning."""
    end = start + node.outage
    return node.outage >= 1.0 or start <= time < end or time < end - 1.0


@kernel
def _sooner(edge, time, until):
    return edge if time < edge < until else until
