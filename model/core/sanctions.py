"""Phase 5: what comes to light is a scandal, a case for the council, or costs stake and jail; so do honest faults."""

from model.core import censorship, ledger
from model.core.books import credit
from model.core.compiled import kernel
from model.core.council import judge, remove
from model.core.docket import CONVICTED, due, file, has_come_to_light
from model.core.options import OFFENCES, Conduct, Offence, Sanction, Status, Tactic, Verification
from model.core.penalty import makes_scandals, takes_stake
from model.core.restaking import suffer_elsewhere

ROUNDING = 1e-12
"""Relative shortfall of the minimum stake that is arithmetic, not a shortfall."""


@kernel
def sanctions(state, rules, stream, shocks, tactics):
    """Bring to light, and convict, take the slashes that are due and what other services cost, jail or remove.

    Writes balances (through the ledger), status, jailed_until, removed_from, slashed, the docket, the pending slashes
    and claims, market.scandal, and what `restaking` writes. Draws from `stream`, from `shocks` one uniform per other
    service, and from `tactics` what trying embargoes takes.
    """
    for node in state.sequencers:
        node.slashed = 0.0
        node.sentenced = 0
    _penalise_shirkers(state.accounts, state.rangers, rules, state.market.price)
    file(state.docket, state.sequencers, state.market.epoch)
    if state.attackers[Tactic.CENSORSHIP].active == 1:
        censorship.try_embargoes(state, rules, tactics)
    cases = state.docket[due(state.docket, state.market.epoch)]
    state.market.scandal = _has_scandal(cases) if makes_scandals(rules) else 0
    state.totals.scandals += state.market.scandal
    if rules.sanction == Sanction.REMOVAL:
        judge(state, rules, cases, stream)
    if not takes_stake(rules):
        return
    state.slashed_before[state.market.epoch % state.slashed_before.size] = 0.0
    slot = state.market.epoch % state.pending.shape[0]
    for i in range(state.sequencers.size):
        for a in range(OFFENCES):
            for _ in range(cases[i, CONVICTED, a]):
                _convict(state, rules, i, a, slot)
    if rules.verification == Verification.RANGERS:
        _accuse(state, rules, slot, stream)
    _honest_faults(state, rules)
    _take_due(state, rules)
    if state.services.size > 0:
        suffer_elsewhere(state, rules, shocks)
    for node in state.sequencers:
        if node.sentenced == 1:
            _sentence(node, rules, state.market, state.totals)
        _minimum(node, rules, state.market, state.totals)


@kernel
def _has_scandal(cases):
    """Tell whether anybody's misconduct comes to light (0 or 1)."""
    scandal = 0
    for i in range(cases.shape[0]):
        if has_come_to_light(cases, i):
            scandal = 1
    return scandal


@kernel
def _convict(state, rules, i, a, slot):
    state.pending[slot, i] = 1.0 - (1.0 - state.pending[slot, i]) * (1.0 - rules.slash[a])
    state.sequencers[i].sentenced = 1
    state.totals.convicted += 1


@kernel
def _accuse(state, rules, slot, stream):
    for k in range(state.rangers.size):
        accuser = state.rangers[k]
        if accuser.conduct != Conduct.GRIEFING or accuser.status != Status.ACTIVE:
            continue
        for _ in range(stream.poisson(rules.accusation_rate)):
            victim = _active_node(state, stream)
            if victim < 0 or accuser.status != Status.ACTIVE:
                break
            state.totals.accusations += 1
            if stream.random() < rules.wrongful_conviction:
                _convict(state, rules, victim, Offence.REORDER, slot)
                state.claims[slot, victim, k] += rules.slash[Offence.REORDER]
                state.totals.wrongful += 1
            else:
                lost = ledger.burn_bond(state.accounts, accuser, rules.false_accusation_slash * accuser.bond)
                accuser.usd -= lost * state.market.price
                _keep_seat(accuser, rules)


@kernel
def _penalise_shirkers(accounts, rangers, rules, price):
    for ranger in rangers:
        if ranger.trapped > 0:
            lost = ledger.burn_bond(accounts, ranger, ranger.trapped * rules.trap_penalty / price)
            ranger.usd -= lost * price
            _keep_seat(ranger, rules)


@kernel
def _keep_seat(ranger, rules):
    """Unseat a Ranger for good once less than half of its bond is left."""
    if ranger.bond < 0.5 * rules.ranger_bond:
        ledger.return_bond(ranger)
        ranger.status = Status.REMOVED


@kernel
def _active_node(state, stream):
    active = 0
    for node in state.sequencers:
        if node.status == Status.ACTIVE:
            active += 1
    if active == 0:
        return -1
    chosen = int(stream.random() * active)
    for i in range(state.sequencers.size):
        if state.sequencers[i].status == Status.ACTIVE:
            if chosen == 0:
                return i
            chosen -= 1
    return -1


@kernel
def _honest_faults(state, rules):
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if node.fault == 1 and node.status == Status.ACTIVE:
            state.totals.faults += 1
            if rules.honest_fault_slash > 0.0:
                state.totals.wrongful += 1
                _take(state, rules, i, rules.honest_fault_slash, state.market.epoch, -1)


@kernel
def _take_due(state, rules):
    """Take the slashes convicted `slash_delay` epochs ago, with the correlation penalty, of stake since the offence."""
    now = state.market.epoch
    since = now - rules.slash_delay
    if since < 0:
        return
    slot = since % state.pending.shape[0]
    extra = _correlation(state, rules, slot)
    for i in range(state.sequencers.size):
        if state.pending[slot, i] > 0.0:
            _take(state, rules, i, min(1.0, state.pending[slot, i] + extra), since - rules.exposure_delay, slot)
        state.pending[slot, i] = 0.0
        state.claims[slot, i, :] = 0.0


@kernel
def _correlation(state, rules, slot):
    """Return the extra slash: the penalty times the share of stake slashed in the window, what is due now included."""
    if rules.correlation_penalty <= 0.0:
        return 0.0
    taken = state.slashed_before.sum()
    stake = taken
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        stake += node.self_stake + node.pool
        taken += state.pending[slot, i] * (node.self_stake + node.pool)
    return rules.correlation_penalty * taken / stake if stake > 0.0 else 0.0


@kernel
def _take(state, rules, i, fraction, since, slot):
    """Take a fraction of sequencer i's stake; `slot` says whose claims share the bounty (-1: nobody's)."""
    node = state.sequencers[i]
    own, delegated = ledger.seize(state, i, fraction, since, rules.unbonding_slashable == 1)
    amount = own + delegated
    credit(state.attackers, state.totals, node, -own * state.market.price)
    state.totals.pool_slashed += delegated
    node.slashed = 1.0 - (1.0 - node.slashed) * (1.0 - fraction)
    state.totals.slashed += amount
    state.slashed_before[state.market.epoch % state.slashed_before.size] += amount
    bounty = 0.0
    claims = state.claims[slot, i].sum() if slot >= 0 else 0.0
    if claims > 0.0:
        for k in range(state.rangers.size):
            part = rules.bounty_share * amount * state.claims[slot, i, k] / claims
            ledger.pay_ranger(state.rangers[k], part)
            state.rangers[k].tokens += part
            bounty += part
    state.totals.bounties += bounty
    to_users = rules.compensation_share * amount
    to_treasury = rules.treasury_share * amount
    state.totals.compensated_usd += to_users * state.market.price
    state.totals.treasury_usd += to_treasury * state.market.price
    ledger.split_slash(state.accounts, to_users, to_treasury, max(0.0, amount - bounty - to_users - to_treasury))


@kernel
def _sentence(node, rules, now, totals):
    if rules.expel == 1:
        remove(node, now, totals)
    elif rules.jail_epochs > 0 and (node.status == Status.ACTIVE or node.status == Status.JAILED):
        node.status = Status.JAILED
        node.jailed_until = now.epoch + 1 + rules.jail_epochs


@kernel
def _minimum(node, rules, now, totals):
    if node.status != Status.ACTIVE and node.status != Status.JAILED:
        return
    short = rules.min_stake - node.self_stake
    if short > 0.0 and rules.top_up == 1 and node.wallet >= short:
        ledger.bond(node, short)
        short = 0.0
    if short > ROUNDING * rules.min_stake or node.self_stake <= 0.0:
        remove(node, now, totals)
