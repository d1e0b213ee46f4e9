"""Sanctions and rewards: where tokens are taken and given (odd.md 6.6 and 6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.core.options import NOBODY, Conduct, Offence, Status

from . import auctions, council, ordering, restaking, tactics

if TYPE_CHECKING:
    from . import Reference
    from .agents import Ranger
    from .sequencer import Sequencer


def sanctions(model: Reference) -> None:
    """Convict, hear accusations, slash faults, take what is due now, and remove who fell below the minimum.

    Accusations and faults concern the nodes that were active when the phase began, convicted in it or not.
    """
    s = model.plan
    for ranger in model.seated():
        if ranger.trapped:
            _check_bond(model, ranger)
    council.expose(model)
    if s.sanction == "removal":
        council.sit(model)
    if not model.takes_stake:
        return
    standing = model.active()
    for node, offence, reporters in model.exposed:
        _convict(model, node, offence, reporters)
    for ranger in model.seated():
        if ranger.conduct == Conduct.GRIEFING and s.verification == "rangers":
            _accuse(model, ranger, standing)
    for node in standing:
        if node.fault:
            model.totals.faults += 1
            model.totals.wrongful += int(s.honest_fault_slash > 0)
            _take(model, node, s.honest_fault_slash, model.epoch, {})
    extra = s.correlation_penalty * _slashed_share(model)
    for node in model.sequencers:
        _take_pending(model, node, extra)
    restaking.elsewhere(model)
    for node in model.sequencers:
        if node.in_office:
            _settle(model, node)
        elif s.expel and node.sentences and node.status != Status.REMOVED:
            council.remove(model, node)


def _convict(model: Reference, node: Sequencer, offence: Offence, reporters: list[Ranger]) -> None:
    s, slash = model.plan, model.slash[offence]
    node.sentenced = 1
    node.sentences += 1
    node.pending[model.epoch] = 1 - (1 - node.pending.get(model.epoch, 0.0)) * (1 - slash)
    claims = node.claims.setdefault(model.epoch, {})
    for ranger in reporters:
        claims[ranger] = claims.get(ranger, 0.0) + slash / len(reporters)
    if s.jail_epochs > 0 and not s.expel and node.in_office:
        node.status = Status.JAILED
        node.jailed_until = model.epoch + 1 + s.jail_epochs


def _accuse(model: Reference, accuser: Ranger, standing: list[Sequencer]) -> None:
    """Let a griefing Ranger accuse innocent nodes of reordering, for as long as it has its seat."""
    s, rng = model.plan, model.rng
    for _ in range(rng.poisson(s.accusation_rate)):
        if accuser.status != Status.ACTIVE or not standing:
            return
        model.totals.accusations += 1
        accused = standing[rng.integers(len(standing))]
        if rng.random() < s.wrongful_conviction:
            model.totals.wrongful += 1
            _convict(model, accused, Offence.REORDER, [accuser])
        else:
            fine = s.false_accusation_slash * accuser.bond
            accuser.bond -= fine
            accuser.usd -= fine * model.price
            model.accounts.burned += fine
            _check_bond(model, accuser)


def _check_bond(model: Reference, ranger: Ranger) -> None:
    """Take the seat of a Ranger whose bond fell below half, for good."""
    if ranger.status == Status.ACTIVE and ranger.bond < model.plan.ranger_bond / 2:
        ranger.status = Status.REMOVED
        ranger.wallet, ranger.bond = ranger.wallet + ranger.bond, 0.0


def _slashed_share(model: Reference) -> float:
    """Return the share of stake slashed in the window, with what is due now."""
    due = sum(node.pending.get(_due(model), 0.0) * node.stake for node in model.sequencers)
    before = model.epoch - model.plan.correlation_window
    taken = sum(tokens for epoch, tokens in model.slashed_before.items() if epoch > before)
    everything = sum(node.stake for node in model.sequencers) + taken
    return min(1.0, (taken + due) / everything) if everything > 0 else 0.0


def _due(model: Reference) -> int:
    """Return the epoch whose convictions are due."""
    return model.epoch - model.plan.slash_delay


def _take_pending(model: Reference, node: Sequencer, extra: float) -> None:
    share, claims = node.pending.pop(_due(model), 0.0), node.claims.pop(_due(model), {})
    if share > 0:
        _take(model, node, min(1.0, share + extra), _due(model) - model.hidden, claims)


def _take(model: Reference, node: Sequencer, share: float, since: int, claims: dict[Ranger, float]) -> None:
    """Take a share of the stake that stood behind the node at epoch `since`."""
    own = share * node.self_stake
    node.self_stake -= own
    delegated = node.vault.take(share)
    if node.pool == 0:
        node.dissolve()
    if model.plan.unbonding_slashable:
        delegated += sum(bucket.take(share) for epoch, bucket in node.buckets.items() if epoch >= since)
        if node.exit_epoch >= since:
            exiting = share * node.exiting
            node.exiting -= exiting
            own += exiting
    taken = own + delegated
    node.total_usd -= own * model.price
    model.totals.sequencer_usd -= own * model.price
    model.totals.pool_slashed += delegated
    if node.owner != NOBODY:
        model.attackers[node.owner].profit -= own * model.price
    node.slashed = 1 - (1 - node.slashed) * (1 - share)
    model.slashed_before[model.epoch] = model.slashed_before.get(model.epoch, 0.0) + taken
    model.totals.slashed += taken
    _share_out(model, taken, claims)


def _share_out(model: Reference, taken: float, claims: dict[Ranger, float]) -> None:
    """Split slashed tokens among claimants, users and treasury; the rest is burned."""
    s, accounts = model.plan, model.accounts
    claimed = sum(claims.values())
    bounty = s.bounty_share * taken if claimed > 0 else 0.0
    if claimed > 0:
        for ranger, claim in claims.items():
            ranger.wallet += bounty * claim / claimed
            ranger.tokens += bounty * claim / claimed
    accounts.users += s.compensation_share * taken
    accounts.treasury += s.treasury_share * taken
    accounts.burned += taken - bounty - (s.compensation_share + s.treasury_share) * taken
    model.totals.bounties += bounty
    model.totals.treasury_usd += s.treasury_share * taken * model.price
    model.totals.compensated_usd += s.compensation_share * taken * model.price


def _settle(model: Reference, node: Sequencer) -> None:
    """Expel a convict; refill or remove a node whose own stake fell below the minimum."""
    s = model.plan
    expelled = bool(s.expel and node.sentenced)
    if not expelled and node.self_stake >= s.min_stake and node.self_stake > 0:
        return
    if not expelled and s.min_stake > 0 and node.can_refill(node.self_stake):
        node.wallet -= s.min_stake - node.self_stake
        node.self_stake = s.min_stake
    else:
        council.remove(model, node)


def rewards(model: Reference) -> None:
    """Pay the emission, share out the fees, and work out what the epoch brought to everybody."""
    _pay_emission(model)
    restaking.pay(model)
    _share_fees(model)
    tactics.pay_embargo(model)
    auctions.pay_builders(model)
    model.lawful_harm = 0.0
    keep = 2 ** (-1 / model.plan.income_memory)
    for node in model.sequencers:
        _book_node(model, node, keep)
    for ranger in model.rangers:
        _book_ranger(model, ranger, keep)
    tactics.hold_up(model)


def _pay_emission(model: Reference) -> None:
    s, accounts = model.plan, model.accounts
    model.reward_rate = _reward_rate(model)
    due = {node: _reward_due(model, node) for node in model.sequencers}
    pay = {
        ranger: s.reward_per_check / model.price * (ranger.checked if s.proof_of_check else ranger.assigned)
        for ranger in model.rangers
    }
    total = sum(due.values()) + sum(pay.values())
    if s.reward_source == "issuance":
        model.pay_scale = 1.0 if total > 0 else model.pay_scale
        accounts.minted += total
    else:
        model.pay_scale = min(1.0, accounts.reserve / total) if total > 0 else model.pay_scale
        accounts.reserve = max(0.0, accounts.reserve - model.pay_scale * total)
    for node, reward in due.items():
        before = node.token_income
        model.totals.pool_tokens += node.receive(model.pay_scale * reward)
        model.totals.sequencer_tokens += node.token_income - before
    for ranger, reward in pay.items():
        ranger.wallet += model.pay_scale * reward
        ranger.tokens += model.pay_scale * reward
        model.totals.ranger_tokens += model.pay_scale * reward


def _reward_due(model: Reference, node: Sequencer) -> float:
    s = model.plan
    if s.reward_rule == "per_block":
        return s.reward_per_block * node.made
    rate = model.reward_rate / s.epochs_per_year
    return rate * min(node.stake, s.max_stake) if node.status == Status.ACTIVE else 0.0


def _reward_rate(model: Reference) -> float:
    """Return the yearly emission per token of counted stake."""
    if model.plan.reward_rule == "sqrt_curve":
        return 0.03 / (2 * max(_staked_share(model), 0.01)) ** 0.5
    return model.plan.target_rate if model.plan.reward_rule == "target_rate" else 0.0


def _staked_share(model: Reference) -> float:
    """Return the share of the tokens outside the reserve that is staked with nodes in office, in jail or out of it."""
    accounts = model.accounts
    supply = accounts.opening + accounts.minted - accounts.burned - accounts.reserve
    staked = sum(node.stake for node in model.sequencers if node.in_office)
    return staked / supply if staked > 0 else 0.0


def _share_fees(model: Reference) -> None:
    s, totals = model.plan, model.totals
    made = sum(node.made for node in model.sequencers)
    served = model.volume * made / s.blocks_per_epoch
    fees = served * s.fee_bps * 1e-4
    posting = s.batch_cost_per_transaction * (1 - s.data_cost_cut if model.epoch >= s.data_cost_epoch else 1)
    batch_cost = s.batch_cost_fixed + posting * served / s.volume_per_transaction if made else 0.0
    net = fees - batch_cost
    protocol = ordering.protocol_share(s, fees, net)
    model.net_fee = (net - protocol) / made if made else 0.0
    for node in model.sequencers:
        node.usd_income += model.net_fee * node.made
    totals.fees += fees
    totals.batch_cost += batch_cost
    totals.treasury_usd += protocol
    if model.sisters:
        totals.stack_usd += protocol
    totals.sequencer_fees += net - protocol


def _book_node(model: Reference, node: Sequencer, keep: float) -> None:
    s = model.plan
    node.usd_income += ordering.capture(model, node) * node.honest_value
    model.lawful_harm += ordering.lawful_harm(model, node) * node.honest_value
    paid = node.payment * node.assigned
    node.usd_income -= paid
    model.totals.auction_usd += paid
    model.totals.treasury_usd += paid
    for a in Offence:
        gain = model.gain[a] * node.skill * node.stolen[a]
        caught = node.refuted[a] + s.clawback * (node.detected[a] - node.refuted[a])
        clawed_back = gain * caught / node.offences[a] if node.offences[a] else 0.0
        node.usd_income += gain - clawed_back
        model.totals.clawed_back += clawed_back
        model.harm += model.harm_per_gain[a] * (gain - clawed_back)
    income = node.token_income * model.price + node.usd_income
    node.profit = income - (node.cost if node.in_office else 0.0)
    if node.in_office:
        node.income_average = keep * node.income_average + (1 - keep) * income
        node.profit_average = keep * node.profit_average + (1 - keep) * (node.profit - node.fault_risk)
        node.slash_average = keep * node.slash_average + (1 - keep) * node.slashed
    node.total_made += node.made
    node.total_usd += node.profit
    model.totals.sequencer_usd += node.profit


def _book_ranger(model: Reference, ranger: Ranger, keep: float) -> None:
    ranger.usd -= ranger.cost * ranger.checked
    ranger.profit = ranger.tokens * model.price + ranger.usd
    if ranger.status == Status.ACTIVE:
        ranger.income_average = keep * ranger.income_average + (1 - keep) * ranger.profit
    ranger.total_usd += ranger.profit
    model.totals.ranger_usd += ranger.profit
