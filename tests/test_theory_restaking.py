"""Restaking against enumeration of every coalition and every cascade on small graphs; cost of corruption."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import theory


def subsets(flags):
    """Every subset of those that are true, but the empty one, as masks."""
    for chosen in itertools.product(*((False, True) if flag else (False,) for flag in flags)):
        if any(chosen):
            yield np.array(chosen)


def attacks(graph, alive, standing):
    """Every coalition of those alive with every set of services still standing of which it holds the thresholds."""
    stakes, profits, thresholds, secures = graph
    behind = (stakes * alive) @ secures
    for coalition in subsets(alive):
        able = (stakes * coalition) @ secures >= thresholds * behind * (1 - 1e-12)
        for services in subsets(able & standing):
            yield coalition, services, stakes[coalition].sum(), profits[services].sum()


def true_slack(graph):
    """The largest gamma that every coalition leaves: (1 + gamma) profit <= stake, by enumeration."""
    everybody, everything = (np.ones(column.size, bool) for column in graph[:2])
    return min(stake / profit - 1 for _, _, stake, profit in attacks(graph, everybody, everything))


def cascades(graph, alive):
    """All states that attacks on ever other services can lead to after a shock, and after how many attacks at most."""
    start = (tuple(alive), (True,) * graph[1].size)
    reached, open_ends = {start: 0}, [start]
    while open_ends:
        state = open_ends.pop()
        people, standing = (np.array(flags) for flags in state)
        for coalition, services, stake, profit in attacks(graph, people, standing):
            left = (tuple(people & ~coalition), tuple(standing & ~services))
            if profit > stake * (1 + 1e-12) and reached.get(left, -1) < reached[state] + 1:
                reached[left] = reached[state] + 1
                open_ends.append(left)
    return reached


def worst_loss(graph, alive):
    return max(1 - graph[0][np.array(survivors)].sum() for survivors, _ in cascades(graph, alive))


def random_graph(random):
    validators, services = random.integers(2, 5), random.integers(1, 4)
    secures = random.random((validators, services)) < 0.6
    secures[0] |= ~secures.any(axis=0)
    stakes = random.dirichlet(np.ones(validators))
    thresholds = random.choice([1 / 3, 0.5, 2 / 3, 1.0], services)
    return stakes, random.uniform(0.01, 0.4, services) * (stakes @ secures), thresholds, secures


def test_on_random_graphs_no_cascade_exceeds_the_bound_nor_the_local_slack_the_true_one():
    random, judged, fell = np.random.default_rng(11), 0, 0
    for _ in range(400):
        graph = random_graph(random)
        slack, local = true_slack(graph), theory.local_slack(*graph)
        assert local <= slack * (1 + 1e-9) + 1e-9
        assert theory.is_overcollateralised(*graph) == (local >= 0)
        if slack <= 0:
            continue
        for shocked in itertools.product((False, True), repeat=graph[0].size):
            alive = ~np.array(shocked)
            if not any(shocked) or not alive.any():
                continue
            shock, lost = 1 - graph[0][alive].sum(), worst_loss(graph, alive)
            judged, fell = judged + 1, fell + (lost > shock + 1e-9)
            bound = theory.shock_bound(shock, slack)
            assert lost < bound or bound == 1
    assert judged > 1000
    assert fell > 30


@pytest.mark.parametrize(
    ("shock", "slack", "gap"),
    [(0.05, 0.2, 1e-3), (0.1, 0.5, 1e-3), (0.1, 1.0, 1e-3), (0.2, 1.0, 1e-2), (0.02, 0.1, 5e-4), (0.001, 0.1, 1e-5)],
)
def test_the_bound_is_reached_up_to_the_stake_that_an_attack_must_save(shock, slack, gap):
    """One service that needs everybody behind it; once the shocked stake is gone, the rest is worth attacking with."""
    rest = shock / slack - gap
    graph = (
        np.array([shock, rest, 1 - shock - rest]), np.array([(shock + rest) / (1 + slack)]), np.ones(1),
        np.array([[True], [True], [False]]),
    )  # fmt: skip
    assert true_slack(graph) == pytest.approx(slack)
    assert theory.local_slack(*graph) == pytest.approx(slack)
    assert worst_loss(graph, np.array([False, True, True])) == pytest.approx(theory.shock_bound(shock, slack) - gap)


@pytest.mark.parametrize(("slack", "length"), [(1.0, 3), (1.0, 5), (2.0, 4), (3.0, 4)])
def test_the_longest_chain_of_attacks_is_within_one_of_its_bound(slack, length):
    """Each attack becomes worth while by the loss before it: all stake later in the chain is 1/(1 + gamma) of that."""
    shock = 0.2
    later = 0.999 * shock / slack * (1 + slack) ** -np.arange(length, dtype=float) * 0.999 ** np.arange(length)
    chain = np.append(later[:-1] - later[1:], later[-1])
    stakes = np.append(shock, chain)
    secures = np.array([[v in (s, s + 1) for s in range(length)] for v in range(length + 1)])
    graph = (stakes, chain * (1 + 1e-6), np.ones(length), secures)
    assert true_slack(graph) >= slack
    assert max(cascades(graph, np.arange(length + 1) > 0).values()) == length
    bound = theory.cascade_bound(shock, slack, chain.min())
    assert length < bound < length + 1


@pytest.mark.parametrize(
    ("depth", "slack", "shock", "smallest", "published"),
    [
        (1, 0.1, 0.001, 1e-5, 73.5), (1, 0.5, 0.01, 1e-4, 14.1), (2, 0.5, 0.01, 1e-4, 28.1), (1, 1, 0.05, 0.001, 6.6),
        (3, 0.2, 0.1, 0.01, 67.4),
    ],
)  # fmt: skip
def test_published_cascade_bounds(depth, slack, shock, smallest, published):
    assert theory.cascade_bound(shock, slack, smallest, depth) == pytest.approx(published, abs=0.06)


def test_published_shock_and_no_loss_beyond_everything():
    assert theory.shock_bound(0.001, 0.1) == pytest.approx(0.011)
    assert theory.shock_bound(0.5, np.array([0.1, 10.0])) == pytest.approx([1.0, 0.55])


@pytest.mark.parametrize(
    ("slash", "published"),
    [(0.05, 16_667), (0.1, 33_333), (0.25, 83_333), (0.5, 166_667), (0.75, 250_000), (1.0, 333_333)],
)
def test_published_costs_of_corruption(slash, published):
    """They are what the cheapest of all coalitions of 30 equal validators loses."""
    cost = theory.cost_of_corruption(1e6, 1 / 3, slash)
    assert cost == pytest.approx(published, abs=0.5)
    cheapest = min(k for k in range(31) if k / 30 >= 1 / 3 - 1e-12)
    assert cost == pytest.approx(cheapest * 1e6 / 30 * slash)


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_the_local_slack_has_no_unit(scale, seed):
    stakes, profits, thresholds, secures = random_graph(np.random.default_rng(seed))
    plain = theory.local_slack(stakes, profits, thresholds, secures)
    assert theory.local_slack(scale * stakes, scale * profits, thresholds, secures) == pytest.approx(plain, rel=1e-6)
    assert theory.local_slack(stakes, 0 * profits, thresholds, secures) == np.inf
