"""Restaking: what the same stake earns and loses at the other services that it backs.

A service that is attacked takes a third of the stake behind it: a coalition that holds a third can halt a service, and
is slashed for it. Who attacked is not told apart: every backer loses a third, as if each coalition were a cross-section
of all. Since a fall only ever lowers the stake behind others, which services fall does not depend on their order.
"""

from model.core import ledger
from model.core.books import credit
from model.core.compiled import kernel
from model.core.options import Status
from model.core.policy import shock_chance

ATTACKERS = 1.0 / 3.0
"""Share of the stake behind a service that its corruption takes, and costs."""


@kernel
def suffer_elsewhere(state, rules, stream):
    """Let shocks strike other services, and services fall whose corruption pays; who backs them loses stake.

    Writes balances (through the ledger), the books and `slashed` of nodes, their count of services, State.services,
    totals. Draws from `stream` one uniform per other service, whatever happens, and nothing without any. Law: a service
    falls at most once, and in the end the corruption of none that stands and is backed pays.
    """
    chance = shock_chance(rules)
    for j in range(state.services.size):
        if stream.random() < chance and state.services[j].fallen == 0:
            _lose(state, j, rules.external_shock_size, rules.unbonding_slashable == 1)
    moved = True
    while moved:
        moved = False
        for j in range(state.services.size):
            if state.services[j].fallen == 0 and _falls(state, rules, j):
                moved = True


@kernel
def service_due(node, rules):
    """Return what other services owe a node and its pool for the epoch (tokens): the active are paid, on all stake."""
    if node.status != Status.ACTIVE:
        return 0.0
    return rules.service_income * rules.dt * node.services * (node.self_stake + node.pool)


@kernel
def _falls(state, rules, j):
    """Weigh the stake behind a service and let it be attacked if that pays. Returns whether it was."""
    service = state.services[j]
    service.stake = 0.0
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if node.status == Status.ACTIVE or node.status == Status.JAILED:
            service.stake += state.backing[i, j] * (node.self_stake + node.pool)
    if not 0.0 < ATTACKERS * service.stake * state.market.price < rules.service_profit:
        return False
    _lose(state, j, ATTACKERS, False)
    for i in range(state.sequencers.size):
        state.sequencers[i].services -= state.backing[i, j]
    service.fallen = 1
    service.stake = 0.0
    return True


@kernel
def _lose(state, j, fraction, all_of_it):
    """Burn a fraction of the stake behind service j: of nodes in service, and (if told) of what waits to leave."""
    price = state.market.price
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        serves = node.status == Status.ACTIVE or node.status == Status.JAILED
        if state.backing[i, j] > 0.0 and (serves or all_of_it):
            part = fraction * state.backing[i, j]
            own, delegated = ledger.seize(state, i, part, 0, all_of_it)
            ledger.burn(state.accounts, own + delegated)
            credit(state.attackers, state.totals, node, -own * price)
            node.slashed = 1.0 - (1.0 - node.slashed) * (1.0 - part)
            state.totals.shocked += own + delegated
            state.totals.pool_elsewhere -= delegated
