"""Reinforcement: experience-weighted attraction (Camerer and Ho 1999, doi:10.1111/1468-0262.00054).

Every policy has an attraction, an average of what it would have earned (USD per block beyond honest ordering, or
beyond shirking), and is played by logit in it: with memory f, accumulation k, experience N and weight w,

    N <- f (1 - k) N + 1,    A <- (f N A + w payoff) / N.

At k = 0 attractions average payoffs, at k = 1 they add them up, to 1 / (1 - f) times the average. A policy that was not
played weighs `foregone`. Payoffs are expected ones: of the detection, or the misconduct, that there was this epoch.
"""

import numpy as np

from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.diligence import believed_misconduct, benefit, expected_bounty
from model.core.ladder import RUNGS, learns
from model.core.options import NOBODY, OFFENCES, Choice
from model.core.ordering import lawful_capture
from model.core.policy import advertised_detection, believed_detection, conviction_cost, kept_gain
from model.core.verification import insider_view
from model.core.watchers import found_out


@kernel
def reinforce(state, rules):
    """Let every learner weigh the payoffs of the epoch, and those who revise choose anew.

    Writes attractions; experience and mix of sequencers; attraction, experience, diligence of Rangers. Draws nothing.
    """
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if learns(node):
            _weigh_policies(state, rules, i)
            node.experience = _grown(node.experience, rules)
            if node.revises == 1:
                _mix(node, state.attractions, i, rules.sequencer_precision)
    bounty = expected_bounty(state.sequencers, state.rangers, rules, state.market.price)
    misconduct = _misconduct(state, rules)
    for ranger in state.rangers:
        if learns(ranger):
            payoff = benefit(rules, misconduct, bounty, state.market.pay_scale) - ranger.cost
            ranger.attraction = _moved(ranger.attraction, ranger.experience, ranger.diligence, payoff, rules)
            ranger.experience = _grown(ranger.experience, rules)
            if ranger.revises == 1:
                ranger.diligence = willingness(ranger.attraction, 0.0, rules.ranger_precision, Choice.LOGIT)


@kernel
def begin(state, rules):
    """Give sequencers without experience the attractions that prior beliefs would sustain, worth `prior_weight` trials.

    Writes attractions, experience, mix. Draws nothing.
    """
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if learns(node) and node.experience == 0.0:
            for a in range(OFFENCES):
                believed = believed_detection(node, rules, a, advertised_detection(state, rules, node, a))
                gain, loss = prospect(state, rules, i, a, believed)
                for r in range(RUNGS):
                    payoff = gain * rules.value_above[r] - loss * rules.blocks_above[r]
                    state.attractions[i, a, r] = payoff * _sustained(rules)
            node.experience = _first_experience(rules)
            _mix(node, state.attractions, i, rules.sequencer_precision)


@kernel
def begin_ranger(ranger, rules, bounty, paid):
    """Give a Ranger the attraction that its prior beliefs would sustain. Writes attraction, experience, diligence."""
    payoff = benefit(rules, believed_misconduct(ranger, rules), bounty, paid) - ranger.cost
    ranger.attraction = payoff * _sustained(rules)
    ranger.experience = _first_experience(rules)
    ranger.diligence = willingness(ranger.attraction, 0.0, rules.ranger_precision, Choice.LOGIT)


@kernel
def prospect(state, rules, i, a, detection):
    """Return the gain of offence a per mean opportunity, and the loss per offence (USD), at this detection.

    Who bribes reckons with the detection and the bribes that it buys.
    """
    node = state.sequencers[i]
    bribes = 0.0
    if node.owner != NOBODY and state.market.bribes_offered == 1:
        detection, bribes = insider_view(state, rules, i, a)
    loss = detection * conviction_cost(node, rules, a, state.market.price) + bribes
    capture = lawful_capture(node, rules, state.market)
    return kept_gain(node, rules, a, detection, capture) * state.market.mean_opportunity, loss


@kernel
def _weigh_policies(state, rules, i):
    node = state.sequencers[i]
    for a in range(OFFENCES):
        gain, loss = prospect(state, rules, i, a, found_out(node, rules, a, state.market.detection[a]))
        for r in range(RUNGS):
            payoff = gain * rules.value_above[r] - loss * rules.blocks_above[r]
            old = state.attractions[i, a, r]
            state.attractions[i, a, r] = _moved(old, node.experience, node.mix[a, r], payoff, rules)


@kernel
def _moved(attraction, experience, played, payoff, rules):
    """Return an attraction after one more payoff of a policy that is played with probability `played`."""
    weight = rules.foregone + (1.0 - rules.foregone) * played
    return (rules.evidence_keep * experience * attraction + weight * payoff) / _grown(experience, rules)


@kernel
def _grown(experience, rules):
    return rules.evidence_keep * (1.0 - rules.accumulation) * experience + 1.0


@kernel
def _first_experience(rules):
    """Return what `prior_weight` trials are worth, at most what endless experience is."""
    return min(rules.prior_weight, 1.0 / (1.0 - rules.evidence_keep * (1.0 - rules.accumulation)))


@kernel
def _sustained(rules):
    """Return the attraction that a payoff of 1 sustains when it recurs for ever and weighs fully."""
    return (1.0 - rules.evidence_keep * (1.0 - rules.accumulation)) / (1.0 - rules.evidence_keep)


@kernel
def _mix(node, attractions, i, precision):
    """Set the mix to the logit of attractions, beside 0 for never."""
    most = max(0.0, attractions[i].max())
    total = np.exp(-precision * most)
    for a in range(OFFENCES):
        for r in range(RUNGS):
            node.mix[a, r] = np.exp(precision * (attractions[i, a, r] - most))
            total += node.mix[a, r]
    for a in range(OFFENCES):
        for r in range(RUNGS):
            node.mix[a, r] /= total


@kernel
def _misconduct(state, rules):
    """Return the offences that a check of an average block of this epoch proves."""
    made = 0
    proven = 0.0
    for node in state.sequencers:
        made += node.made
        for a in range(OFFENCES):
            proven += node.offences[a] * rules.evidence[a]
    return proven / made if made > 0 else 0.0
