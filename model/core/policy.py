"""What a sequencer thinks an offence costs, and how it therefore chooses: rules that conduct and the agents share."""

import numpy as np

from model.core.choice import always, by_difference, by_ladder, by_ratio, chances_at, new_stance
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Choice, Conduct, Learning, Sanction, Status, Verification
from model.core.ordering import lawful_capture
from model.core.penalty import takes_stake
from model.core.watchers import overlooked


@kernel
def advertised_detection(state, rules, node, a):
    """Return the detection of offence a by a node that the design promises: Rangers, peers or public, and proofs."""
    return 1.0 - overlooked(node, rules, a) * unreported(state.rangers, rules, a)


@kernel
def unreported(rangers, rules, a):
    """Return the chance that no Ranger reports offence a, whoever commits it, if all check as the design wants."""
    if rules.verification != Verification.RANGERS:
        return 1.0
    seated = 0
    for ranger in rangers:
        if ranger.status == Status.ACTIVE:
            seated += 1
    return (1.0 - rules.sampling_probability * rules.evidence[a]) ** seated


@kernel
def believed_detection(node, rules, a, advertised):
    """Return the sequencer's belief that offence a is found out: Beta-Bernoulli around the advertised detection."""
    trials = rules.prior_weight + node.caught[a] + node.uncaught[a]
    return (rules.prior_weight * advertised + node.caught[a]) / trials


@kernel
def franchise(node, rules, a):
    """Return the future income (USD) that a sanction for offence a would cost, as far as the planning horizon."""
    epochs = max(0.0, rules.planning_horizon - rules.conviction_delay)
    left = node.self_stake * (1.0 - rules.slash[a])
    saved = rules.top_up == 1 and left + node.wallet >= rules.min_stake > 0.0
    removed = rules.expel == 1 or ((left < rules.min_stake or left <= 0.0) and not saved)
    if removed or rules.sanction == Sanction.REMOVAL:
        return max(0.0, node.profit_average) * epochs
    return max(0.0, node.income_average) * min(rules.jail_epochs, epochs)


@kernel
def honest_slash_rate(rules):
    """Return the share of stake per epoch that honest faults cost on average: what a newcomer is thought to lose."""
    if not takes_stake(rules):
        return 0.0
    return rules.honest_fault_rate * rules.honest_fault_slash * rules.dt


@kernel
def shock_chance(rules):
    """Return the probability that another service is struck in an epoch."""
    return -np.expm1(-rules.external_shock_rate * rules.dt)


@kernel
def loss_rate(node, rules):
    """Return the share of stake per epoch that honest work loses on average: to faults, and to shocks elsewhere."""
    if node.services == 0.0:
        return honest_slash_rate(rules)
    return honest_slash_rate(rules) + node.services * shock_chance(rules) * rules.external_shock_size


@kernel
def fault_risk(node, rules, price):
    """Return what honest faults, and shocks at services that its stake backs, cost a node per epoch (USD), expected."""
    return loss_rate(node, rules) * node.self_stake * price


@kernel
def conviction_cost(node, rules, a, price):
    """Return the cost (USD) of being found out in offence a: expected slash, lost income, and its part of a scandal.

    Who is to be removed anyway has nothing more to lose.
    """
    if takes_stake(rules):
        stake = node.self_stake + rules.stake_alignment * node.pool
        return rules.upheld * (rules.slash[a] * stake * price + franchise(node, rules, a))
    scandal = max(0.0, node.income_average) * rules.aftermath
    if rules.sanction == Sanction.REMOVAL:
        if node.removed_from > 0:
            return 0.0
        return (1.0 - rules.upheld) * scandal + rules.upheld * franchise(node, rules, a)
    return scandal


@kernel
def lasting_gain(rules, a):
    """Return what offence a yields per dollar of opportunity, on average over those that a proof reverses."""
    return (1.0 - rules.refutation[a]) * rules.gain[a]


@kernel
def kept_gain(node, rules, a, detection, capture):
    """Return what an offence is expected to earn per dollar of opportunity above ordering, which earns `capture` of it.

    An offence that a proof reverses earns nothing, not even what order would have; else others may find it out.
    """
    refuted = min(detection, rules.refutation[a])
    if refuted >= 1.0:
        return 0.0
    otherwise = (detection - refuted) / (1.0 - refuted)
    gain = (1.0 - refuted) * rules.gain[a] * node.skill
    return max(0.0, gain * (1.0 - otherwise * rules.clawback) - capture)


@kernel
def appraise(node, rules, a, detection, bribes, now):
    """Write what a node expects to keep of the gain of offence a, and (no policy of its own) its reservation value.

    `detection` is the probability that the node reckons with, `bribes` (USD) what silence is expected to cost. What
    is no offence, or impossible, nobody commits.
    """
    node.kept[a] = kept_gain(node, rules, a, detection, lawful_capture(node, rules, now))
    if node.custom == 0 or rules.possible[a] == 0:
        loss = detection * conviction_cost(node, rules, a, now.price) + bribes
        node.reservation[a] = reservation_value(loss, node.kept[a], node.caution[a])


@kernel
def reservation_value(loss, kept, caution):
    """Return the opportunity (USD) at which an offence just pays, loss / kept per dollar, times caution."""
    if kept <= 0.0 or caution == np.inf:
        return np.inf
    return caution * (loss / kept)


@kernel
def take_stance(node, rules, mean_opportunity, stance):
    """Make ready how a node chooses in its blocks: by its conduct, the policy it has learnt, or the choice rule."""
    if node.conduct == Conduct.HONEST:
        always(stance, NOBODY)
    elif node.conduct == Conduct.BYZANTINE:
        always(stance, most_harmful(rules))
    elif node.custom == 0 and (rules.learning == Learning.IMITATION or rules.learning == Learning.REINFORCEMENT):
        if mean_opportunity > 0.0:
            by_ladder(stance, node.mix, node.caution, rules.possible)
        else:
            always(stance, NOBODY)
    elif rules.choice == Choice.LUCE:
        free = _best_for_free(node, rules)
        if free != NOBODY or mean_opportunity <= 0.0:
            always(stance, free)
        else:
            precision = node.sharpness * rules.sequencer_precision
            by_ratio(stance, node.reservation, np.log(mean_opportunity), precision)
    else:
        weight = node.sharpness * rules.sequencer_precision if rules.choice == Choice.LOGIT else 1.0
        for a in range(OFFENCES):
            earns = node.kept[a] > 0.0
            stance.slope[a] = weight * node.kept[a] * mean_opportunity if earns else 0.0
            stance.loss[a] = weight * node.kept[a] * node.reservation[a] if earns else np.inf
        by_difference(stance, rules.choice)


@kernel
def chances(node, rules, value, mean_opportunity, out):
    """Set `out` (OFFENCES,) to the probability of each offence in one of a node's blocks; return their sum.

    `value` and `mean_opportunity`, the block's opportunity and that of blocks on average, are in USD and above 0.
    """
    stance = new_stance()[0]
    take_stance(node, rules, mean_opportunity, stance)
    return chances_at(stance, np.log(value / mean_opportunity), out)


@kernel
def most_harmful(rules):
    """Return the offence whose lasting gain harms most, the first of equals; NOBODY if ordering at will harms more."""
    worst = NOBODY
    most = rules.lawful_harm * max(0.0, max(rules.sold, rules.discretion) - rules.honest_capture)
    for a in range(OFFENCES):
        harm = rules.harm[a] * lasting_gain(rules, a)
        if rules.possible[a] == 1 and harm > most:
            worst = a
            most = harm
    return worst


@kernel
def _best_for_free(node, rules):
    """Return the offence that gains most of those with a reservation value of zero, the first of equals, or NOBODY."""
    best = NOBODY
    for a in range(OFFENCES):
        if node.reservation[a] <= 0.0 and (best == NOBODY or lasting_gain(rules, a) > lasting_gain(rules, best)):
            best = a
    return best
