"""Whose turn it is: seats, the handover by plan, committees, and what these can agree on.

Statistical tests use fixed seeds and reject beyond 4.5 standard errors (once in 150,000); each says what it would find.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.core.consensus import agree, agreement_time
from model.core.delegation import offers
from model.core.entry import entry
from model.core.options import NOBODY, Selection, Status
from model.core.selection import incumbent_share, selection, weigh
from model.core.state import Streams
from model.metrics import compute
from model.parameters import Scenario
from model.simulation import Engine, simulate
from tests.scenarios import SMALL, stage

FAR = 4.5
CALM = {"downtime": 0.0, "honest_fault_rate": 0.0, "number_of_delegators": 0}
BLOCKS = SMALL["blocks_per_epoch"]


def deal(engine: Engine) -> np.ndarray:
    selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
    return engine.state.sequencers.assigned.copy()


def z(sample: list[Any], expected: Any) -> np.ndarray:
    """Return by how many standard errors the means of a sample (draws first) are off."""
    values = np.array(sample, float)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return (values.mean(axis=0) - expected) / np.where(error > 0, error, 1e-12)


# Seats


@pytest.mark.parametrize(("rule", "seats"), [("single", 1), ("appointed", 1), ("appointed", 3), ("appointed", 9)])
def test_the_first_active_rows_order_blocks_alike(rule, seats):
    engine = stage(selection=rule, appointed_seats=seats, **CALM)
    weigh(engine.state, engine.rules)
    assert engine.state.sequencers.weight.tolist() == [float(i < min(seats, 5)) for i in range(8)]
    dealt = np.array([deal(engine) for _ in range(200)])
    assert np.all(dealt[:, min(seats, 5) :] == 0)
    assert np.all(dealt.sum(axis=1) == BLOCKS)
    assert np.all(np.abs(z(list(dealt[:, : min(seats, 5)]), BLOCKS / min(seats, 5))) < FAR)


def test_one_seat_is_a_single_sequencer():
    runs = [
        simulate(Scenario(**SMALL, selection=rule, appointed_seats=1, mev_bps=400.0), seed=2, epochs=40).metrics
        for rule in ("single", "appointed")
    ]
    assert runs[0].equals(runs[1])


def test_who_waits_stands_in_for_who_is_in_jail():
    engine = stage(selection="appointed", appointed_seats=2, **CALM)
    nodes = engine.state.sequencers
    nodes.status[0], nodes.jailed_until[0] = Status.JAILED, 3
    for epoch in range(6):
        engine.state.market.epoch = epoch
        dealt = deal(engine)
        assert np.flatnonzero(nodes.weight).tolist() == ([1, 2] if epoch < 3 else [0, 1])
        assert dealt.sum() == BLOCKS


def test_where_nobody_waits_the_chain_stands_still_while_its_sequencer_is_in_jail():
    engine = stage(selection="single", number_of_sequencers=1, entry_rate=1.0, **CALM)
    state, node = engine.state, engine.state.sequencers[0]
    node.status, node.jailed_until = Status.JAILED, 4
    for epoch in range(5):
        state.market.epoch = epoch
        assert deal(engine).sum() == (0 if epoch < 4 else BLOCKS)
        assert state.market.lost_blocks == (BLOCKS if epoch < 4 else 0)
        entry(state, engine.rules, engine.streams.entry)
        assert np.all(state.sequencers.status[1:] == Status.CANDIDATE), "the convict keeps its seat"


@pytest.mark.parametrize(("rule", "seats"), [("single", 1), ("appointed", 3)])
def test_a_free_seat_is_filled_at_once_by_the_next_who_can_bond(rule, seats):
    """Without a vote or chance, which are both set to none here; row 5 cannot pay."""
    engine = stage(
        selection=rule, appointed_seats=seats, number_of_sequencers=seats, admission="vote", admission_probability=0.0,
        entry_rate=0.0, exit_rate=0.0, **CALM,
    )  # fmt: skip
    state, nodes = engine.state, engine.state.sequencers
    nodes.wallet[seats] = 1.0
    nodes.status[0], nodes.self_stake[0] = Status.REMOVED, 0.0
    entry(state, engine.rules, engine.streams.entry)
    assert np.flatnonzero(nodes.status == Status.ACTIVE).tolist() == [*range(1, seats), seats + 1]
    assert nodes.self_stake[seats + 1] == nodes.capital[seats + 1]
    assert state.totals.entries == 1
    deal(engine)
    assert nodes.due[seats + 1] == pytest.approx(BLOCKS / seats)
    per_block = engine.rules.reward_per_block * state.market.price + state.market.net_fee
    per_block += engine.rules.honest_capture * state.market.mean_opportunity
    expected = BLOCKS / seats * per_block - nodes.cost[seats + 1]
    assert nodes.profit_average[seats + 1] == pytest.approx(expected)


def test_nobody_takes_a_seat_by_himself():
    plenty = {"entry_rate": 1.0, "sequencer_cost": 0.0, "exit_rate": 0.0, "reward_per_block": 10.0}
    for rule, entered in (("equal", True), ("appointed", False), ("single", False)):
        engine = stage(selection=rule, appointed_seats=5, **plenty, **CALM)
        entry(engine.state, engine.rules, engine.streams.entry)
        assert (engine.state.sequencers.status[5:] == Status.ACTIVE).any() == entered


@pytest.mark.parametrize(("failover", "lost"), [(0.0, 60), (0.5, 30), (1.0, 0)])
def test_a_standby_of_the_same_operator_takes_over_what_fails_over(failover, lost):
    engine = stage(selection="single", failover=failover, **CALM)
    engine.state.sequencers.outage[0] = 0.3
    assert deal(engine)[0] == BLOCKS - lost
    engine.state.sequencers.outage[0] = 1.0
    assert deal(engine).sum() == 0


def test_delegators_are_promised_nothing_where_no_seat_is():
    economy = stage(selection="appointed", appointed_seats=2)
    names, yields, _ = offers(economy.state, economy.rules)
    assert names.tolist() == [0, 1, 2, 3, 4]
    brand = economy.state.sequencers.brand[:5]
    assert np.all(yields[:2] > brand[:2])
    assert yields[2:] == pytest.approx(brand[2:])


# Handover


@pytest.mark.parametrize(
    ("start", "end", "shares"),
    [(0, 4, [1, 0.75, 0.5, 0.25, 0, 0]), (2, 4, [1, 1, 1, 0.5, 0, 0]), (3, 0, [1, 1, 1, 0, 0, 0]),
     (2, 2, [1, 1, 0, 0, 0, 0])],
)  # fmt: skip
def test_the_plan_falls_linearly_from_all_to_nothing(start, end, shares):
    engine = stage(handover_start=start, handover_end=end, incumbent_nodes=2, **CALM)
    state, nodes = engine.state, engine.state.sequencers
    for epoch, share in enumerate(shares):
        state.market.epoch = epoch
        assert incumbent_share(engine.rules, epoch) == share
        deal(engine)
        counted = np.minimum(nodes.self_stake, engine.rules.max_stake)
        assert nodes.due[:2].sum() == pytest.approx(share * BLOCKS)
        assert nodes.due[:2] == pytest.approx(share * BLOCKS * counted[:2] / counted[:2].sum())
        assert nodes.due[2:5] == pytest.approx((1 - share) * BLOCKS * counted[2:5] / counted[2:5].sum())


def test_blocks_fall_by_the_plan():
    """A share of 0.25 would be told from 0.27 (6 standard errors of the mean of 20,000 blocks in spans of ten)."""
    engine = stage(handover_end=4, selection="sqrt_stake", **CALM)
    engine.state.market.epoch = 3
    made = [deal(engine)[0] for _ in range(1_000)]
    assert abs(z(made, 0.25 * BLOCKS)) < FAR
    assert abs(z(made, 0.27 * BLOCKS)) > FAR


def test_who_is_left_orders_everything():
    for gone, shares in (([0], [0, 1]), ([1, 2, 3, 4], [1, 0])):
        engine = stage(handover_start=0, handover_end=10, selection="equal", **CALM)
        engine.state.market.epoch = 5
        engine.state.sequencers.status[gone] = Status.REMOVED
        deal(engine)
        due = engine.state.sequencers.due
        assert [due[0] / BLOCKS, due[1:].sum() / BLOCKS] == pytest.approx(shares)


def test_by_plan_the_incumbent_takes_no_seat():
    engine = stage(selection="appointed", appointed_seats=2, handover_end=10, incumbent_nodes=2, **CALM)
    engine.state.market.epoch = 5
    weigh(engine.state, engine.rules)
    assert engine.state.sequencers.weight[:6].tolist() == [0.25, 0.25, 0.25, 0.25, 0, 0]


def test_candidates_reckon_with_what_the_plan_leaves_them():
    """Alone beside the incumbent, an entrant has all that is handed over; it pays to come only once that is enough."""
    came = []
    for epoch in range(1, 21):
        engine = stage(
            number_of_sequencers=1, possible_sequencers=2, handover_end=20, entry_rate=1.0, sequencer_cost=450.0,
            cost_dispersion=0.0, choice="best_response", **CALM,
        )  # fmt: skip
        engine.state.market.epoch = epoch
        entry(engine.state, engine.rules, engine.streams.entry)
        came.append(engine.state.sequencers.status[1] == Status.ACTIVE)
        if came[-1]:
            share = epoch / 20
            node, now, rules = engine.state.sequencers[1], engine.state.market, engine.rules
            per_block = rules.reward_per_block * now.price + now.net_fee + rules.honest_capture * now.mean_opportunity
            assert node.profit_average == pytest.approx(share * BLOCKS * per_block - node.cost)
    assert came == sorted(came)
    assert 0 < sum(came) < 20


def test_the_incumbents_income_falls_along_the_plan_and_ends_about_nothing():
    """Willingness to hand over can be read off: what each quarter of the plan costs whoever ran the chain alone."""
    quiet = {"price_volatility": 0.0, "volume_volatility": 0.0, "opportunity": "constant", "sequencer_cost": 1.0}
    quiet |= {"blocks_per_span": 1}
    scenario = Scenario(**{**SMALL, "handover_end": 80, **quiet, **CALM})
    metrics = simulate(scenario, seed=3, epochs=100, record_every=20).metrics
    income, blocks = metrics.incumbent_income.to_numpy(), metrics.incumbent_block_share.to_numpy()
    assert blocks == pytest.approx([0.881, 0.631, 0.381, 0.131, 0], abs=0.03)
    alone = income[0] / blocks[0]
    assert np.all(np.diff(income[:4]) < 0)
    assert income == pytest.approx(alone * blocks, abs=0.005 * alone)
    assert abs(income[-1]) < 0.01 * income[0]


# Consensus


def quorum(outages: tuple[float, ...], starts: tuple[float, ...], **changes: Any) -> Engine:
    """Return an economy of equal nodes in which `agree` has been asked for the first committee."""
    engine = stage(
        selection="equal", number_of_sequencers=len(outages), possible_sequencers=len(outages),
        consensus="bft_linear", **changes, **CALM,
    )  # fmt: skip
    nodes = engine.state.sequencers
    weigh(engine.state, engine.rules)
    nodes.votes = nodes.weight
    nodes.outage = nodes.absent = outages
    engine.agreed = agree(engine.state, engine.rules, 0, BLOCKS, np.array(starts))  # type: ignore[attr-defined]
    return engine


@pytest.mark.parametrize(
    ("outages", "starts", "halted"),
    [
        ((0.1, 0.0, 0.0), (0.5, 0.0, 0.0), 0.1),
        ((0.1, 0.2, 0.0), (0.5, 0.7, 0.0), 0.3),
        ((0.1, 0.2, 0.0), (0.5, 0.55, 0.0), 0.25),
        ((0.5, 0.0, 0.0), (0.8, 0.0, 0.0), 0.5),
        ((1.0, 0.3, 0.0), (0.4, 0.1, 0.0), 1.0),
        ((0.5, 0.0, 0.0, 0.0), (0.1, 0.0, 0.0, 0.0), 0.0),
        ((0.5, 0.5, 0.0, 0.0), (0.0, 0.4, 0.0, 0.0), 0.1),
        ((0.5, 0.5, 0.0, 0.0), (0.7, 0.1, 0.0, 0.0), 0.1),
        ((1.0, 0.5, 0.5, 0.0), (0.7, 0.1, 0.3, 0.0), 0.7),
        ((1.0,) * 2 + (0.0,) * 4, (0.0,) * 6, 1.0),
        ((1.0,) * 2 + (0.0,) * 5, (0.0,) * 7, 0.0),
        ((0.0,), (0.0,), 0.0),
    ],
)
def test_it_halts_while_a_third_is_down(outages, starts, halted):
    engine = quorum(outages, starts)
    assert engine.state.market.halted == pytest.approx(halted, abs=1e-12)
    assert engine.agreed == round((1 - halted) * BLOCKS)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(1, 7).flatmap(lambda n: st.tuples(*[st.lists(st.floats(0, 1), min_size=n, max_size=n)] * 2)))
def test_the_halt_is_what_a_fine_clock_sees(drawn):
    """Against 20,000 looks at the clock: each edge of an outage is seen to 1/20,000."""
    outages, starts = map(tuple, drawn)
    engine = quorum(outages, starts)
    clock = (np.arange(20_000) + 0.5) / 20_000
    down = (clock[:, None] - np.array(starts)) % 1.0 < np.array(outages)
    halted = 3 * down.sum(axis=1) >= len(outages)
    assert engine.state.market.halted == pytest.approx(halted.mean(), abs=len(outages) * 2e-4)
    if halted.mean() < 0.5:
        absent = down[~halted].mean(axis=0)
        assert engine.state.sequencers.absent == pytest.approx(absent, abs=len(outages) * 1e-3)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=7), st.floats(0, 1))
def test_more_downtime_never_halts_less(drawn, more):
    outages, starts = zip(*drawn, strict=True)
    longer = tuple(min(1.0, outage + more) for outage in outages)
    before, after = quorum(outages, starts).state.market.halted, quorum(longer, starts).state.market.halted
    assert before <= after + 1e-12


@pytest.mark.parametrize(("nodes", "needed"), [(3, 1), (4, 2), (5, 2), (7, 3)])
def test_the_halt_is_the_tail_of_a_binomial(nodes, needed):
    """Equal nodes down a share d of the epoch at independent times: P(at least a third down).

    A halt at one node more or less would be off by more than 20 standard errors.
    """
    down = 0.2
    engine = stage(selection="equal", number_of_sequencers=nodes, consensus="bft_linear", **CALM)
    halted = []
    for _ in range(3_000):
        engine.state.sequencers.outage[:nodes] = down
        deal(engine)
        halted.append(engine.state.market.halted)
    law = [float(stats.binom.sf(k - 1, nodes, down)) for k in (needed - 1, needed, needed + 1)]
    assert abs(z(halted, law[1])) < FAR
    assert abs(z(halted, law[0])) > 20
    assert abs(z(halted, law[2])) > 20


@pytest.mark.parametrize("failover", [0.0, 1.0])
def test_where_all_are_needed_who_is_down_costs_everybody_alike(failover):
    """Of three nodes none is missing while blocks are agreed, so nothing is left to fail over."""
    engine = stage(selection="equal", number_of_sequencers=3, consensus="bft_linear", failover=failover, **CALM)
    for _ in range(50):
        engine.state.sequencers.outage[:3] = 0.3, 0.1, 0.0
        dealt = deal(engine)
        now, nodes = engine.state.market, engine.state.sequencers
        assert dealt.sum() == pytest.approx((1 - now.halted) * BLOCKS, abs=0.5)
        assert nodes.absent[:3].tolist() == [0, 0, 0]
        assert 0.3 - 1e-9 <= now.halted <= 0.4 + 1e-9


def test_a_third_of_the_stake_that_withholds_halts_everything():
    """What is withheld on purpose counts as an outage of the whole epoch; a bit less than a third can do nothing."""
    for share, halts in ((0.334, True), (0.332, False)):
        stakes = (1e5 * share, 1e5 * (1 - share) * 0.6, 1e5 * (1 - share) * 0.4)
        engine = stage(stakes=stakes, number_of_sequencers=3, consensus="bft_quadratic", min_stake=0.0, **CALM)
        engine.state.sequencers.outage[0] = 1.0
        assert (deal(engine).sum() == 0) == halts
        assert (engine.state.market.lost_blocks == BLOCKS) == halts


def test_who_is_in_jail_is_not_asked():
    engine = stage(selection="equal", number_of_sequencers=3, consensus="bft_linear", **CALM)
    nodes = engine.state.sequencers
    nodes.status[0], nodes.jailed_until[0], nodes.outage[0] = Status.JAILED, 9, 1.0
    assert deal(engine).sum() == BLOCKS
    nodes.status[:3] = Status.JAILED
    nodes.jailed_until[:3] = 9
    assert deal(engine).sum() == 0
    assert engine.state.market.halted == 1


@pytest.mark.parametrize(("rule", "seconds"), [("none", 0.0), ("bft_linear", 0.5 + 3.0), ("bft_quadratic", 0.5 + 30.0)])
def test_agreement_takes_a_message_each_or_to_each(rule, seconds):
    engine = stage(consensus=rule, message_time=0.3, number_of_sequencers=6, possible_sequencers=10)
    assert agreement_time(engine.rules, 10) == pytest.approx(seconds)


@pytest.mark.parametrize(("message_time", "used"), [(0.0, 7 / 432), (1.0, 32 / 432), (17.0, 1.0), (100.0, 2507 / 432)])
def test_what_there_is_no_time_for_is_lost(message_time, used):
    """Five nodes exchange 25 messages per block; a block is due every 432 seconds."""
    engine = stage(consensus="bft_quadratic", consensus_round=7.0, message_time=message_time, **CALM)
    dealt = deal(engine)
    now = engine.state.market
    assert now.capacity_used == pytest.approx(used)
    assert now.latency == pytest.approx(7.0 + 25 * message_time)
    assert dealt.sum() == round(BLOCKS / max(1.0, used))
    assert now.lost_blocks == BLOCKS - dealt.sum()


def test_overload_deters_entry_and_more_nodes_make_it_worse():
    served = []
    for nodes in (2, 4, 8):
        engine = stage(
            consensus="bft_quadratic", message_time=100.0, number_of_sequencers=nodes, possible_sequencers=nodes, **CALM
        )
        served.append(int(deal(engine).sum()))
    assert served == sorted(served, reverse=True)
    assert served[0] == BLOCKS > served[-1] > 0
    changes = {"consensus": "bft_quadratic", "latency_loss": 0.0, **CALM}
    free, full = (stage(message_time=message_time, **changes) for message_time in (0.0, 200.0))
    averages = [engine.state.sequencers.income_average[:5] for engine in (free, full)]
    assert averages[1] == pytest.approx(averages[0] / full.state.market.capacity_used)
    assert full.state.market.capacity_used > 10


def test_latency_costs_volume():
    """Volume falls by the exponential of the loss times the seconds, from the first epoch on, and only then."""
    changes = {"volume_volatility": 0.0, "trust_elasticity": 0.0, "app_exit_rate": 0.0, **CALM}
    volumes = {}
    for consensus, loss in (("none", 0.3), ("bft_linear", 0.3), ("bft_linear", 0.0)):
        scenario = Scenario(**{**SMALL, **changes}, consensus=consensus, message_time=0.1, latency_loss=loss)
        engine = Engine(scenario, 1)
        assert engine.state.market.latency == pytest.approx(1.0 if consensus != "none" else 0.0)
        start = float(engine.state.market.volume)
        engine.advance(1)
        assert engine.state.market.volume == pytest.approx(start, rel=1e-12)
        volumes[consensus, loss] = start
    assert volumes["bft_linear", 0.3] == pytest.approx(volumes["none", 0.3] * np.exp(-0.3), rel=1e-12)
    assert volumes["bft_linear", 0.0] == volumes["none", 0.3]


def test_who_has_yet_to_bid_is_waited_for():
    """At the start latency and load are those of the same committees whether or not the right to order is sold."""
    changes = {"consensus": "bft_quadratic", "message_time": 99.0, "number_of_sequencers": 6, "shards": 2}
    sold, given = (stage(selection=rule, **changes).state for rule in ("auction", "equal"))
    assert sold.market.latency == given.market.latency > 99.0
    assert sold.market.capacity_used == given.market.capacity_used > 0


# Committees


@pytest.mark.parametrize(("shards", "sizes"), [(2, [3, 3]), (4, [1, 1, 2, 2]), (6, [1] * 6), (50, [1] * 6)])
def test_committees_are_even_and_share_the_blocks_evenly(shards, sizes):
    engine = stage(number_of_sequencers=6, shards=shards, blocks_per_epoch=203, blocks_per_span=1, **CALM)
    for _ in range(20):
        dealt = deal(engine)
        shard = engine.state.sequencers.shard
        assert np.all(shard[6:] == NOBODY)
        assert sorted(np.bincount(shard[:6]).tolist()) == sizes
        blocks = np.bincount(shard[:6], weights=dealt[:6])
        assert np.ptp(blocks) <= 1
        assert blocks.sum() == 203


def test_committees_are_drawn_anew_and_at_random():
    """Two of six nodes sit together with probability 2/5 in two committees; 0.5 would be 10 standard errors off."""
    engine = stage(number_of_sequencers=6, shards=2, **CALM)
    together = []
    for _ in range(2_500):
        deal(engine)
        shard = engine.state.sequencers.shard[:6]
        together.append([shard[i] == shard[j] for i, j in itertools.combinations(range(6), 2)])
    assert np.all(np.abs(z(together, 0.4)) < FAR)
    assert np.all(np.abs(z(together, 0.5)) > FAR)


def test_the_rest_of_the_blocks_falls_on_any_committee():
    engine = stage(number_of_sequencers=6, shards=3, blocks_per_epoch=100, blocks_per_span=1, **CALM)
    larger = []
    for _ in range(1_500):
        dealt = deal(engine)
        larger.append(np.bincount(engine.state.sequencers.shard[:6], weights=dealt[:6]) == 34)
    assert np.array(larger).sum(axis=1).tolist() == [1] * 1_500
    assert np.all(np.abs(z(larger, 1 / 3)) < FAR)


def test_nobody_takes_over_for_another_committee():
    engine = stage(number_of_sequencers=6, shards=2, failover=1.0, **CALM)
    for _ in range(30):
        engine.state.sequencers.outage[:3] = 1.0
        dealt = deal(engine)
        shard, now = engine.state.sequencers.shard[:6], engine.state.market
        dead = [c for c in (0, 1) if np.all(engine.state.sequencers.outage[:6][shard == c] == 1)]
        assert now.lost_blocks == BLOCKS / 2 * len(dead)
        assert dealt.sum() + now.lost_blocks == BLOCKS


def test_a_committee_halts_alone():
    """One of four nodes is down: its committee of two is without a quorum, for half of the blocks."""
    engine = stage(selection="equal", number_of_sequencers=4, shards=2, consensus="bft_linear", **CALM)
    engine.state.sequencers.outage[0] = 1.0
    dealt = deal(engine)
    shard = engine.state.sequencers.shard[:4]
    assert engine.state.market.halted == 0.5
    assert dealt[:4][shard == shard[0]].sum() == 0
    assert dealt[:4][shard != shard[0]].sum() == BLOCKS / 2


def test_committees_relieve_agreement():
    """Half the nodes send a quarter of the messages, for half of the blocks."""
    engine = stage(number_of_sequencers=6, shards=2, consensus="bft_quadratic", consensus_round=0.0, message_time=99.0)
    assert engine.state.market.capacity_used == pytest.approx(99.0 * 9 / (86_400 / (BLOCKS / 2)))
    assert engine.state.market.latency == 99.0 * 9


def test_small_committees_are_easier_to_capture():
    """A quarter of twelve equal nodes cannot halt the chain, but a committee of four in which two of them meet.

    How often they do is hypergeometric; a number of captured committees that is off by a tenth would be told apart.
    """
    equal = {**SMALL, **CALM, "selection": "equal", "number_of_sequencers": 12, "possible_sequencers": 12}
    equal |= {"byzantine_share": 0.25, "exit_rate": 0.0, "sanction": "none"}
    whole, parted = (simulate(Scenario(**equal, shards=n), seed=1, epochs=e).metrics for n, e in ((1, 5), (3, 2_000)))
    assert np.all(whole.captured_committees == 0)
    assert whole.capture_share.to_numpy() == pytest.approx(1 / 3)
    assert parted.capture_share.to_numpy() == pytest.approx(1 / 9)
    captured, law = list(parted.captured_committees), stats.hypergeom.sf(1, 12, 3, 4)
    assert abs(z(captured, law)) < FAR
    assert abs(z(captured, 1.1 * law)) > FAR


# All together

EVERY = {
    "selection": st.sampled_from([rule.name.lower() for rule in Selection if rule != Selection.AUCTION]),
    "appointed_seats": st.integers(1, 6),
    "handover_start": st.integers(0, 6),
    "handover_end": st.integers(0, 12),
    "incumbent_nodes": st.integers(0, 6),
    "consensus": st.sampled_from(["none", "bft_linear", "bft_quadratic"]),
    "message_time": st.floats(0, 1_000),
    "shards": st.integers(1, 9),
    "failover": st.floats(0, 1),
    "downtime": st.floats(0, 0.5),
    "blocks_per_epoch": st.integers(1, 300),
    "blocks_per_span": st.integers(1, 50),
    "expel": st.booleans(),
    "mev_bps": st.sampled_from([0.0, 500.0]),
}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.fixed_dictionaries(EVERY), st.integers(0, 1_000))
def test_every_block_is_dealt_or_lost_under_every_design(changes, seed):
    engine = stage(seed, **changes)
    for _ in range(8):
        engine.advance(1)
        nodes, now = engine.state.sequencers, engine.state.market
        blocks = changes["blocks_per_epoch"]
        assert nodes.made.sum() + now.lost_blocks == blocks
        assert np.all(nodes.assigned >= 0)
        assert 0 <= now.halted <= 1
        assert np.all((nodes.absent >= 0) & (nodes.absent <= 1))
        assert np.all(nodes.due >= 0)
        assert nodes.due.sum() <= blocks * (1 + 1e-9)
        assert np.all(nodes.due[nodes.assigned > 0] > 0)
    metrics = compute(simulate(engine.scenario, seed=seed, epochs=4).history)
    for name in ("latency", "capacity_used", "halted_share", "incumbent_income"):
        assert np.all(np.isfinite(metrics[name])), name


DESIGNS = {
    "appointed": {"selection": "appointed", "appointed_seats": 3},
    "handover": {"handover_end": 10, "incumbent_nodes": 2},
    "quorum": {"consensus": "bft_linear", "failover": 0.5},
    "committees": {"shards": 2, "blocks_per_epoch": 201, "failover": 0.7},
    "all": {"shards": 2, "consensus": "bft_quadratic", "handover_end": 10, "message_time": 60.0, "failover": 0.2},
}


@pytest.mark.parametrize("changes", DESIGNS.values(), ids=DESIGNS.keys())
def test_what_is_due_is_the_mean_of_what_is_dealt(changes):
    """Given who is up and sits where. A mean off by a tenth would be told apart in some row (see the last line)."""
    engine = stage(**{**CALM, **changes})
    engine.state.market.epoch = 4
    difference, due = [], []
    for _ in range(4_000):
        engine.state.sequencers.outage[:5] = 0.0, 0.35, 0.0, 0.1, 0.0
        difference.append(deal(engine) - engine.state.sequencers.due)
        due.append(engine.state.sequencers.due.copy())
    # Rounding of what changes hands is not in the mean.
    rounding = 1.0 if engine.scenario.failover < 1 else 0.5
    error = np.std(difference, axis=0, ddof=1) / np.sqrt(len(difference))
    means = np.abs(np.mean(difference, axis=0))
    assert np.all(means <= FAR * error + 0.1 * rounding)
    assert np.any(0.1 * np.mean(due, axis=0) > FAR * error + 0.1 * rounding)


def test_rows_are_labels_beyond_seats():
    """In another order of rows every node has the same blocks on average, and halts are as long."""
    engine = stage(shards=2, consensus="bft_linear", failover=0.4, number_of_sequencers=6, **CALM)
    order = np.array([3, 5, 0, 7, 1, 4, 6, 2])
    start = engine.state.sequencers.copy()
    start.outage[:6] = 0.0, 0.3, 0.0, 0.2, 0.0, 0.4
    samples = []
    for rows in (start, start[order]):
        drawn = []
        for _ in range(3_000):
            engine.state.sequencers[:] = rows
            dealt = deal(engine)
            drawn.append([*(dealt if rows is start else dealt[np.argsort(order)]), engine.state.market.halted])
        samples.append(np.array(drawn, float))
    ours, theirs = samples
    error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / len(ours))
    assert np.all(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) <= FAR * error)
    assert np.any(np.abs(ours.mean(axis=0) - np.roll(theirs.mean(axis=0), 1)) > 10 * error)


def test_luck_is_drawn_only_where_it_is_needed():
    """Without committees and consensus no stream draws more than before; every consensus sees the same overlaps."""
    states = {}
    for name in ("none", "bft_linear", "bft_quadratic"):
        engine = stage(consensus=name)
        before = engine.streams.overlap.bit_generator.state
        deal(engine)
        assert (engine.streams.overlap.bit_generator.state == before) == (name == "none")
        states[name] = {stream: str(getattr(engine.streams, stream).bit_generator.state) for stream in Streams._fields}
    assert states["bft_linear"] == states["bft_quadratic"]
    assert {k: v for k, v in states["none"].items() if k != "overlap"} == {
        k: v for k, v in states["bft_linear"].items() if k != "overlap"
    }
