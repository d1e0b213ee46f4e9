"""Phase 7: beliefs about detection and about misconduct, and the diligence that follows from them."""

import numpy as np

from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.options import OFFENCES, Conduct, Learning, Offence, Sanction, Status, Verification


@kernel
def learning(state, rules, streams):
    """Update evidence, draw who revises its policy for the next epoch, and renew the Rangers' diligence.

    Writes caught, uncaught, revises of sequencers; found, checks, revises, diligence of Rangers. Draws from `learning`
    one uniform per row, whatever happens, unless everybody revises.
    """
    if rules.revision_rate < 1.0:
        _draw_revisions(state, rules, streams.learning)
    if rules.learning == Learning.BELIEF:
        _watch_detection(state, rules)
        _watch_misconduct(state, rules)
    choose_diligence(state, rules)


@kernel
def _watch_detection(state, rules):
    published = rules.proof_of_check == 1 and rules.verification == Verification.RANGERS
    trials = rules.transparency if published else 0.0
    found_out = state.market.detection
    caught = np.zeros(OFFENCES)
    missed = np.zeros(OFFENCES)
    for node in state.sequencers:
        for a in range(OFFENCES):
            caught[a] += node.detected[a]
            missed[a] += node.offences[a] - node.detected[a]
    for node in state.sequencers:
        for a in range(OFFENCES):
            own = node.detected[a]
            hits = own + rules.publicity * (caught[a] - own) + trials * found_out[a]
            own = node.offences[a] - node.detected[a]
            misses = own + rules.publicity * (missed[a] - own) + trials * (1.0 - found_out[a])
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
def choose_diligence(state, rules):
    """Set the diligence of every Ranger that revises, from its beliefs, unless it has a policy of its own."""
    bounty = expected_bounty(state, rules)
    paid = state.market.pay_scale
    for ranger in state.rangers:
        if ranger.revises == 1 and ranger.custom == 0:
            ranger.diligence = best_diligence(ranger, rules, bounty, paid)


@kernel
def best_diligence(ranger, rules, bounty, paid):
    """Return the probability with which a Ranger wants to check a block: benefit against cost, by the choice rule."""
    if ranger.conduct == Conduct.DILIGENT or ranger.conduct == Conduct.GRIEFING:
        return 1.0
    return willingness(benefit(ranger, rules, bounty, paid), ranger.cost, rules.ranger_precision, rules.choice)


@kernel
def benefit(ranger, rules, bounty, paid):
    """Return what really checking a block earns a Ranger (USD): pay for a proven check, a fine saved, hope of a bounty.

    `paid` is the share of what is due that the source of rewards can pay.
    """
    earned = paid * rules.reward_per_check if rules.proof_of_check == 1 else 0.0
    return earned + rules.trap_rate * rules.trap_penalty + believed_misconduct(ranger, rules) * bounty


@kernel
def expected_ranger_profit(ranger, rules, bounty, paid):
    """Return what a Ranger's seat is expected to earn per epoch (USD), at the diligence it would choose."""
    diligence = best_diligence(ranger, rules, bounty, paid)
    counted = diligence if rules.proof_of_check == 1 else 1.0
    caught_shirking = (1.0 - diligence) * rules.trap_rate * rules.trap_penalty
    checking = diligence * (believed_misconduct(ranger, rules) * bounty - ranger.cost)
    blocks = rules.blocks_per_epoch * rules.sampling_probability
    return blocks * (counted * paid * rules.reward_per_check + checking - caught_shirking)


@kernel
def believed_misconduct(ranger, rules):
    """Return the offences a Ranger expects to find per block that it checks."""
    return (rules.prior_weight * rules.prior_misconduct + ranger.found) / (rules.prior_weight + ranger.checks)


@kernel
def expected_bounty(state, rules):
    """Return what a Ranger expects from an offence it finds (USD): its share of the slash of an average node."""
    if rules.sanction == Sanction.NONE:
        return 0.0
    stake = 0.0
    active = 0
    for node in state.sequencers:
        if node.status == Status.ACTIVE:
            stake += node.self_stake + node.pool
            active += 1
    seated = 0
    diligence = 0.0
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE:
            diligence += ranger.diligence
            seated += 1
    if active == 0:
        return 0.0
    find = rules.sampling_probability * diligence / max(1, seated) * rules.evidence[Offence.REORDER]
    share = 1.0
    if find >= 1.0:
        share = 1.0 / seated
    elif find > 0.0:
        share = -np.expm1(seated * np.log1p(-find)) / (seated * find)
    pot = rules.slash[Offence.REORDER] * stake / active * state.market.price
    return rules.bounty_share * rules.enforcement * pot * share
