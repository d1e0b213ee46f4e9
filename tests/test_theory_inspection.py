"""The inspection game against enumeration of every profile of checks, and what should move when payoffs move."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model import theory

PUBLISHED = [
    # gain, loss, bounty, cost, pay, harm, rangers: checking, unchecked, deviating, undetected
    ((500, 2000, 600, 10, 0, 0, 1), (0.20000, 0.80000, 0.01667, 0.01333)),
    ((500, 2000, 600, 10, 0, 0, 3), (0.07168, 0.80000, 0.01792, 0.01434)),
    ((500, 2000, 600, 10, 0, 0, 10), (0.02207, 0.80000, 0.01839, 0.01471)),
    ((2000, 2000, 600, 10, 0, 0, 10), (0.06697, 0.50000, 0.02232, 0.01116)),
    ((500, 10_000, 3000, 10, 0, 0, 3), (0.01613, 0.95238, 0.00339, 0.00323)),
    ((500, 2000, 100, 10, 0, 0, 3), (0.07168, 0.80000, 0.10752, 0.08602)),
    ((500, 2000, 600, 10, 5, 0, 3), (0.07168, 0.80000, 0.00896, 0.00717)),
    ((500, 2000, 600, 10, 0, 100, 3), (0.07168, 0.80000, 0.01552, 0.01242)),
    ((500, 2000, 600, 10, 12, 0, 3), (1.0, 0.0, 0.0, 0.0)),
    ((500, 2000, 0, 10, 0, 100, 5), (0.04365, 0.80000, 0.11954, 0.09564)),
]


def equilibrium(gain, loss, bounty, cost, pay, harm, rangers):
    return theory.inspection_equilibrium(gain, loss, bounty, cost, rangers, pay, harm)


def profiles(chances):
    """Every profile of checks and its probability."""
    for checks in itertools.product((0, 1), repeat=len(chances)):
        yield checks, math.prod(p if check else 1 - p for p, check in zip(chances, checks, strict=True))


def advantage_of_deviating(gain, loss, chances):
    return sum(chance * (gain if not any(checks) else -loss) for checks, chance in profiles(chances))


def payoff_of(me, checks, deviated, bounty, cost, pay, harm):
    earned = (pay - cost + deviated * bounty / sum(checks)) if checks[me] else 0.0
    return earned - harm * (deviated and not any(checks))


def advantage_of_checking(me, deviating, chances, bounty, cost, pay=0.0, harm=0.0):
    """What Ranger `me` gains by checking, given how often the others check: a sum over profiles and over deviations."""

    def expected(choice):
        mixed = [choice if other == me else p for other, p in enumerate(chances)]
        return sum(
            chance * rate * payoff_of(me, checks, deviated, bounty, cost, pay, harm)
            for checks, chance in profiles(mixed)
            for deviated, rate in ((1, deviating), (0, 1 - deviating))
        )

    return expected(1.0) - expected(0.0)


payoffs = {
    "gain": st.floats(1.0, 1e4),
    "loss": st.floats(1.0, 1e4),
    "bounty": st.floats(1.0, 1e4),
    "cost": st.floats(0.01, 100.0),
    "harm": st.floats(0.0, 1e3),
    "rangers": st.integers(1, 6),
}


@pytest.mark.parametrize(("game", "expected"), PUBLISHED)
def test_published_equilibria(game, expected):
    assert equilibrium(*game) == pytest.approx(expected, abs=5e-6)


@given(**payoffs, paid=st.floats(0.0, 0.99))
@settings(max_examples=80, deadline=None)
def test_nobody_can_gain_by_enumeration(gain, loss, bounty, cost, harm, rangers, paid):
    pay = paid * cost
    try:
        found = theory.inspection_equilibrium(gain, loss, bounty, cost, rangers, pay, harm)
    except theory.ConditionError:
        assume(False)
    chances = [found.checking] * rangers
    assert advantage_of_deviating(gain, loss, chances) == pytest.approx(0.0, abs=1e-9 * (gain + loss))
    gap = advantage_of_checking(0, found.deviating, chances, bounty, cost, pay, harm)
    assert gap == pytest.approx(0.0, abs=1e-9 * (bounty + cost + harm))
    nobody = sum(chance for checks, chance in profiles(chances) if not any(checks))
    assert (found.unchecked, found.undetected) == pytest.approx((nobody, nobody * found.deviating))


@given(**payoffs)
@settings(max_examples=60, deadline=None)
def test_it_exists_if_and_only_if_a_check_of_a_sure_deviation_pays(gain, loss, bounty, cost, harm, rangers):
    checking = 1 - (loss / (gain + loss)) ** (1 / rangers)
    worth = advantage_of_checking(0, 1.0, [checking] * rangers, bounty, cost, harm=harm)
    assume(abs(worth) > 1e-6 * cost)
    if worth > 0:
        assert theory.inspection_equilibrium(gain, loss, bounty, cost, rangers, 0.0, harm).deviating < 1
    else:
        with pytest.raises(theory.ConditionError, match="cost - pay"):
            theory.inspection_equilibrium(gain, loss, bounty, cost, rangers, 0.0, harm)


def test_paid_at_least_the_cost_checking_is_dominant_and_honesty_the_reply():
    for pay, others in itertools.product((10.0, 12.0), (0.0, 0.3, 1.0)):
        assert equilibrium(500, 2000, 600, 10, pay, 0, 3) == (1.0, 0.0, 0.0, 0.0)
        assert advantage_of_checking(0, 0.5, [others] * 3, 600, 10, pay) > 0
    assert advantage_of_deviating(500, 2000, [1.0] * 3) < 0


@given(scale=st.floats(1e-3, 1e3), game=st.sampled_from([game for game, _ in PUBLISHED]))
def test_the_unit_of_money_does_not_matter(scale, game):
    *money, rangers = game
    assert equilibrium(*(scale * x for x in money), rangers) == pytest.approx(equilibrium(*game))


def test_what_tempts_a_sequencer_moves_rangers_and_what_pays_rangers_moves_the_sequencer():
    base = theory.inspection_equilibrium(500, 2000, 600, 10, 3)
    tempted = theory.inspection_equilibrium(1000, 4000, 600, 10, 3)
    assert (tempted.checking, tempted.unchecked) == pytest.approx((base.checking, base.unchecked))
    richer, cheaper = (theory.inspection_equilibrium(500, 2000, b, c, 3) for b, c in ((1200, 10), (600, 5)))
    assert richer == pytest.approx(cheaper)
    assert richer.checking == pytest.approx(base.checking)
    assert richer.deviating == pytest.approx(base.deviating / 2)


@pytest.mark.parametrize("pay", [0.0, 2.5, 5.0, 7.5, 9.0])
def test_deviation_is_in_proportion_to_what_a_check_costs_beyond_its_pay(pay):
    unpaid = theory.inspection_equilibrium(500, 2000, 600, 10, 3).deviating
    assert theory.inspection_equilibrium(500, 2000, 600, 10, 3, pay).deviating == pytest.approx(unpaid * (1 - pay / 10))
    assert theory.tested_deviation(unpaid, pay / 1000, 1000, 10) == pytest.approx(unpaid * (1 - pay / 10))


def test_infinitely_many_rangers_are_the_limit_of_many():
    limit = theory.inspection_equilibrium(500, 2000, 600, 10, math.inf)
    many = theory.inspection_equilibrium(500, 2000, 600, 10, 10**7)
    assert limit == pytest.approx(many, abs=1e-6)
    assert limit.deviating == pytest.approx(10 / 600 * (1 + 2000 / 500) * math.log(1 + 500 / 2000))


@pytest.mark.parametrize(
    ("mixers", "checking", "deviating", "outsider"),
    [
        (1, 0.5, 0.016667, -2.50),
        (2, 0.29289, 0.019526, -1.38),
        (3, 0.20630, 0.020630, -0.953),
        (5, 0.12945, 0.021575, -0.588),
    ],
)
def test_published_asymmetric_equilibria(mixers, checking, deviating, outsider):
    found = theory.asymmetric_equilibrium(2000, 2000, 600, 10, 10, mixers)
    assert found[::2] == pytest.approx((checking, deviating), abs=5e-6)
    assert theory.outsider_gain(2000, 2000, 600, 10, 10, mixers) == pytest.approx(outsider, abs=5e-3)


@pytest.mark.parametrize("mixers", [1, 2, 3, 4, 5])
def test_in_every_asymmetric_equilibrium_mixers_are_indifferent_and_outsiders_stay_out(mixers):
    found = theory.asymmetric_equilibrium(700, 2000, 600, 10, 5, mixers)
    chances = [found.checking] * mixers + [0.0] * (5 - mixers)
    assert advantage_of_deviating(700, 2000, chances) == pytest.approx(0.0, abs=1e-9)
    assert advantage_of_checking(0, found.deviating, chances, 600, 10) == pytest.approx(0.0, abs=1e-9)
    if mixers < 5:
        outside = advantage_of_checking(4, found.deviating, chances, 600, 10)
        assert outside == pytest.approx(theory.outsider_gain(700, 2000, 600, 10, 5, mixers))
        assert outside < 0


@pytest.mark.parametrize("checking", [0.0, 1e-12, 0.3, 1.0])
@pytest.mark.parametrize("rangers", [1, 2, 7])
def test_the_bounty_of_a_checker_is_the_mean_over_the_others_checks(checking, rangers):
    others = sum(chance * 600 / (1 + sum(checks)) for checks, chance in profiles([checking] * (rangers - 1)))
    assert theory.bounty_per_checker(600, checking, rangers) == pytest.approx(others)


@pytest.mark.parametrize(("rangers", "published"), [(2, 1), (10, 0.5999), (20, 0.2998), (50, 0.1198), (100, 0.0599)])
def test_published_checking_at_a_given_rate_of_deviations(rangers, published):
    assert theory.exogenous_checking(0.02, 3000, 10, 0, rangers) == pytest.approx(published, abs=5e-5)


@given(rate=st.floats(0.0, 1.0), bounty=st.floats(0.0, 1e4), pay=st.floats(0.0, 20.0), rangers=st.integers(1, 6))
@settings(max_examples=80, deadline=None)
def test_at_a_given_rate_nobody_can_gain_by_checking_more_or_less(rate, bounty, pay, rangers):
    checking = theory.exogenous_checking(rate, bounty, 10, pay, rangers)
    gain = advantage_of_checking(0, rate, [checking] * rangers, bounty, 10, pay)
    tolerance = 1e-9 * (10 + bounty)
    assert gain <= tolerance or checking == 1
    assert gain >= -tolerance or checking == 0


@pytest.mark.parametrize(("players", "nobody"), [(2, 0.04), (3, 0.0894), (5, 0.1337), (10, 0.1673), (50, 0.1935)])
def test_published_volunteers_dilemma_is_indifference(players, nobody):
    found = theory.volunteers_dilemma(10, 0.05 * 1000, players)
    assert found.nobody == pytest.approx(nobody, abs=5e-5)
    others_idle = (1 - found.volunteering) ** (players - 1)
    assert 50 * others_idle == pytest.approx(10)
    assert found.nobody == pytest.approx((1 - found.volunteering) ** players)


@pytest.mark.parametrize(
    ("gain", "loss", "checkers", "published"),
    [
        (500, 2000, 1, 0.013333), (500, 2000, 2, 0.014076), (500, 2000, 5, 0.014549), (500, 2000, 100, 0.014860),
        (5000, 2000, 1, 0.004762), (5000, 2000, 2, 0.006206), (5000, 2000, 100, 0.008300),
        (500, 10_000, 1, 0.003175), (500, 10_000, 10, 0.003245),
    ],
)  # fmt: skip
def test_published_failure_is_what_two_million_blocks_show(gain, loss, checkers, published):
    """Rangers and a sequencer who mix; an error of 6 % in the smallest rate would be seen."""
    failure = theory.failure_probability(checkers, gain, loss, 0.3, 10)
    assert failure == pytest.approx(published, abs=5e-7)
    found = theory.inspection_equilibrium(gain, loss, 0.3 * loss, 10, checkers)
    assert failure == pytest.approx(found.undetected)
    random, blocks = np.random.default_rng(checkers + gain), 2_000_000
    gone = random.binomial(1, found.deviating, blocks) * (random.binomial(checkers, found.checking, blocks) == 0)
    assert gone.mean() == pytest.approx(failure, abs=4.5 * np.sqrt(failure / blocks))


def test_more_checkers_fail_more_and_a_larger_slash_or_share_less():
    many = theory.failure_probability(np.array([1, 2, 3, 10, 100, np.inf]), 500.0, 2000.0, 0.3, 10.0)
    assert (np.diff(many) > 0).all()
    assert many[-1] == pytest.approx(10 / (0.3 * 500) * math.log(1.25))
    harsher = theory.failure_probability(3, 500.0, np.array([1000.0, 2000.0, 1e4]), 0.3, 10.0)
    larger = theory.failure_probability(3, 500.0, 2000.0, np.array([0.1, 0.3, 1.0]), 10.0)
    assert (np.diff(harsher) < 0).all()
    assert (np.diff(larger) < 0).all()


def test_tests_at_the_required_rate_make_checking_dominant():
    rate = theory.required_test_rate(10, 1000)
    assert rate == pytest.approx(0.01)
    for others in (0.0, 0.5, 1.0):
        assert advantage_of_checking(0, 0.0, [others] * 3, 600, 10, pay=rate * 1000 * 1.000001) > 0
        assert advantage_of_checking(0, 0.0, [others] * 3, 600, 10, pay=rate * 1000 * 0.999999) < 0
    shares = [theory.tested_deviation(1.0, share * rate, 1000, 10) for share in (0, 0.25, 0.5, 0.75, 0.9, 1.0, 2.0)]
    assert shares == pytest.approx([1, 0.75, 0.5, 0.25, 0.1, 0, 0])


@pytest.mark.parametrize("rangers", [1, 2, 5, math.inf])
def test_the_pay_budget_pays_just_the_checks_that_deter(rangers):
    budget = theory.required_pay_budget(500, 2000, 10, rangers)
    if math.isinf(rangers):
        assert budget == pytest.approx(10 * math.log(1.25))
    else:
        checking = budget / 10 / rangers
        assert advantage_of_deviating(500, 2000, [checking] * rangers) == pytest.approx(0.0, abs=1e-9)
        assert advantage_of_deviating(500, 2000, [0.99 * checking] * rangers) > 0
