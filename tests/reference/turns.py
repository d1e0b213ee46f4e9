"""Whose turn it is: seats, the handover, committees, and what these can agree on (odd.md 6.3 and 6.10)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from model.core.options import Status

from . import auctions, ordering

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


def selection(model: Reference) -> None:
    """Let committees agree on what they can, draw the owner of every span, let others stand in for who is down."""
    for node in model.sequencers:
        if node.status == Status.JAILED and node.jailed_until <= model.epoch:
            node.status = Status.ACTIVE
        node.absent = node.outage
    if model.plan.selection == "auction":
        auctions.bid(model)
    entitled = weights(model)
    for node in model.sequencers:
        node.weight = entitled.get(node, 0.0)
        node.votes = model.votes(node, node.stake) if node.weight > 0 else 0.0
    model.latency = ordering.delay_of_sight(model.plan)
    model.capacity_used = model.halted = 0.0
    agrees = model.plan.consensus != "none"
    starts = {node: model.rng.random() for node in model.sequencers} if agrees else {}
    dealt = committees(model)
    if not dealt:
        model.halted = float(agrees)
        model.schedule = [None] * model.plan.blocks_per_epoch
        return
    model.schedule = []
    for committee, due in zip(dealt, blocks_due(model, len(dealt)), strict=True):
        agreed = agree(model, committee, due, starts)
        model.schedule += _deal(model, committee, agreed) + [None] * (due - agreed)
    for owner in model.schedule:
        if owner is not None:
            owner.assigned += 1


def _deal(model: Reference, committee: list[Sequencer], blocks: int) -> list[Sequencer | None]:
    """Return who makes each of the blocks that a committee agrees on."""
    full_spans, rest = divmod(blocks, model.plan.blocks_per_span)
    lengths = [model.plan.blocks_per_span] * full_spans + ([rest] if rest else [])
    if model.plan.selection == "auction" and not planned(model):
        owners = auctions.owners(model, committee, len(lengths))
    else:
        owners = _draw_nodes(model, len(lengths), committee, [node.weight for node in committee])
    schedule = [owner for owner, length in zip(owners, lengths, strict=True) for _ in range(length)]
    missed = []
    for node in committee:
        if node.absent > 0:
            own = [b for b, owner in enumerate(schedule) if owner is node]
            missed += model.rng.choice(own, math.floor(node.absent * len(own) + 0.5), replace=False).tolist()
    weights = [node.weight * (1 - node.absent) for node in committee]
    for b, substitute in zip(missed, stand_in(model, len(missed), committee, weights), strict=True):
        schedule[b] = substitute
    return schedule


def _draw_nodes(model: Reference, number: int, nodes: list[Sequencer], weights: list[float]) -> list[Sequencer | None]:
    """Draw nodes independently by weight; nobody if there is no weight."""
    total = sum(weights)
    if total == 0 or number == 0:
        return [None] * number
    places = model.rng.choice(len(weights), size=number, p=np.array(weights) / total)
    return [nodes[place] for place in places]


def stand_in(model: Reference, missed: int, nodes: list[Sequencer], weights: list[float]) -> list[Sequencer | None]:
    """Return who makes each of the missed blocks: another node for the part that fails over, nobody for the rest."""
    taken_over = math.floor(model.plan.failover * missed + 0.5)
    return _draw_nodes(model, taken_over, nodes, weights) + [None] * (missed - taken_over)


def seats(model: Reference) -> int | None:
    """Return how many nodes are appointed; None where nobody is."""
    return {"single": 1, "appointed": model.plan.appointed_seats}.get(model.plan.selection)


def planned(model: Reference) -> bool:
    """Say whether there is a plan to hand over."""
    return model.plan.handover_start > 0 or model.plan.handover_end > 0


def of_team(model: Reference, node: Sequencer) -> bool:
    """Say whether a node has its part by the plan, without a seat."""
    return planned(model) and node.incumbent == 1


def team_share(model: Reference) -> float:
    """Return what the plan leaves to the incumbent now."""
    start, end = model.plan.handover_start, model.plan.handover_end
    if end <= start:
        return float(model.epoch < start)
    return min(1.0, max(0.0, (end - model.epoch) / (end - start)))


def weights(model: Reference, in_jail: bool = False) -> dict[Sequencer, float]:
    """Return the weight of every node that is entitled to blocks, who is in jail left out or taken in."""
    places = seats(model)
    sitting = [node for node in model.active() if not of_team(model, node)]
    entitled = []
    for node in model.sequencers:
        present = node.status == Status.ACTIVE or (in_jail and node.status == Status.JAILED)
        before = sum(other.row < node.row for other in sitting)
        if present and (places is None or before < places or of_team(model, node)):
            entitled.append(node)
    raw = {node: model.weight(node, node.stake) for node in entitled}
    team = sum(weight for node, weight in raw.items() if node.incumbent)
    rest = sum(weight for node, weight in raw.items() if not node.incumbent)
    if not planned(model) or team == 0 or rest == 0:
        return raw
    share = team_share(model)
    return {node: share * w / team if node.incumbent else (1 - share) * w / rest for node, w in raw.items()}


def openings(model: Reference) -> dict[int, tuple[float, float]]:
    """Return what part of blocks is open to a candidate, of the team (1) or not (0), and beside what weight."""
    if not planned(model):
        return dict.fromkeys((0, 1), (1.0, sum(weights(model).values())))
    rivals = {0: 0.0, 1: 0.0}
    for node in model.active():
        rivals[node.incumbent] += model.weight(node, node.stake)
    share = team_share(model)
    return {
        0: (1 - share if rivals[1] > 0 else 1.0, rivals[0]),
        1: (share if rivals[0] > 0 else 1.0, rivals[1]),
    }


def committees(model: Reference) -> list[list[Sequencer]]:
    """Deal the nodes that have weight to committees at random, one after the other."""
    members = [node for node in model.sequencers if node.weight > 0]
    if model.plan.shards > 1:
        model.rng.shuffle(members)
    count = min(model.plan.shards, len(members))
    dealt = [members[c::count] for c in range(count)]
    for c, committee in enumerate(dealt):
        for node in committee:
            node.shard = c
    return dealt


def blocks_due(model: Reference, count: int) -> list[int]:
    """Return the blocks due to each committee: alike, but for a rest that goes round from a random one on."""
    each, rest = divmod(model.plan.blocks_per_epoch, count)
    first = model.rng.integers(count) if rest else 0
    return [each + ((c - first) % count < rest) for c in range(count)]


def agree(model: Reference, committee: list[Sequencer], due: int, starts: dict[Sequencer, float]) -> int:
    """Return how many blocks a committee agrees on, and note its latency, its load, and who is absent meanwhile."""
    s = model.plan
    if s.consensus == "none":
        return due
    messages = len(committee) if s.consensus == "bft_linear" else len(committee) ** 2
    seconds = s.consensus_round + s.message_time * messages
    load = due * seconds / (365 * 86_400 / s.epochs_per_year)
    model.latency = max(model.latency, ordering.delay_of_sight(s) + seconds)
    model.capacity_used = max(model.capacity_used, load)
    halted = _without_quorum(committee, starts)
    model.halted += halted * due / s.blocks_per_epoch
    return math.floor((1 - halted) * due / max(1.0, load) + 0.5)


def _without_quorum(committee: list[Sequencer], starts: dict[Sequencer, float]) -> float:
    """Return how long a third of the weight is down; what of an outage outlasts the epoch is put at its beginning."""
    total = sum(node.votes for node in committee)
    edges = {0.0, 1.0}
    for node in committee:
        edges |= {starts[node], (starts[node] + node.outage) % 1.0}
        node.absent = 0.0
    halted = 0.0
    for begin, end in pairwise(sorted(edges)):
        middle = (begin + end) / 2
        down = [node for node in committee if (middle - starts[node]) % 1.0 < node.outage]
        if sum(node.votes for node in down) >= total / 3 * (1 - 1e-9):
            halted += end - begin
        else:
            for node in down:
                node.absent += end - begin
    for node in committee:
        node.absent = min(1.0, node.absent / (1 - halted)) if halted < 1 - 1e-12 else 1.0
    return halted


def vacancies(model: Reference) -> list[Sequencer]:
    """Return the candidates that an authority appoints now: to every free seat the next one that can bond its stake."""
    places, s = seats(model), model.plan
    if places is None:
        return []
    free = places - sum(node.in_office and not of_team(model, node) for node in model.sequencers)
    able = [
        node
        for node in model.sequencers
        if node.status == Status.CANDIDATE
        and not of_team(model, node)
        and min(node.wallet, node.capital) >= s.min_stake
        and min(node.wallet, node.capital) > 0
    ]
    return able[: max(0, free)]
