"""One epoch is this list of phases, in this order, and nothing else; a snapshot follows where one is due."""

from model.core.attack import attack
from model.core.compiled import kernel
from model.core.conduct import conduct
from model.core.delegation import delegation
from model.core.entry import entry
from model.core.learning import learning
from model.core.market import market
from model.core.options import OFFENCES
from model.core.recording import observe
from model.core.rewards import rewards
from model.core.sanctions import sanctions
from model.core.selection import selection
from model.core.users import users
from model.core.verification import verification


@kernel
def advance(state, rules, shape, streams, snapshots, first, last):
    """Run the epochs first..last-1, taking the snapshots that are due before, between and after them.

    In one call or in many: the same bytes.
    """
    observe(state, snapshots, first)
    for epoch in range(first, last):
        state.market.epoch = epoch
        market(state, rules, streams.market, streams.luck)
        selection(state, rules, streams.selection, streams.overlap)
        conduct(state, rules, shape, streams.conduct, streams.auction)
        verification(state, rules, streams.verification)
        sanctions(state, rules, streams.sanctions, streams.shocks, streams.attack)
        rewards(state, rules)
        learning(state, rules, streams.learning)
        delegation(state, rules, streams.delegation)
        entry(state, rules, streams.entry)
        attack(state, rules, streams.attack)
        users(state, rules, streams.users, streams.elsewhere)
        record(state, rules)
        observe(state, snapshots, epoch + 1)


@kernel
def record(state, rules):
    """Phase 12: add the epoch to the cumulative flows. Writes totals and market.net_issuance. Draws nothing."""
    totals = state.totals
    now = state.market
    offences = 0
    for node in state.sequencers:
        totals.blocks_made += node.made
        totals.opportunity += node.opportunity
        node.total_made += node.made
        for a in range(OFFENCES):
            offences += node.offences[a]
            totals.offences[a] += node.offences[a]
            totals.detected[a] += node.detected[a]
            totals.refuted += node.refuted[a]
            totals.stolen += node.stolen[a]
    for ranger in state.rangers:
        totals.checks += ranger.checked
        totals.checks_assigned += ranger.assigned
    totals.blocks_due += rules.blocks_per_epoch
    totals.offending_blocks += offences
    totals.harm += now.harm
    totals.lawful_harm += now.lawful_harm
    totals.volume += now.volume
    totals.coverage += now.coverage
    totals.halted += now.halted
    issued = state.accounts.minted - state.accounts.burned - state.accounts.reserve
    now.net_issuance = issued - now.issued_before
    now.issued_before = issued
