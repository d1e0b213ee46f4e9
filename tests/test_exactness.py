"""Thinning against the block-by-block loop: the same distribution, over reservation values, precisions and shapes.

Each of the cases compares eight marginal distributions by two samples of TURNS turns (Kolmogorov-Smirnov for values,
chi-square for counts), under every choice rule. All p-values together must exceed 1e-4 / (number of tests): a false
alarm has probability below 1e-4. Power: a shift of a fifth of a standard deviation in any of them is missed with
probability below 1 % (it moves the distribution function by 0.08; the critical distance at the corrected level is
0.053).
"""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from scipy import stats

from model.core.choice import chances_at, new_stance
from model.core.compiled import kernel
from model.core.opportunity import new_shape
from model.core.options import OFFENCES, Conduct
from model.core.policy import take_stance
from model.core.rows import SEQUENCER, rows
from model.core.thinning import new_desk
from model.core.turn import MOST_OPEN, play
from model.parameters import Scenario
from model.parameters.rules import rules_of
from tests.blockwise import draw_opportunity, play_often

TURNS = 6_000
MEAN = 0.08
KEPT = np.array([0.9, 1.4, 0.3])
SHAPES = {
    "heavy_tailed": {"opportunity": "heavy_tailed"},
    "steeper": {"opportunity": "heavy_tailed", "tail_index": 1.6, "tail_weight": 0.2, "opportunity_sigma": 0.6},
    "exponential": {"opportunity": "exponential"},
    "constant": {"opportunity": "constant"},
}
CASES = list(
    itertools.product(
        SHAPES,
        (0.02, 0.2, 3.0),
        (0.5, 4.0, 60.0),
        (60, 700),
        ((0.0, 0.0, 0.0), (0.004, 0.3, 0.0)),
    )
) + [(shape, 0.2, 4.0, 5_000, (0.0004, 0.03, 0.0)) for shape in SHAPES]
OTHER_RULES = list(itertools.product(SHAPES, ("logit", "best_response"), (0.05, 1.0), (0.5, 40.0), (60, 700)))
TESTS_PER_CASE = 8
IN_PARTS = list(itertools.product(("heavy_tailed", "exponential"), ("luce", "logit"), (1, 40)))
TESTS = TESTS_PER_CASE * (len(CASES) + len(OTHER_RULES) + len(IN_PARTS))


@kernel
def _play_often(node_rows, times, blocks, rules, shape, ends, mean, stream, results, stolen, most):
    desk = new_desk(shape)
    slate = desk.slate[0]
    for t in range(times):
        node = node_rows[0]
        node.made = 0
        node.opportunity = 0.0
        node.honest_value = 0.0
        node.turn_ended = 0
        for a in range(OFFENCES):
            node.offences[a] = 0
            node.stolen[a] = 0.0
            node.convicted[a] = 0
            slate.ends[a] = ends[a]
        take_stance(node, rules, mean, desk.stance[0])
        play(node, blocks, mean, shape, desk, stream, most)
        results[t, 0] = node.made
        results[t, 1] = node.honest_value
        results[t, 2] = node.stolen.sum()
        stolen[t] = node.stolen
        for a in range(OFFENCES):
            results[t, 3 + a] = node.offences[a]
        results[t, 3 + OFFENCES] = node.turn_ended
        for a in range(OFFENCES):
            results[t, 3 + OFFENCES] += a * node.convicted[a]


def thinned(
    scenario: Scenario, reservation: np.ndarray, blocks: int, ends: np.ndarray, seed: int, most: int = MOST_OPEN
) -> np.ndarray:
    """Return outcomes of TURNS turns by the model's kernel, in the columns of `play_often`."""
    rules = rules_of(scenario)
    node = rows(SEQUENCER, 1)
    node.conduct, node.sharpness = Conduct.RATIONAL, 1.0
    node.reservation = reservation
    node.kept = KEPT
    results = np.empty((TURNS, 4 + OFFENCES))
    stream, stolen = np.random.default_rng(seed), np.empty((TURNS, OFFENCES))
    _play_often(node, TURNS, blocks, rules, new_shape(rules), ends, MEAN, stream, results, stolen, most)
    return results


def block_by_block(scenario: Scenario, reservation: np.ndarray, blocks: int, ends: np.ndarray, seed: int) -> np.ndarray:
    """Return outcomes of TURNS turns by the loop over blocks."""
    rules = rules_of(scenario)
    shape = (
        rules.opportunity, rules.opportunity_sigma, rules.tail_weight, rules.tail_index,
        rules.tail_start, rules.tail_end,
    )  # fmt: skip
    scale = MEAN / new_shape(rules).constants.unit
    stream = np.random.default_rng(seed)
    policy = reservation, KEPT, rules.sequencer_precision, rules.choice
    return play_often(stream, TURNS, blocks, *policy, ends, *shape, scale)


def same_values(one: np.ndarray, other: np.ndarray) -> float:
    """Return the p-value that two samples of values are alike; values equal to rounding count as ties."""
    unit = max(one.max(), other.max(), 1e-300) * 1e-9
    return float(stats.ks_2samp(np.round(one / unit), np.round(other / unit), method="asymp").pvalue)


def same_counts(one: np.ndarray, other: np.ndarray) -> float:
    """Return the chi-square p-value that two samples of counts are alike, rare cells pooled."""
    edges = np.unique(np.quantile(np.concatenate([one, other]), np.linspace(0, 1, 21)))
    bins = np.append(np.concatenate([[-np.inf], edges[1:]]), np.inf) if edges.size > 1 else np.array([-np.inf, np.inf])
    table = np.array([np.histogram(sample, bins)[0] for sample in (one, other)])
    table = table[:, table.sum(axis=0) > 0]
    rare = table.sum(axis=0) < 40
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    return 1.0 if table.shape[1] < 2 else float(stats.chi2_contingency(table, correction=False).pvalue)


def compare(scenario: Scenario, value: float, blocks: int, ends: np.ndarray, most: int = MOST_OPEN) -> None:
    """Assert that blocks made, honest value, value offended in, offences by kind and what ended the turn are alike."""
    reservation = value * np.array([1.0, 1.3, 1.1])
    ours = thinned(scenario, reservation, blocks, ends, 11, most)
    theirs = block_by_block(scenario, reservation, blocks, ends, seed=12)
    offences = slice(3, 3 + OFFENCES)
    pvalues = [
        same_counts(ours[:, 0], theirs[:, 0]),
        same_values(ours[:, 1], theirs[:, 1]),
        same_values(ours[:, 2], theirs[:, 2]),
        same_counts(ours[:, offences].sum(axis=1), theirs[:, offences].sum(axis=1)),
        *(same_counts(ours[:, 3 + a], theirs[:, 3 + a]) for a in range(OFFENCES)),
        same_counts(ours[:, 3 + OFFENCES], theirs[:, 3 + OFFENCES]),
    ]
    assert len(pvalues) == TESTS_PER_CASE
    assert min(pvalues) > 1e-4 / TESTS, pvalues


@pytest.mark.parametrize(("shape", "value", "precision", "blocks", "ends"), CASES)
def test_thinning_equals_block_by_block(shape, value, precision, blocks, ends):
    compare(Scenario(sequencer_precision=precision, **SHAPES[shape]), value, blocks, np.array(ends))


@pytest.mark.parametrize(("shape", "choice", "value", "sharpness", "blocks"), OTHER_RULES)
def test_thinning_equals_block_by_block_under_every_choice_rule(shape, choice, value, sharpness, blocks):
    """Reservation values around the mean and above; precision in units of it. The best offence changes with value."""
    scenario = Scenario(choice=choice, sequencer_precision=sharpness / MEAN, **SHAPES[shape])
    compare(scenario, value * 3 * MEAN, blocks, np.array([0.004, 0.01, 0.0]))


@pytest.mark.parametrize(("shape", "choice", "most"), IN_PARTS)
def test_a_turn_played_in_parts_equals_block_by_block(shape, choice, most):
    """The parts, of a few open blocks or one, end with the first that is caught in any of them."""
    scenario = Scenario(choice=choice, sequencer_precision=4.0 if choice == "luce" else 4.0 / MEAN, **SHAPES[shape])
    compare(scenario, MEAN, 700, np.array([0.004, 0.01, 0.0]), most)


@kernel
def _expected(node_rows, rules, mean, values, weights, counts, worth, squares):
    stance = new_stance()[0]
    out = np.zeros(OFFENCES)
    take_stance(node_rows[0], rules, mean, stance)
    for j in range(values.size):
        chances_at(stance, np.log(values[j]), out)
        for a in range(OFFENCES):
            counts[a] += out[a] * weights[j]
            worth[a] += out[a] * weights[j] * values[j]
            squares[a] += out[a] * weights[j] * values[j] ** 2


def quadrature(scenario: Scenario, points: int = 400_000) -> tuple[np.ndarray, np.ndarray]:
    """Return values and weights of the unit-mean opportunity, by the midpoint rule in its log."""
    if scenario.opportunity == "constant":
        return np.ones(1), np.ones(1)
    if scenario.opportunity == "exponential":
        edges = np.linspace(-25, 4, points + 1)
        logs = (edges[1:] + edges[:-1]) / 2
        weights = np.exp(logs - np.exp(logs))
        return np.exp(logs), weights / weights.sum()
    sigma, start, end = scenario.opportunity_sigma, np.log(scenario.tail_start), np.log(scenario.tail_end)
    body, tail = (np.linspace(low, high, points + 1) for low, high in ((-9 * sigma, start), (start, end)))
    body, tail = (body[1:] + body[:-1]) / 2, (tail[1:] + tail[:-1]) / 2
    normal, pareto = np.exp(-0.5 * (body / sigma) ** 2), np.exp(-scenario.tail_index * tail)
    heavy = scenario.tail_weight
    weight = np.concatenate([(1 - heavy) * normal / normal.sum(), heavy * pareto / pareto.sum()])
    values = np.exp(np.concatenate([body, tail]))
    return values / (values @ weight), weight


POLICIES = [
    ({"choice": "luce", "sequencer_precision": 4.0}, 0.0),
    ({"choice": "luce", "sequencer_precision": 0.7}, 0.0),
    ({"choice": "logit", "sequencer_precision": 30.0}, 0.0),
    ({"choice": "logit", "sequencer_precision": 3.0}, 0.0),
    ({"choice": "best_response"}, 0.0),
    ({"learning": "reinforcement"}, 1 / 40),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("rule", "mix"), POLICIES)
def test_offence_rates_are_the_integral_of_chances_over_opportunities(shape, rule, mix):
    """By kind, in number and in value: |z| < 5 over 96 pairs; an error of 5 % is found where an offence is 1 in 400."""
    scenario = Scenario(**SHAPES[shape], **rule)
    node = rows(SEQUENCER, 1)
    node.conduct, node.kept, node.caution, node.mix = Conduct.RATIONAL, KEPT, [1.0, 1.5, 0.7], mix
    node.sharpness = 1.0
    node.reservation = MEAN * np.array([0.8, 1.6, 0.7])
    rules, blocks = rules_of(scenario), 700
    results = np.empty((TURNS, 4 + OFFENCES))
    by_kind = np.zeros((TURNS, OFFENCES))
    stream = np.random.default_rng(21)
    _play_often(node, TURNS, blocks, rules, new_shape(rules), np.zeros(3), MEAN, stream, results, by_kind, MOST_OPEN)
    counts, worth, squares = np.zeros((3, OFFENCES))
    _expected(node, rules, MEAN, *quadrature(scenario), counts, worth, squares)
    total = TURNS * blocks
    spread = np.sqrt(total * counts * (1 - counts)) + 1e-6 * total
    assert np.all(np.abs(results[:, 3 : 3 + OFFENCES].sum(axis=0) - total * counts) < 5 * spread)
    spread = np.sqrt(total * np.maximum(0, squares - worth**2)) + 1e-6 * total
    assert np.all(np.abs(by_kind.sum(axis=0) / MEAN - total * worth) < 5 * spread)
    assert counts.max() > 1 / 400


def test_certain_and_impossible_offences():
    """A node with nothing to lose offends on every block; one with everything to lose on none."""
    scenario = Scenario()
    always = thinned(scenario, np.array([0.0, 1.0, 1.0]), 300, np.zeros(3), seed=1)
    never = thinned(scenario, np.full(3, np.inf), 300, np.zeros(3), seed=2)
    assert (always[:, 3] == 300).all()
    assert (always[:, 1] == 0).all()
    assert (never[:, 2:6] == 0).all()
    assert (never[:, 0] == 300).all()


def test_opportunity_that_came_by_is_the_same_whatever_the_conduct():
    """Honest and stolen value are parts of one realisation: their sum has the distribution of plain sums of blocks."""
    scenario = Scenario()
    rules = rules_of(scenario)
    stream = np.random.default_rng(3)
    plain = _plain_sums(stream, TURNS, 400, rules)
    scale = MEAN / new_shape(rules).constants.unit
    for value in (1e-3, 0.1, 5.0):
        ours = thinned(scenario, np.full(3, value), 400, np.zeros(3), seed=int(value * 1e4) + 5)
        assert same_values(ours[:, 1] + ours[:, 2], scale * plain) > 1e-5


@numba.njit
def _sums(stream, times, blocks, kind, sigma, weight, index, low, high):
    sums = np.zeros(times)
    for t in range(times):
        for _ in range(blocks):
            sums[t] += draw_opportunity(stream, kind, sigma, weight, index, low, high)
    return sums


def _plain_sums(stream: np.random.Generator, times: int, blocks: int, rules: np.record) -> np.ndarray:
    return _sums(
        stream, times, blocks, rules.opportunity, rules.opportunity_sigma, rules.tail_weight, rules.tail_index,
        rules.tail_start, rules.tail_end,
    )  # fmt: skip
