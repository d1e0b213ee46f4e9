"""Phase 6: emission, fees, pay of Rangers, and what everybody earned."""

from model.core import ledger
from model.core.auction import pay_builders
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Revenue, RewardRule, Status
from model.core.ordering import lawful_capture, lawful_harm
from model.core.policy import fault_risk
from model.core.selection import counted


@kernel
def rewards(state, rules):
    """Pay emission and fees, take back what was found out, and close every agent's income of the epoch.

    Writes balances (through the ledger), token_income, usd_income and averages of sequencers and Rangers, the builders'
    profit and flow, market.pay_scale, net_fee, harm and lawful_harm. Draws nothing.
    """
    due = 0.0
    for node in state.sequencers:
        due += emission_due(node, rules)
    for ranger in state.rangers:
        due += _pay_due(ranger, rules, state.market.price)
    had = ledger.emit(state.accounts, rules.reward_source, due)
    state.market.pay_scale = had / due if due > 0.0 else state.market.pay_scale
    left = had
    for node in state.sequencers:
        amount = min(left, emission_due(node, rules) * state.market.pay_scale)
        _reward(state.market, state.totals, node, amount, rules)
        left -= amount
    for ranger in state.rangers:
        amount = min(left, _pay_due(ranger, rules, state.market.price) * state.market.pay_scale)
        ledger.pay_ranger(ranger, amount)
        ranger.tokens += amount
        state.totals.ranger_tokens += amount
        left -= amount
    ledger.give_back(state.accounts, rules.reward_source, left)
    _fees(state, rules)
    pay_builders(state, rules)
    state.market.harm = 0.0
    state.market.lawful_harm = 0.0
    for node in state.sequencers:
        _earn(state.market, state.totals, state.attackers, node, rules)
    for ranger in state.rangers:
        _ranger_earns(state.market, state.totals, state.attackers, ranger, rules)


@kernel
def emission_due(node, rules):
    """Return the emission (tokens) a sequencer has earned this epoch."""
    if rules.reward_rule == RewardRule.PER_BLOCK:
        return rules.reward_per_block * node.made
    if rules.reward_rule == RewardRule.TARGET_RATE:
        return rules.target_rate * rules.dt * counted(node, rules) if node.status == Status.ACTIVE else 0.0
    raise ValueError("unknown reward rule")


@kernel
def _pay_due(ranger, rules, price):
    blocks = ranger.checked if rules.proof_of_check == 1 else ranger.assigned
    return rules.reward_per_check * blocks / price


@kernel
def _reward(now, totals, node, amount, rules):
    """Split emission between a node and its pool: pro rata to the stake it made its blocks with, less commission."""
    node.token_income = 0.0
    if amount <= 0.0:
        return
    stake = node.self_stake + node.pool
    if node.status == Status.REMOVED and node.exit_epoch == now.epoch:
        stake += node.exiting
    of_pool = amount * (node.pool / stake) if node.members > 0 and stake > 0.0 else 0.0
    commission = node.commission * of_pool
    own = amount - of_pool + commission
    in_service = node.status == Status.ACTIVE or node.status == Status.JAILED
    restaked = rules.restake_share * own if in_service else 0.0
    ledger.reward_node(node, restaked, own - restaked, of_pool - commission)
    node.token_income = own
    node.commission_income += commission
    node.total_tokens += own
    totals.sequencer_tokens += own
    totals.pool_tokens += of_pool - commission


@kernel
def _fees(state, rules):
    """Set the sequencers' net fee per block: fees less batch cost and the protocol's share, losses borne in full."""
    now = state.market
    made = 0
    for node in state.sequencers:
        made += node.made
    fees, cost = fees_and_cost(now.volume * made / rules.blocks_per_epoch, rules)
    if made == 0:
        cost = 0.0
    net = fees - cost
    treasury = protocol_part(fees, net, rules)
    now.net_fee = (net - treasury) / made if made > 0 else 0.0
    state.totals.fees += fees
    state.totals.batch_cost += cost
    state.totals.treasury_usd += treasury
    state.totals.sequencer_fees += net - treasury


@kernel
def fees_and_cost(volume, rules):
    """Return the fees (USD) that a volume (USD) pays, and what posting it to L1 costs."""
    cost = rules.batch_cost_fixed + rules.batch_cost_per_transaction * volume / rules.volume_per_transaction
    return volume * rules.fee_bps * 1e-4, cost


@kernel
def protocol_part(fees, net, rules):
    """Return the protocol's part of fees: a share of them or of what is left after the batch cost, the greater."""
    if rules.revenue != Revenue.SHARE_WITH_PROTOCOL:
        return 0.0
    return max(rules.protocol_gross_share * fees, rules.protocol_fee_share * max(0.0, net))


@kernel
def _earn(now, totals, attackers, node, rules):
    """Add up a node's income in USD and move its averages."""
    usd = now.net_fee * node.made + lawful_capture(node, rules, now) * node.honest_value
    now.lawful_harm += lawful_harm(node, rules, now) * node.honest_value
    paid = node.payment * node.assigned
    usd -= paid
    totals.auction_usd += paid
    totals.treasury_usd += paid
    for a in range(OFFENCES):
        gain = rules.gain[a] * node.skill * node.stolen[a]
        back = 0.0
        if node.offences[a] > 0:
            back = rules.clawback * gain * (node.detected[a] - node.refuted[a]) / node.offences[a]
            back += gain * node.refuted[a] / node.offences[a]
        usd += gain - back
        now.harm += rules.harm[a] * (gain - back)
        totals.clawed_back += back
    in_service = node.status == Status.ACTIVE or node.status == Status.JAILED
    income = usd + node.token_income * now.price
    profit = income - (node.cost if in_service else 0.0)
    node.usd_income = usd
    node.total_usd += profit
    totals.sequencer_usd += profit
    if node.owner != NOBODY:
        attackers[node.owner].profit += profit
    if in_service:
        keep = rules.income_keep
        node.income_average = keep * node.income_average + (1.0 - keep) * income
        risk = fault_risk(node, rules, now.price)
        node.profit_average = keep * node.profit_average + (1.0 - keep) * (profit - risk)
        node.slash_average = keep * node.slash_average + (1.0 - keep) * node.slashed


@kernel
def _ranger_earns(now, totals, attackers, ranger, rules):
    profit = ranger.usd + ranger.tokens * now.price - ranger.cost * ranger.checked
    ranger.usd = profit
    ranger.total_usd += profit
    totals.ranger_usd += profit
    if ranger.owner != NOBODY:
        attackers[ranger.owner].profit += profit
    if ranger.status == Status.ACTIVE:
        ranger.income_average = rules.income_keep * ranger.income_average + (1.0 - rules.income_keep) * profit
