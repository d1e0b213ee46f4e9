"""What comes to light, what the name of the chain suffers from it, and the council that removes (odd.md 6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.stats import binom

from model.core.options import Status

from . import tactics

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


def expose(model: Reference) -> None:
    """File what was done in the epoch, and bring to light what was done long enough ago."""
    model.waiting[model.epoch] = model.convictions + tactics.embargo_cases(model)
    for node in model.sequencers:
        node.docket[model.epoch] = node.offences, node.detected
        node.docket.setdefault(model.epoch - model.hidden, ([0, 0, 0], [0, 0, 0]))
        node.embargoes[model.epoch] = node.given_away
    model.exposed = model.waiting.pop(model.epoch - model.hidden, [])
    model.scandal = int(model.soft and any(found_now(model, node) for node in model.sequencers))


def found_now(model: Reference, node: Sequencer) -> int:
    """Return the offences of a node that come to light in this epoch, an embargo as one."""
    return sum(node.docket[model.epoch - model.hidden][1]) + node.embargoes.get(model.epoch - model.hidden, False)


def sit(model: Reference) -> None:
    """Vote on nodes in office whose misconduct came to light, member by member; remove those whose time is up."""
    s, rng = model.plan, model.rng
    for node in model.sequencers:
        accused = node.in_office and not node.removed_from and found_now(model, node)
        if accused and rng.random() < s.enforcement:
            model.totals.removal_votes += 1
            votes = sum(rng.random() >= s.council_capture for _ in range(s.council_size))
            if votes >= s.council_threshold:
                node.removed_from = model.epoch + 1 + s.removal_delay
        if node.removed_from and node.removed_from <= model.epoch + 1 and node.status != Status.REMOVED:
            remove(model, node)


def remove(model: Reference, node: Sequencer) -> None:
    """Remove a node for good; one that left before has its stake on the way already."""
    model.totals.removals += 1
    if node.in_office:
        node.leave(Status.REMOVED)
    node.status = Status.REMOVED


def disgrace(node: Sequencer) -> float:
    """Return the loss in USD of a node found out where the chain answers with its name, and a council may remove it."""
    s = node.model.plan
    if node.removed_from:
        return 0.0
    recovery, horizon = s.trust_recovery, node.horizon
    lasts = min(horizon, (1 - (1 - recovery) ** horizon) / recovery) if recovery > 0 else horizon
    scandal = max(0.0, node.income_average) * s.trust_elasticity * s.scandal_loss * lasts
    if s.sanction == "reputation":
        return scandal
    votes = range(s.council_threshold, s.council_size + 1)
    removed = s.enforcement * sum(binom.pmf(votes, s.council_size, 1 - s.council_capture))
    return float((1 - removed) * scandal + removed * max(0.0, node.profit_average) * horizon)
