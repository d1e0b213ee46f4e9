"""What an order rule, what can be seen, and what is proved leave to whoever orders: to do, to earn, to be found out.

All of it follows from the scenario alone. The functions read the parameters of the rules' record; `rules_of` keeps
what they return, and kernels read only that.
"""

from typing import Any

import numpy as np

from model.core.compiled import kernel
from model.core.options import OFFENCES, Offence, Ordering, ProofSystem, Revenue, Visibility

DAY = 24.0
"""Hours of delay that `harm_censor` reckons with."""


def possible(rules: Any) -> np.ndarray:
    """Tell which offences there are, (OFFENCES,): no reordering where no order is due, no insertion that is proved."""
    there = np.ones(OFFENCES, np.int64)
    if rules.ordering == Ordering.DISCRETION:
        there[Offence.REORDER] = 0
    if rules.proof_system == ProofSystem.VALIDITY:
        there[Offence.INSERT] = 0
    return there


def proven(rules: Any, evidence: np.ndarray) -> np.ndarray:
    """Return with what probability a real check proves each offence, given what it does under `first_come`.

    Arrival is word against word; the order by fee, by a published seed, by signed promises anyone can recompute.
    """
    by_rule = np.array(evidence, float)
    if rules.ordering == Ordering.DISCRETION:
        by_rule[Offence.REORDER] = 0.0
    elif rules.ordering != Ordering.FIRST_COME:
        by_rule[Offence.REORDER] = 1.0
    return by_rule


def sight(rules: Any) -> np.ndarray:
    """Return the part of the opportunity that can be seen in time for each offence, (OFFENCES,).

    Who does not execute misses value that depends on the state. Encryption leaves what leaks, and for censoring what
    sender, size and time tell.
    """
    seen = np.ones(OFFENCES)
    if rules.visibility == Visibility.LAZY:
        seen[:] = rules.lazy_exposure
    elif rules.visibility == Visibility.ENCRYPTED:
        seen[:] = 1.0 - rules.encrypted_share * (1.0 - rules.leak_probability)
        told = max(rules.leak_probability, rules.metadata_exposure)
        seen[Offence.CENSOR] = 1.0 - rules.encrypted_share * (1.0 - told)
    return seen


def delay_of_sight(rules: Any) -> float:
    """Return the seconds that encryption adds, averaged over what is encrypted and what is not."""
    return rules.encrypted_share * rules.encryption_delay if rules.visibility == Visibility.ENCRYPTED else 0.0


def delay_bounded(rules: Any, harm: np.ndarray) -> np.ndarray:
    """Return the harm per dollar gained, (OFFENCES,), with that of censoring bounded by forced inclusion.

    Up to the gain itself harm is what the censor took. What is above is the price of a day's delay, in proportion to
    the delay; waiting longer than a day costs no more. It does not bring an opportunity back that lives for minutes.
    """
    bounded = np.array(harm, float)
    whole = bounded[Offence.CENSOR]
    waiting = min(1.0, rules.forced_inclusion_delay / DAY)
    bounded[Offence.CENSOR] = min(1.0, whole) + max(0.0, whole - 1.0) * waiting
    return bounded


def lawful(rules: Any, reordering: float) -> tuple[float, float, float, float]:
    """Return what ordering by the rules comes to, per dollar of opportunity, as rules.capture, sold, discretion, harm.

    `reordering` is what reordering brings. Capture is what the average node keeps; sold what builders bid for;
    discretion what a node takes by its skill, where it may order at will and for itself; harm what users lose per
    dollar taken so.
    """
    if rules.ordering == Ordering.DISCRETION:
        taken = max(rules.honest_capture, reordering)
        if rules.revenue == Revenue.AUCTION_TO_PROPOSER:
            return 0.0, taken, 0.0, rules.harm_reorder
        return taken, 0.0, reordering, rules.harm_reorder
    if rules.ordering == Ordering.RANDOM:
        return 0.0, 0.0, 0.0, 0.0
    earned = rules.priority_capture if rules.ordering == Ordering.PRIORITY_FEE else rules.honest_capture
    if rules.revenue == Revenue.AUCTION_TO_PROPOSER:
        return (1.0 - rules.auctioned_share) * earned, rules.auctioned_share, 0.0, 0.0
    return earned, 0.0, 0.0, 0.0


@kernel
def lawful_capture(node, rules, now):
    """Return the part of the opportunity that a node earns in the blocks it orders by the rules."""
    if rules.discretion > 0.0:
        return max(rules.honest_capture, rules.discretion * node.skill)
    return now.capture


@kernel
def lawful_harm(node, rules, now):
    """Return what users lose per dollar of opportunity in blocks that the node, or its builder, orders by the rules."""
    taken = rules.sold if rules.sold > 0.0 else lawful_capture(node, rules, now)
    return rules.lawful_harm * max(0.0, taken - rules.honest_capture)
