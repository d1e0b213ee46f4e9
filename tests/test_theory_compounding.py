"""Compounding against every sequence of winners, exact recursion, simulated urns; laws of wealth against samples."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import betabinom, dirichlet

from model import theory

PUBLISHED = [
    # shares, reward over stake at the start in all, blocks: variance of the first share, its limit, expected Herfindahl
    (([0.3, 0.7], 1, 100), (0.001040, 0.002079, 0.582079)),
    (([0.3, 0.7], 10, 100), (0.017355, 0.019091, 0.614711)),
    (([0.1] * 10, 1, 50), (0.000882, 0.001765, 0.108824)),
    (([0.1] * 10, 10, 500), (0.001604, 0.001765, 0.116043)),
    (([0.5, 0.3, 0.2], 0.1, 365), (0.000006, 0.000068, 0.380015)),
    (([0.3, 0.7], 10, 1000), (0.001890, 0.002079, 0.583780)),
    (([0.3, 0.7], 1, 10), (0.009545, 0.019091, 0.599091)),
]


def outcomes(shares, rewards):
    """Every sequence of winners of a reward per block (stake 1 at first): its probability and the shares it ends in."""
    for winners in itertools.product(range(len(shares)), repeat=len(rewards)):
        stake, chance = np.array(shares, float), 1.0
        for winner, reward in zip(winners, rewards, strict=True):
            chance *= stake[winner] / stake.sum()
            stake[winner] += reward
        yield chance, stake / stake.sum()


def moments(shares, rewards):
    """Mean and variance of the first share, and the mean Herfindahl index, over all sequences."""
    chances, ends = (np.array(column) for column in zip(*outcomes(shares, rewards), strict=True))
    assert chances.sum() == pytest.approx(1)
    mean = chances @ ends[:, 0]
    return mean, chances @ (ends[:, 0] - mean) ** 2, chances @ (ends**2).sum(axis=1)


@pytest.mark.parametrize(("urn", "expected"), PUBLISHED)
def test_published_variances_and_indices(urn, expected):
    shares, growth, blocks = urn
    ratio = blocks / growth
    minted = np.arange(1, blocks + 1) / ratio
    dilution = (1 / ratio) / (1 + minted)
    found = (
        theory.share_variance(shares[0], blocks, ratio),
        theory.share_variance(shares[0], np.inf, ratio),
        theory.expected_herfindahl(sum(x * x for x in shares), dilution)[-1],
    )
    assert found == pytest.approx(expected, abs=6e-7)
    assert found[0] == pytest.approx(shares[0] * (1 - shares[0]) * theory.constant_equitability(growth, blocks))


@pytest.mark.parametrize("shares", [[0.3, 0.7], [0.5, 0.3, 0.2]])
@pytest.mark.parametrize("ratio", [0.5, 3.0, 100.0])
def test_equal_rewards_over_every_sequence_of_winners(shares, ratio):
    for blocks in (0, 1, 4, 7):
        mean, variance, _ = moments(shares, [1 / ratio] * blocks)
        assert mean == pytest.approx(shares[0])
        assert variance == pytest.approx(theory.share_variance(shares[0], blocks, ratio), abs=1e-15)


@given(
    rewards=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=6),
    weights=st.lists(st.floats(0.1, 1.0), min_size=1, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_the_expected_index_holds_for_any_schedule(rewards, weights):
    shares = np.array(weights) / sum(weights)
    dilution = rewards / (1 + np.cumsum(rewards))
    index = theory.expected_herfindahl(float(shares @ shares), dilution)
    for blocks in range(1, len(rewards) + 1):
        assert index[blocks - 1] == pytest.approx(moments(shares, rewards[:blocks])[2])


@pytest.mark.parametrize("growth", [0.1, 1.0, 50.0])
@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_schedules_over_every_sequence_of_winners(growth, blocks):
    stake = (1 + growth) ** (np.arange(blocks + 1) / blocks)
    for rewards, equitability in (
        ([growth / blocks] * blocks, theory.constant_equitability),
        (np.diff(stake), theory.geometric_equitability),
    ):
        assert moments([0.3, 0.7], rewards)[1] / 0.21 == pytest.approx(equitability(growth, blocks))


@pytest.mark.parametrize(
    ("growth", "blocks", "constant", "geometric"),
    [
        (1, 100, 0.004950, 0.004760), (10, 100, 0.082645, 0.054608), (10, 1000, 0.009001, 0.005720),
        (100, 1000, 0.090009, 0.020978), (1000, 1000, 0.499500, 0.046298),
    ],
)  # fmt: skip
def test_published_equitability(growth, blocks, constant, geometric):
    assert theory.constant_equitability(growth, blocks) == pytest.approx(constant, abs=6e-7)
    assert theory.geometric_equitability(growth, blocks) == pytest.approx(geometric, abs=6e-7)
    assert theory.geometric_equitability(growth, 10**7) == pytest.approx(math.log1p(growth) ** 2 / 1e7, rel=1e-3)


@given(growth=st.floats(0.01, 1e3), blocks=st.integers(1, 1000))
def test_no_schedule_is_fairer_than_the_geometric(growth, blocks):
    assert theory.geometric_equitability(growth, blocks) <= theory.constant_equitability(growth, blocks) * (1 + 1e-9)


def test_wins_follow_the_law_whose_limit_is_dirichlets():
    """Against the exact recursion of the urn, and the moments of the limit."""
    ratio, blocks = 20.0, 400
    one, rest = theory.limiting_share([0.3, 0.7], ratio)
    wins = np.ones(1)
    for block in range(blocks):
        chance = (0.3 * ratio + np.arange(block + 1)) / (ratio + block)
        wins = np.append(wins * (1 - chance), 0) + np.append(0, wins * chance)
    assert wins == pytest.approx(betabinom(blocks, one, rest).pmf(np.arange(blocks + 1)), abs=1e-12)
    parameters = theory.limiting_share([0.5, 0.3, 0.2], ratio)
    limit = dirichlet(parameters)
    assert limit.mean() == pytest.approx([0.5, 0.3, 0.2])
    assert limit.var() == pytest.approx([theory.share_variance(x, np.inf, ratio) for x in (0.5, 0.3, 0.2)])


def test_simulated_urns_spread_as_published():
    """20,000 urns; an error of 5 % in the variance would be seen."""
    random, runs, ratio = np.random.default_rng(5), 20_000, 10.0
    stake = np.full(runs, 0.3 * ratio)
    for block in range(100):
        stake += random.random(runs) < stake / (ratio + block)
    share = stake / (ratio + 100)
    published = theory.share_variance(0.3, 100, ratio)
    assert share.mean() == pytest.approx(0.3, abs=4.5 * np.sqrt(published / runs))
    assert share.var() == pytest.approx(published, rel=4.5 * np.sqrt(2 / runs))


@pytest.mark.parametrize(("inflation", "published"), [(0.1, 84), (0.01, 7070), (1e-3, 694_534), (1e-4, 6.9e7)])
def test_published_half_lives_of_constant_inflation(inflation, published):
    blocks = theory.halving_blocks(inflation)
    assert blocks == pytest.approx(published, rel=1e-2)
    if blocks < 1e4:
        dilution = np.full(math.ceil(blocks), inflation / (1 + inflation))
        index = theory.expected_herfindahl(0.2, dilution)
        assert index[-2] < 0.6 <= index[-1]


def lorenz_gini(quantile):
    """One less twice the area under the Lorenz curve, from the quantiles of a law."""
    mean = quad(quantile, 0, 1, limit=500)[0]
    return 1 - 2 * quad(lambda rank: (1 - rank) * quantile(rank), 0, 1, limit=500)[0] / mean


def entropy_theil(quantile):
    mean = quad(quantile, 0, 1, limit=500)[0]
    return quad(lambda rank: quantile(rank) / mean * math.log(quantile(rank) / mean), 0, 1, limit=500)[0]


@pytest.mark.parametrize(("index", "gini", "theil"), [(2, 0.33333, 0.30685), (3, 0.2, 0.09453), (5, 0.11111, 0.02686)])
def test_inequality_of_pareto_laws(index, gini, theil):
    def quantile(rank):
        return (1 - rank) ** (-1 / index)

    assert theory.gini_pareto(index) == pytest.approx(gini, abs=5e-6)
    assert theory.theil_pareto(index) == pytest.approx(theil, abs=5e-6)
    assert lorenz_gini(quantile) == pytest.approx(theory.gini_pareto(index), abs=1e-4)
    assert entropy_theil(quantile) == pytest.approx(theory.theil_pareto(index), abs=1e-4)


@pytest.mark.parametrize(("sigma", "gini"), [(0.5, 0.27633), (1.0, 0.52050)])
def test_inequality_of_lognormal_laws(sigma, gini):
    wealth = np.exp(sigma * np.random.default_rng(3).standard_normal(400_000))
    ordered = np.sort(wealth / wealth.mean())
    ranks = 2 * np.arange(1, wealth.size + 1) - wealth.size - 1
    assert theory.gini_lognormal(sigma) == pytest.approx(gini, abs=5e-6)
    assert ranks @ ordered / wealth.size**2 == pytest.approx(gini, abs=5e-3)
    assert (ordered * np.log(ordered)).mean() == pytest.approx(theory.theil_lognormal(sigma), abs=2e-2)


def test_inequality_of_the_exponential_law():
    def quantile(rank):
        return -math.log1p(-rank) if rank else 1e-300

    assert lorenz_gini(quantile) == pytest.approx(theory.gini_exponential(), abs=1e-6)
    assert entropy_theil(quantile) == pytest.approx(theory.theil_exponential(), abs=1e-6)
