"""Sanctions and rewards: where tokens are taken and given (odd.md 6.6 and 6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.core.options import Conduct, Offence, Status

if TYPE_CHECKING:
    from . import Reference
    from .agents import Ranger
    from .sequencer import Sequencer


def sanctions(model: Reference) -> None:
    """Convict, hear accusations, slash faults, take what is due now, and remove who fell below the minimum."""
    s = model.scenario
    model.totals.faults += sum(node.fault for node in model.active())
    if s.sanction == "none":
        return
    for node, offence, reporters in model.convictions:
        _convict(model, node, offence, reporters)
    for ranger in model.seated():
        if ranger.conduct == Conduct.GRIEFING:
            _accuse(model, ranger)
        if ranger.bond < s.ranger_bond / 2:
            ranger.status = Status.REMOVED
            ranger.wallet, ranger.bond = ranger.wallet + ranger.bond, 0.0

    correlation = _recently_slashed(model)
    for node in model.active():
        if node.fault and s.honest_fault_slash > 0:
            model.totals.wrongful += 1
            _take(model, node, s.honest_fault_slash, model.epoch, {})
    for node in model.sequencers:
        _take_pending(model, node, s.correlation_penalty * correlation)
        if node.in_office and node.self_stake < s.min_stake:
            _refill_or_remove(model, node)


def _convict(model: Reference, node: Sequencer, offence: Offence, reporters: list[Ranger]) -> None:
    s, slash = model.scenario, model.slash[offence]
    node.sentenced = 1
    node.pending[model.epoch] = 1 - (1 - node.pending.get(model.epoch, 0.0)) * (1 - slash)
    claims = node.claims.setdefault(model.epoch, {})
    for ranger in reporters:
        claims[ranger] = claims.get(ranger, 0.0) + slash / len(reporters)
    if s.expel:
        if s.slash_delay > 0 and node.status == Status.ACTIVE:
            node.leave(Status.EXITING)
    elif s.jail_epochs > 0:
        node.status = Status.JAILED
        node.jailed_until = model.epoch + 1 + s.jail_epochs


def _accuse(model: Reference, accuser: Ranger) -> None:
    """Let a griefing Ranger accuse innocent nodes of reordering."""
    s, rng = model.scenario, model.rng
    for _ in range(rng.poisson(s.accusation_rate)):
        nodes = model.active()
        if not nodes:
            return
        model.totals.accusations += 1
        accused = nodes[rng.integers(len(nodes))]
        if rng.random() < s.wrongful_conviction:
            accused.convicted[Offence.REORDER] += 1
            model.totals.wrongful += 1
            _convict(model, accused, Offence.REORDER, [accuser])
        else:
            fine = s.false_accusation_slash * accuser.bond
            accuser.bond -= fine
            model.accounts.burned += fine


def _recently_slashed(model: Reference) -> float:
    """Return the tokens slashed in the window before this epoch as a share of all stake now."""
    first = model.epoch - model.scenario.correlation_window
    slashed = sum(tokens for epoch, tokens in model.slashed_before.items() if first <= epoch < model.epoch)
    stake = sum(node.stake for node in model.sequencers)
    return min(1.0, slashed / stake) if stake > 0 else 0.0


def _take_pending(model: Reference, node: Sequencer, extra: float) -> None:
    """Take the slash that was convicted `slash_delay` epochs ago; expulsion follows it."""
    convicted_at = model.epoch - model.scenario.slash_delay
    share, claims = node.pending.pop(convicted_at, 0.0), node.claims.pop(convicted_at, {})
    if share > 0:
        _take(model, node, min(1.0, share + extra), convicted_at, claims)
    if share > 0 and model.scenario.expel and node.status != Status.REMOVED:
        _remove(model, node)


def _take(model: Reference, node: Sequencer, share: float, since: int, claims: dict[Ranger, float]) -> None:
    """Take a share of the stake that stood behind the node at epoch `since`, and split it."""
    s, accounts = model.scenario, model.accounts
    own = share * node.self_stake
    node.self_stake -= own
    taken = own + node.vault.take(share)
    if node.pool == 0:
        _dissolve(model, node)
    if s.unbonding_slashable:
        taken += sum(bucket.take(share) for epoch, bucket in node.buckets.items() if epoch >= since)
        if node.exit_epoch >= since:
            exiting = share * node.exiting
            node.exiting -= exiting
            taken += exiting
    node.slashed = 1 - (1 - node.slashed) * (1 - share)
    model.slashed_before[model.epoch] = model.slashed_before.get(model.epoch, 0.0) + taken

    bounty = s.bounty_share * taken if sum(claims.values()) > 0 else 0.0
    for ranger, claim in claims.items():
        reward = bounty * claim / sum(claims.values()) if bounty else 0.0
        ranger.wallet += reward
        ranger.tokens += reward
    accounts.users += s.compensation_share * taken
    accounts.treasury += s.treasury_share * taken
    accounts.burned += taken - bounty - (s.compensation_share + s.treasury_share) * taken
    model.totals.slashed += taken
    model.totals.bounties += bounty


def _dissolve(model: Reference, node: Sequencer) -> None:
    """Send the members of a pool that was slashed to nothing home with nothing."""
    for delegator in model.delegators:
        if delegator.node is node and not delegator.unbonding:
            delegator.node, delegator.shares = None, 0.0
    node.vault.shares, node.vault.members = 0.0, 0


def _refill_or_remove(model: Reference, node: Sequencer) -> None:
    missing = model.scenario.min_stake - node.self_stake
    if model.scenario.top_up and node.wallet >= missing:
        node.wallet -= missing
        node.self_stake = model.scenario.min_stake
    else:
        _remove(model, node)


def _remove(model: Reference, node: Sequencer) -> None:
    if node.in_office:
        node.leave(Status.REMOVED)
    node.status = Status.REMOVED
    model.totals.removals += 1


def rewards(model: Reference) -> None:
    """Pay the emission, share out the fees, and work out what the epoch brought to everybody."""
    _pay_emission(model)
    _share_fees(model)
    keep = 2 ** (-1 / model.scenario.income_memory)
    for node in model.sequencers:
        _book_node(model, node, keep)
    for ranger in model.rangers:
        _book_ranger(model, ranger, keep)


def _pay_emission(model: Reference) -> None:
    s, accounts = model.scenario, model.accounts
    due = {node: _reward_due(model, node) for node in model.sequencers}
    pay = {
        ranger: s.reward_per_check / model.price * (ranger.checked if s.proof_of_check else ranger.assigned)
        for ranger in model.rangers
    }
    total = sum(due.values()) + sum(pay.values())
    if s.reward_source == "issuance":
        model.pay_scale = 1.0
        accounts.minted += total
    else:
        model.pay_scale = min(1.0, accounts.reserve / total) if total > 0 else 1.0
        accounts.reserve = max(0.0, accounts.reserve - model.pay_scale * total)
    for node, reward in due.items():
        _pay_node(model, node, model.pay_scale * reward)
    for ranger, reward in pay.items():
        ranger.wallet += model.pay_scale * reward
        ranger.tokens += model.pay_scale * reward
        model.totals.ranger_tokens += model.pay_scale * reward


def _reward_due(model: Reference, node: Sequencer) -> float:
    s = model.scenario
    if s.reward_rule == "per_block":
        return s.reward_per_block * node.made
    return s.target_rate / s.epochs_per_year * min(node.stake, s.max_stake) if node.status == Status.ACTIVE else 0.0


def _pay_node(model: Reference, node: Sequencer, reward: float) -> None:
    """Split a reward between the pool, which pays commission, and the node, which restakes a part."""
    pool_part = reward * node.pool / node.stake if node.vault.members > 0 and node.pool > 0 else 0.0
    commission = node.commission * pool_part
    node.vault.tokens += pool_part - commission
    node.commission_income += commission
    own = reward - pool_part + commission
    restaked = model.scenario.restake_share * own if node.in_office else 0.0
    node.self_stake += restaked
    node.wallet += own - restaked
    node.token_income += own
    node.total_tokens += own
    model.totals.sequencer_tokens += own
    model.totals.pool_tokens += pool_part - commission


def _share_fees(model: Reference) -> None:
    s, totals = model.scenario, model.totals
    made = sum(node.made for node in model.sequencers)
    served = model.volume * made / s.blocks_per_epoch
    fees = served * s.fee_bps * 1e-4
    batch_cost = s.batch_cost_fixed + s.batch_cost_per_transaction * served / s.volume_per_transaction if made else 0.0
    net = fees - batch_cost
    protocol = s.protocol_fee_share * max(0.0, net)
    model.net_fee = (net - protocol) / made if made else 0.0
    for node in model.sequencers:
        node.usd_income += model.net_fee * node.made
    totals.fees += fees
    totals.batch_cost += batch_cost
    totals.treasury_usd += protocol
    totals.sequencer_fees += net - protocol


def _book_node(model: Reference, node: Sequencer, keep: float) -> None:
    s = model.scenario
    node.usd_income += s.honest_capture * node.honest_value
    for a in Offence:
        gain = model.gain[a] * node.skill * node.stolen[a]
        clawed_back = s.clawback * gain * node.detected[a] / node.offences[a] if node.offences[a] else 0.0
        node.usd_income += gain - clawed_back
        model.totals.clawed_back += clawed_back
        model.harm += model.harm_per_gain[a] * (gain - clawed_back)
    income = node.token_income * model.price + node.usd_income
    node.profit = income - (node.cost if node.in_office else 0.0)
    if node.in_office:
        node.income_average = keep * node.income_average + (1 - keep) * income
        node.profit_average = keep * node.profit_average + (1 - keep) * node.profit
        node.slash_average = keep * node.slash_average + (1 - keep) * node.slashed
    node.total_made += node.made
    node.total_usd += node.usd_income
    model.totals.sequencer_usd += node.profit


def _book_ranger(model: Reference, ranger: Ranger, keep: float) -> None:
    ranger.usd -= ranger.cost * ranger.checked
    ranger.profit = ranger.tokens * model.price + ranger.usd
    if ranger.status == Status.ACTIVE:
        ranger.income_average = keep * ranger.income_average + (1 - keep) * ranger.profit
    ranger.total_usd += ranger.profit
    model.totals.ranger_usd += ranger.profit
