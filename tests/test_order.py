"""Order rules, sight, proofs and revenue: what can be done, seen, proven, earned; auctions of blocks and of turns.

Statistical tests have fixed seeds and reject below 1e-5; each says what it would see.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.equilibrium.payoff import Members, Play
from experiments.equilibrium.world import calm, frozen
from experiments.theories import game_of
from model import Scenario, theory
from model.core import auction
from model.core.entry import expected_profit
from model.core.market import market
from model.core.options import Conduct, Offence, Ordering, Revenue, Status
from model.core.rewards import batch_cost, protocol_part
from model.core.selection import entitle, openings, prospect, selection, weigh
from model.core.users import users
from model.history import History
from model.metrics import compute
from model.parameters.declaration import names
from model.parameters.rules import rules_of
from model.simulation import Engine, simulate
from tests.scenarios import SMALL, stage

REJECT = 1e-5
FLAT = {"opportunity": "constant", "volume_volatility": 0.0, "price_volatility": 0.0}
QUIET = {
    **SMALL, **FLAT, "downtime": 0.0, "honest_fault_rate": 0.0, "number_of_delegators": 0, "entry_rate": 0.0,
    "exit_rate": 0.0, "skill_dispersion": 0.0, "cost_dispersion": 0.0,
}  # fmt: skip
SOLD = {"ordering": "discretion", "revenue": "auction_to_proposer"}
ORDERINGS, REVENUES = names(Ordering), names(Revenue)
TEMPTING = {
    "slash_fraction": 0.002, "mev_bps": 40.0, "min_stake": 0.0, "jail_epochs": 1, "gain_censor": 2.0,
    "gain_insert": 3.0,
}  # fmt: skip
"""Offences everywhere, and offenders who stay."""

LAWFUL = {
    "discretion": (1.0, 0.0, 1.0), "first_come": (0.1, 0.05, 0.5), "priority_fee": (0.3, 0.15, 0.5),
    "random": (0.0, 0.0, 0.0), "committed": (0.1, 0.05, 0.5),
}  # fmt: skip
"""What ordering by the rules earns where nothing is sold; beside what is sold; and what is sold."""


def rules(**changes):
    return rules_of(Scenario(**changes))


def played(epochs=30, seed=3, **changes):
    engine = Engine(Scenario(**{**SMALL, **changes}), seed)
    engine.advance(epochs)
    return engine


@pytest.mark.parametrize(
    ("ordering", "proven"),
    [("discretion", 0.0), ("first_come", 0.4), ("priority_fee", 1.0), ("random", 1.0), ("committed", 1.0)],
)
def test_an_order_that_anyone_can_recompute_proves_every_breach_of_it(ordering, proven):
    found = rules(ordering=ordering, evidence_reorder=0.4, evidence_insert=0.7, evidence_censor=0.2).evidence
    assert found.tolist() == [proven, 0.7, 0.2]


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_what_ordering_by_the_rules_earns(ordering):
    alone, beside, sold = LAWFUL[ordering]
    asked = {"ordering": ordering, "priority_capture": 0.3, "honest_capture": 0.1}
    for revenue in ("keep", "share_with_protocol"):
        assert rules(**asked, revenue=revenue).capture == pytest.approx(alone)
        assert rules(**asked, revenue=revenue).sold == 0
    traded = rules(**asked, revenue="auction_to_proposer", auctioned_share=0.5)
    assert (traded.capture, traded.sold) == (pytest.approx(beside if ordering != "discretion" else 0.0), sold)


@pytest.mark.parametrize("skill", [0.05, 0.7, 1.0, 3.0])
def test_reordering_at_will_is_income_not_an_offence(skill):
    """Whatever the skill, nothing is gained by calling it an offence; the other offences gain what is more than it."""
    engine = stage(ordering="discretion", revenue="keep", mev_bps=40.0)
    engine.state.sequencers.skill = skill
    engine.advance(1)
    node, earned = engine.state.sequencers[0], max(0.1, skill)
    assert node.kept[Offence.REORDER] == 0
    assert node.reservation[Offence.REORDER] == math.inf
    assert node.kept[Offence.INSERT] == pytest.approx(max(0.0, 1.5 * skill - earned))


def test_lawful_income_and_harm_are_what_skill_takes():
    """All blocks honest: income is fees and max(honest, gain * skill) of the opportunity, harm what is above honest."""
    engine = stage(**{**QUIET, **SMALL, **FLAT, "ordering": "discretion", "revenue": "keep", "honest_share": 1.0,
                      "skill_dispersion": 1.0, "gain_reorder": 0.8, "harm_reorder": 2.0})  # fmt: skip
    engine.advance(1)
    state = engine.state
    taken = np.maximum(0.1, 0.8 * state.sequencers.skill)
    income = state.market.net_fee * state.sequencers.made + taken * state.sequencers.honest_value
    assert state.sequencers.usd_income == pytest.approx(income)
    assert state.market.lawful_harm == pytest.approx(2.0 * ((taken - 0.1) * state.sequencers.honest_value).sum())
    assert state.market.harm == 0
    assert state.totals.lawful_harm == state.market.lawful_harm > 0


@pytest.mark.parametrize("share", [0.2, 1.0])
@pytest.mark.parametrize("kind", ["harm", "lawful_harm"])
def test_users_feel_harm_whether_or_not_a_rule_forbids_it(kind, share):
    engine = stage(app_tolerance=0.01)
    engine.state.market[kind] = share * engine.state.market.volume * 1e-2
    users(engine.state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    bps = 100 * share
    assert engine.state.market.trust == pytest.approx(1 - engine.scenario.trust_loss * bps)
    assert engine.state.apps.memory == pytest.approx((1 - engine.rules.harm_keep) * bps)


@pytest.mark.parametrize(
    "blind",
    [{"visibility": "encrypted", "encrypted_share": 0.0},
     {"visibility": "encrypted", "leak_probability": 1.0, "encryption_delay": 0.0},
     {"visibility": "lazy", "lazy_exposure": 1.0}],
    ids=str,
)  # fmt: skip
def test_what_hides_nothing_changes_nothing(blind):
    """Byte by byte, but for what names the design."""
    plain, hidden = played(mev_bps=400.0), played(mev_bps=400.0, **blind)
    for group in ("sequencers", "market", "totals"):
        assert getattr(plain.state, group).tobytes() == getattr(hidden.state, group).tobytes()
    assert hidden.rules.latency == 0


def test_encryption_hides_what_it_covers_and_censors_see_the_envelope():
    half = rules(visibility="encrypted", encrypted_share=0.5, leak_probability=0.1, metadata_exposure=0.4)
    assert half.gain == pytest.approx([1.0 * 0.55, 1.5 * 0.55, 0.5 * 0.7])
    assert half.latency == pytest.approx(1.0)
    leaky = rules(visibility="encrypted", encrypted_share=0.5, leak_probability=0.6, metadata_exposure=0.4)
    assert leaky.gain == pytest.approx([0.8, 1.2, 0.4])
    assert rules(visibility="lazy", lazy_exposure=0.3).gain == pytest.approx([0.3, 0.45, 0.15])
    unseen = rules(visibility="encrypted", leak_probability=0.0, ordering="discretion", revenue="keep")
    assert (unseen.capture, unseen.discretion) == (0.1, 0.0)


def test_nothing_is_taken_lawfully_from_what_is_not_seen():
    engine = played(visibility="encrypted", leak_probability=0.0, ordering="discretion", revenue="keep", mev_bps=400.0)
    assert engine.state.totals.lawful_harm == 0
    assert played(ordering="discretion", revenue="keep", mev_bps=400.0).state.totals.lawful_harm > 0


IMPOSSIBLE = {
    Offence.REORDER: {"ordering": "discretion"},
    Offence.INSERT: {"proof_system": "validity"},
}


@pytest.mark.parametrize("offence", IMPOSSIBLE, ids=lambda offence: offence.name)
@pytest.mark.parametrize(
    "who",
    [{}, {"byzantine_share": 1.0, "harm_insert": 9.0, "harm_censor": 0.0},
     {"byzantine_share": 1.0, "harm_reorder": 9.0, "harm_censor": 0.0, "honest_capture": 1.0}, {"choice": "logit"},
     {"choice": "best_response"}, {"learning": "imitation", "mutation": 1.0},
     {"learning": "reinforcement", "verification": "none"}],
    ids=str,
)  # fmt: skip
def test_what_is_no_offence_is_never_committed(offence, who):
    lawless = {"sanction": "none", "mev_bps": 400.0, "sequencer_precision": 1.0, **who}
    assert played(**lawless, **IMPOSSIBLE[offence]).state.totals.offences[offence] == 0
    others = [a for a in Offence if a != offence]
    assert played(**lawless, **IMPOSSIBLE[offence]).state.totals.offences[others].sum() > 0


@pytest.mark.parametrize(("harm", "worst"), [(0.1, True), (2.0, False)])
@pytest.mark.parametrize("revenue", ["keep", "auction_to_proposer"])
def test_who_wants_to_harm_orders_at_will_where_that_harms_more(harm, worst, revenue):
    """The harm of censoring half of the opportunity, one dollar each, against nine tenths of it taken at will."""
    at_will = {"ordering": "discretion", "honest_capture": 0.1, "gain_reorder": 1.0, "exposure_reorder": 1.0}
    censors = {"proof_system": "validity", "gain_censor": 1.0, "exposure_censor": 0.5, "harm_censor": 1.0}
    alone = {"byzantine_share": 1.0, "sanction": "none", "revenue": revenue, "entry_rate": 0.0}
    engine = played(**alone, harm_reorder=harm, **at_will, **censors)
    assert (engine.state.totals.offences[Offence.CENSOR] > 0) == worst
    assert engine.state.totals.offences.sum() == (engine.state.totals.blocks_made if worst else 0)
    assert (engine.state.totals.lawful_harm > 0) != worst


@pytest.mark.parametrize("offence", IMPOSSIBLE, ids=lambda offence: offence.name)
def test_not_even_by_who_has_a_policy_of_its_own(offence):
    engine = stage(mev_bps=400.0, **IMPOSSIBLE[offence])
    engine.state.sequencers.custom = 1
    engine.state.sequencers.reservation = 1e-6
    engine.advance(3)
    assert engine.state.totals.offences[offence] == 0
    assert engine.state.totals.offences.sum() > 0


@pytest.mark.parametrize(
    ("harm", "hours", "left"),
    [(3.0, 24, 3.0), (3.0, 100, 3.0), (3.0, 6, 1.5), (3.0, 0, 1.0), (0.4, 0, 0.4), (0.4, 24, 0.4), (1.0, 1, 1.0)],
)
def test_forced_inclusion_bounds_the_price_of_delay_and_nothing_else(harm, hours, left):
    bounded = rules(harm_censor=harm, forced_inclusion_delay=hours, harm_insert=3.0)
    assert bounded.harm[Offence.CENSOR] == pytest.approx(left)
    assert bounded.harm[Offence.INSERT] == 3.0


@given(st.floats(0, 100))
def test_after_a_day_harm_is_what_was_declared_to_the_last_bit(harm):
    assert rules(harm_censor=harm).harm[Offence.CENSOR] == harm


@pytest.mark.parametrize(
    ("revenue", "net", "taken"),
    [("keep", 80.0, 0.0), ("auction_to_proposer", 80.0, 0.0), ("share_with_protocol", 80.0, 12.0),
     ("share_with_protocol", 10.0, 2.5), ("share_with_protocol", -50.0, 2.5)],
)  # fmt: skip
def test_the_protocol_takes_the_greater_of_a_part_of_gross_and_of_net(revenue, net, taken):
    """2.5 % of a revenue of 100 USD or 15 % of what is left of it, as chains of the OP Stack pay."""
    shares = rules(revenue=revenue, protocol_gross_share=0.025, protocol_fee_share=0.15)
    assert protocol_part(100.0, net, shares) == pytest.approx(taken)


@pytest.mark.parametrize("revenue", REVENUES)
def test_fees_are_split_without_a_rest(revenue):
    engine = played(revenue=revenue, protocol_gross_share=0.3, protocol_fee_share=0.2)
    totals = engine.state.totals
    assert totals.treasury_usd + totals.sequencer_fees == pytest.approx(totals.fees - totals.batch_cost)
    assert (totals.treasury_usd > 0) == (revenue == "share_with_protocol")


@pytest.mark.parametrize("revenue", REVENUES)
def test_an_economy_opens_with_the_fees_that_it_will_pay(revenue):
    engine = stage(**{**QUIET, "revenue": revenue, "protocol_gross_share": 0.1})
    before = float(engine.state.market.net_fee)
    engine.advance(1)
    now, totals = engine.state.market, engine.state.totals
    assert now.net_fee == pytest.approx(before)
    assert totals.fees == pytest.approx(now.volume * engine.rules.fee_bps * 1e-4)
    assert totals.batch_cost == pytest.approx(batch_cost(now, engine.rules, now.volume))


# Auctions: the kernels against theory, and theory against draws


STRENGTHS = [[1.0, 1.0], [1.0] * 10, [3.0, 1.0, 0.5, 0.0], [1e3, 1.0], [1.0, 0.999, 0.2]]


@pytest.mark.parametrize("precision", [1.2, 3.0, 20.0, 100.0])
@pytest.mark.parametrize("strengths", STRENGTHS, ids=str)
def test_kernels_keep_what_theory_says(strengths, precision):
    expected = theory.frechet_auction(strengths, precision)
    weights = (np.array(strengths) / max(strengths)) ** precision
    kept = np.zeros(weights.size)
    auction.kept_parts(weights, precision, kept)
    assert expected.winning * kept * expected.highest == pytest.approx(expected.surplus, rel=1e-9, abs=1e-12)
    for i, weight in enumerate(weights):
        others = np.delete(weights, i).sum()
        if weight > 0:
            assert auction.kept_part(weight, others, precision) == pytest.approx(kept[i], rel=1e-9)


@pytest.mark.parametrize("precision", [2.5, 3.0, 6.0])
def test_theory_is_what_auctions_come_to(precision):
    """400,000 auctions: chances to win, surplus, price. Batches of 4,000 give the errors (values of index 2.5 have a
    variance); an error of 2 % of the price is 6 standard errors or more."""
    strengths, random = np.array([1.6, 1.0, 1.0, 0.4]), np.random.default_rng(5)
    expected = theory.frechet_auction(strengths, precision)
    values = strengths * random.standard_exponential((400_000, 4)) ** (-1 / precision)
    ranked, winner = np.sort(values, axis=1), values.argmax(axis=1)
    wins = np.bincount(winner, minlength=4)
    assert stats.chisquare(wins, 400_000 * expected.winning).pvalue > REJECT
    surplus = (winner[:, None] == np.arange(4)) * (ranked[:, -1] - ranked[:, -2])[:, None]
    for drawn, mean in (
        (ranked[:, -2], expected.revenue), (ranked[:, -1], expected.highest),
        *((surplus[:, i], expected.surplus[i]) for i in range(4)),
    ):  # fmt: skip
        batches = drawn.reshape(100, -1).mean(axis=1)
        assert abs(batches.mean() - mean) < 5 * batches.std(ddof=1) / 10


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=8), st.floats(1.05, 60), st.floats(0.01, 100))
def test_the_price_is_a_part_of_the_value_and_rises_with_one_more_bidder(strengths, precision, another):
    few, more = theory.frechet_auction(strengths, precision), theory.frechet_auction([*strengths, another], precision)
    assert 0 <= few.revenue <= few.highest
    assert more.revenue >= few.revenue * (1 - 1e-9)
    scaled = theory.frechet_auction([7.0 * s for s in strengths], precision)
    assert scaled.revenue == pytest.approx(7 * few.revenue, rel=1e-9)


def test_alike_bidders_leave_nothing_and_one_alone_pays_nothing():
    alike = theory.frechet_auction([1.0, 1.0], 100.0)
    assert alike.revenue == pytest.approx(alike.highest, rel=0.02)
    assert theory.frechet_auction([5.0], 3.0).revenue == 0
    lonely = played(**SOLD, number_of_builders=1)
    assert lonely.state.market.capture == 0
    assert lonely.state.totals.auction_usd == 0 < lonely.state.totals.builder_usd


@pytest.mark.parametrize("ordering", [name for name in ORDERINGS if name != "random"])
@pytest.mark.parametrize("resale", [0.0, 0.4, 1.0])
def test_what_is_sold_is_price_and_profit_without_a_rest(ordering, resale):
    engine = stage(ordering=ordering, revenue="auction_to_proposer", resale=resale, mev_bps=400.0, auctioned_share=0.6)
    sold, won, honest = 0.0, 0, 0
    for _ in range(20):
        engine.advance(1)
        nodes = engine.state.sequencers
        sold += engine.rules.sold * nodes.honest_value.sum()
        won += engine.state.builders.won.sum()
        honest += (nodes.made - nodes.offences.sum(axis=1)).sum()
    totals = engine.state.totals
    assert totals.auction_usd + totals.builder_usd == pytest.approx(sold)
    assert engine.state.builders.profit.sum() == pytest.approx(totals.builder_usd)
    assert won == honest == engine.state.builders.total_won.sum() > 0
    assert engine.state.builders.flow.sum() == pytest.approx(1)
    assert totals.builder_usd > 0
    assert (totals.auction_usd == 0) == (resale == 1)


@pytest.mark.parametrize("resale", [0.0, 0.25])
def test_builders_win_and_earn_what_theory_says(resale):
    """4,000 blocks of one value: wins by a chi-square, profits exactly, given the wins. The market sets the price."""
    engine = stage(**{**QUIET, **SOLD, "honest_share": 1.0, "blocks_per_epoch": 4_000, "number_of_builders": 4,
                      "builder_dispersion": 0.4, "resale": resale})  # fmt: skip
    state, s = engine.state, engine.scenario
    state.builders.flow = [0.4, 0.3, 0.2, 0.1]
    strengths = state.builders.skill * (1 - s.exclusive_flow + s.exclusive_flow * state.builders.flow)
    expected = theory.frechet_auction(strengths, s.auction_precision)
    engine.advance(1)
    paid = (1 - resale) * expected.revenue / expected.highest
    assert state.market.capture == pytest.approx(paid)
    assert stats.chisquare(state.builders.won, 4_000 * expected.winning).pvalue > REJECT
    per_block = expected.surplus / expected.winning / expected.highest
    margins = state.builders.won * (per_block + resale * (1 - per_block))
    left = (1 - paid) * state.sequencers.honest_value.sum()
    assert state.builders.profit == pytest.approx(left * margins / margins.sum())
    alone = theory.frechet_auction(np.delete(strengths, 0), s.auction_precision)
    assert stats.chi2.sf(4_000 * (expected.winning[0] - 0.25) ** 2, 1) < 1e-3, "the skilled must be told from others"
    assert alone.highest < expected.highest


def test_rows_of_builders_are_labels():
    def priced(order):
        engine = stage(**SOLD, builder_dispersion=0.5)
        engine.state.builders[:] = engine.state.builders[order]
        auction.price_blocks(engine.state.builders, engine.state.market, engine.rules)
        return float(engine.state.market.capture), engine.state.builders.margin.copy()

    order = np.random.default_rng(2).permutation(10)
    capture, margins = priced(np.arange(10))
    other, permuted = priced(order)
    assert other == pytest.approx(capture, rel=1e-13)
    assert permuted == pytest.approx(margins[order])


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_equal_builders_stay_equal_below_the_tipping_precision_and_not_above(factor):
    """A share that is a thousandth too large, followed by the kernels' expected shares."""
    precision = factor * theory.tipping_precision(10, 0.6)
    engine = stage(**SOLD, builder_dispersion=0.0, exclusive_flow=0.6, auction_precision=precision)
    builders = engine.state.builders
    builders.flow = np.append(0.1 + 1e-4, np.full(9, 0.1 - 1e-4 / 9))
    for _ in range(60):
        auction.price_blocks(builders, engine.state.market, engine.rules)
        builders.flow = builders.chance
    assert (builders.flow[0] - 0.1 > 1e-4) == (factor > 1)


def test_builders_concentrate_as_observed_without_becoming_one():
    """Calibrated to an index of 3,892 of 10,000 in March 2025; 40 populations of three years each.

    Populations differ much (a tenth are below 1,500, a tenth above 6,600): the mean, 3,870, has a standard error of 300
    here, so that at flow shares of 0.5 (2,200) or 0.7 (7,300) instead of 0.6 the test fails.
    """
    tiny = {**QUIET, "blocks_per_epoch": 1_000, "blocks_per_span": 100, "honest_share": 1.0, "trust_loss": 0.0}
    indices, tops = [], []
    for seed in range(40):
        run = simulate(Scenario(**{**tiny, **SOLD}), seed=seed, epochs=3 * 365, record_every=365)
        indices.append(run.metrics["builder_concentration"].iloc[-1])
        tops.append(run.metrics["builder_top_share"].iloc[-1])
    assert 2_900 < np.mean(indices) < 4_900
    assert max(tops) < 0.97


# The right to order, sold


def auctioned(**changes):
    engine = stage(**{**QUIET, "selection": "auction", **changes})
    market(engine.state, engine.rules, engine.streams.market, engine.streams.luck)
    return engine


def test_spans_fall_and_are_paid_as_theory_says():
    """Honest nodes of different valuations: chi-square on 2,000 epochs of spans; payments exactly."""
    engine = auctioned(honest_share=1.0, reward_per_block=0.5)
    state, s = engine.state, engine.scenario
    state.sequencers.pool[:5] = [0, 1e4, 3e4, 1e5, 1e6]
    state.sequencers.commission = 0.0
    own = state.sequencers.self_stake[:5] / (state.sequencers.self_stake[:5] + state.sequencers.pool[:5])
    worth = 0.5 * state.market.price * own + state.market.net_fee + 0.1 * state.market.mean_opportunity
    expected = theory.frechet_auction(worth, s.auction_precision)
    dealt = np.zeros(5)
    for _ in range(2_000):
        selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
        dealt += state.sequencers.assigned[:5] / s.blocks_per_span
    assert stats.chisquare(dealt, dealt.sum() * expected.winning).pvalue > REJECT
    assert stats.chisquare(dealt, np.full(5, dealt.mean())).pvalue < 1e-12
    kept = expected.surplus / (expected.winning * expected.highest)
    assert state.sequencers.payment[:5] == pytest.approx(worth * (1 - kept))
    assert state.market.top_bid == pytest.approx(worth.max())


def test_what_sequencers_pay_is_the_treasurys():
    engine = stage(**{**QUIET, "selection": "auction", "revenue": "keep", "honest_share": 1.0, "reward_per_block": 0.0})
    paid = 0.0
    for _ in range(10):
        engine.advance(1)
        nodes = engine.state.sequencers
        paid += (nodes.payment * nodes.assigned).sum()
        income = engine.state.market.net_fee * nodes.made + 0.1 * nodes.honest_value - nodes.payment * nodes.assigned
        assert nodes.usd_income == pytest.approx(income)
        assert np.all(income >= 0), "nobody pays more than a block is worth to it"
    totals = engine.state.totals
    assert totals.auction_usd == totals.treasury_usd == pytest.approx(paid)
    assert paid > 0


@pytest.mark.parametrize(("alone", "worthless"), [(True, False), (False, True)])
def test_a_bidder_alone_or_a_worthless_right_costs_nothing(alone, worthless):
    """Without competition the right is free; if nobody wants it, all have it alike."""
    engine = auctioned(
        number_of_sequencers=1 if alone else 5, reward_per_block=0.0, honest_share=1.0,
        fee_bps=0.0 if worthless else 2.0, mev_bps=0.0 if worthless else 4.0,
    )  # fmt: skip
    selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
    active = engine.state.sequencers.status == Status.ACTIVE
    assert np.all(engine.state.sequencers.payment == 0)
    assert np.ptp(engine.state.sequencers.weight[active]) == 0
    assert engine.state.sequencers.assigned.sum() == 200
    assert (engine.state.market.top_bid == 0) == worthless


def test_who_is_in_jail_is_entitled_to_what_it_last_bid_for_and_pays_nothing():
    """What imitation learns of an offence includes the blocks that jail costs."""
    engine = auctioned()
    state, rules = engine.state, engine.rules
    selection(state, rules, engine.streams.selection, engine.streams.overlap)
    bid, convict = float(state.sequencers.bid[0]), state.sequencers[0]
    convict.status, convict.jailed_until = Status.JAILED, 99
    selection(state, rules, engine.streams.selection, engine.streams.overlap)
    assert convict.bid == bid > 0
    assert convict.payment == convict.assigned == 0
    assert state.sequencers.assigned.sum() == 200
    total = weigh(state, rules)
    assert convict.weight == 0
    assert entitle(state.sequencers, rules, state.market.epoch, True) == pytest.approx(
        total + bid**rules.auction_precision
    )


def test_a_thief_bids_for_what_it_can_steal():
    """Reservation value at a rung: the option is worth kept (E[v; v > tau] - tau P(v > tau)), exactly."""
    engine = auctioned(opportunity="heavy_tailed", honest_share=0.0)
    node, now, r = engine.state.sequencers[0], engine.state.market, 5
    honest = auction.valuation(node, engine.rules, now)
    node.kept[1], node.reservation[1] = 1.4, 30.0 * now.mean_opportunity
    above = engine.rules.value_above[r] - 30.0 * engine.rules.blocks_above[r]
    assert auction.valuation(node, engine.rules, now) - honest == pytest.approx(1.4 * now.mean_opportunity * above)
    shape = theory.opportunity(engine.scenario)
    assert above == pytest.approx(float(shape(30.0)) - 30.0 * float(theory.survival(engine.scenario)(30.0)), rel=1e-9)
    node.conduct = Conduct.HONEST
    assert auction.valuation(node, engine.rules, now) == honest
    node.conduct = Conduct.BYZANTINE
    gained = honest - 0.1 * now.mean_opportunity + 1.5 * node.skill * now.mean_opportunity
    assert auction.valuation(node, engine.rules, now) == pytest.approx(gained)


@settings(max_examples=30, derandomize=True)
@given(st.floats(0.0, 3e4))
def test_between_rungs_the_option_is_a_little_less_than_its_worth(height):
    """The ladder is a lower bound of E[(v - tau)+], at most by 0.025 of the mean opportunity."""
    scenario = Scenario(**{**QUIET, "selection": "auction", "opportunity": "heavy_tailed"})
    record = rules_of(scenario)
    above = theory.opportunity(scenario)(height) - height * theory.survival(scenario)(height)
    ladder = max(0.0, (record.value_above - height * record.blocks_above).max())
    assert ladder <= above + 1e-12
    assert above - ladder <= 0.025


def test_an_auction_selects_who_steals():
    """Adverse selection: half of the nodes honest, nothing deters; the rational bid for what they will steal.

    40 populations; blocks of the honest and honesty by value fall by far more than four standard errors.
    """
    change = []
    for seed in range(40):
        half = {"honest_share": 0.5, "sanction": "none", "mev_bps": 40.0, "opportunity": "exponential"}
        runs = []
        for rule in ("equal", "auction"):
            engine = Engine(Scenario(**{**QUIET, **half, "selection": rule}), seed)
            engine.advance(20)
            nodes = engine.state.sequencers
            honest = nodes.total_made[nodes.conduct == Conduct.HONEST].sum() / nodes.total_made.sum()
            runs.append((honest, 1 - engine.state.totals.stolen / engine.state.totals.opportunity))
        if runs[0][0] not in (0.0, 1.0):
            change.append(np.subtract(runs[1], runs[0]))
    change = np.array(change)
    assert len(change) > 30
    assert np.all(change.mean(axis=0) + 4 * change.std(axis=0, ddof=1) / np.sqrt(len(change)) < -0.1)


def test_candidates_reckon_with_the_price():
    """A twin of five honest nodes expects a sixth of the blocks, and of their value the part that an auction leaves."""
    engine = auctioned(honest_share=1.0, stakes=(30_000.0,) * 5)
    state, s = engine.state, engine.scenario
    selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
    total = weigh(state, engine.rules)
    twin = state.sequencers[6]
    twin.self_stake, twin.cost = 30_000.0, 7.0
    value = auction.valuation(state.sequencers[0], engine.rules, state.market)
    expected = theory.frechet_auction(np.full(6, value), s.auction_precision)
    kept = expected.surplus[5] / expected.highest * value
    worth = auction.margin(twin, engine.rules, state.market, total)
    blocks = prospect(twin, engine.rules, openings(state, engine.rules))
    assert blocks == pytest.approx(200 / 6)
    assert expected_profit(state.market, engine.rules, twin, blocks, worth) == pytest.approx(200 * kept - 7.0)
    assert twin.bid == pytest.approx(1.0)


# What theory and the certificate make of it


@pytest.mark.parametrize(
    "changes",
    [{"ordering": "discretion", "revenue": "keep"}, {**SOLD, "number_of_builders": 3},
     {"visibility": "encrypted", "encrypted_share": 0.8, "leak_probability": 0.3, "ordering": "committed"},
     {"selection": "auction", **SOLD, "proof_system": "validity"}],
    ids=str,
)  # fmt: skip
def test_luck_has_mean_zero_in_every_order(changes):
    """Within 4.5 standard errors (false alarm 1 in 100,000 each), for a sequencer, a Ranger, a delegator.

    Node 0 is convicted in most of the runs, so that means are near to normal.
    """
    scenario = Scenario.preset("metis", **TEMPTING, **changes)
    engine = Engine(calm(scenario), 1)
    engine.advance(50)
    d = int(np.flatnonzero(engine.state.delegators.pool == 0)[0])
    roles = [Members(nodes=(0,)), Members(rangers=(0,)), Members(delegators=(d,))]

    def rob(state, rules):
        state.sequencers.caution = 0.05
        state.delegators[d].custom = 1

    luck, convicted = [], 0
    for seed in range(120):
        one = frozen(engine, seed)
        play = Play(one, 40, rob)
        luck.append([play.luck(members) for members in roles])
        convicted += one.play(40, rob)[1].sequencers["convicted"][1:, 0].sum()
    error = np.std(luck, axis=0, ddof=1) / np.sqrt(len(luck))
    assert convicted > 60
    assert (np.abs(np.mean(luck, axis=0)) <= 4.5 * error).all()
    assert (error > 0).all()


def test_the_closed_form_of_honesty_reads_what_follows_from_the_design():
    base = Scenario(sampling_probability=2e-3, jail_epochs=0)
    committed = theory.honesty_by_value(base.replace(ordering="committed"))
    assert committed == theory.honesty_by_value(base.replace(evidence_reorder=1.0)) > theory.honesty_by_value(base)
    fee = theory.honesty_by_value(base.replace(ordering="priority_fee", priority_capture=0.3))
    assert fee == theory.honesty_by_value(base.replace(evidence_reorder=1.0, honest_capture=0.3))
    proved, harmless = base.replace(proof_system="validity"), base.replace(gain_insert=0.0)
    assert theory.honesty_by_value(proved) == theory.honesty_by_value(harmless)
    kept = base.replace(revenue="keep", protocol_fee_share=0.9)
    assert theory.expected_income(kept, 0.1, 1.0) > theory.expected_income(base, 0.1, 1.0)


def test_an_inspection_game_needs_proof_and_nothing_to_earn_by_the_rules():
    game = Scenario.from_toml("experiments/catalog/scenarios/inspection.toml")
    assert game_of(game) is not None
    for other in (
        {"evidence_reorder": 0.5}, {"honest_capture": 0.1}, {"ordering": "priority_fee"}, {"ordering": "discretion"},
        {"ordering": "committed", "revenue": "auction_to_proposer"}, {"selection": "auction"},
    ):  # fmt: skip
        assert game_of(game.replace(**other)) is None
    assert game_of(game.replace(evidence_reorder=0.5, honest_capture=0.1, ordering="random")) == game_of(game)
    hidden = game_of(game.replace(visibility="lazy", lazy_exposure=0.5))
    assert hidden.gain == pytest.approx(0.5 * game_of(game).gain)


@pytest.mark.parametrize(
    ("ordering", "revenue", "rule"), list(itertools.product(ORDERINGS, REVENUES, ("stake", "auction")))
)
def test_every_combination_runs_and_is_measured(ordering, revenue, rule):
    design = {"ordering": ordering, "revenue": revenue, "selection": rule, "visibility": "lazy", "mev_bps": 100.0}
    metrics = compute(simulate(Scenario(**{**SMALL, **design}), seed=2, epochs=30, record_every=10).history)
    assert (metrics["lawful_harm"] > 0).all() == (ordering == "discretion")
    assert np.isfinite(metrics["capture"]).all()
    builds = revenue == "auction_to_proposer" and ordering != "random"
    assert np.isnan(metrics["builder_concentration"]).all() != builds
    assert (metrics["builder_nakamoto"] > 0).all() == builds
    assert (metrics["auction_revenue"] > 0).any() == (builds or rule == "auction")


def test_metrics_of_builders_count_blocks_won():
    engine = Engine(Scenario(**{**SMALL, **SOLD, "number_of_builders": 3}), 1)
    run = simulate(engine.scenario, seed=1, epochs=4, record_every=2)
    seen = run.history.snapshots
    seen.builders["total_won"][:] = [[0, 0, 0], [80, 20, 0], [130, 60, 10]]
    seen.totals["builder_usd"][:] = [0.0, 30.0, 50.0]
    metrics = compute(History(engine.scenario, seen))
    assert metrics["builder_concentration"] == pytest.approx([6_800.0, 4_200.0])
    assert metrics["builder_top_share"] == pytest.approx([0.8, 0.5])
    assert metrics["builder_nakamoto"].tolist() == [1, 2]
    assert metrics["builder_profit"] == pytest.approx([15.0, 10.0])
