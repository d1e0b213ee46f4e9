"""Phase 3: every sequencer orders its blocks, honestly or not."""

import numpy as np

from model.core.auction import sell_blocks
from model.core.chance import multinomial, round_half_up
from model.core.choice import always
from model.core.compiled import kernel
from model.core.options import NOBODY, OFFENCES, Conduct, Learning, Status, Verification
from model.core.penalty import conviction, ends_turn
from model.core.policy import appraise, believed_detection, take_stance, unreported
from model.core.reinforcement import begin
from model.core.thinning import new_desk
from model.core.turn import play
from model.core.verification import insider_view, offer_bribes, reported
from model.core.watchers import count_peers, found_out, overlooked


@kernel
def conduct(state, rules, shape, stream, auction):
    """Set reservation values, play every turn, and hand the blocks of jailed nodes to the others.

    Writes the nodes' peers, reservation, kept, mix, experience, made, opportunity, honest_value, offences, stolen,
    convicted, turn_ended; State.attractions; market.lost_blocks; the builders' won. Draws from `stream`, and from
    `auction` who wins what is sold. Law: made and lost blocks sum to blocks_per_epoch.
    """
    desk = new_desk(shape)
    slate = desk.slate[0]
    offer_bribes(state, rules)
    if rules.verification == Verification.PEERS:
        count_peers(state.sequencers)
    if rules.learning == Learning.REINFORCEMENT:
        begin(state, rules)
    common = state.market.detection
    reported(state, rules, NOBODY, common)
    decide(state, rules)
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        _clear(node)
        if node.assigned > 0:
            if node.owner != NOBODY:
                reported(state, rules, i, slate.ends)
            for a in range(OFFENCES):
                found = found_out(node, rules, a, common[a] if node.owner == NOBODY else slate.ends[a])
                slate.ends[a] = found * (conviction(node, rules) if ends_turn(rules) else 0.0)
            take_stance(node, rules, state.market.mean_opportunity, desk.stance[0])
            play(node, node.assigned, state.market.mean_opportunity, shape, desk, stream)
    _substitute(state, rules, shape, desk, stream)
    if rules.sold > 0.0:
        sell_blocks(state, auction)


@kernel
def decide(state, rules):
    """Renew what active rational sequencers think of the offences, if they revise in this epoch."""
    for a in range(OFFENCES):
        missed = unreported(state.rangers, rules, a)
        for i in range(state.sequencers.size):
            node = state.sequencers[i]
            if node.status != Status.ACTIVE or node.conduct != Conduct.RATIONAL or node.revises == 0:
                continue
            advertised = 1.0 - overlooked(node, rules, a) * missed
            if node.owner == NOBODY:
                appraise(node, rules, a, believed_detection(node, rules, a, advertised), 0.0, state.market)
            else:
                consider(state, rules, node, i, a, advertised)


@kernel
def consider(state, rules, node, i, a, advertised):
    """Appraise offence a as sequencer i, whose row (or a copy) is `node`. Who bribes knows whom, and what it costs."""
    detection = believed_detection(node, rules, a, advertised)
    bribes = 0.0
    if node.owner != NOBODY and state.market.bribes_offered == 1:
        detection, bribes = insider_view(state, rules, i, a)
    appraise(node, rules, a, detection, bribes, state.market)


@kernel
def _clear(node):
    node.made = 0
    node.opportunity = 0.0
    node.honest_value = 0.0
    node.turn_ended = 0
    for a in range(OFFENCES):
        node.offences[a] = 0
        node.stolen[a] = 0.0
        node.detected[a] = 0
        node.refuted[a] = 0
        node.convicted[a] = 0


@kernel
def _substitute(state, rules, shape, desk, stream):
    """Let nodes whose turn did not end order the blocks that jailed nodes of their committee left, by the rules."""
    always(desk.stance[0], NOBODY)
    for committee in range(min(rules.shards, state.sequencers.size)):
        missed = 0
        total = 0.0
        weights = np.zeros(state.sequencers.size)
        for i in range(weights.size):
            node = state.sequencers[i]
            if node.shard == committee:
                missed += node.assigned - node.made
                if node.turn_ended == 0:
                    weights[i] = node.weight * (1.0 - node.absent)
                    total += weights[i]
        moved = round_half_up(rules.failover * missed) if total > 0.0 else 0
        state.market.lost_blocks += missed - moved
        if moved > 0:
            blocks = np.empty(weights.size, np.int64)
            multinomial(stream, moved, weights, total, blocks)
            for i in range(weights.size):
                play(state.sequencers[i], blocks[i], state.market.mean_opportunity, shape, desk, stream)
