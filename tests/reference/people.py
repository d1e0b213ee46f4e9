"""What people make of the epoch: learning, delegation, entry and exit, users (odd.md 6.8 to 6.12)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from model.core.options import Conduct, Offence, Status, Tactic

from . import auctions, ordering, payoffs, turns
from .agents import Vault, willing
from .restaking import backed, expected_loss
from .stack import move_stack

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


def learning(model: Reference) -> None:
    """Draw who revises; update beliefs, or policies, from what was seen; set diligence for the next epoch."""
    s = model.plan
    if s.revision_rate < 1:
        for node in model.sequencers:
            bound = node.in_office and not node.custom
            node.revises = int(not bound or model.rng.random() < s.revision_rate)
        for ranger in model.rangers:
            ranger.revises = int(ranger.status != Status.ACTIVE or model.rng.random() < s.revision_rate)
    if s.learning == "belief":
        _gather_evidence(model)
    elif s.learning == "imitation":
        payoffs.imitate(model)
    elif s.learning == "reinforcement":
        payoffs.reinforce(model, expected_bounty(model))
    bounty = expected_bounty(model)
    for ranger in model.rangers:
        if ranger.revises:
            ranger.diligence = ranger.best_diligence(bounty)


def _gather_evidence(model: Reference) -> None:
    s = model.plan
    keep = 2 ** (-1 / s.memory)
    published = s.transparency if s.proof_of_check and s.verification == "rangers" else 0.0
    past = {node: node.docket.pop(model.epoch - model.hidden) for node in model.sequencers}
    for a in Offence:
        all_detected = sum(found[a] for _, found in past.values())
        all_undetected = sum(committed[a] for committed, _ in past.values()) - all_detected
        for node, (committed, found) in past.items():
            detected, undetected = found[a], committed[a] - found[a]
            truth = model.exposure(node, a)
            seen_detected = detected + s.publicity * (all_detected - detected)
            seen_undetected = undetected + s.publicity * (all_undetected - undetected)
            node.caught[a] = keep * node.caught[a] + seen_detected + published * truth
            node.uncaught[a] = keep * node.uncaught[a] + seen_undetected + published * (1 - truth)
    for ranger in model.rangers:
        seated = ranger.status == Status.ACTIVE
        ranger.found = keep * ranger.found + (ranger.reported + ranger.silenced if seated else 0)
        ranger.checks = keep * ranger.checks + (ranger.checked if seated else 0)


def expected_bounty(model: Reference) -> float:
    """Return what a Ranger expects for an offence it found, in USD, sharing with the others that find it."""
    s, nodes, seated = model.plan, model.active(), model.seated()
    if not model.takes_stake or not nodes:
        return 0.0
    mean_stake = sum(node.stake for node in nodes) / len(nodes)
    alone = s.bounty_share * s.enforcement * model.slash[Offence.REORDER] * mean_stake * model.price
    others = sum(ranger.diligence for ranger in seated) / len(seated) if seated else 0.0
    p = s.sampling_probability * others * model.evidence[Offence.REORDER]
    if p == 0:
        return alone
    anybody = 1.0 if p == 1 else -math.expm1(len(seated) * math.log1p(-p))
    return alone * anybody / (len(seated) * p)


def delegation(model: Reference) -> None:
    """Free the stake that waited long enough, let some delegators choose again, let nodes adjust commissions."""
    s = model.plan
    for delegator in model.delegators:
        if delegator.unbonding and delegator.release <= model.epoch:
            delegator.collect()
    for node in model.sequencers:
        node.buckets = {epoch: b for epoch, b in node.buckets.items() if epoch + s.exit_delay > model.epoch}
        node.buckets.setdefault(model.epoch, Vault())

    offers = _offers(model)
    for delegator in model.delegators:
        if not delegator.unbonding and model.rng.random() < s.attention:
            delegator.move(delegator.choose(offers))
    model.accounts.liquid = sum(delegator.liquid for delegator in model.delegators)

    for node in model.active():
        if (model.epoch + node.row) % s.commission_period == 0:
            _adjust_commission(model, node)


def _offers(model: Reference) -> list[tuple[Sequencer, float, float]]:
    """Return each active node with its yearly yield after commission and its yearly slashing, per token of stake."""
    s = model.plan
    weights = turns.weights(model)
    all_weight = sum(weights.values())
    offers = []
    for node in model.active():
        if s.reward_rule != "per_block":
            reward = model.reward_rate * min(node.stake, s.max_stake)
        else:
            share = weights.get(node, 0.0) / all_weight if all_weight > 0 else 0.0
            reward = s.blocks_per_epoch * s.reward_per_block * share * s.epochs_per_year
        elsewhere = model.service_yield * backed(model, node)
        gross = model.pay_scale * reward / node.stake + elsewhere if node.stake > 0 else 0.0
        offers.append((node, (1 - node.commission) * gross, node.slash_average * s.epochs_per_year))
    return offers


def _adjust_commission(model: Reference, node: Sequencer) -> None:
    s = model.plan
    if node.owner == Tactic.HIT_AND_RUN:
        return
    if node.vault.members == 0:
        node.commission_direction = -1.0
    elif node.commission == 0:
        node.commission_direction = 1.0
    elif node.commission_income < node.commission_before:
        node.commission_direction = -node.commission_direction
    stepped = node.commission + node.commission_direction * s.commission_step
    node.commission = min(max(stepped, 0.0), s.max_commission)
    node.commission_before, node.commission_income = node.commission_income, 0.0


def entry_and_exit(model: Reference) -> None:
    """Free own stake that waited, let losers leave and candidates come; the same for the seats of Rangers."""
    s = model.plan
    for node in model.sequencers:
        if node.status in (Status.EXITING, Status.REMOVED) and node.exit_epoch + s.exit_delay <= model.epoch:
            node.wallet, node.exiting = node.wallet + node.exiting, 0.0
            if node.status == Status.EXITING:
                node.status = Status.CANDIDATE
    found = turns.openings(model)
    for node in model.sequencers:
        luck = model.rng.random()
        waits = node.owner in (Tactic.HIT_AND_RUN, Tactic.TAKEOVER) or node.conduct == Conduct.BYZANTINE
        if node.status == Status.ACTIVE and not waits and node.profit_average < 0:
            if luck < s.exit_rate:
                node.leave(Status.EXITING)
                model.totals.exits += 1
        elif node.status == Status.CANDIDATE and turns.seats(model) is None:
            blocks = expected_blocks(model, node, min(node.wallet, node.capital), found)
            if luck < _entry_probability(model, node, blocks):
                _enter(model, node, blocks)
    appointed = turns.vacancies(model)
    for node in appointed:
        _enter(model, node, 0.0)
    weights = turns.weights(model)
    for node in appointed:
        blocks = s.blocks_per_epoch * weights.get(node, 0.0) / sum(weights.values())
        _expect(model, node, node.self_stake, blocks)
    _change_seats(model)


def expected_blocks(model: Reference, node: Sequencer, stake: float, found: dict[int, tuple[float, float]]) -> float:
    """Return the blocks per epoch that a candidate would have with that own stake beside those it found.

    Where the right to order is sold it bids, and notes what a block is then worth to it.
    """
    part, others = found[node.incumbent]
    if model.plan.selection == "auction":
        node.worth = auctions.candidate(model, node, stake, others)
    weight = model.weight(node, stake + node.pool)
    return part * model.plan.blocks_per_epoch * weight / (weight + others) if weight > 0 else 0.0


def _enter(model: Reference, node: Sequencer, blocks: float) -> None:
    """Bond the capital."""
    start(model, node, min(node.wallet, node.capital), blocks)


def start(model: Reference, node: Sequencer, stake: float, blocks: float) -> None:
    """Let a candidate in with that stake; averages start at what honest ordering is expected to earn."""
    _expect(model, node, stake, blocks)
    node.self_stake, node.wallet = stake, node.wallet - stake
    node.status = Status.ACTIVE
    model.totals.entries += 1


def _expect(model: Reference, node: Sequencer, stake: float, blocks: float) -> None:
    """Start averages at what honest ordering with that own stake and so many blocks is expected to earn."""
    lost = expected_loss(model, node)
    node.profit_average = _expected_profit(model, node, stake, blocks)
    node.income_average = node.profit_average + node.cost + lost * stake * model.price
    node.slash_average = lost


def _entry_probability(model: Reference, node: Sequencer, blocks: float) -> float:
    s = model.plan
    stake = min(node.wallet, node.capital)
    if stake < s.min_stake or stake <= 0:
        return 0.0
    profit = _expected_profit(model, node, stake, blocks)
    probability = _worth_it(model, profit, stake, s.sequencer_precision)
    return probability * (s.admission_probability if s.admission == "vote" else 1.0)


def _worth_it(model: Reference, profit: float, stake: float, precision: float) -> float:
    """Return the probability to enter for a profit per epoch, against what the stake would earn elsewhere."""
    s = model.plan
    elsewhere = stake * model.price * s.opportunity_yield / s.epochs_per_year
    return s.entry_rate * willing(s, profit, elsewhere, precision)


def _expected_profit(model: Reference, node: Sequencer, own: float, due: float) -> float:
    """Return the profit per epoch of honest ordering with that own stake and so many blocks due, in USD."""
    s = model.plan
    blocks = due / max(1.0, model.capacity_used)
    if s.reward_rule == "per_block":
        tokens = s.reward_per_block * blocks
    else:
        tokens = model.reward_rate / s.epochs_per_year * min(own + node.pool, s.max_stake)
    bought = model.service_yield / s.epochs_per_year * backed(model, node) * (own + node.pool)
    per_block = model.net_fee + ordering.capture(model, node) * model.mean_opportunity
    if s.selection == "auction":
        tokens, per_block = tokens if s.reward_rule != "per_block" else 0.0, node.worth
    kept = (own + node.commission * node.pool) / (own + node.pool)
    earned = (tokens * model.pay_scale + bought) * kept * model.price + blocks * per_block
    return earned - node.cost - expected_loss(model, node) * own * model.price


def _change_seats(model: Reference) -> None:
    s = model.plan
    luck = {ranger: model.rng.random() for ranger in model.rangers}
    candidates = [ranger for ranger in model.rangers if ranger.status == Status.CANDIDATE]
    for ranger in model.seated():
        leaves = ranger.income_average < 0 and ranger.conduct in (Conduct.RATIONAL, Conduct.COLLUDING)
        if leaves and luck[ranger] < s.exit_rate:
            ranger.wallet, ranger.bond = ranger.wallet + ranger.bond, 0.0
            ranger.status = Status.CANDIDATE
    bounty = expected_bounty(model)
    for ranger in candidates:
        free = s.number_of_rangers > len(model.seated()) and ranger.wallet >= s.ranger_bond
        profit = ranger.expected_profit(bounty)
        if free and luck[ranger] < _worth_it(model, profit, s.ranger_bond, s.ranger_precision):
            ranger.wallet, ranger.bond = ranger.wallet - s.ranger_bond, s.ranger_bond
            ranger.status = Status.ACTIVE


def users(model: Reference) -> None:
    """Let trust and the apps answer the harm and the outages of the epoch."""
    s = model.plan
    harm_bps = 1e4 * (model.harm + model.lawful_harm) / model.volume if model.volume > 0 else 0.0
    outage = model.lost_blocks / s.blocks_per_epoch
    trust = model.trust + s.trust_recovery * (1 - model.trust) - s.trust_loss * harm_bps - s.outage_loss * outage
    trust -= s.scandal_loss * model.scandal
    unharmed = model.trust + s.trust_recovery * (1 - model.trust)
    model.trust = min(max(trust, 0.0), 1.0)
    keep = 2 ** (-1 / s.harm_memory)
    all_here = sum(app.share for app in model.apps if app.present)
    for app in model.apps:
        app.memory = keep * app.memory + (1 - keep) * harm_bps
        yearly_volume = app.share / all_here * math.exp(model.trend) * s.epochs_per_year if app.present else 0.0
        dear = yearly_volume * (s.fee_bps + app.memory) / 1e4 > s.own_chain_cost
        if app.present and (dear or app.memory > app.tolerance) and model.rng.random() < s.app_exit_rate:
            app.present = 0
    move_stack(model, unharmed - model.trust)
