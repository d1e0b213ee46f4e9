"""Auctions, sealed and of the second price: builders bid for blocks, sequencers for the right to order them.

A bidder's value of a block is its strength times a luck of its own, of a Fréchet law of index `auction_precision`.
The highest of such values is again of that law, so a bidder wins with a probability proportional to its weight,
strength ** precision, and keeps on average a part of what it wins that depends on its share of the weights alone.
"""

import numpy as np

from model.core.chance import multinomial
from model.core.compiled import kernel
from model.core.ladder import RUNGS
from model.core.options import NOBODY, OFFENCES, Conduct, RewardRule, Selection, Status
from model.core.ordering import lawful_capture
from model.core.policy import lasting_gain, most_harmful

STRONGEST = 1e3
"""Times the highest bid beyond which a candidate's counts no more: it wins all the same."""


@kernel
def kept_part(weight, others, precision):
    """Return what a bidder keeps of the value of what it wins, its weight and that of all others given.

    The highest value of all is in proportion to total ** (1 / precision); what a bidder adds to it is what it keeps.
    """
    if others <= 0.0:
        return 1.0
    share = weight / (weight + others)
    if share <= 0.0:
        return 1.0 / precision
    log_rest = np.log1p(-share) if share < 0.5 else np.log(others / (weight + others))
    return -np.expm1(log_rest / precision) / share


@kernel
def kept_parts(weights, precision, out):
    """Set `out` to what each bidder keeps of what it wins. The weights of others are added up, not subtracted."""
    top = 0
    for b in range(weights.size):
        if weights[b] > weights[top]:
            top = b
    rest = 0.0
    for b in range(weights.size):
        if b != top:
            rest += weights[b]
    for b in range(weights.size):
        others = rest if b == top else weights[top] + (rest - weights[b])
        out[b] = kept_part(weights[b], others, precision)


@kernel
def price_blocks(builders, now, rules):
    """Set what ordering by the rules earns this epoch, and with what chance and margin each builder wins a block.

    Order flow follows builders: the part `exclusive_flow` of a block's value only those can use who get it. Writes
    market.capture and the builders' chance, margin. Draws nothing.
    """
    now.capture = rules.capture
    if rules.sold <= 0.0:
        return
    weights = np.empty(builders.size)
    strongest = 0.0
    for b in range(builders.size):
        reach = 1.0 - rules.exclusive_flow + rules.exclusive_flow * builders[b].flow
        weights[b] = builders[b].skill * reach
        strongest = max(strongest, weights[b])
    total = 0.0
    for b in range(builders.size):
        weights[b] = (weights[b] / strongest) ** rules.auction_precision
        total += weights[b]
    kept = np.empty(builders.size)
    kept_parts(weights, rules.auction_precision, kept)
    paid = 0.0
    for b in range(builders.size):
        price = (1.0 - kept[b]) * (1.0 - rules.resale)
        builders[b].chance = weights[b] / total
        builders[b].margin = 1.0 - price
        paid += builders[b].chance * price
    now.capture += rules.sold * paid


@kernel
def sell_blocks(state, stream):
    """Draw which builder wins each of the blocks that were ordered by the rules. Writes won. Draws from `stream`."""
    blocks = 0
    for node in state.sequencers:
        blocks += node.made
        for a in range(OFFENCES):
            blocks -= node.offences[a]
    chances = np.empty(state.builders.size)
    won = np.empty(state.builders.size, np.int64)
    total = 0.0
    for b in range(chances.size):
        chances[b] = state.builders[b].chance
        total += chances[b]
    multinomial(stream, blocks, chances, total, won)
    for b in range(chances.size):
        state.builders[b].won = won[b]


@kernel
def pay_builders(state, rules):
    """Split what was sold into the price, which went to who ordered, and the builders' profits; order flow follows.

    Writes flow, total_won, profit of builders, and totals. Law: price and profits sum to the value sold.
    """
    value = 0.0
    for node in state.sequencers:
        value += node.honest_value
    blocks = 0
    margins = 0.0
    for builder in state.builders:
        blocks += builder.won
        margins += builder.won * builder.margin
    price = (state.market.capture - rules.capture) * value
    left = rules.sold * value - price
    state.totals.auction_usd += price
    state.totals.builder_usd += left
    for builder in state.builders:
        builder.total_won += builder.won
        if margins > 0.0:
            builder.profit += left * (builder.won * builder.margin / margins)
        if blocks > 0:
            builder.flow = rules.flow_keep * builder.flow + (1.0 - rules.flow_keep) * builder.won / blocks


@kernel
def own_part(node):
    """Return the part of a node's emission that is its own: its stake's, and its commission on the pool's."""
    stake = node.self_stake + node.pool
    return (node.self_stake + node.commission * node.pool) / stake if stake > 0.0 else 0.0


@kernel
def valuation(node, rules, now):
    """Return what a node expects of ordering a block (USD), by last epoch's beliefs; what it wants to steal, too.

    A rational node adds the best policy of the ladder to what honest ordering brings; a byzantine one reckons with
    its offence in every block, as long as no proof reverses it.
    """
    value = now.net_fee
    if rules.reward_rule == RewardRule.PER_BLOCK:
        value += rules.reward_per_block * now.pay_scale * now.price * own_part(node)
    worst = most_harmful(rules) if node.conduct == Conduct.BYZANTINE else NOBODY
    if worst != NOBODY:
        return value + lasting_gain(rules, worst) * node.skill * now.mean_opportunity
    value += lawful_capture(node, rules, now) * now.mean_opportunity
    best = 0.0
    if node.conduct == Conduct.RATIONAL:
        for a in range(OFFENCES):
            if node.kept[a] > 0.0 and node.reservation[a] < np.inf:
                for r in range(RUNGS):
                    above = now.mean_opportunity * rules.value_above[r] - node.reservation[a] * rules.blocks_above[r]
                    best = max(best, node.kept[a] * above)
    return value + best


@kernel
def place_bids(state, rules):
    """Let every active node bid its valuation of a block, and set what it will pay for each block it is dealt.

    It pays what it does not keep, by the rule of the second price. If nobody values a block, all bid alike and pay
    nothing. Who is in jail keeps its last bid, which tells what blocks it misses. Writes bid (in highest bids),
    payment (USD per block), market.top_bid (USD). Draws nothing.
    """
    nodes = state.sequencers
    top = 0.0
    for node in nodes:
        if node.status == Status.ACTIVE:
            node.bid = max(0.0, valuation(node, rules, state.market))
            top = max(top, node.bid)
    state.market.top_bid = top
    weights = np.zeros(nodes.size)
    for i in range(nodes.size):
        if nodes[i].status == Status.ACTIVE:
            nodes[i].bid = nodes[i].bid / top if top > 0.0 else 1.0
            weights[i] = nodes[i].bid ** rules.auction_precision
    kept = np.empty(nodes.size)
    kept_parts(weights, rules.auction_precision, kept)
    for i in range(nodes.size):
        nodes[i].payment = top * nodes[i].bid * (1.0 - kept[i]) if nodes[i].status == Status.ACTIVE else 0.0


@kernel
def margin(node, rules, now, others):
    """Return what a node expects to keep of a block it wins (USD), against rivals of weight `others`. Writes bid.

    Nothing where the right to order is not sold.
    """
    if rules.selection != Selection.AUCTION:
        return 0.0
    value = valuation(node, rules, now)
    bid = max(0.0, value)
    if now.top_bid > 0.0:
        node.bid = min(STRONGEST, bid / now.top_bid)
    else:
        node.bid = STRONGEST if bid > 0.0 else 1.0
    return value - bid * (1.0 - kept_part(node.bid**rules.auction_precision, others, rules.auction_precision))
