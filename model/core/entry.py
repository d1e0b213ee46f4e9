"""Phase 9: sequencers and Rangers enter where profit beats the return on their capital, and leave at a loss."""

from model.core import ledger
from model.core.auction import expected_margin, own_part, place_bids
from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.diligence import expected_bounty, expected_ranger_profit
from model.core.learning import choose_diligence
from model.core.options import Admission, Conduct, RewardRule, Selection, Status
from model.core.ordering import lawful_capture
from model.core.policy import fault_risk, honest_slash_rate
from model.core.selection import counted, weigh, weight_of


@kernel
def entry(state, rules, streams):
    """Free stake whose exit is over; let loss-making sequencers and Rangers leave and hopeful candidates enter.

    Writes status and balances (through the ledger). Draws from `entry` one uniform per row, whatever happens.
    """
    total = weigh(state, rules)
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        luck = streams.entry.random()
        if node.exiting > 0.0 or node.status == Status.EXITING:
            _end_exit(state.market, rules, node)
        if node.status == Status.ACTIVE:
            if node.profit_average < 0.0 and node.conduct != Conduct.BYZANTINE and luck < rules.exit_rate:
                node.status = Status.EXITING
                ledger.leave(node, state.market.epoch)
                state.totals.exits += 1
        elif node.status == Status.CANDIDATE:
            state.totals.entries += _enter(state.market, rules, node, total, luck)
    _rangers(state, rules, streams.entry)


@kernel
def expectations(state, rules):
    """Start averages at what honest work is expected to earn, and diligence at what prior beliefs advise.

    Writes bids, the averages of who serves before the first epoch, and the Rangers' diligence. Draws nothing.
    """
    if rules.selection == Selection.AUCTION:
        place_bids(state, rules)
    total = weigh(state, rules)
    for node in state.sequencers:
        if node.status == Status.ACTIVE:
            _expect(state.market, rules, node, expected_profit(state.market, rules, node, total - node.weight))
    choose_diligence(state, rules)
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE:
            ranger.income_average = expected_ranger_profit(ranger, rules, 0.0, state.market.pay_scale)


@kernel
def _expect(now, rules, node, profit):
    node.profit_average = profit
    node.income_average = profit + node.cost + fault_risk(node, rules, now.price)
    node.slash_average = honest_slash_rate(rules)


@kernel
def _end_exit(now, rules, node):
    if node.exiting > 0.0 and node.exit_epoch + rules.exit_delay <= now.epoch:
        ledger.free(node)
    if node.status == Status.EXITING and node.exiting == 0.0:
        node.status = Status.CANDIDATE


@kernel
def _enter(now, rules, node, total, luck):
    """Bond and activate a candidate whose luck is below its chance. Returns whether it did."""
    stake = min(node.wallet, node.capital)
    if stake < rules.min_stake or stake <= 0.0:
        return False
    ledger.bond(node, stake)
    profit = expected_profit(now, rules, node, total)
    elsewhere = _return_on(stake, now, rules)
    chance = rules.entry_rate * willingness(profit, elsewhere, rules.sequencer_precision, rules.choice)
    if rules.admission == Admission.VOTE:
        chance *= rules.admission_probability
    if luck >= chance:
        ledger.unbond(node)
        return False
    node.status = Status.ACTIVE
    _expect(now, rules, node, profit)
    return True


@kernel
def _return_on(tokens, now, rules):
    """Return what tokens would earn elsewhere in an epoch (USD)."""
    return tokens * now.price * rules.opportunity_yield * rules.dt


@kernel
def expected_profit(now, rules, node, others):
    """Return the profit (USD per epoch) of honest ordering with the stake bonded; `others` is the rivals' weight.

    The node's own part of the emission counts, and the slashes that honest faults cost on average. Where the right to
    order is sold, it is what the node values blocks at, less what it pays for them; its bid is written then.
    """
    margin = expected_margin(node, rules, now, others) if rules.selection == Selection.AUCTION else 0.0
    weight = weight_of(node, rules)
    if weight <= 0.0:
        return -node.cost
    blocks = rules.blocks_per_epoch * weight / (weight + others)
    emission = rules.reward_per_block * blocks
    if rules.reward_rule == RewardRule.TARGET_RATE:
        emission = rules.target_rate * rules.dt * counted(node, rules)
    own = own_part(node)
    risk = fault_risk(node, rules, now.price)
    if rules.selection == Selection.AUCTION:
        steady = emission * own * now.pay_scale * now.price if rules.reward_rule == RewardRule.TARGET_RATE else 0.0
        return steady + blocks * margin - node.cost - risk
    per_block = now.net_fee + lawful_capture(node, rules, now) * now.mean_opportunity
    return emission * own * now.pay_scale * now.price + blocks * per_block - node.cost - risk


@kernel
def _rangers(state, rules, stream):
    bounty = expected_bounty(state, rules)
    free_seats = rules.number_of_rangers
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE:
            free_seats -= 1
    for ranger in state.rangers:
        luck = stream.random()
        if ranger.status == Status.ACTIVE:
            pays = ranger.conduct == Conduct.RATIONAL or ranger.conduct == Conduct.COLLUDING
            if pays and ranger.income_average < 0.0 and luck < rules.exit_rate:
                ledger.return_bond(ranger)
                ranger.status = Status.CANDIDATE
                free_seats += 1
        elif ranger.status == Status.CANDIDATE and free_seats > 0 and ranger.wallet >= rules.ranger_bond:
            profit = expected_ranger_profit(ranger, rules, bounty, state.market.pay_scale)
            elsewhere = _return_on(rules.ranger_bond, state.market, rules)
            if luck < rules.entry_rate * willingness(profit, elsewhere, rules.ranger_precision, rules.choice):
                ledger.post_bond(ranger, rules.ranger_bond)
                ranger.status = Status.ACTIVE
                ranger.income_average = profit
                free_seats -= 1
