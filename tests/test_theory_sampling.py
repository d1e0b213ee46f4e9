"""Remedies of the verifier's dilemma: payoffs at their thresholds, enumeration of checks, auctions drawn at random."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model import theory

PUBLISHED = [
    # cost, collusion, reward, slash, gain: challenge rate
    ((1, 0.1, 1.2, 100, 0), 0.010979),
    ((1, 0.1, 1.2, 200, 0), 0.005522),
    ((1, 0.5, 0, 250, 0), 0.008000),
    ((1, 0.3, 1.5, 50, 0), 0.027739),
    ((1, 0, 2, 20, 0), 0.045455),
    ((1, 0.1, 1.2, 1000, 100), 0.101909),
    ((2, 0.2, 3, 500, 50), 0.117541),
]


def cheating_pays(rate, cost, collusion, reward, slash, gain):
    """Over the tree: challenged or not, by somebody who colludes or not, less what honest work leaves."""
    passes, caught = reward + gain, -slash
    challenged = collusion * passes + (1 - collusion) * caught
    return rate * challenged + (1 - rate) * passes - (reward - cost)


@pytest.mark.parametrize(("game", "published"), PUBLISHED)
def test_published_challenge_rates_are_where_cheating_breaks_even(game, published):
    rate = theory.proof_of_sampling(*game)
    assert rate == pytest.approx(published, abs=6e-7)
    assert cheating_pays(0.999 * rate, *game) > 0 > cheating_pays(1.001 * rate, *game)


@given(
    cost=st.floats(0.01, 10), collusion=st.floats(0, 0.9), reward=st.floats(0, 10), slash=st.floats(0, 1e3),
    gain=st.floats(0, 100), scale=st.floats(1e-3, 1e3),
)  # fmt: skip
def test_there_is_a_rate_if_and_only_if_a_sure_challenge_deters(cost, collusion, reward, slash, gain, scale):
    game = (cost, collusion, reward, slash, gain)
    sure = cheating_pays(1.0, *game)
    assume(abs(sure) > 1e-9 * (cost + slash + gain))
    if sure > 0:
        with pytest.raises(theory.ConditionError, match="slash"):
            theory.proof_of_sampling(*game)
    else:
        rate = theory.proof_of_sampling(*game)
        scaled = theory.proof_of_sampling(scale * cost, collusion, scale * reward, scale * slash, scale * gain)
        assert scaled == pytest.approx(rate)
        assert cheating_pays(rate, *game) == pytest.approx(0, abs=1e-9 * (cost + reward + slash + gain))


@given(cost=st.floats(0.1, 100), finding=st.floats(1e-3, 1.0))
def test_proof_of_diligence_is_pay_that_removes_the_dilemma(cost, finding):
    bounty = theory.proof_of_diligence(cost, finding)
    for factor, deviates in ((1.001, False), (0.999, True)):
        pay = factor * bounty * finding
        assert (theory.inspection_equilibrium(500, 2000, 1e6, cost, 3, pay).deviating > 0) == deviates


@pytest.mark.parametrize(
    ("gain", "loss", "published"),
    [(500, 2000, 0.2), (2000, 2000, 0.5), (5000, 2000, 0.7143), (500, 10_000, 0.0476), (100, 20_000, 0.005)],
)
def test_published_altruism_is_where_deviation_breaks_even(gain, loss, published):
    altruism = theory.required_altruism(gain, loss)
    assert altruism == pytest.approx(published, abs=5e-5)
    assert (1 - altruism) * gain == pytest.approx(altruism * loss)


@pytest.mark.parametrize(
    ("validators", "published"), [(2, 33.333), (3, 25), (5, 16.667), (9, 10), (10, 9.091), (20, 4.762)]
)
def test_published_surplus_is_what_the_best_bidder_keeps(validators, published):
    """100,000 auctions; an error of 3 % would be seen."""
    found = theory.single_bounty(validators, 100.0, 10.0)
    assert found.surplus == pytest.approx(published, abs=5e-4)
    bids = np.sort(np.random.default_rng(validators).uniform(0, 100, (100_000, validators)), axis=1)
    kept = bids[:, -1] - bids[:, -2]
    assert kept.mean() == pytest.approx(found.surplus, abs=4.8 * kept.std() / math.sqrt(100_000))


@given(ratio=st.floats(0.5, 60.0))
def test_the_most_entrants_are_the_last_whose_surplus_exceeds_the_cost(ratio):
    entrants = theory.single_bounty(2, ratio, 1.0).entrants
    # A single bidder pays nothing and keeps the mean, ratio / 2: the same rule.
    assert entrants == max((n for n in range(1, 100) if ratio / (n + 1) > 1), default=0)
    assert theory.single_bounty(2, 10.0, 1.0).entrants == 8


MIXERS = [
    # mixers, fine, pay: attacking, fines over the checkers' bounty, their limit, exists, what an outsider would gain
    ((1, 0, 0), (0.016667, 0, 0.5, True, -2.767)),
    ((1, 330, 0), (0.016667, 0.55, 0.5, False, 0.277)),
    ((2, 60, 8), (0.019415, 0.1133, 0.5827, True, -1.212)),
    ((2, 330, 0), (0.016395, 0.55, 0.5827, True, -0.071)),
    ((2, 370, 0), (0.016046, 0.6167, 0.5827, False, 0.073)),
    ((3, 370, 0), (0.016037, 0.6167, 0.6106, False, 0.008)),
]


def gain_of_checking(me, attacking, chances, bounty, cost, fine, pay):
    """What validator `me` gains by checking, over every profile of the others' checks and over attack or not."""

    def payoff(checks, attacked):
        if not attacked:
            return pay - cost * checks[me]
        if not any(checks):
            return pay
        return bounty / sum(checks) - cost if checks[me] else -fine

    total = 0.0
    for others in itertools.product((0, 1), repeat=len(chances) - 1):
        rest = [p for other, p in enumerate(chances) if other != me]
        chance = math.prod(p if check else 1 - p for p, check in zip(rest, others, strict=True))
        checking, idle = (list(others[:me]) + [mine] + list(others[me:]) for mine in (1, 0))
        for attacked, rate in ((True, attacking), (False, 1 - attacking)):
            total += chance * rate * (payoff(checking, attacked) - payoff(idle, attacked))
    return total


def check_mixers(found, mixers, fine, pay, reward, stake, value, bounty, cost, validators):
    chances = [found.checking] * mixers + [0.0] * (validators - mixers)
    unchecked = math.prod(1 - p for p in chances)
    assert unchecked * value - (1 - unchecked) * stake == pytest.approx(reward, abs=1e-9 * (value + stake))
    scale = 1e-9 * (bounty + cost + fine + pay)
    assert gain_of_checking(0, found.attacking, chances, bounty, cost, fine, pay) == pytest.approx(0, abs=scale)
    outside = gain_of_checking(validators - 1, found.attacking, chances, bounty, cost, fine, pay)
    assert mixers == validators or abs(outside) < scale or found.exists == (outside < 0)
    return outside


@pytest.mark.parametrize(("setting", "published"), MIXERS)
def test_published_equilibria_of_mixers_hold_by_enumeration(setting, published):
    mixers, fine, pay = setting
    found = theory.mixers_equilibrium(10, 2000, 2500, 600, 10, 5, mixers, fine, pay)
    outside = check_mixers(found, mixers, fine, pay, 10, 2000, 2500, 600, 10, 5)
    assert (*found[1:], outside) == pytest.approx(published, abs=6e-4)


@given(
    mixers=st.integers(1, 4), fine=st.floats(0, 1e3), pay=st.floats(0, 1e3), reward=st.floats(0, 100),
    stake=st.floats(100, 1e4), value=st.floats(200, 1e4), bounty=st.floats(10, 1e4), cost=st.floats(0.1, 20),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_equilibria_of_mixers_exist_where_enumeration_says(mixers, fine, pay, reward, stake, value, bounty, cost):
    try:
        found = theory.mixers_equilibrium(reward, stake, value, bounty, cost, 4, mixers, fine, pay)
    except theory.ConditionError:
        assume(False)
    check_mixers(found, mixers, fine, pay, reward, stake, value, bounty, cost, 4)


def test_without_fines_and_pay_mixers_are_the_asymmetric_equilibria():
    for mixers in (1, 2, 5):
        found = theory.mixers_equilibrium(0.0, 2000, 500, 600, 10, 5, mixers)
        twin = theory.asymmetric_equilibrium(500, 2000, 600, 10, 5, mixers)
        assert (found.checking, found.attacking) == pytest.approx((twin.checking, twin.deviating))
        assert found.exists
