"""Learning in the inspection game: the recursion of attractions, and imitation as a differential equation."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from model import theory

GAME = {"gain": 500.0, "loss": 2000.0, "bounty": 600.0, "cost": 10.0}


def attraction_path(precision, memory, accumulation, periods=6000):
    """Experience-weighted attraction with foregone payoffs in full, of the advantage of each act; play over time."""
    attraction, experience, path = np.zeros(2), 1.0, []
    for _ in range(periods):
        deviating, checking = 1 / (1 + np.exp(-precision * attraction))
        advantage = np.array([
            GAME["gain"] - (GAME["gain"] + GAME["loss"]) * checking,
            GAME["bounty"] * deviating - GAME["cost"],
        ])  # fmt: skip
        renewed = memory * (1 - accumulation) * experience + 1
        attraction = (memory * experience * attraction + advantage) / renewed
        experience = renewed
        path.append((deviating, checking))
    return np.array(path[periods // 2 :])


@pytest.mark.parametrize(
    ("memory", "accumulation", "precision", "stable"),
    [
        (0.95, 0.0, 0.002, True), (0.95, 1.0, 0.0001, True), (0.98, 1.0, 0.0001, True), (0.9, 1.0, 0.0005, True),
        (0.99, 0.0, 0.005, True), (0.95, 0.5, 0.0002, True), (0.9, 0.0, 0.01, False), (0.9, 1.0, 0.001, False),
    ],
)  # fmt: skip
def test_attractions_rest_at_the_quantal_response_or_cycle(memory, accumulation, precision, stable):
    precisions = np.array([precision, 100 * precision])
    path = attraction_path(precisions, memory, accumulation)
    effective = theory.attraction_precision(precisions, memory, accumulation)
    found = theory.quantal_response(*GAME.values(), *effective)
    omega = theory.stability(*GAME.values(), *effective).omega_squared
    assert theory.attraction_is_stable(omega, memory) == stable
    if stable:
        assert path == pytest.approx(np.tile(found, (len(path), 1)), abs=1e-5)
    else:
        assert np.ptp(path[:, 1]) > 0.05


def test_memory_slows_down_as_rare_revision_does():
    for memory, omega in itertools.product((0.0, 0.5, 0.9), (0.5, 0.99, 2.9, 3.1, 18.9, 19.1)):
        assert theory.attraction_is_stable(omega, memory) == (theory.largest_revision(omega) > 1 - memory)


@pytest.mark.parametrize(
    ("advantage", "precision", "revising"), [(1.0, 1.0, 0.5), (-3.0, 0.5, 1.0), (0.0, 5.0, 1.0), (40.0, 2.0, 0.1)]
)
def test_who_is_richer_is_copied_more_often(advantage, precision, revising):
    """400,000 players, one by one: the tolerance is three standard errors or more, and a twentieth of what happens."""
    stream, size, rounds = np.random.default_rng(5), 400_000, 6
    acts = stream.random(size) < 0.3
    expected = theory.imitated_share(acts.mean(), advantage, precision, revising, rounds)
    for _ in range(rounds):
        peer = acts[(np.arange(size) + stream.integers(1, size, size)) % size]
        copies = stream.random(size) < revising / (1 + np.exp(-precision * advantage * (peer * 1.0 - acts)))
        acts = np.where(copies, peer, acts)
    assert acts.mean() == pytest.approx(expected, abs=0.006)
    assert abs(expected - 0.3) > 0.12 or advantage == 0


def test_imitation_in_small_steps_follows_the_logistic_curve():
    advantage, precision, revising, rounds = 8.0, 2e-4, 0.3, 10_000
    odds = 0.2 / 0.8 * np.exp(revising * precision * advantage / 2 * rounds)
    found = theory.imitated_share(0.2, advantage, precision, revising, rounds)
    assert found == pytest.approx(odds / (1 + odds), rel=1e-3)


def test_imitation_circles_around_the_equilibrium():
    def rates(_, state):
        deviating, checking = state
        advantage = GAME["gain"] - (GAME["gain"] + GAME["loss"]) * checking
        return [
            deviating * (1 - deviating) * advantage,
            checking * (1 - checking) * (GAME["bounty"] * deviating - GAME["cost"]),
        ]

    nash = theory.inspection_equilibrium(*GAME.values(), 1)
    crossing = lambda _, state: state[1] - nash.checking  # noqa: E731
    crossing.direction = 1
    for start, small in [((nash.deviating * 1.01, nash.checking), True), ((0.3, nash.checking), False)]:
        path = solve_ivp(
            rates, (0, 2), start, events=crossing, method="DOP853", rtol=1e-11, atol=1e-14, dense_output=True
        )
        returns = path.t_events[0]
        period = np.diff(returns).mean()
        published = theory.replicator_period(*GAME.values())
        assert period == pytest.approx(published, rel=1e-3) if small else period > 1.1 * published
        level = theory.replicator_invariant(*path.y, **GAME)
        assert np.ptp(level) < 1e-6 * level.mean()
        assert level.mean() > theory.replicator_invariant(nash.deviating, nash.checking, **GAME)
        times = np.linspace(returns[1], returns[-1], 400_001)[:-1]
        assert path.sol(times).mean(axis=1) == pytest.approx([nash.deviating, nash.checking], rel=2e-3)
    assert theory.replicator_period(*GAME.values()) == pytest.approx(0.10018, abs=5e-6)


def test_the_border_is_infinitely_far():
    for border in ((0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)):
        assert theory.replicator_invariant(*border, **GAME) == np.inf


def test_imitation_in_steps_spirals_outward():
    state, level = np.array([0.0175, 0.2]), -np.inf
    for _ in range(2000):
        risen = theory.replicator_invariant(*state, **GAME)
        assert risen > level
        level = risen
        advantage = np.array(
            [GAME["gain"] - (GAME["gain"] + GAME["loss"]) * state[1], GAME["bounty"] * state[0] - GAME["cost"]]
        )
        state = state + 1e-4 * state * (1 - state) * advantage
    nash = theory.inspection_equilibrium(*GAME.values(), 1)
    start, least = (theory.replicator_invariant(x, nash.checking, **GAME) for x in (0.0175, nash.deviating))
    assert level - least > 1.05 * (start - least)


def test_rangers_who_imitate_each_for_themselves_end_where_one_checks_and_the_others_ride_free():
    """Of the equilibria of three Rangers the symmetric one is not stable: starts 2 % apart part for good."""
    gain, loss, bounty, cost = 2000.0, 2000.0, 600.0, 10.0

    def rates(_, state):
        deviating, checks = state[0], state[1:]
        unchecked = np.prod(1 - checks)
        alone = [(1 - checks[k]) * (1 - checks[j]) for k, j in ((1, 2), (0, 2), (0, 1))]
        both = [checks[k] * checks[j] for k, j in ((1, 2), (0, 2), (0, 1))]
        worth = np.array([a + (1 - a - b) / 2 + b / 3 for a, b in zip(alone, both, strict=True)])
        advantage = np.append(gain * unchecked - loss * (1 - unchecked), deviating * bounty * worth - cost)
        return state * (1 - state) * advantage

    together = theory.inspection_equilibrium(gain, loss, bounty, cost, 3)
    start = [together.deviating, *(together.checking * np.array([1.02, 1.0, 0.98]))]
    path = solve_ivp(rates, (0, 60), start, method="DOP853", rtol=1e-9, atol=1e-14, dense_output=True)
    average = path.sol(np.linspace(40, 60, 200_001)).mean(axis=1)
    single = theory.asymmetric_equilibrium(gain, loss, bounty, cost, 3, 1)
    assert average == pytest.approx([single.deviating, single.checking, 0, 0], abs=2e-3)
