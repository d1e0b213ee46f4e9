"""What a sequencer thinks an offence costs, and how it chooses: the scalar rules that conduct and the agents share."""

import numpy as np

from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Conduct, Sanction, Status, Verification


@kernel
def advertised_detection(state, rules, a):
    """Return the detection of offence a that the protocol's nominal coverage promises."""
    if rules.verification == Verification.NONE:
        return 0.0
    seated = 0
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE:
            seated += 1
    return 1.0 - (1.0 - rules.sampling_probability * rules.evidence[a]) ** seated


@kernel
def believed_detection(node, rules, a, advertised):
    """Return the sequencer's belief that offence a is found out: Beta-Bernoulli around the advertised detection."""
    trials = rules.prior_weight + node.caught[a] + node.uncaught[a]
    return (rules.prior_weight * advertised + node.caught[a]) / trials


@kernel
def franchise(node, rules, a):
    """Return the future income (USD) that a conviction for offence a would cost, at most the planning horizon's."""
    left = node.self_stake * (1.0 - rules.slash[a])
    saved = rules.top_up == 1 and left + node.wallet >= rules.min_stake > 0.0
    if rules.expel == 1 or ((left < rules.min_stake or left <= 0.0) and not saved):
        return max(0.0, node.profit_average) * rules.planning_horizon
    return max(0.0, node.income_average) * min(rules.jail_epochs, rules.planning_horizon)


@kernel
def honest_slash_rate(rules):
    """Return the share of stake per epoch that honest faults cost on average: what a newcomer is thought to lose."""
    if rules.sanction == Sanction.NONE:
        return 0.0
    return rules.honest_fault_rate * rules.honest_fault_slash * rules.dt


@kernel
def fault_risk(node, rules, price):
    """Return what honest faults are expected to cost a node per epoch (USD)."""
    return honest_slash_rate(rules) * node.self_stake * price


@kernel
def conviction_cost(node, rules, a, price):
    """Return the cost (USD) of being found out in offence a: expected slash and lost income."""
    if rules.sanction == Sanction.NONE:
        return 0.0
    stake = node.self_stake + rules.stake_alignment * node.pool
    return rules.enforcement * (rules.slash[a] * stake * price + franchise(node, rules, a))


@kernel
def net_gain(node, rules, a):
    """Return what offence a earns per dollar of opportunity above honest ordering."""
    return max(0.0, rules.gain[a] * node.skill - rules.honest_capture)


@kernel
def reservation_value(node, rules, a, detection, bribes, price):
    """Return the opportunity (USD) at which offence a just pays: (q C + bribes) / (G (1 - q clawback)).

    `detection` is the probability q that the node reckons with, `bribes` (USD) what silence is expected to cost.
    """
    gain = net_gain(node, rules, a)
    kept = gain * (1.0 - detection * rules.clawback)
    if kept <= 0.0:
        return np.inf
    return (detection * conviction_cost(node, rules, a, price) + bribes) / kept


@kernel
def threshold(node, rules, share):
    """Return the log of the opportunity at which a node's odds of offending are even, for its conduct and policy.

    Writes `share` (OFFENCES,): the mix of offences, which under the log-logit rule does not depend on the opportunity.
    Plus infinity: never offends; minus infinity: always.
    """
    for a in range(OFFENCES):
        share[a] = 0.0
    if node.conduct == Conduct.HONEST:
        return np.inf
    worst = _certain_offence(node, rules)
    if worst != NOBODY:
        share[worst] = 1.0
        return -np.inf
    lowest = np.inf
    for a in range(OFFENCES):
        lowest = min(lowest, np.log(node.reservation[a]))
    if lowest == np.inf:
        return np.inf
    odds = 0.0
    for a in range(OFFENCES):
        share[a] = np.exp(-rules.sequencer_precision * (np.log(node.reservation[a]) - lowest))
        odds += share[a]
    for a in range(OFFENCES):
        share[a] /= odds
    return lowest - np.log(odds) / rules.sequencer_precision


@kernel
def _certain_offence(node, rules):
    """Return the offence a node commits whatever the opportunity, or NOBODY: the most harmful, or the best free one."""
    best = NOBODY
    most = -1.0
    for a in range(OFFENCES):
        if node.conduct == Conduct.BYZANTINE:
            value = rules.harm[a] * rules.gain[a]
        else:
            value = rules.gain[a] if node.reservation[a] <= 0.0 else -1.0
        if value > most:
            best = a
            most = value
    return best


@kernel
def offence_probability(log_value, log_threshold, precision):
    """Return the probability that a block of this log opportunity is not ordered honestly (log-logit rule)."""
    if log_threshold == -np.inf:
        return 1.0
    return 1.0 / (1.0 + np.exp(precision * (log_threshold - log_value)))
