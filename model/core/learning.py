"""Phase 7: what the epoch teaches, and to whom: beliefs, or a policy learnt from others' or one's own payoffs."""

import numpy as np

from model.core.compiled import kernel
from model.core.diligence import best_diligence, expected_bounty
from model.core.docket import COMMITTED, FOUND, due
from model.core.imitation import imitate
from model.core.options import OFFENCES, Learning, Status, Verification
from model.core.reinforcement import begin_ranger, reinforce
from model.core.watchers import found_out


@kernel
def learning(state, rules, stream):
    """Draw who revises its policy for the next epoch, let beliefs or policies learn, renew the Rangers' diligence.

    Writes caught, uncaught, revises, mix, experience, payoff, usd_before of sequencers; found, checks, revises,
    attraction, experience, payoff, diligence of Rangers; State.attractions. Draws from `stream`: one uniform per row
    unless everybody revises, and three per row under imitation, whatever happens.
    """
    if rules.revision_rate < 1.0:
        _draw_revisions(state, rules, stream)
    if rules.learning == Learning.BELIEF:
        _watch_detection(state, rules)
        _watch_misconduct(state, rules)
    elif rules.learning == Learning.IMITATION:
        imitate(state, rules, stream)
    elif rules.learning == Learning.REINFORCEMENT:
        reinforce(state, rules)
    choose_diligence(state.sequencers, state.rangers, rules, state.market)


@kernel
def _watch_detection(state, rules):
    """Count the offences whose time to come to light is over as trials of detection. Writes caught and uncaught."""
    cases = state.docket[due(state.docket, state.market.epoch)]
    published = rules.proof_of_check == 1 and rules.verification == Verification.RANGERS
    trials = rules.transparency if published else 0.0
    caught = np.zeros(OFFENCES)
    missed = np.zeros(OFFENCES)
    for i in range(state.sequencers.size):
        for a in range(OFFENCES):
            caught[a] += cases[i, FOUND, a]
            missed[a] += cases[i, COMMITTED, a] - cases[i, FOUND, a]
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        for a in range(OFFENCES):
            coverage = found_out(node, rules, a, state.market.detection[a])
            own = cases[i, FOUND, a]
            hits = own + rules.publicity * (caught[a] - own) + trials * coverage
            own = cases[i, COMMITTED, a] - cases[i, FOUND, a]
            misses = own + rules.publicity * (missed[a] - own) + trials * (1.0 - coverage)
            node.caught[a] = rules.evidence_keep * node.caught[a] + hits
            node.uncaught[a] = rules.evidence_keep * node.uncaught[a] + misses


@kernel
def _watch_misconduct(state, rules):
    for ranger in state.rangers:
        ranger.found *= rules.evidence_keep
        ranger.checks *= rules.evidence_keep
        if ranger.status == Status.ACTIVE:
            ranger.found += ranger.reported + ranger.silenced
            ranger.checks += ranger.checked


@kernel
def _draw_revisions(state, rules, stream):
    """Let those in service revise by chance; who is not, or has a policy of its own, always does."""
    for node in state.sequencers:
        luck = stream.random()
        serves = node.status == Status.ACTIVE or node.status == Status.JAILED
        node.revises = 1 if luck < rules.revision_rate or not serves or node.custom == 1 else 0
    for ranger in state.rangers:
        luck = stream.random()
        ranger.revises = 1 if luck < rules.revision_rate or ranger.status != Status.ACTIVE else 0


@kernel
def choose_diligence(nodes, rangers, rules, now):
    """Set the diligence of every Ranger that revises and has no policy of its own; begin one without experience."""
    bounty = expected_bounty(nodes, rangers, rules, now.price)
    for ranger in rangers:
        if ranger.custom == 1:
            continue
        if rules.learning == Learning.REINFORCEMENT and ranger.experience == 0.0:
            begin_ranger(ranger, rules, bounty, now.pay_scale)
        if ranger.revises == 1:
            ranger.diligence = best_diligence(ranger, rules, bounty, now.pay_scale)
