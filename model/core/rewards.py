"""Phase 6: emission, fees, pay of Rangers, and what everybody earned."""

import numpy as np

from model.core import ledger
from model.core.auction import pay_builders
from model.core.books import credit
from model.core.censorship import settle_embargo
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Revenue, RewardRule, Status, Tactic
from model.core.ordering import lawful_capture, lawful_harm
from model.core.policy import fault_risk
from model.core.restaking import service_due
from model.core.selection import counted

CURVE = 0.03
"""Yearly reward rate where half of the supply is staked, and in proportion to one over the root of the staked share.

Source: https://docs.espressosys.com/network/concepts/the-espresso-network/internal-functionality/stake-table/staking-rewards-calculation
"""

LEAST_STAKED = 0.01
"""Share of the supply below which the rate of the curve rises no further. Source: the same."""


@kernel
def rewards(state, rules):
    """Pay emission, other services' pay and fees, take back what was found out, and close every agent's income.

    Writes balances (through the ledger), token_income, usd_income and averages of sequencers and Rangers, the builders'
    profit and flow, market.reward_rate, pay_scale, service_yield, net_fee, harm and lawful_harm. Draws nothing.
    """
    announce_rate(state.market, state.accounts, state.sequencers, rules)
    rate = state.market.reward_rate
    due = 0.0
    for node in state.sequencers:
        due += emission_due(node, rules, rate)
    for ranger in state.rangers:
        due += _pay_due(ranger, rules, state.market.price)
    had = ledger.emit(state.accounts, rules.reward_source, due)
    state.market.pay_scale = had / due if due > 0.0 else state.market.pay_scale
    left = had
    for node in state.sequencers:
        amount = min(left, emission_due(node, rules, rate) * state.market.pay_scale)
        _reward(state.market, state.totals, node, amount, rules)
        left -= amount
    for ranger in state.rangers:
        amount = min(left, _pay_due(ranger, rules, state.market.price) * state.market.pay_scale)
        ledger.pay_ranger(ranger, amount)
        ranger.tokens += amount
        state.totals.ranger_tokens += amount
        left -= amount
    ledger.give_back(state.accounts, rules.reward_source, left)
    if state.services.size > 0:
        _pay_of_services(state, rules)
    _fees(state.market, state.totals, state.sequencers, rules)
    if rules.sold > 0.0:
        pay_builders(state, rules)
    state.market.harm = 0.0
    state.market.lawful_harm = 0.0
    for node in state.sequencers:
        _earn(state.market, state.totals, state.attackers, node, rules)
    if state.attackers[Tactic.CENSORSHIP].active == 1:
        settle_embargo(state, rules)
    for ranger in state.rangers:
        _ranger_earns(state.market, state.totals, state.attackers, ranger, rules)


@kernel
def announce_rate(now, accounts, nodes, rules):
    """Set the yearly emission per token of counted stake (0 if blocks are paid). Writes market.reward_rate."""
    if rules.reward_rule == RewardRule.PER_BLOCK:
        now.reward_rate = 0.0
    elif rules.reward_rule == RewardRule.TARGET_RATE:
        now.reward_rate = rules.target_rate
    elif rules.reward_rule == RewardRule.SQRT_CURVE:
        now.reward_rate = CURVE / np.sqrt(2.0 * max(_staked_share(accounts, nodes), LEAST_STAKED))
    else:
        raise ValueError("unknown reward rule")


@kernel
def _staked_share(accounts, nodes):
    """Return the stake of nodes in service, active or jailed, over the tokens that exist outside the reserve."""
    staked = 0.0
    for node in nodes:
        if node.status == Status.ACTIVE or node.status == Status.JAILED:
            staked += node.self_stake + node.pool
    supply = accounts.opening + accounts.minted - accounts.burned - accounts.reserve
    return staked / supply if staked > 0.0 else 0.0


@kernel
def emission_due(node, rules, rate):
    """Return the emission (tokens) a sequencer has earned this epoch; `rate` is the yearly one of counted stake."""
    if rules.reward_rule == RewardRule.PER_BLOCK:
        return rules.reward_per_block * node.made
    return rate * rules.dt * counted(node, rules) if node.status == Status.ACTIVE else 0.0


@kernel
def _pay_of_services(state, rules):
    """Pay what other services owe, in tokens they buy on the market, as far as there are; all are scaled down alike."""
    due = 0.0
    for node in state.sequencers:
        due += service_due(node, rules)
    had = ledger.buy(state.accounts, due)
    scale = had / due if due > 0.0 else 1.0
    if due > 0.0:
        state.market.service_yield = rules.service_income * scale
    left = had
    for node in state.sequencers:
        amount = min(left, service_due(node, rules) * scale)
        state.totals.pool_elsewhere += _share(state.market, node, amount, rules)
        left -= amount
    state.totals.service_tokens += had - left
    ledger.sell(state.accounts, left)


@kernel
def _pay_due(ranger, rules, price):
    blocks = ranger.checked if rules.proof_of_check == 1 else ranger.assigned
    return rules.reward_per_check * blocks / price


@kernel
def _reward(now, totals, node, amount, rules):
    """Open a node's income of the epoch with its emission."""
    node.token_income = 0.0
    of_pool = _share(now, node, amount, rules)
    totals.sequencer_tokens += node.token_income
    totals.pool_tokens += of_pool


@kernel
def _share(now, node, amount, rules):
    """Split tokens between a node and its pool: pro rata to the stake it made its blocks with, less commission.

    Returns the pool's part.
    """
    if amount <= 0.0:
        return 0.0
    stake = node.self_stake + node.pool
    if node.status == Status.REMOVED and node.exit_epoch == now.epoch:
        stake += node.exiting
    of_pool = amount * (node.pool / stake) if node.members > 0 and stake > 0.0 else 0.0
    commission = node.commission * of_pool
    own = amount - of_pool + commission
    in_service = node.status == Status.ACTIVE or node.status == Status.JAILED
    restaked = rules.restake_share * own if in_service else 0.0
    ledger.reward_node(node, restaked, own - restaked, of_pool - commission)
    node.token_income += own
    node.commission_income += commission
    node.total_tokens += own
    return of_pool - commission


@kernel
def _fees(now, totals, nodes, rules):
    """Set the sequencers' net fee per block: fees less batch cost and the protocol's share, losses borne in full."""
    made = 0
    for node in nodes:
        made += node.made
    used = now.volume * made / rules.blocks_per_epoch
    fees = used * rules.fee_bps * 1e-4
    cost = batch_cost(now, rules, used) if made > 0 else 0.0
    net = fees - cost
    treasury = protocol_part(fees, net, rules)
    now.net_fee = (net - treasury) / made if made > 0 else 0.0
    totals.fees += fees
    totals.batch_cost += cost
    totals.treasury_usd += treasury
    totals.stack_usd += treasury if rules.sister_chains > 0 else 0.0
    totals.sequencer_fees += net - treasury


@kernel
def batch_cost(now, rules, used):
    """Return what posting the transactions behind a volume (USD) to L1 costs in an epoch; L1 data become cheaper."""
    each = rules.batch_cost_per_transaction
    if now.epoch >= rules.data_cost_epoch:
        each *= 1.0 - rules.data_cost_cut
    return rules.batch_cost_fixed + each * used / rules.volume_per_transaction


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
    credit(attackers, totals, node, profit)
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
