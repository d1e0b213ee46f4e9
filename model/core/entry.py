"""Phase 9: sequencers and Rangers enter where profit beats the return on their capital, and leave at a loss."""

import numpy as np

from model.core import ledger
from model.core.auction import margin, own_part, place_bids
from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.diligence import expected_bounty, expected_ranger_profit
from model.core.learning import choose_diligence
from model.core.options import Admission, Conduct, RewardRule, Selection, Status, Tactic
from model.core.ordering import lawful_capture
from model.core.policy import fault_risk, loss_rate
from model.core.selection import (
    EVERYBODY,
    counted,
    mean_blocks,
    needs_seat,
    openings,
    prospect,
    seats,
    weigh,
    weight_of,
)


@kernel
def entry(state, rules, stream):
    """Free stake whose exit is over; let loss-making sequencers and Rangers leave and hopeful candidates enter.

    Where seats are limited, an authority fills those that are free. Writes status, weight and balances (through the
    ledger). Draws from `stream` one uniform per row, whatever happens.
    """
    found = openings(state, rules)
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        luck = stream.random()
        if node.exiting > 0.0 or node.status == Status.EXITING:
            _end_exit(state.market, rules, node)
        if node.status == Status.ACTIVE:
            if node.profit_average < 0.0 and luck < rules.exit_rate and not _has_other_aims(node):
                node.status = Status.EXITING
                ledger.leave(node, state.market.epoch)
                state.totals.exits += 1
        elif node.status == Status.CANDIDATE and seats(rules) == EVERYBODY:
            state.totals.entries += _enter(state.market, rules, node, found, luck)
    if seats(rules) < EVERYBODY:
        _appoint(state, rules)
    _rangers(state.sequencers, state.rangers, rules, state.market, stream)


@kernel
def expectations(state, rules):
    """Start averages at what honest work is expected to earn, and diligence at what prior beliefs advise.

    Writes bids, the averages of who serves before the first epoch, and the Rangers' diligence. Draws nothing.
    """
    if rules.selection == Selection.AUCTION:
        place_bids(state, rules)
    found = openings(state, rules)
    for node in state.sequencers:
        if node.status == Status.ACTIVE:
            weight = weight_of(node, rules) if node.weight > 0.0 else 0.0
            others = found[node.incumbent, 1] - weight
            worth = margin(node, rules, state.market, others)
            blocks = found[node.incumbent, 0] * mean_blocks(rules, weight, others)
            expect(state.market, rules, node, expected_profit(state.market, rules, node, blocks, worth))
    choose_diligence(state.sequencers, state.rangers, rules, state.market)
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE:
            ranger.income_average = expected_ranger_profit(ranger, rules, 0.0, state.market.pay_scale)


@kernel
def _has_other_aims(node):
    """Tell whether a node stays at a loss: a byzantine one, or one that waits for its owner's moment to strike."""
    waits = node.owner == Tactic.HIT_AND_RUN or node.owner == Tactic.TAKEOVER
    return waits or node.conduct == Conduct.BYZANTINE


@kernel
def expect(now, rules, node, profit):
    """Start a node's averages at what it expects to earn. Writes the averages."""
    node.profit_average = profit
    node.income_average = profit + node.cost + fault_risk(node, rules, now.price)
    node.slash_average = loss_rate(node, rules)


@kernel
def _end_exit(now, rules, node):
    if node.exiting > 0.0 and node.exit_epoch + rules.exit_delay <= now.epoch:
        ledger.free(node)
    if node.status == Status.EXITING and node.exiting == 0.0:
        node.status = Status.CANDIDATE


@kernel
def _bond(node, rules):
    """Let a candidate bond what it has for it, if that is enough. Returns how much."""
    stake = min(node.wallet, node.capital)
    if stake < rules.min_stake or stake <= 0.0:
        return 0.0
    ledger.bond(node, stake)
    return stake


@kernel
def _enter(now, rules, node, found, luck):
    """Bond and activate a candidate whose luck is below its chance. Returns whether it did."""
    stake = _bond(node, rules)
    if stake <= 0.0:
        return False
    worth = margin(node, rules, now, found[node.incumbent, 1])
    profit = expected_profit(now, rules, node, prospect(node, rules, found), worth)
    elsewhere = _return_on(stake, now, rules)
    chance = rules.entry_rate * willingness(profit, elsewhere, rules.sequencer_precision, rules.choice)
    if rules.admission == Admission.VOTE:
        chance *= rules.admission_probability
    if luck >= chance:
        ledger.unbond(node)
        return False
    node.status = Status.ACTIVE
    expect(now, rules, node, profit)
    return True


@kernel
def _appoint(state, rules):
    """Appoint the next candidates that can bond their stake to the seats that are free: no vote, no chance, no choice.

    Who is in jail keeps its seat.
    """
    nodes = state.sequencers
    free = seats(rules)
    for node in nodes:
        if needs_seat(node, rules) and (node.status == Status.ACTIVE or node.status == Status.JAILED):
            free -= 1
    fresh = np.zeros(nodes.size, np.bool_)
    for i in range(nodes.size):
        node = nodes[i]
        if free > 0 and node.status == Status.CANDIDATE and needs_seat(node, rules) and _bond(node, rules) > 0.0:
            node.status = Status.ACTIVE
            fresh[i] = True
            free -= 1
            state.totals.entries += 1
    total = weigh(state, rules)
    for i in range(nodes.size):
        if fresh[i]:
            blocks = mean_blocks(rules, nodes[i].weight, total - nodes[i].weight)
            expect(state.market, rules, nodes[i], expected_profit(state.market, rules, nodes[i], blocks, 0.0))


@kernel
def _return_on(tokens, now, rules):
    """Return what tokens would earn elsewhere in an epoch (USD)."""
    return tokens * now.price * rules.opportunity_yield * rules.dt


@kernel
def expected_profit(now, rules, node, blocks, worth):
    """Return the profit (USD per epoch) of honest ordering with the stake bonded, dealt `blocks` blocks on average.

    The node's own part of the emission and of other services' pay counts, what consensus has no time for does not, and
    what honest faults and shocks cost on average is taken off. Where the right to order is sold, a block is worth
    `worth`: what the node values it at, emission for it included, less what it pays.
    """
    blocks = blocks / max(1.0, now.capacity_used)
    per_block = now.net_fee + lawful_capture(node, rules, now) * now.mean_opportunity
    emission = rules.reward_per_block * blocks
    if rules.reward_rule != RewardRule.PER_BLOCK:
        emission = now.reward_rate * rules.dt * counted(node, rules)
    if rules.selection == Selection.AUCTION:
        per_block = worth
        emission = 0.0 if rules.reward_rule == RewardRule.PER_BLOCK else emission
    own = own_part(node)
    elsewhere = now.service_yield * node.services * (node.self_stake + node.pool) * rules.dt
    paid = emission * own * now.pay_scale * now.price + elsewhere * own * now.price
    return paid + blocks * per_block - node.cost - fault_risk(node, rules, now.price)


@kernel
def _rangers(nodes, rangers, rules, now, stream):
    bounty = expected_bounty(nodes, rangers, rules, now.price)
    free_seats = rules.number_of_rangers
    for ranger in rangers:
        if ranger.status == Status.ACTIVE:
            free_seats -= 1
    for ranger in rangers:
        luck = stream.random()
        if ranger.status == Status.ACTIVE:
            pays = ranger.conduct == Conduct.RATIONAL or ranger.conduct == Conduct.COLLUDING
            if pays and ranger.income_average < 0.0 and luck < rules.exit_rate:
                ledger.return_bond(ranger)
                ranger.status = Status.CANDIDATE
                free_seats += 1
        elif ranger.status == Status.CANDIDATE and free_seats > 0 and ranger.wallet >= rules.ranger_bond:
            profit = expected_ranger_profit(ranger, rules, bounty, now.pay_scale)
            elsewhere = _return_on(rules.ranger_bond, now, rules)
            if luck < rules.entry_rate * willingness(profit, elsewhere, rules.ranger_precision, rules.choice):
                ledger.post_bond(ranger, rules.ranger_bond)
                ranger.status = Status.ACTIVE
                ranger.income_average = profit
                free_seats -= 1
