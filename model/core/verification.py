"""Phase 4: Rangers sample blocks, find offences, report them, or take a bribe; peers, public and proofs find, too."""

from typing import NamedTuple

import numpy as np

from model.core.chance import binomial
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Conduct, Status, Tactic, Verification
from model.core.penalty import conviction, ends_turn, takes_stake
from model.core.watchers import found_out


class Bench(NamedTuple):
    """Scratch space of the phase, one value per Ranger."""

    silent: np.ndarray  # bool: takes the bribe for the offence at hand
    chance: np.ndarray  # probability that it reports the offence
    later: np.ndarray  # probability that it or one after it does
    found: np.ndarray  # int64: offences it reported, of those shared out last
    before: np.ndarray  # int64: what it had reported before the node and offence at hand


@kernel
def new_bench(size):
    """Allocate scratch space for `size` Rangers."""
    counts = np.zeros((2, size), np.int64)
    return Bench(np.zeros(size, np.bool_), np.zeros(size), np.zeros(size), counts[0], counts[1])


@kernel
def checking(ranger, rules):
    """Return the probability that a Ranger really checks a given block."""
    if ranger.status != Status.ACTIVE or rules.verification != Verification.RANGERS:
        return 0.0
    return rules.sampling_probability * ranger.diligence


@kernel
def finding(ranger, rules, a):
    """Return the probability that a Ranger finds a given offence of kind a."""
    return checking(ranger, rules) * rules.evidence[a]


@kernel
def offer_bribes(state, rules):
    """Decide whether bribes are on offer: if the budget covers one and a Ranger takes any. Writes bribes_offered."""
    briber = state.attackers[Tactic.BRIBERY]
    state.market.bribes_offered = 0
    if rules.verification == Verification.RANGERS and 0.0 < rules.bribe <= briber.budget - briber.spent:
        for ranger in state.rangers:
            if ranger.status == Status.ACTIVE and ranger.conduct == Conduct.COLLUDING:
                state.market.bribes_offered = 1


@kernel
def coverage(rangers, rules):
    """Return the probability that at least one Ranger really checks a given block."""
    unchecked = 1.0
    for ranger in rangers:
        unchecked *= 1.0 - checking(ranger, rules)
    return 1.0 - unchecked


@kernel
def silenced(state, ranger, rules, i, a):
    """Tell whether a Ranger takes the bribe and keeps silent on offence a of sequencer i."""
    if i == NOBODY or ranger.conduct != Conduct.COLLUDING or state.market.bribes_offered == 0:
        return False
    node = state.sequencers[i]
    if node.owner == NOBODY:
        return False
    stake = node.self_stake + node.pool
    bounty = rules.bounty_share * rules.slash[a] * stake * state.market.price * rules.enforcement
    return rules.bribe > bounty or not takes_stake(rules)


@kernel
def reporting(state, ranger, rules, i, a):
    """Return the probability that a Ranger reports a given offence a of sequencer i (NOBODY: no bribes)."""
    return 0.0 if silenced(state, ranger, rules, i, a) else finding(ranger, rules, a)


@kernel
def reported(state, rules, i, out):
    """Set `out` (OFFENCES,) to the chance that some Ranger reports each offence of sequencer i (NOBODY: no bribes)."""
    for a in range(OFFENCES):
        missed = 1.0
        for ranger in state.rangers:
            missed *= 1.0 - (finding(ranger, rules, a) if i == NOBODY else reporting(state, ranger, rules, i, a))
        out[a] = 1.0 - missed


@kernel
def insider_view(state, rules, i, a):
    """Return what the briber knows of offence a of its node i: the chance of a report, and expected bribes (USD)."""
    missed = 1.0
    bribes = 0.0
    for ranger in state.rangers:
        if silenced(state, ranger, rules, i, a):
            bribes += finding(ranger, rules, a) * rules.bribe
        else:
            missed *= 1.0 - finding(ranger, rules, a)
    return found_out(state.sequencers[i], rules, a, 1.0 - missed), bribes


@kernel
def verification(state, rules, stream):
    """Let Rangers check blocks; decide of every offence whether it is found out, by whom, and whether it is convicted.

    Writes the Rangers' checked, assigned, trapped, reported, silenced; the nodes' detected, refuted and convicted;
    market.coverage; State.claims of this epoch. Draws from `stream`. Law: convicted <= detected <= offences and
    refuted <= detected, each by kind.
    """
    state.market.coverage = coverage(state.rangers, rules)
    made = _check_honest_blocks(state.sequencers, state.rangers, rules, stream)
    slot = state.market.epoch % state.claims.shape[0]
    work = new_bench(state.rangers.size)
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        for a in range(OFFENCES):
            if node.offences[a] > 0:
                found = found_out(node, rules, a, _chances(state, rules, i, a, work))
                _bribe(state, rules, i, a, work, stream)
                _prove(node, rules, a, found, stream)
                _attribute(state, rules, i, a, found, slot, work, stream)
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE and rules.verification == Verification.RANGERS:
            ranger.assigned = ranger.checked + _shirked(ranger, made, rules, stream)
            ranger.trapped = binomial(stream, ranger.assigned - ranger.checked, rules.trap_rate)


@kernel
def _check_honest_blocks(nodes, rangers, rules, stream):
    """Forget the last epoch; draw the checks of blocks without an offence. Returns all blocks made."""
    made = 0
    honest = 0
    for node in nodes:
        made += node.made
        honest += node.made
        for a in range(OFFENCES):
            honest -= node.offences[a]
    for ranger in rangers:
        ranger.checked = 0
        ranger.assigned = 0
        ranger.trapped = 0
        ranger.reported = 0
        ranger.silenced = 0
        ranger.usd = 0.0
        ranger.tokens = 0.0
        ranger.checked = binomial(stream, honest, checking(ranger, rules))
    return made


@kernel
def _shirked(ranger, made, rules, stream):
    rest = 1.0 - rules.sampling_probability * ranger.diligence
    if rest <= 0.0:
        return 0
    shirk = rules.sampling_probability * (1.0 - ranger.diligence) / rest
    return binomial(stream, made - ranger.checked, min(1.0, shirk))


@kernel
def _check_unproven(ranger, rules, a, offences, stream):
    """Draw the checks of offending blocks that proved nothing."""
    check = checking(ranger, rules)
    proof = finding(ranger, rules, a)
    if proof < check:
        ranger.checked += binomial(stream, offences, (check - proof) / (1.0 - proof))


@kernel
def _bribe(state, rules, i, a, work, stream):
    briber = state.attackers[Tactic.BRIBERY]
    for k in range(work.silent.size):
        if work.silent[k]:
            ranger = state.rangers[k]
            offences = state.sequencers[i].offences[a]
            hushed = binomial(stream, offences, finding(ranger, rules, a))
            ranger.checked += hushed
            _check_unproven(ranger, rules, a, offences - hushed, stream)
            paid = min(hushed * rules.bribe, briber.budget - briber.spent)
            ranger.silenced += hushed
            ranger.usd += paid
            briber.spent += paid


@kernel
def _chances(state, rules, i, a, work):
    """Fill each Ranger's chance to report, and that it or a later one does. Returns the chance that any does."""
    found = 0.0
    for k in range(work.chance.size - 1, -1, -1):
        ranger = state.rangers[k]
        work.silent[k] = silenced(state, ranger, rules, i, a)
        work.chance[k] = 0.0 if work.silent[k] else finding(ranger, rules, a)
        found = work.chance[k] + (1.0 - work.chance[k]) * found
        work.later[k] = found
    return found


@kernel
def _prove(node, rules, a, found, stream):
    """Draw the convictions that did not end a turn, and the offences found but not convicted."""
    sanctioned = conviction(node, rules)
    if not ends_turn(rules):
        node.convicted[a] = binomial(stream, node.offences[a], found * sanctioned)
    rest = node.offences[a] - node.convicted[a]
    missed = 1.0 - found * sanctioned
    acquitted = found * (1.0 - sanctioned) / missed if missed > 0.0 else 0.0
    node.detected[a] = node.convicted[a] + binomial(stream, rest, acquitted)


@kernel
def _attribute(state, rules, i, a, found, slot, work, stream):
    """Draw who found each offence, given that somebody did; a conviction gives the Rangers that did equal claims."""
    node = state.sequencers[i]
    for k in range(state.rangers.size):
        work.before[k] = state.rangers[k].reported
    for _ in range(node.convicted[a]):
        _refute_and_report(node, state.rangers, rules, a, 1, found, work, stream)
        reporters = work.found.sum()
        for k in range(work.found.size):
            if work.found[k] > 0:
                state.claims[slot, i, k] += rules.slash[a] * work.found[k] / reporters
    _refute_and_report(node, state.rangers, rules, a, node.detected[a] - node.convicted[a], found, work, stream)
    for k in range(state.rangers.size):
        ranger = state.rangers[k]
        if not work.silent[k]:
            unproven = node.offences[a] - (ranger.reported - work.before[k])
            _check_unproven(ranger, rules, a, unproven, stream)


@kernel
def _refute_and_report(node, rangers, rules, a, count, found, work, stream):
    """Share out `count` offences found out: a proof and Rangers find independently, given that at least one did.

    Going through the Rangers in order, an offence that the proof or an earlier one found is found with probability
    chance[k], one that is still open with chance[k] / later[k]: the cost does not grow with the count. Writes
    work.found, the node's refuted, and reported and checked of the Rangers.
    """
    reported = binomial(stream, count, rules.refutation[a] / found) if found > 0.0 else 0
    node.refuted[a] += reported
    for k in range(rangers.size):
        work.found[k] = 0
        if count > 0 and work.chance[k] > 0.0:
            new = binomial(stream, count - reported, work.chance[k] / work.later[k])
            work.found[k] = binomial(stream, reported, work.chance[k]) + new
            reported += new
            rangers[k].reported += work.found[k]
            rangers[k].checked += work.found[k]
