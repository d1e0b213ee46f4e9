"""What it is worth to a Ranger really to check a block, and how often it therefore does."""

import numpy as np

from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.options import Conduct, Learning, Offence, Status
from model.core.penalty import takes_stake


@kernel
def best_diligence(ranger, rules, bounty, paid):
    """Return the probability with which a Ranger wants to check a block: by its beliefs, or as it has learnt to."""
    if ranger.conduct == Conduct.DILIGENT or ranger.conduct == Conduct.GRIEFING:
        return 1.0
    if rules.learning == Learning.IMITATION or rules.learning == Learning.REINFORCEMENT:
        return ranger.diligence
    hoped = benefit(rules, believed_misconduct(ranger, rules), bounty, paid)
    return willingness(hoped, ranger.cost, rules.ranger_precision, rules.choice)


@kernel
def benefit(rules, misconduct, bounty, paid):
    """Return what really checking a block earns a Ranger (USD): pay for a proven check, a fine saved, hope of a bounty.

    `misconduct` is the offences found per check, `paid` the share of what is due that the source of rewards can pay.
    """
    earned = paid * rules.reward_per_check if rules.proof_of_check == 1 else 0.0
    return earned + rules.trap_rate * rules.trap_penalty + misconduct * bounty


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
def expected_bounty(nodes, rangers, rules, price):
    """Return what a Ranger expects from an offence it finds (USD): its share of the slash of an average node."""
    if not takes_stake(rules):
        return 0.0
    stake = 0.0
    active = 0
    for node in nodes:
        if node.status == Status.ACTIVE:
            stake += node.self_stake + node.pool
            active += 1
    seated = 0
    diligence = 0.0
    for ranger in rangers:
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
    pot = rules.slash[Offence.REORDER] * stake / active * price
    return rules.bounty_share * rules.enforcement * pot * share
