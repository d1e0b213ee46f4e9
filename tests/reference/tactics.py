"""Attackers that decide anew each epoch: censorship for a fee, hit and run, takeover (odd.md 6.11)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from model.core.options import Conduct, Offence, Status, Tactic

from . import ordering, people, turns
from .agents import willing

if TYPE_CHECKING:
    from . import Reference
    from .agents import Attacker, Ranger
    from .sequencer import Sequencer


def attack(model: Reference) -> None:
    """Credit each attacker with the profits of what it owns, let it act, and charge what it spent in the epoch."""
    for row, attacker in enumerate(model.attackers):
        attacker.profit += sum(node.profit for node in model.sequencers if node.owner == row)
        attacker.profit += sum(ranger.profit for ranger in model.rangers if ranger.owner == row)
    plan = model.plan
    if plan.censor_fee > 0:
        _offer_embargo(model, model.attackers[Tactic.CENSORSHIP])
    if plan.hit_and_run_nodes > 0:
        _hit_and_run(model, model.attackers[Tactic.HIT_AND_RUN])
    if plan.takeover_budget > 0:
        _take_over(model, model.attackers[Tactic.TAKEOVER])
    for attacker in model.attackers:
        attacker.profit -= attacker.spent - attacker.charged
        attacker.charged = attacker.spent


def owned(model: Reference, tactic: Tactic) -> list[Sequencer]:
    """Return the nodes of an attacker."""
    return [node for node in model.sequencers if node.owner == tactic]


def _offer_embargo(model: Reference, censor: Attacker) -> None:
    """Ask every node whether it leaves the victim out in the next epoch, while there is money for the whole of it."""
    seen = ordering.blockable(model.plan) > 0
    standing = seen and censor.budget - censor.spent >= model.plan.censor_fee
    if standing and censor.began == -1:
        censor.began = model.epoch + 1
    weights = turns.weights(model)
    total = sum(weights.values())
    for node in model.sequencers:
        active = node.status == Status.ACTIVE
        share = weights.get(node, 0.0) / total if total > 0 else 0.0
        if not node.custom:
            node.embargo = int(standing and active and model.rng.random() < _agrees(model, node, share))


def _agrees(model: Reference, node: Sequencer, share: float) -> float:
    s = model.plan
    if node.conduct == Conduct.HONEST or node.caution[Offence.CENSOR] == math.inf:
        return 0.0
    if node.conduct == Conduct.BYZANTINE:
        return 1.0
    never_seen = (1 - node.belief(Offence.CENSOR)) ** (share * s.blocks_per_epoch)
    loss = node.caution[Offence.CENSOR] * (1 - never_seen) * node.cost_of_conviction(Offence.CENSOR)
    return willing(s, share * s.censor_fee, loss, node.sharpness * s.sequencer_precision)


def witness(model: Reference, node: Sequencer, checkers: list[Ranger]) -> None:
    """Let those who check a block of a node that keeps the victim out try to prove it."""
    for ranger in checkers:
        if model.rng.random() < model.evidence[Offence.CENSOR]:
            node.accusers.add(ranger)
    node.given_away |= model.rng.random() >= node.unnoticed(Offence.CENSOR)


def embargo_cases(model: Reference) -> list[tuple[Sequencer, Offence, list[Ranger]]]:
    """Try each embargo that somebody proved, once; return the convictions with who reported it."""
    cases = []
    for node in model.sequencers:
        for ranger in node.accusers:
            ranger.reported += 1
        node.given_away |= bool(node.accusers)
        if node.given_away and model.takes_stake and model.rng.random() < node.answers_for_it:
            node.convicted[Offence.CENSOR] += 1
            cases.append((node, Offence.CENSOR, list(node.accusers)))
    return cases


def pay_embargo(model: Reference) -> None:
    """Pay for every block that left the victim out."""
    for node in model.sequencers:
        if node.embargo and model.plan.censor_fee > 0:
            fee = model.plan.censor_fee * node.made / model.plan.blocks_per_epoch
            node.usd_income += fee
            model.attackers[Tactic.CENSORSHIP].spent += fee


def hold_up(model: Reference) -> None:
    """Count as harm what the victim could not trade while it waited."""
    s, made = model.plan, sum(node.made for node in model.sequencers)
    closed = sum(node.made for node in model.sequencers if node.embargo)
    if closed == 0 or s.censor_fee == 0:
        return
    model.totals.embargo_blocks += closed
    w = closed / made
    limit = s.forced_inclusion_delay
    if w < 1:
        rest_of_span, further_spans = (1 + s.blocks_per_span) / 2, w / (1 - w) * s.blocks_per_span
        day = 24 * 365 / s.epochs_per_year
        limit = min(limit, day / s.blocks_per_epoch * w * (rest_of_span + further_spans))
    held_up = min(1.0, limit / 24) * s.victim_share * model.volume * ordering.blockable(s)
    model.totals.embargo_usd += held_up
    model.harm += s.harm_censor * s.mev_bps / 10_000 * held_up
    censor = model.attackers[Tactic.CENSORSHIP]
    if limit == s.forced_inclusion_delay and censor.succeeded == -1:
        censor.succeeded = model.epoch


def _hit_and_run(model: Reference, runner: Attacker) -> None:
    s, nodes = model.plan, owned(model, Tactic.HIT_AND_RUN)
    end = s.hit_after + s.hit_length
    if model.epoch + 1 >= s.hit_after:
        for node in nodes:
            node.conduct = Conduct.BYZANTINE
    if model.epoch + 1 >= end:
        for node in nodes:
            if node.in_office:
                node.capital = 0.0
                node.leave(Status.EXITING)
                model.totals.exits += 1
    if model.epoch >= s.hit_after:
        runner.began = s.hit_after
    gone = all(node.self_stake + node.exiting == 0 for node in nodes)
    if model.epoch >= end and gone and runner.profit > 0 and runner.succeeded == -1:
        runner.succeeded = model.epoch


def _take_over(model: Reference, buyer: Attacker) -> None:
    s, nodes = model.plan, owned(model, Tactic.TAKEOVER)
    if buyer.succeeded >= 0:
        if s.takeover_target < 2 / 3:
            buyer.profit += s.halt_gain * model.lost_blocks / s.blocks_per_epoch
        return
    if not _has_enough(model, nodes):
        gone = (Status.EXITING, Status.REMOVED)
        barred = [] if turns.seats(model) is None else [node for node in nodes if node.status == Status.CANDIDATE]
        _buy(model, buyer, [node for node in nodes if node.status not in gone and node not in barred])
    found = turns.openings(model)
    for node in nodes:
        welcome = s.admission == "open" or model.rng.random() < s.admission_probability
        if node.in_office:
            added = min(node.wallet, max(0.0, s.max_stake - node.stake))
            node.wallet, node.self_stake = node.wallet - added, node.self_stake + added
        elif welcome and _is_ready(model, node):
            stake = min(node.wallet, s.max_stake)
            people.start(model, node, stake, people.expected_blocks(model, node, stake, found))
    votes = {node: model.votes(node, node.stake) for node, weight in turns.weights(model).items() if weight > 0}
    mine = sum(votes.get(node, 0.0) for node in nodes)
    if mine > 0 and mine / sum(votes.values()) >= s.takeover_target:
        buyer.succeeded = model.epoch
        if s.takeover_target >= 2 / 3:
            for node in nodes:
                node.conduct = Conduct.BYZANTINE


def _is_ready(model: Reference, node: Sequencer) -> bool:
    least = model.plan.min_stake * (1 - 1e-9)
    may = turns.seats(model) is None
    return may and node.status == Status.CANDIDATE and node.wallet > 0 and node.wallet >= least


def _has_enough(model: Reference, nodes: list[Sequencer]) -> bool:
    """Say whether its nodes would have votes enough if those ready to enter were admitted, with those in jail."""
    mine = sum(model.votes(node, node.stake) for node in nodes if node.in_office)
    mine += sum(model.votes(node, min(node.wallet, model.plan.max_stake)) for node in nodes if _is_ready(model, node))
    seated = [node for node, weight in turns.weights(model).items() if weight > 0]
    others = sum(model.votes(node, node.stake) for node in seated if node not in nodes)
    return mine > 0 and mine >= model.plan.takeover_target * (mine + others)


def _buy(model: Reference, buyer: Attacker, nodes: list[Sequencer]) -> None:
    """Buy in a thousand small steps, each at the price of the moment, until pace, room or money end it."""
    s, supply = model.plan, model.accounts.circulating
    least = max(s.min_stake, min(1.0, s.max_stake))
    goals = {"sqrt_stake": [least, s.max_stake], "equal": [least]}.get(s.selection, [s.max_stake])
    room = sum(max(0.0, goals[-1] - node.stake - node.wallet) for node in nodes)
    wanted = min(s.takeover_pace * supply, room)
    bought, steps = 0.0, 1_000
    for _ in range(steps):
        average = model.price * math.exp(s.price_impact * wanted / steps / supply / 2)
        money = buyer.budget - buyer.spent
        step = min(wanted / steps, money / average)
        buyer.spent = buyer.budget if step * average >= money else buyer.spent + step * average
        model.price *= math.exp(s.price_impact * step / supply)
        bought += step
    if bought > 0 and buyer.began == -1:
        buyer.began = model.epoch
    buyer.bought += bought
    model.accounts.circulating -= bought
    for goal in goals:
        for node in nodes:
            part = min(bought, max(0.0, goal - node.stake - node.wallet))
            node.wallet += part
            bought -= part
