"""Takeover: buy tokens on the market, stake them on nodes of one's own, and strike once these have votes enough.

Below two thirds a strike withholds agreement: the nodes are down from then on (`market`). From two thirds on they take
all, and the quorum that would convict them is their owner's (`penalty.conviction`).
"""

import numpy as np

from model.core import ledger
from model.core.auction import margin
from model.core.compiled import kernel
from model.core.entry import expect, expected_profit
from model.core.market import LARGEST
from model.core.options import Admission, Conduct, Selection, Status, Tactic
from model.core.sanctions import ROUNDING
from model.core.selection import needs_seat, openings, prospect, votes_of, weigh

CONTROL = 2.0 / 3.0
"""Share of the votes from which on their holder needs nobody's agreement."""


@kernel
def take_over(state, rules, stream):
    """Buy, stake, try to enter, and strike when the target is reached; afterwards, collect what the strike brings.

    Writes price, balances (through the ledger), status, conduct and weight of nodes; the attacker's spent, bought,
    profit, began, succeeded. Draws from `stream` one uniform per node of its own until it strikes.
    """
    buyer = state.attackers[Tactic.TAKEOVER]
    if buyer.succeeded >= 0:
        if rules.takeover_target < CONTROL:
            buyer.profit += rules.halt_gain * state.market.lost_blocks / rules.blocks_per_epoch
        return
    if not _has_enough(state, rules):
        _buy(state, rules, buyer)
    found = openings(state, rules)
    for node in state.sequencers:
        if node.owner == Tactic.TAKEOVER:
            _stake(state.market, state.totals, rules, node, found, stream.random())
    weigh(state, rules)
    mine, others = _votes(state.sequencers, rules)
    if mine > 0.0 and mine >= rules.takeover_target * (mine + others):
        buyer.succeeded = state.market.epoch
        for node in state.sequencers:
            if node.owner == Tactic.TAKEOVER and rules.takeover_target >= CONTROL:
                node.conduct = Conduct.BYZANTINE


@kernel
def _votes(nodes, rules):
    """Return the votes of the buyer's nodes and of all others, of those that have weight."""
    mine = 0.0
    others = 0.0
    for node in nodes:
        votes = votes_of(node, rules) if node.weight > 0.0 else 0.0
        if node.owner == Tactic.TAKEOVER:
            mine += votes
        else:
            others += votes
    return mine, others


@kernel
def _has_enough(state, rules):
    """Tell whether the target would be reached if all candidates that can enter were admitted and nobody in jail."""
    weigh(state, rules)
    _, others = _votes(state.sequencers, rules)
    mine = 0.0
    for node in state.sequencers:
        if node.owner == Tactic.TAKEOVER:
            if _can_enter(node, rules):
                ledger.bond(node, rules.max_stake)
                mine += votes_of(node, rules)
                ledger.unbond(node)
            elif node.status == Status.ACTIVE or node.status == Status.JAILED:
                mine += votes_of(node, rules)
    return mine > 0.0 and mine >= rules.takeover_target * (mine + others)


@kernel
def _can_enter(node, rules):
    """Tell whether a candidate has the least stake; nobody buys its way into an appointed set."""
    enough = node.wallet > 0.0 and node.wallet >= (1.0 - ROUNDING) * rules.min_stake
    return enough and node.status == Status.CANDIDATE and not needs_seat(node, rules)


@kernel
def _buy(state, rules, buyer):
    """Buy what pace, money and the nodes' room allow, and deal it out: first what each node needs, then up to the cap.

    Where many small nodes have more votes than one large the least stake comes first; where all have one each, last.
    """
    cap = rules.max_stake
    first = cap
    if rules.selection == Selection.EQUAL or rules.selection == Selection.SQRT_STAKE:
        first = max(rules.min_stake, min(1.0, cap))
    if rules.selection == Selection.EQUAL:
        cap = first
    room = 0.0
    for node in state.sequencers:
        room += _room(node, rules, cap)
    amount, cost = purchase(state.market, state.accounts, rules, buyer.budget - buyer.spent, room)
    if amount <= 0.0:
        return
    if buyer.began < 0:
        buyer.began = state.market.epoch
    buyer.spent += cost
    buyer.bought += amount
    for goal in (first, cap):
        for node in state.sequencers:
            part = ledger.buy(state.accounts, min(amount, _room(node, rules, goal)))
            ledger.reward_node(node, 0.0, part, 0.0)
            amount -= part


@kernel
def _room(node, rules, goal):
    """Return the tokens that a node of the attacker's lacks to a goal; none if it is gone, or cannot enter."""
    gone = node.status == Status.EXITING or node.status == Status.REMOVED
    barred = node.status == Status.CANDIDATE and needs_seat(node, rules)
    if node.owner != Tactic.TAKEOVER or gone or barred:
        return 0.0
    return max(0.0, goal - node.self_stake - node.pool - node.wallet)


@kernel
def purchase(now, accounts, rules, money, room):
    """Buy tokens for at most so much money, which raises their price on the way. Return tokens and cost (USD).

    Each share of the circulating supply bought adds `price_impact` times itself to the log price; the cost is the
    integral of the price along that path. Writes price.
    """
    supply = accounts.circulating
    most = min(rules.takeover_pace * supply, room)
    if most <= 0.0 or money <= 0.0:
        return 0.0, 0.0
    rise = rules.price_impact / supply
    affordable = money / now.price if rise == 0.0 else np.log1p(rise * money / now.price) / rise
    amount = min(most, affordable)
    cost = now.price * amount if rise == 0.0 else now.price * np.expm1(rise * amount) / rise
    now.price = min(LARGEST, now.price * np.exp(rise * amount))
    return amount, money if amount == affordable else min(cost, money)


@kernel
def _stake(now, totals, rules, node, found, luck):
    """Bond what a node holds, up to the cap; a candidate with enough enters, if it is admitted."""
    if node.status == Status.ACTIVE or node.status == Status.JAILED:
        ledger.bond(node, max(0.0, rules.max_stake - node.self_stake - node.pool))
    elif _can_enter(node, rules) and (rules.admission == Admission.OPEN or luck < rules.admission_probability):
        ledger.bond(node, rules.max_stake)
        node.status = Status.ACTIVE
        worth = margin(node, rules, now, found[node.incumbent, 1])
        expect(now, rules, node, expected_profit(now, rules, node, prospect(node, rules, found), worth))
        totals.entries += 1
