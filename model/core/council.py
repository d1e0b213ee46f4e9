"""Removal: a council that has no stake votes on nodes whose misconduct came to light, and its decision takes time."""

from model.core import ledger
from model.core.chance import binomial
from model.core.compiled import kernel
from model.core.docket import has_come_to_light
from model.core.options import Status


@kernel
def judge(state, rules, cases, stream):
    """Vote on every node in service with a case that came to light, once, and carry out the decisions that are due.

    Writes removed_from; status and balances (through the ledger); totals.removal_votes and removals. Draws from
    `stream`: for each such node a uniform, and if the council is called its votes.
    """
    now = state.market.epoch
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        serves = node.status == Status.ACTIVE or node.status == Status.JAILED
        if serves and node.removed_from == 0 and has_come_to_light(cases, i) and stream.random() < rules.enforcement:
            state.totals.removal_votes += 1
            if binomial(stream, rules.council_size, 1.0 - rules.council_capture) >= rules.council_threshold:
                node.removed_from = now + 1 + rules.removal_delay
        if 0 < node.removed_from <= now + 1:
            remove(node, state.market, state.totals)


@kernel
def remove(node, now, totals):
    """Remove a node for good; its stake, if it did not leave before, goes out as in an exit."""
    if node.status == Status.REMOVED:
        return
    if node.status == Status.ACTIVE or node.status == Status.JAILED:
        ledger.leave(node, now.epoch)
    node.status = Status.REMOVED
    totals.removals += 1
