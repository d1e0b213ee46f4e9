"""Delegation, stake pools and free entry against choosers, best responses, deviations, and entry one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from model import theory

COMMISSIONS = np.array([0.0, 0.05, 0.1, 0.2, 0.5])
PRO_RATA = [
    (0, (0.2, 0.2, 0.2, 0.2, 0.2)),
    (10, (0.23357, 0.22218, 0.21135, 0.19123, 0.14167)),
    (50, (0.35270, 0.27468, 0.21392, 0.12975, 0.02895)),
    (100, (0.47248, 0.28657, 0.17382, 0.06394, 0.00318)),
    (200, (0.65721, 0.24178, 0.08894, 0.01204, 0.00003)),
    (1000, (0.99326, 0.00669, 0.00005, 0, 0)),
]
ROTATION = [
    (0, (0.2, 0.2, 0.2, 0.2, 0.2)),
    (10, (0.21874, 0.21349, 0.20816, 0.19728, 0.16233)),
    (50, (0.23327, 0.22377, 0.21420, 0.19480, 0.13396)),
    (100, (0.23674, 0.22613, 0.21547, 0.19397, 0.12770)),
    (1000, (0.24050, 0.22862, 0.21672, 0.19291, 0.12125)),
]


@pytest.mark.parametrize(("precision", "published"), PRO_RATA)
def test_published_pro_rata_shares_are_those_of_choosers(precision, published):
    """400,000 delegators with Gumbel tastes; an error of 2 % in the first share would be seen."""
    shares = theory.pro_rata_shares(precision, 0.1, COMMISSIONS)
    assert shares == pytest.approx(np.array(published), abs=5e-6)
    tastes = np.random.default_rng(7 + precision).gumbel(size=(400_000, 5))
    chosen = np.argmax(precision * 0.1 * (1 - COMMISSIONS) + tastes, axis=1)
    simulated = np.bincount(chosen, minlength=5) / 400_000
    assert (np.abs(simulated - shares) < 4.8 * np.sqrt(shares * (1 - shares) / 400_000) + 1e-5).all()


@pytest.mark.parametrize(("precision", "published"), ROTATION)
def test_published_rotation_shares_are_what_tatonnement_finds(precision, published):
    shares = theory.rotation_shares(precision, 0.1, 1.0, COMMISSIONS)
    assert shares == pytest.approx(np.array(published), abs=5e-6)
    tried = np.full(5, 0.2)
    for _ in range(20_000):
        attraction = np.exp(precision * ((1 - COMMISSIONS) * 0.1 / (5 * tried) - 0.1))
        tried += 0.02 / (1 + 0.01 * precision) * (attraction / attraction.sum() - tried)
    assert shares == pytest.approx(tried, abs=1e-9)


@given(
    commissions=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30),
    precision=st.floats(0.0, 1e6),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=60, deadline=None)
def test_shares_are_shares_that_fall_with_commission_in_any_unit(commissions, precision, scale):
    ordered = np.sort(commissions)
    rotation = theory.rotation_shares(precision, 0.1, 1.0, ordered)
    for shares in (theory.pro_rata_shares(precision, 0.1, ordered), rotation):
        assert shares.sum() == pytest.approx(1)
        assert (np.diff(shares) <= 1e-9).all()
    assert theory.rotation_shares(precision, 0.1 * scale, scale, ordered) == pytest.approx(rotation, abs=1e-9)
    assert theory.rotation_shares(precision / scale, 0.1 * scale, 1.0, ordered) == pytest.approx(rotation, abs=1e-9)


def test_endless_precision_leaves_all_to_the_cheapest_or_equal_yields_to_all():
    assert theory.pro_rata_shares(1e7, 0.1, COMMISSIONS) == pytest.approx([1, 0, 0, 0, 0])
    kept = 1 - COMMISSIONS
    assert theory.rotation_shares(1e8, 0.1, 1.0, COMMISSIONS) == pytest.approx(kept / kept.sum(), rel=1e-5)
    assert theory.rotation_shares(1e8, 0.1, 1.0, [0.0, 1.0])[1] < 1e-3


@pytest.mark.parametrize(
    ("sequencers", "precision", "rate", "published"),
    [
        (2, 50, 0.1, 0.4), (3, 50, 0.1, 0.3), (5, 100, 0.1, 0.125), (10, 100, 0.1, 0.11111), (50, 200, 0.1, 0.05102),
        (10, 500, 0.05, 0.04444), (2, 5, 0.1, 1.0),
    ],
)  # fmt: skip
def test_published_commissions_are_where_best_responses_meet(sequencers, precision, rate, published):
    assert theory.nash_commission(sequencers, precision, rate) == pytest.approx(published, abs=5e-6)

    def income(mine, theirs):
        weights = np.exp(-precision * rate * np.append(mine, np.full(sequencers - 1, theirs)))
        return mine * weights[0] / weights.sum()

    commission = 0.5
    for _ in range(60):
        reply = minimize_scalar(lambda mine: -income(mine, commission), bounds=(0, 1), options={"xatol": 1e-9}).x  # noqa: B023
        commission = 0.5 * (commission + reply)
    assert commission == pytest.approx(published, abs=2e-5)


def pool_reward(size, pledge, pools, influence):
    full = 1 / pools
    size, pledge = min(size, full), min(pledge, full)
    return (size + pledge * influence * (size - pledge * (1 - size / full)) / full) / (1 + influence)


def best_deviation(player, stakes, costs, pools, influence, found):
    """The most a player can have by opening or changing its pool, members looking ahead, the latent rival standing by.

    The rival is the best player without a pool, who could offer all its profit. With a better offer, or as good a one
    by a leader, the pool fills up; otherwise it has its pledge alone.
    """
    leads, best = player in found.leaders, 0.0
    outside = [other for other in range(stakes.size) if other not in found.leaders]
    rival = max(pool_reward(1 / pools, stakes[other], pools, influence) - costs[other] for other in outside)
    for pledge in np.linspace(0, stakes[player], 13):
        elsewhere = found.price * pools * (stakes[player] - pledge)
        profit = pool_reward(1 / pools, pledge, pools, influence) - costs[player]
        for margin in np.append(np.linspace(0, 1, 101), max(0.0, 1 - rival / max(profit, rival))):
            offer = (1 - margin) * profit
            if offer > rival * (1 + 1e-12) or (leads and offer >= rival * (1 - 1e-12)):
                income = margin * profit + offer * pledge * pools + elsewhere
            else:
                income = pool_reward(pledge, pledge, pools, influence) - costs[player] + elsewhere
            best = max(best, income)
    return best


@pytest.mark.parametrize(
    ("players", "pools", "influence", "cheapest", "seed"),
    [
        (100, 10, 0.3, 1e-5, 2),
        (60, 6, 0.3, 1e-3, 3),
        (60, 6, 0.0, 1e-3, 4),
        (60, 6, 1.0, 1e-3, 5),
        (90, 20, 0.3, 1e-4, 3),
    ],
)
def test_nobody_gains_by_another_pool_margin_or_pledge(players, pools, influence, cheapest, seed):
    random = np.random.default_rng(seed)
    stakes = random.pareto(2, players) + 1
    stakes = np.minimum(stakes / stakes.sum(), 0.9 / pools)
    stakes /= stakes.sum()
    costs = random.uniform(cheapest, 10 * cheapest, players)
    found = theory.stake_pools(stakes, costs, pools, influence)
    for player in range(players):
        mine = best_deviation(player, stakes, costs, pools, influence, found)
        assert mine <= found.utilities[player] * (1 + 1e-9)
        if player in found.leaders:
            assert mine == pytest.approx(found.utilities[player])
    rewards = sum(pool_reward(1 / pools, stakes[leader], pools, influence) for leader in found.leaders)
    assert found.utilities.sum() == pytest.approx(rewards - costs[found.leaders].sum())
    profit = theory.potential_profit(stakes, costs, pools, influence)
    assert (np.sort(profit[found.leaders])[0] >= np.delete(profit, found.leaders)).all()
    assert profit[found.leaders] * (1 - found.margins) == pytest.approx(np.full(pools, found.price))


FREE_ENTRY = [
    # reward, cost, opportunity_rate, stake, commission, delegated: own stake, delegated, elastic
    ((1000, 10, 2e-4, 20_000, 0.1, 0), (71.43, 71.43, 10)),
    ((1000, 10, 2e-4, 20_000, 0.1, 1e6), (71.43, 32.44, 10)),
    ((1000, 10, 2e-4, 20_000, 0.1, 5e6), (71.43, 9.495, 10)),
    ((1000, 5, 1e-4, 20_000, 0.2, 2e6), (142.86, 79.02, 40)),
    ((5000, 20, 3e-4, 5000, 0.05, 2e7), (232.56, 12.31, 12.5)),
    ((500, 1, 2e-4, 1000, 0.1, 1e6), (416.67, 64.33, 50)),
]


def enter_one_by_one(profit):
    number = 0
    while profit(number + 1) >= 0:
        number += 1
    return number


@pytest.mark.parametrize(("setting", "published"), FREE_ENTRY)
def test_published_numbers_are_those_that_enter_one_by_one(setting, published):
    reward, cost, rate, stake, commission, delegated = setting
    costs = cost + rate * stake
    own = theory.free_entry_own_stake(reward, cost, rate, stake)
    fixed = theory.free_entry_delegated(reward, cost, rate, stake, delegated, commission)
    elastic = theory.free_entry_elastic(reward, cost, rate, stake, commission, rate)
    assert (own, fixed, elastic) == pytest.approx(published, rel=4e-4)

    def income(number, held):
        return reward * (stake + commission * held / number) / (number * stake + held)

    assert np.floor(own) == enter_one_by_one(lambda number: reward / number - costs)
    assert np.floor(fixed) == enter_one_by_one(lambda number: income(number, delegated) - costs)
    attracted = (1 - commission) * reward / rate - elastic * stake
    assert income(elastic, attracted) == pytest.approx(costs)
    assert (1 - commission) * reward / (elastic * stake + attracted) == pytest.approx(rate)


@given(
    reward=st.floats(10, 1e5),
    cost=st.floats(0.1, 100),
    stake=st.floats(10, 1e5),
    delegated=st.floats(0, 1e7),
    commission=st.floats(0, 1),
    scale=st.floats(1e-2, 1e2),
)
def test_delegation_that_is_not_all_commission_crowds_sequencers_out(reward, cost, stake, delegated, commission, scale):
    own = theory.free_entry_own_stake(reward, cost, 1e-4, stake)
    fixed = theory.free_entry_delegated(reward, cost, 1e-4, stake, delegated, commission)
    assert fixed <= own * (1 + 1e-9)
    assert theory.free_entry_delegated(reward, cost, 1e-4, stake, delegated, 1.0) == pytest.approx(own, rel=1e-6)
    money = [scale * x for x in (reward, cost)], [scale * x for x in (stake, delegated)]
    scaled = theory.free_entry_delegated(*money[0], 1e-4, *money[1], commission)
    assert scaled == pytest.approx(fixed, rel=1e-6, abs=1e-6)


def test_a_yield_elsewhere_that_delegators_lack_leaves_room_for_fewer():
    base = theory.free_entry_elastic(1000.0, 10.0, 2e-4, 20_000.0, 0.1, np.array([1e-4, 2e-4, 2.5e-4]))
    assert base == pytest.approx([100 / 12, 10, 100 / 9])


def test_small_differences_of_commission_are_damped_by_crowding():
    """To first order by kappa / (1 + kappa), kappa being precision times the mean net yield."""
    commissions = 0.1 + 1e-4 * np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    kept = 1 - commissions
    for precision in (1.0, 10.0, 100.0):
        damping = precision * kept.mean() * 0.1
        expected = (1 + (kept / kept.mean() - 1) * damping / (1 + damping)) / 5
        assert theory.rotation_shares(precision, 0.1, 1.0, commissions) == pytest.approx(expected, abs=1e-8)
