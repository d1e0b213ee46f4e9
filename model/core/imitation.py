"""Imitation: who revises looks at one peer, and the richer that peer is, the likelier it copies the peer's policy.

This is pairwise comparison by the Fermi function (Blume 1993, doi:10.1006/game.1993.1023; Szabo and Toke 1998,
doi:10.1103/PhysRevE.58.69), whose mean motion in a large population is, at small precision, the replicator equation.
All look at what the others did and earned before anybody changed.
"""

import numpy as np

from model.core.choice import willingness
from model.core.compiled import kernel
from model.core.ladder import POLICIES, RUNGS, adopt, learns
from model.core.options import NOBODY, OFFENCES, Choice, Status
from model.core.selection import entitle

CARE = 11
"""Policies of a Ranger: to check this many shares of blocks, evenly spaced from none to all."""


@kernel
def imitate(state, rules, stream):
    """Move payoffs by what the epoch brought, then let sequencers and Rangers copy or try something.

    Writes mix, payoff, usd_before of sequencers; diligence, payoff of Rangers. Draws three uniforms per row, whatever
    happens.
    """
    _account(state, rules)
    _imitate_sequencers(state, rules, stream)
    _imitate_rangers(state, rules, stream)


@kernel
def _account(state, rules):
    """Average profit (USD) per block that weight entitles to, in jail or out of it; of Rangers, per assigned block."""
    keep = rules.income_keep
    total = entitle(state.sequencers, rules, state.market.epoch, True)
    for node in state.sequencers:
        profit = node.total_usd - node.usd_before
        node.usd_before = node.total_usd
        if node.weight > 0.0:
            due = rules.blocks_per_epoch * node.weight
            node.payoff = keep * node.payoff + (1.0 - keep) * profit * total / due
    for ranger in state.rangers:
        if ranger.status == Status.ACTIVE and ranger.assigned > 0:
            ranger.payoff = keep * ranger.payoff + (1.0 - keep) * ranger.usd / ranger.assigned


@kernel
def _imitate_sequencers(state, rules, stream):
    nodes = state.sequencers
    before = nodes.copy()
    peers = _learners(nodes)
    for i in range(nodes.size):
        tries, place, copies = stream.random(), stream.random(), stream.random()
        node = nodes[i]
        if not learns(node) or node.revises == 0:
            continue
        if tries < rules.mutation:
            adopt(node, int(place * POLICIES))
            continue
        j = _another(peers, i, place)
        if j != NOBODY and copies < fermi(before[i].payoff, before[j].payoff, rules.sequencer_precision):
            node.payoff = before[j].payoff
            for a in range(OFFENCES):
                for r in range(RUNGS):
                    node.mix[a, r] = before[j].mix[a, r]


@kernel
def _imitate_rangers(state, rules, stream):
    rangers = state.rangers
    before = rangers.copy()
    peers = _learners(rangers)
    for i in range(rangers.size):
        tries, place, copies = stream.random(), stream.random(), stream.random()
        ranger = rangers[i]
        if not learns(ranger) or ranger.revises == 0:
            continue
        if tries < rules.mutation:
            ranger.diligence = int(place * CARE) / (CARE - 1)
            continue
        j = _another(peers, i, place)
        if j != NOBODY and copies < fermi(before[i].payoff, before[j].payoff, rules.ranger_precision):
            ranger.payoff = before[j].payoff
            ranger.diligence = before[j].diligence


@kernel
def _learners(rows):
    """Return the numbers of the rows that learn, ascending."""
    learners = np.empty(rows.size, np.int64)
    count = 0
    for i in range(rows.size):
        if learns(rows[i]):
            learners[count] = i
            count += 1
    return learners[:count]


@kernel
def _another(peers, i, place):
    """Return one of `peers` other than i, which is one of them, drawn uniformly by `place`; NOBODY if there is none."""
    if peers.size < 2:
        return NOBODY
    place = int(place * (peers.size - 1))
    return peers[place] if peers[place] < i else peers[place + 1]


@kernel
def fermi(own, peer, precision):
    """Return the probability to copy a peer: even at equal payoffs, logit in the difference."""
    return willingness(peer, own, precision, Choice.LOGIT)
