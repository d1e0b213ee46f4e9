"""How blocks come to nodes: random committees, spans by weight within each, and what the absent leave to the others."""

import numpy as np

from model.core.chance import categorical, multinomial, round_half_up
from model.core.compiled import kernel
from model.core.options import NOBODY


@kernel
def seat_committees(nodes, rules, stream):
    """Seat every node that has weight on a random committee, as evenly as can be; return how many there are.

    There are `shards` of them, but none without a member. Writes shard (NOBODY: on none; a single committee is
    everybody's). Draws a uniform per member if there are to be several.
    """
    members = np.empty(nodes.size, np.int64)
    size = 0
    for i in range(nodes.size):
        nodes[i].shard = NOBODY if rules.shards > 1 else 0
        if nodes[i].weight > 0.0:
            members[size] = i
            size += 1
    committees = min(rules.shards, size)
    if rules.shards > 1:
        for j in range(size):
            k = j + int(stream.random() * (size - j))
            members[j], members[k] = members[k], members[j]
            nodes[members[j]].shard = j % committees
    return committees


@kernel
def deal(nodes, rules, committee, blocks, stream):
    """Deal a committee's blocks to its members, by weight and presence; return how many of them are lost.

    Writes assigned and due of the members. Draws multinomials from `stream`.
    """
    weights = np.zeros(nodes.size)
    total = 0.0
    for i in range(weights.size):
        if nodes[i].shard == committee:
            weights[i] = nodes[i].weight
            total += weights[i]
    dealt = _spans(weights, total, blocks, rules.blocks_per_span, stream)
    for i in range(weights.size):
        if weights[i] > 0.0:
            nodes[i].assigned = dealt[i]
            nodes[i].due = blocks * weights[i] / total
    return _fail_over(nodes, rules, weights, dealt, stream)


@kernel
def _spans(weights, total, count, span, stream):
    blocks = np.empty(weights.size, np.int64)
    multinomial(stream, count // span, weights, total, blocks)
    blocks *= span
    if count % span > 0:
        blocks[categorical(stream, weights, total)] += count % span
    return blocks


@kernel
def _fail_over(nodes, rules, weights, taken_over, stream):
    """Let members that are up make up for those that are down; weights are of members, zero for all others."""
    missed = 0
    mean_missed = 0.0
    total = 0.0
    for i in range(weights.size):
        if weights[i] > 0.0:
            node = nodes[i]
            own = round_half_up(node.absent * node.assigned)
            node.assigned -= own
            missed += own
            mean_missed += node.due * node.absent
            node.due *= 1.0 - node.absent
            weights[i] *= 1.0 - node.absent
            total += weights[i]
    moved = round_half_up(rules.failover * missed) if total > 0.0 else 0
    if moved > 0:
        multinomial(stream, moved, weights, total, taken_over)
    for i in range(weights.size):
        if weights[i] > 0.0:
            nodes[i].due += rules.failover * mean_missed * weights[i] / total
            if moved > 0:
                nodes[i].assigned += taken_over[i]
    return missed - moved
