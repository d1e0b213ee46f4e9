"""Restaking: the stake that other services count as well, what they pay for it, and how it is lost there.

Cascades are compared with the enumeration of every order in which services can fall, and with the bounds of theory.
"""

from __future__ import annotations

import numpy as np
import pytest

from model import theory
from model.core import audit, ledger
from model.core.delegation import gross_yield
from model.core.entry import expected_profit
from model.core.options import Offence, Status
from model.core.policy import conviction_cost, loss_rate
from model.core.restaking import suffer_elsewhere
from model.core.rewards import rewards
from model.core.sanctions import sanctions
from model.core.selection import weigh
from model.metrics import compute
from model.parameters import Scenario
from model.population import populate
from model.simulation import Engine, simulate
from tests.reference import Reference
from tests.scenarios import SMALL, stage

CALM = {"honest_fault_rate": 0.0, "number_of_rangers": 0}
SHARED = {"sanction": "restaked_slash", "services": 4, "service_overlap": 0.5}
CERTAIN = {"external_shock_rate": 100.0, "epochs_per_year": 1}
"""A shock has a chance of 1 - exp(-100), which is 1 in floating point."""


def secured(stakes: np.ndarray, backs: np.ndarray, profit: float = 0.0, **changes: float) -> Engine:
    """Return an economy at a price of 1 whose nodes all serve, with those stakes behind those services."""
    nodes, services = backs.shape
    engine = stage(
        sanction="restaked_slash", services=services + 1, service_profit=profit, number_of_sequencers=nodes,
        possible_sequencers=nodes, number_of_delegators=0, token_price=1.0, **{**CALM, **changes},
    )  # fmt: skip
    state = engine.state
    state.sequencers.self_stake, state.backing[:] = stakes, backs
    state.sequencers.services = backs.sum(axis=1)
    return engine


def suffer(engine: Engine) -> float:
    """Let the epoch happen at the other services; return the share of stake that is lost."""
    before = engine.state.sequencers.self_stake.sum()
    suffer_elsewhere(engine.state, engine.rules, engine.streams.shocks)
    return float(1 - engine.state.sequencers.self_stake.sum() / before)


def random_graph(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return stakes, and who backs which service; every service is backed."""
    nodes, services = random.integers(2, 7), random.integers(1, 6)
    backs = random.random((nodes, services)) < random.uniform(0.2, 0.8)
    backs[0] |= ~backs.any(axis=0)
    return 1e5 * random.dirichlet(np.ones(nodes)), backs.astype(float)


# --- nothing but slash where nothing is shared


@pytest.mark.parametrize(
    "nothing", [{"services": 1}, {"services": 5, "service_overlap": 0.0, "external_shock_rate": 9.0}]
)
def test_without_other_services_it_is_slash_to_the_last_bit(nothing):
    """Offences, faults, slashes and moves of two months: stake that backs nothing else is just stake."""
    eventful = {**SMALL, "mev_bps": 400.0, "honest_fault_rate": 3.0, "service_profit": 1e9}
    plain = simulate(Scenario(**eventful), seed=2, epochs=60, record_every=5)
    restaked = simulate(Scenario(**eventful, sanction="restaked_slash", **nothing), seed=2, epochs=60, record_every=5)
    assert plain.history.flow("slashed").sum() > 0
    ours, theirs = compute(restaked.history), compute(plain.history)
    assert [name for name in ours if ours[name].tobytes() != theirs[name].tobytes()] == []


def test_under_other_sanctions_there_are_no_other_services():
    state = populate(Scenario(**SMALL, services=9), 1)
    assert state.services.size == state.backing.size == 0
    assert state.market.service_yield == 0


# --- who backs what


def test_a_share_of_nodes_backs_each_service_and_one_more_changes_nobody_else():
    """40,000 draws at 0.3: an overlap that is off by 0.015 is seen, at 4.5 standard errors a false alarm is not."""
    wide = {**SMALL, **SHARED, "service_overlap": 0.3, "possible_sequencers": 4_000, "token_supply": 1e12}
    backing = populate(Scenario(**{**wide, "services": 11}), 4).backing
    assert set(np.unique(backing)) == {0.0, 1.0}
    assert abs(backing.mean() - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / backing.size)
    fewer = populate(Scenario(**{**wide, "services": 5, "possible_sequencers": 3_000}), 4).backing
    assert np.array_equal(fewer, backing[:3_000, :4])
    assert np.all(populate(Scenario(**{**wide, "services": 11, "service_overlap": 0.6}), 4).backing >= backing)
    assert np.all(populate(Scenario(**{**wide, "service_overlap": 1.0}), 4).backing == 1)


def test_who_backs_how_many_is_known_from_the_start():
    state = stage(**SHARED).state
    nodes = state.sequencers
    assert nodes.services.tolist() == state.backing.sum(axis=1).tolist()
    bonded = (nodes.self_stake + nodes.pool) * (nodes.status == Status.ACTIVE)
    assert state.services.stake == pytest.approx(bonded @ state.backing)


# --- what they pay


def test_every_service_pays_the_active_for_all_the_stake_that_backs_it_in_tokens_it_buys():
    engine = stage(2, **SHARED, service_income=0.2, reward_per_block=0.0, restake_share=0.25, max_stake=25_000, **CALM)
    state, nodes = engine.state, engine.state.sequencers
    nodes.status[1] = Status.JAILED
    own, pool, circulating = nodes.self_stake.copy(), nodes.pool.copy(), state.accounts.circulating
    rewards(state, engine.rules)
    due = 0.2 / 365 * nodes.services * (own + pool) * (nodes.status == Status.ACTIVE)
    of_pool = due * pool / np.maximum(own + pool, 1e-300)
    assert np.count_nonzero(due) >= 3
    assert circulating - state.accounts.circulating == pytest.approx(due.sum(), rel=1e-6)
    assert state.totals.service_tokens == pytest.approx(due.sum(), rel=1e-12)
    assert nodes.token_income == pytest.approx(due - (1 - nodes.commission) * of_pool, rel=1e-12)
    assert nodes.self_stake - own == pytest.approx(0.25 * nodes.token_income, rel=1e-6, abs=1e-9)
    assert state.totals.pool_elsewhere == pytest.approx(((1 - nodes.commission) * of_pool).sum(), rel=1e-12)
    assert state.totals.sequencer_tokens == state.totals.pool_tokens == state.accounts.minted == 0
    assert audit.residual(state.accounts, audit.total(state)) == pytest.approx(0, abs=1e-6)


def test_when_too_few_tokens_circulate_all_are_paid_less_and_expect_less():
    engine = stage(**SHARED, service_income=1.0, **CALM)
    state = engine.state
    state.accounts.circulating = 100.0
    rewards(state, engine.rules)
    assert state.accounts.circulating == pytest.approx(0, abs=1e-12)
    assert state.totals.service_tokens == pytest.approx(100)
    active = state.sequencers.status == Status.ACTIVE
    before = state.sequencers.services @ ((state.sequencers.self_stake + state.sequencers.pool) * active)
    assert state.market.service_yield == pytest.approx(100 * 365 / before, rel=0.01)
    assert 0 < state.market.service_yield < 1


def test_delegators_entrants_and_offenders_reckon_with_what_services_pay():
    """Yield per token, profit of an entrant and the cost of a conviction rise by the pay for what is backed."""
    plain, restaked = (
        stage(2, **{**SHARED, "services": n}, service_income=0.3, expel=True, sequencer_cost=1.0, **CALM)
        for n in (1, 4)
    )
    gained = []
    for row in range(5):
        ours, theirs = plain.state.sequencers[row], restaked.state.sequencers[row]
        paid = 0.3 * theirs.services
        total = weigh(plain.state, plain.rules)
        assert weigh(restaked.state, restaked.rules) == total
        yields = (
            gross_yield(theirs, restaked.rules, total, restaked.state.market),
            gross_yield(ours, plain.rules, total, plain.state.market),
        )
        assert yields[0] - yields[1] == pytest.approx(paid)
        own = ours.self_stake + ours.commission * ours.pool
        profits = (
            expected_profit(restaked.state.market, restaked.rules, theirs, 30.0, 0.0),
            expected_profit(plain.state.market, plain.rules, ours, 30.0, 0.0),
        )
        assert profits[0] - profits[1] == pytest.approx(paid * own / 365 * plain.state.market.price)
        costs = (
            conviction_cost(theirs, restaked.rules, Offence.REORDER, 3.3),
            conviction_cost(ours, plain.rules, Offence.REORDER, 3.3),
        )
        horizon = plain.scenario.enforcement * plain.scenario.planning_horizon
        assert costs[0] - costs[1] == pytest.approx(horizon * (profits[0] - profits[1]), rel=1e-9, abs=1e-9)
        gained.append(profits[0] > profits[1])
    assert sum(gained) >= 3


# --- shocks


@pytest.mark.parametrize("slashable", [True, False])
def test_a_shock_takes_from_all_who_back_the_service_and_from_what_waits_to_leave(slashable):
    """Whoever left long ago still backs the service until its stake is free; in here an older offence would miss it."""
    engine = stage(
        sanction="restaked_slash", services=2, external_shock_size=0.2, unbonding_slashable=slashable,
        initial_delegation=1.0, **CERTAIN, **CALM,
    )  # fmt: skip
    state, nodes = engine.state, engine.state.sequencers
    state.backing[:, 0] = nodes.services = [1, 1, 0, 1, 1, 1, 1, 1]
    member = int(np.flatnonzero(state.delegators.pool == 1)[0])
    ledger.undelegate(state, member, engine.rules.exit_delay)
    ledger.leave(nodes[3], 0)
    nodes.status[3], nodes.owner[0] = Status.EXITING, 0
    state.market.epoch = 15
    columns = ("self_stake", "pool", "exiting")
    before = {name: nodes[name].copy() for name in columns} | {"unbonding": state.unbonding.copy()}
    suffer_elsewhere(state, engine.rules, engine.streams.shocks)
    serves = nodes.status == Status.ACTIVE
    hit = (state.backing[:, 0] == 1) & (serves | slashable)
    waiting = hit & slashable
    assert before["exiting"][3] > 0
    assert before["unbonding"][1].sum() > 0
    for name in ("self_stake", "pool"):
        assert nodes[name] == pytest.approx(before[name] * np.where(hit, 0.8, 1.0)), name
    assert nodes.exiting == pytest.approx(before["exiting"] * np.where(waiting, 0.8, 1.0))
    left = before["unbonding"].sum(axis=1)
    assert state.unbonding.sum(axis=1) == pytest.approx(left * np.where(waiting, 0.8, 1.0))
    lost = sum((before[name] - nodes[name]).sum() for name in columns) + left.sum() - state.unbonding.sum()
    assert state.totals.shocked == pytest.approx(lost)
    assert state.accounts.burned == pytest.approx(lost)
    assert state.totals.slashed == state.totals.pool_slashed == 0
    own = sum(before[name] - nodes[name] for name in ("self_stake", "exiting"))
    assert nodes.total_usd == pytest.approx(-own * state.market.price)
    assert state.totals.sequencer_usd == pytest.approx(-own.sum() * state.market.price)
    assert state.attackers.profit[0] == pytest.approx(-own[0] * state.market.price)
    assert nodes.slashed == pytest.approx(np.where(hit, 0.2, 0.0))
    assert audit.residual(state.accounts, audit.total(state)) == pytest.approx(0, abs=1e-6)


def test_who_falls_below_the_minimum_by_a_shock_refills_or_goes():
    engine = secured(np.array([2e4, 2e4]), np.ones((2, 1)), external_shock_size=0.1, min_stake=2e4, **CERTAIN)
    engine.state.sequencers.wallet[:] = 0.0, 5_000.0
    sanctions(engine.state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert engine.state.sequencers.status.tolist() == [Status.REMOVED, Status.ACTIVE]
    assert engine.state.sequencers.self_stake.tolist() == [0, 2e4]
    assert engine.state.sequencers.exiting[0] == pytest.approx(1.8e4)


def test_services_are_struck_independently_at_their_rate():
    """16,000 chances of 1 - exp(-0.2): one of 0.2 would be 6 standard errors off; at 4 a false alarm is below 1e-4.

    Pairs of services are struck together as often as chance has it.
    """
    engine = secured(np.ones(8), np.eye(8), external_shock_rate=20.0, external_shock_size=0.5, epochs_per_year=100)
    struck = np.zeros((2_000, 8), bool)
    for hits in struck:
        engine.state.sequencers.self_stake = 1.0
        suffer(engine)
        hits[:] = engine.state.sequencers.self_stake == 0.5
    chance = 1 - np.exp(-0.2)
    assert abs(struck.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / struck.size)
    assert struck.sum(axis=1).var() == pytest.approx(8 * chance * (1 - chance), rel=0.15)


def test_the_luck_of_services_is_the_same_under_every_policy():
    """As many draws whatever the rate, the overlap, or what fell; and who is struck at a low rate is at a high one."""
    stands = []
    for changes in ({}, {"external_shock_rate": 90.0}, {"service_overlap": 0.0}, {"service_profit": 1e12}):
        engine = Engine(Scenario(**{**SMALL, **SHARED, **changes}), 7)
        engine.advance(30)
        stands.append(engine.streams.shocks.bit_generator.state["state"])
    assert all(stand == stands[0] for stand in stands)
    untouched = Engine(Scenario(**SMALL, services=4), 7)
    untouched.advance(30)
    fresh = Engine(Scenario(**SMALL), 7)
    assert untouched.streams.shocks.bit_generator.state == fresh.streams.shocks.bit_generator.state
    hits = []
    for rate in (20.0, 60.0):
        one = secured(np.ones(6), np.eye(6), external_shock_rate=rate, epochs_per_year=100)
        record = []
        for _ in range(100):
            one.state.sequencers.self_stake = 1.0
            suffer(one)
            record.append(one.state.sequencers.self_stake < 1)
        hits.append(np.array(record))
    assert np.all(hits[1] >= hits[0])
    assert hits[1].sum() > 1.5 * hits[0].sum() > 0


def test_the_risk_of_shocks_is_expected_and_then_seen():
    """Newcomers are thought to lose what shocks take on average; who lost it in fact is shunned by delegators."""
    engine = stage(**SHARED, external_shock_rate=36.5, external_shock_size=0.2, number_of_rangers=0)
    nodes = engine.state.sequencers
    faults = 0.05 / 365 * 0.01
    for node in nodes:
        expected = faults + node.services * (1 - np.exp(-0.1)) * 0.2
        assert loss_rate(node, engine.rules) == pytest.approx(expected)
        if node.status == Status.ACTIVE:
            assert node.slash_average == pytest.approx(expected)
    before, nodes.slashed = float(nodes.slash_average[0]), 0.0
    nodes.slashed[0] = 0.2
    rewards(engine.state, engine.rules)
    assert nodes.slash_average[0] > before


# --- cascades


def fall_in_every_order(stakes: np.ndarray, backs: np.ndarray, profit: float) -> list[tuple[frozenset[int], float]]:
    """Return what every possible order of attacks ends in: the services fallen, and the stake that is left."""
    ends, seen, todo = [], {frozenset()}, [frozenset[int]()]
    while todo:
        fallen = todo.pop()
        left = stakes * (2 / 3) ** backs[:, sorted(fallen)].sum(axis=1)
        worth = [j for j in range(backs.shape[1]) if j not in fallen and 0 < left @ backs[:, j] / 3 < profit]
        if not worth:
            ends.append((fallen, left.sum()))
        for j in worth:
            if fallen | {j} not in seen:
                seen.add(fallen | {j})
                todo.append(fallen | {j})
    return ends


def test_cascades_end_where_every_order_of_attacks_ends():
    random, longest = np.random.default_rng(5), 0
    for _ in range(300):
        stakes, backs = random_graph(random)
        profit = random.uniform(0.5, 1.5) * np.median(stakes @ backs) / 3
        ends = fall_in_every_order(stakes, backs, profit)
        assert len(ends) == 1, "which services fall depends on their order"
        fallen, left = ends[0]
        engine = secured(stakes, backs, profit)
        suffer(engine)
        assert frozenset(np.flatnonzero(engine.state.services.fallen)) == fallen
        assert engine.state.sequencers.self_stake.sum() == pytest.approx(left)
        assert (
            engine.state.sequencers.services.tolist() == (backs * (engine.state.services.fallen == 0)).sum(1).tolist()
        )
        first = sum(0 < behind / 3 < profit for behind in stakes @ backs)
        longest = max(longest, len(fallen) - first)
        assert suffer(engine) == 0, "nothing falls twice"
    assert longest >= 2, "some services must fall because others did"


def test_where_attacks_cost_more_than_they_bring_nothing_falls_and_shocks_spread_within_the_bound():
    """If attack costs exceed profits by 1 + gamma, no more than (1 + 1/gamma) times the shock is lost.

    For the stake lost in a cascade is itself a coalition that could have attacked (Durvasula and Roughgarden 2024).
    """
    random, spread = np.random.default_rng(6), 0
    for _ in range(500):
        stakes, backs = random_graph(random)
        ones = np.ones(backs.shape[1])
        slack = random.uniform(0.02, 0.5)
        profit = (1 + theory.local_slack(stakes, ones, ones / 3, backs)) / (1 + slack)
        assert theory.local_slack(stakes, profit * ones, ones / 3, backs) == pytest.approx(slack)
        engine = secured(stakes, backs, profit)
        assert theory.is_overcollateralised(stakes, profit * ones, ones / 3, backs)
        assert suffer(engine) == 0
        struck = random.random(stakes.size) < 0.4
        shock = np.where(struck, random.uniform(0, 0.6), 0.0)
        engine.state.sequencers.self_stake = stakes * (1 - shock)
        suffer(engine)
        vanished = float(stakes @ shock / stakes.sum())
        lost = 1 - engine.state.sequencers.self_stake.sum() / stakes.sum()
        assert lost <= theory.shock_bound(vanished, slack) + 1e-12
        spread += lost > vanished + 1e-9
    assert spread > 30


def test_stake_counted_for_five_services_is_not_five_stakes():
    """Each service alone is just worth its third, so a small shock brings all of them down, and most of the stake."""
    stakes, backs, profit = np.full(4, 1e4), np.ones((4, 5)), 0.999 * 4e4 / 3
    assert theory.local_slack(stakes, np.full(5, profit), np.full(5, 1 / 3), backs) < -0.7
    engine = secured(stakes, backs, profit)
    assert suffer(engine) == 0
    engine.state.sequencers.self_stake *= 0.998
    assert suffer(engine) == pytest.approx(1 - (2 / 3) ** 5)
    assert engine.state.services.fallen.tolist() == [1] * 5


@pytest.mark.parametrize("cause", ["shock", "slash", "price", "exit"])
def test_whatever_lowers_the_worth_of_stake_can_start_a_cascade(cause):
    engine = secured(np.array([3e4, 3e4]), np.ones((2, 2)), 1.9e4, min_stake=1.0, external_shock_size=0.1)
    state = engine.state
    sanctions(state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert state.services.fallen.sum() == 0
    if cause == "shock":
        engine.rules.external_shock_rate, engine.rules.dt = 100.0, 1.0
    if cause == "slash":
        state.sequencers.convicted[0, Offence.INSERT] = 1
    if cause == "price":
        state.market.price = 0.9
    if cause == "exit":
        ledger.leave(state.sequencers[1], 0)
        state.sequencers.status[1] = Status.EXITING
    sanctions(state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert state.services.fallen.tolist() == [1, 1]


def test_attacks_take_what_is_bonded_and_who_left_has_no_vote_in_them():
    """The stake of the jailed counts, that of the exiting not: two of three nodes stand behind the service."""
    engine = secured(np.array([3e4, 3e4, 3e4]), np.ones((3, 1)), 1.9e4)
    state = engine.state
    ledger.leave(state.sequencers[2], 0)
    state.sequencers.status[1:] = Status.JAILED, Status.EXITING
    assert suffer(engine) == 0
    engine.rules.service_profit = 2.1e4
    suffer(engine)
    assert state.sequencers.self_stake == pytest.approx([2e4, 2e4, 0])
    assert state.sequencers.exiting[2] == 3e4
    assert state.totals.shocked == pytest.approx(2e4)


def test_a_fallen_service_pays_nothing_is_not_struck_and_is_not_feared():
    engine = secured(np.array([3e4, 3e4]), np.ones((2, 2)), 1e9, external_shock_size=0.5, **CERTAIN)
    engine.state.services.fallen = 1
    engine.state.sequencers.services = 0.0
    assert suffer(engine) == 0
    rewards(engine.state, engine.rules)
    assert engine.state.totals.service_tokens == 0
    assert loss_rate(engine.state.sequencers[0], engine.rules) == 0


# --- the same, written a second time


@pytest.mark.parametrize("seed", range(6))
def test_sanctions_agree_exactly_with_the_oracle(seed):
    """Certain shocks, faults, a cascade, and who then falls below the minimum, from a state in which stake unbonds."""
    engine = stage(
        seed=seed, sanction="restaked_slash", services=5, service_overlap=0.6, attention=0.5, external_shock_size=0.07,
        unbonding_slashable=seed % 2 == 0, entry_rate=0.5, opportunity_yield=0.2, honest_fault_rate=0.0,
    )  # fmt: skip
    engine.advance(6)
    state = engine.state
    profit = float(np.median(state.services.stake) * state.market.price / 3)
    engine.rules.service_profit, engine.rules.external_shock_rate, engine.rules.dt = profit, 100.0, 1.0
    state.market.epoch, state.sequencers.fault[:2] = 6, 1
    for name in ("convicted", "detected", "offences"):
        state.sequencers[name] = 0
    plan = engine.scenario.replace(service_profit=profit, external_shock_rate=100.0, epochs_per_year=1)
    reference = Reference(plan, state, 0)
    sanctions(state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    reference.sanctions()
    assert state.services.fallen.sum() > 0
    assert state.services.fallen.tolist() == [service.fallen for service in reference.services]
    for name in ("self_stake", "pool", "exiting", "wallet", "slashed", "status", "total_usd"):
        theirs = [getattr(node, name) for node in reference.sequencers]
        assert state.sequencers[name] == pytest.approx(theirs, rel=1e-11, abs=1e-9), name
    waiting = [sum(bucket.tokens for bucket in node.buckets.values()) for node in reference.sequencers]
    assert state.unbonding.sum(axis=1) == pytest.approx(waiting, rel=1e-11)
    for name in ("shocked", "slashed", "pool_elsewhere", "sequencer_usd", "removals", "wrongful"):
        assert state.totals[name] == pytest.approx(getattr(reference.totals, name), rel=1e-11), name
    assert state.accounts.burned == pytest.approx(reference.accounts.burned, rel=1e-11)


# --- what is measured


def test_metrics_of_restaking_say_what_happened():
    eventful = {"external_shock_rate": 12.0, "service_profit": 7e4, "service_income": 0.1, "price_process": "constant"}
    history = simulate(Scenario(**{**SMALL, **SHARED, **eventful}), seed=3, epochs=60, record_every=10).history
    measured, last = compute(history), history.snapshots
    assert measured["services_fallen"][-1] == last.services["fallen"][-1].sum() > 0
    lost = measured["stake_lost_elsewhere"] > 0
    assert lost.any()
    assert np.all(measured["slashed_share"] < 0.2)
    nodes = last.sequencers[-1]
    serving = (nodes["status"] == Status.ACTIVE) | (nodes["status"] == Status.JAILED)
    assert measured["services_backed"][-1] == pytest.approx(nodes["services"][serving].mean())
    assert np.all((measured["services_backed"] <= 3) & (measured["service_yield"] <= 0.1 * 3 + 1e-9))
    assert measured["service_yield"][0] > 0
    plain = compute(simulate(Scenario(**SMALL), seed=3, epochs=20, record_every=10).history)
    for name in ("services_backed", "services_fallen", "stake_lost_elsewhere", "service_yield"):
        assert plain[name].tolist() == [0, 0], name


def test_corruption_of_shared_stake_brings_the_profit_of_all_it_backs_and_costs_no_more():
    """Services that nobody backs, or that have fallen, are not there to be taken; each takes a third of what it has."""
    still = {**SMALL, "volume_volatility": 0.0, "price_process": "constant", **CALM, "entry_rate": 0.0}
    plain = compute(simulate(Scenario(**still), seed=1, epochs=1).history)
    for services, overlap, profit, joint in ((4, 1.0, 1e3, 3e3), (4, 0.0, 1e3, 0.0), (1, 1.0, 1e3, 0.0)):
        shared = {"services": services, "service_overlap": overlap, "service_profit": profit, "service_income": 0.0}
        restaked = compute(simulate(Scenario(**still, sanction="restaked_slash", **shared), seed=1, epochs=1).history)
        gained = restaked["profit_from_corruption"] - plain["profit_from_corruption"]
        assert gained == pytest.approx(joint, abs=1e-6)
        thirds = restaked["stake_at_risk"] * min(2.0, joint / profit) / 3
        most = restaked["stake_to_control"]
        cost = np.minimum(most, plain["cost_of_corruption"] + thirds)
        assert restaked["cost_of_corruption"] == pytest.approx(cost, rel=1e-12)


def test_delegators_bear_what_happens_elsewhere():
    """Yield of delegated stake: emission less slashes, plus other services' pay, less what they lost."""
    paid = {"service_income": 0.5, "external_shock_rate": 0.0, "reward_per_block": 0.0, "attention": 0.0}
    quiet = {**SMALL, **SHARED, **paid, **CALM, "service_overlap": 1.0, "mev_bps": 0.0, "initial_delegation": 1.0}
    run = simulate(Scenario(**quiet), seed=2, epochs=10, record_every=10)
    commission = run.history.path("sequencers", "commission")[0, :5]
    assert 1.5 * (1 - commission.max()) < run.metrics.yield_delegator.iloc[-1] < 1.55 * (1 - commission.min())
    struck = simulate(Scenario(**{**quiet, "external_shock_rate": 50.0}), seed=2, epochs=10, record_every=10)
    assert struck.history.flow("shocked")[-1] > 0
    assert struck.metrics.yield_delegator.iloc[-1] < 0
