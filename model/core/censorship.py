"""Censorship for a fee: who leaves the victim out of its blocks, how that comes to light, and what it holds up.

An embargo is kept apart from the offences in single blocks: it is decided for an epoch, whatever comes by in it, and
is one case, however many blocks prove it.
"""

import numpy as np

from model.core.books import credit
from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.docket import CONVICTED, EMBARGO
from model.core.options import Conduct, Offence, Status, Tactic
from model.core.penalty import conviction
from model.core.policy import advertised_detection, believed_detection, conviction_cost
from model.core.selection import weigh
from model.core.verification import finding
from model.core.watchers import found_out


@kernel
def offer_embargo(state, rules, stream):
    """Offer the fee for the next epoch, if the budget covers all of it, and let every sequencer answer.

    Nothing is offered where who orders cannot tell the victim's transactions. Writes the nodes' embargo and weight, the
    attacker's began. Draws from `stream` one uniform per row.
    """
    censor = state.attackers[Tactic.CENSORSHIP]
    offered = rules.blockable > 0.0 and rules.censor_fee <= censor.budget - censor.spent
    if offered and censor.began < 0:
        censor.began = state.market.epoch + 1
    total = weigh(state, rules)
    for node in state.sequencers:
        luck = stream.random()
        if node.custom == 0:
            blocks = rules.blocks_per_epoch * node.weight / total if total > 0.0 else 0.0
            advertised = advertised_detection(state, rules, node, Offence.CENSOR)
            accepts = offered and luck < acceptance(node, rules, blocks, advertised, state.market.price)
            node.embargo = 1 if accepts else 0


@kernel
def acceptance(node, rules, blocks, advertised, price):
    """Return the probability that a node that expects to make so many blocks leaves the victim out of all of them."""
    if node.status != Status.ACTIVE or node.conduct == Conduct.HONEST or node.caution[Offence.CENSOR] == np.inf:
        return 0.0
    if node.conduct == Conduct.BYZANTINE:
        return 1.0
    fee = rules.censor_fee * blocks / rules.blocks_per_epoch
    exposed = 1.0 - (1.0 - believed_detection(node, rules, Offence.CENSOR, advertised)) ** blocks
    cost = node.caution[Offence.CENSOR] * exposed * conviction_cost(node, rules, Offence.CENSOR, price)
    return willingness(fee, cost, node.sharpness * rules.sequencer_precision, rules.choice)


@kernel
def try_embargoes(state, rules, stream):
    """Try every embargo that its blocks gave away: one case each, however many of them prove it.

    Writes the docket, the Rangers' reported, and their claims on convictions. Draws from `stream` per embargo.
    """
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if node.embargo == 1:
            by_block = found_out(node, rules, Offence.CENSOR, state.market.detection[Offence.CENSOR])
            if stream.random() >= (1.0 - by_block) ** node.made:
                _convict(state, rules, i, by_block, stream)


@kernel
def _convict(state, rules, i, by_block, stream):
    """File an embargo that was found out, convict it perhaps, and draw which Rangers reported it, if any did."""
    node = state.sequencers[i]
    slot = state.market.epoch % state.docket.shape[0]
    upheld = stream.random() < conviction(node, rules)
    state.docket[slot, i, EMBARGO, Offence.CENSOR] = 1
    state.docket[slot, i, CONVICTED, Offence.CENSOR] += 1 if upheld else 0
    known = 1.0 - (1.0 - by_block) ** node.made
    by_rangers = 1.0 - (1.0 - state.market.detection[Offence.CENSOR]) ** node.made
    if by_rangers <= 0.0 or (by_rangers < known and stream.random() * known >= by_rangers):
        return
    size = state.rangers.size
    reports = np.zeros(size, np.int64)
    later = np.zeros(size + 1)
    for k in range(size - 1, -1, -1):
        later[k] = 1.0 - (1.0 - later[k + 1]) * (1.0 - finding(state.rangers[k], rules, Offence.CENSOR)) ** node.made
    for k in range(size):
        chance = 1.0 - (1.0 - finding(state.rangers[k], rules, Offence.CENSOR)) ** node.made
        if chance > 0.0 and reports.sum() == 0:
            chance /= later[k]  # somebody reports it, and nobody before did
        if chance > 0.0 and stream.random() < chance:
            reports[k] = 1
            state.rangers[k].reported += 1
    for k in range(size):
        if upheld and reports[k] == 1:
            state.claims[state.market.epoch % state.claims.shape[0], i, k] += (
                rules.slash[Offence.CENSOR] / reports.sum()
            )


@kernel
def settle_embargo(state, rules):
    """Pay who left the victim out by the block, while the budget lasts, and count what that held up as harm.

    Writes income and averages of sequencers, market.harm, totals, attackers' spent, profit, succeeded. Draws nothing.
    """
    censor = state.attackers[Tactic.CENSORSHIP]
    now = state.market
    made = 0
    closed = 0
    for node in state.sequencers:
        made += node.made
        if node.embargo == 1:
            closed += node.made
            left = max(0.0, censor.budget - censor.spent)
            fee = min(left, rules.censor_fee / rules.blocks_per_epoch * node.made)
            censor.spent += fee
            credit(state.attackers, state.totals, node, fee)
            _count_in(node, rules, fee)
    if closed == 0:
        return
    hours = waiting(closed / made, rules)
    held_up = rules.blockable * rules.victim_share * now.volume * min(1.0, hours / 24.0)
    now.harm += rules.harm_censor * rules.mev_bps * 1e-4 * held_up
    state.totals.embargo_usd += held_up
    state.totals.embargo_blocks += closed
    if censor.succeeded < 0 and hours >= rules.forced_inclusion_delay:
        censor.succeeded = now.epoch


@kernel
def _count_in(node, rules, fee):
    """Count a fee as if it had been part of a node's income of the epoch, whose averages are linear in it."""
    node.usd_income += fee
    if node.status == Status.ACTIVE or node.status == Status.JAILED:
        node.income_average += (1.0 - rules.income_keep) * fee
        node.profit_average += (1.0 - rules.income_keep) * fee


@kernel
def waiting(share, rules):
    """Return the hours for which a victim waits on average, left out of a share of the blocks, at most until forced in.

    Who leaves it out does so to the end of the span under way, and each span that follows may be of its like.
    """
    if share >= 1.0:
        return rules.forced_inclusion_delay
    span = rules.blocks_per_span
    blocks = share * (0.5 * (span + 1) + span * share / (1.0 - share))
    block_hours = 24.0 * 365.0 * rules.dt / rules.blocks_per_epoch
    return min(rules.forced_inclusion_delay, block_hours * blocks)
