"""Phase 4: Rangers sample blocks, find offences, report them, or take a bribe."""

import numpy as np

from model.core.chance import binomial
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Conduct, Sanction, Status, Tactic, Verification


@kernel
def finding(ranger, rules, a):
    """Return the probability that a Ranger finds a given offence of kind a."""
    if ranger.status != Status.ACTIVE or rules.verification == Verification.NONE:
        return 0.0
    return rules.sampling_probability * ranger.diligence * rules.evidence[a]


@kernel
def coverage(state, rules):
    """Return the probability that at least one Ranger really checks a given block."""
    unchecked = 1.0
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE and rules.verification == Verification.RANGERS:
            unchecked *= 1.0 - rules.sampling_probability * ranger.diligence
    return 1.0 - unchecked


@kernel
def silenced(state, ranger, rules, i, a):
    """Tell whether a Ranger takes the bribe and keeps silent on offence a of sequencer i."""
    if i == NOBODY or ranger.conduct != Conduct.COLLUDING or rules.bribe <= 0.0:
        return False
    node = state.sequencers[i]
    briber = state.attackers[Tactic.BRIBERY]
    if node.owner == NOBODY or briber.budget - briber.spent < rules.bribe:
        return False
    stake = node.self_stake + node.pool
    bounty = rules.bounty_share * rules.slash[a] * stake * state.market.price * rules.enforcement
    return rules.bribe > bounty or rules.sanction == Sanction.NONE


@kernel
def detection(state, rules, i, out):
    """Set `out` (OFFENCES,) to the probability that each offence of sequencer i (NOBODY: one without bribes) is reported."""
    for a in range(OFFENCES):
        missed = 1.0
        for ranger in state.rangers:
            if not silenced(state, ranger, rules, i, a):
                missed *= 1.0 - finding(ranger, rules, a)
        out[a] = 1.0 - missed


@kernel
def verification(state, rules, streams):
    """Let Rangers check blocks, and decide of every offence whether it is reported, by whom, and whether it is convicted.

    Writes the Rangers' checked, assigned, trapped, reported, silenced; the nodes' detected and convicted; State.claims of this epoch.
    Draws from `verification`. Law: convicted <= detected <= offences, each by kind.
    """
    stream = streams.verification
    _check(state, rules, stream)
    slot = state.market.epoch % state.claims.shape[0]
    chance = np.empty(state.rangers.size)
    later = np.empty(state.rangers.size)
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        for a in range(OFFENCES):
            if node.offences[a] > 0:
                found = _chances(state, rules, i, a, chance, later)
                _bribe(state, rules, i, a, stream)
                _prove(state, rules, i, a, found, stream)
                _attribute(state, rules, i, a, slot, chance, later, stream)


@kernel
def _check(state, rules, stream):
    made = 0
    for node in state.sequencers:
        made += node.made
    for ranger in state.rangers:
        ranger.checked = 0
        ranger.assigned = 0
        ranger.reported = 0
        ranger.silenced = 0
        ranger.trapped = 0
        ranger.usd = 0.0
        ranger.tokens = 0.0
        if ranger.status == Status.ACTIVE and rules.verification == Verification.RANGERS:
            ranger.checked = binomial(stream, made, rules.sampling_probability * ranger.diligence)
            ranger.assigned = ranger.checked
            if rules.proof_of_check == 0 or rules.trap_rate > 0.0:
                ranger.assigned += _shirked(ranger, made, rules, stream)
                ranger.trapped = binomial(stream, ranger.assigned - ranger.checked, rules.trap_rate)


@kernel
def _shirked(ranger, made, rules, stream):
    rest = 1.0 - rules.sampling_probability * ranger.diligence
    if rest <= 0.0:
        return 0
    shirk = rules.sampling_probability * (1.0 - ranger.diligence) / rest
    return binomial(stream, made - ranger.checked, min(1.0, shirk))


@kernel
def _bribe(state, rules, i, a, stream):
    briber = state.attackers[Tactic.BRIBERY]
    for ranger in state.rangers:
        if silenced(state, ranger, rules, i, a):
            hushed = binomial(stream, state.sequencers[i].offences[a], finding(ranger, rules, a))
            paid = min(hushed * rules.bribe, briber.budget - briber.spent)
            ranger.silenced += hushed
            ranger.usd += paid
            briber.spent += paid


@kernel
def _chances(state, rules, i, a, chance, later):
    """Fill each Ranger's probability to report, and that it or a later one does. Returns the probability that any does."""
    missed = 1.0
    for k in range(chance.size - 1, -1, -1):
        ranger = state.rangers[k]
        chance[k] = 0.0 if silenced(state, ranger, rules, i, a) else finding(ranger, rules, a)
        missed *= 1.0 - chance[k]
        later[k] = 1.0 - missed
    return 1.0 - missed


@kernel
def _prove(state, rules, i, a, found, stream):
    """Draw the convictions that did not end a turn, and the offences found but not convicted."""
    node = state.sequencers[i]
    enforced = rules.enforcement if rules.sanction == Sanction.SLASH else 0.0
    ends_turn = rules.jail_epochs > 0 or rules.expel == 1
    if not ends_turn:
        node.convicted[a] = binomial(stream, node.offences[a], found * enforced)
    rest = node.offences[a] - node.convicted[a]
    missed = 1.0 - found * enforced
    acquitted = found * (1.0 - enforced) / missed if missed > 0.0 else 0.0
    node.detected[a] = node.convicted[a] + binomial(stream, rest, acquitted)


@kernel
def _attribute(state, rules, i, a, slot, chance, later, stream):
    """Draw who reported each found offence, given that somebody did; a conviction gives its reporters equal claims."""
    node = state.sequencers[i]
    found = np.empty(chance.size, np.int64)
    for _ in range(node.convicted[a]):
        _report(state, 1, chance, later, found, stream)
        for k in range(chance.size):
            state.claims[slot, i, k] += rules.slash[a] * found[k] / max(1, found.sum())
    _report(state, node.detected[a] - node.convicted[a], chance, later, found, stream)


@kernel
def _report(state, count, chance, later, found, stream):
    """Share out `count` reported offences: Rangers find independently, given that at least one did.

    Going through the Rangers in order, an offence that an earlier one reported is found with probability chance[k], one that is still
    open with chance[k] / later[k]. So the cost does not grow with the count.
    """
    reported = 0
    for k in range(chance.size):
        found[k] = 0
        if count > 0 and chance[k] > 0.0:
            new = binomial(stream, count - reported, chance[k] / later[k])
            found[k] = binomial(stream, reported, chance[k]) + new
            reported += new
            state.rangers[k].reported += found[k]
