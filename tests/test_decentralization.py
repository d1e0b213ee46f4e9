"""Decentralisation metrics: published values, laws of populations, and the axioms each index must keep.

The published values are those of the tests of https://github.com/Blockchain-Technology-Lab/consensus-decentralization
(which checks them against online calculators), except for the Nakamoto coefficient: that project counts holders until
they reach a threshold, we until they exceed it. Exact values come from rational arithmetic.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from model.decentralization import effective_number, entropy, gini, herfindahl, nakamoto, theil, top_share

THIRD, HALF, TWO_THIRDS = 1 / 3, 1 / 2, 2 / 3
INDICES = (gini, herfindahl, effective_number, entropy, theil, top_share)

amounts = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("holdings", "published"),
    [([1, 2, 3, 4, 5], 0.26667), ([368, 156, 20, 7, 10, 49, 22, 1], 0.67792), ([1, 1, 3, 0, 0], 0.56)],
)
def test_gini_of_published_vectors(holdings, published):
    assert gini(holdings) == pytest.approx(published, abs=5e-6)


@pytest.mark.parametrize(("holdings", "published"), [([1] * 10, 0.1), ([8, 6, 3, 3], 0.295), ([2, 2], 0.5), ([1], 1)])
def test_herfindahl_of_published_vectors(holdings, published):
    assert herfindahl(holdings) == pytest.approx(published, rel=1e-15)
    assert effective_number(holdings) == pytest.approx(1 / published, rel=1e-15)


def test_entropy_of_published_vector():
    assert entropy([1, 2, 3]) == pytest.approx(1.459, abs=5e-4)


@pytest.mark.parametrize(
    ("holdings", "published"), [([3, 2, 1], 0.087), ([3, 2, 1, 1, 1, 1], 0.115), ([432, 0, 0, 0], 1.386)]
)
def test_theil_of_published_vectors(holdings, published):
    assert theil(holdings) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(
    ("holdings", "by_threshold"),
    [
        ([3, 2, 1], (1, 2, 2)),
        ([3, 2, 1, 1, 1, 1], (2, 2, 4)),
        ([1] * 10, (4, 6, 7)),
        ([0.1] * 10, (4, 6, 7)),
        ([1, 1, 1], (2, 2, 3)),
        ([2, 2], (1, 2, 2)),
        ([5, 4, 3, 2, 1], (2, 2, 3)),
        ([432, 0, 0, 0], (1, 1, 1)),
        ([50, 30, 20], (1, 2, 2)),
        ([1] * 100, (34, 51, 67)),
    ],
)
def test_nakamoto_exceeds_its_threshold(holdings, by_threshold):
    assert tuple(nakamoto(holdings, threshold) for threshold in (THIRD, HALF, TWO_THIRDS)) == by_threshold


def test_near_the_whole_everybody_with_something_is_needed():
    assert nakamoto([1, 1, 1, 0], 1 - 1e-12) == 3


@pytest.mark.parametrize("holding", [1.0, 0.1, 1 / 3, 20_000.1, 1e-12, 1e300])
def test_equal_holders_need_a_majority_of_heads(holding):
    counts = np.arange(1, 400)
    assert [nakamoto([holding] * k, HALF) for k in counts] == [k // 2 + 1 for k in counts]
    assert [nakamoto([holding] * k, THIRD) for k in counts] == [k // 3 + 1 for k in counts]
    assert [nakamoto([holding] * k, TWO_THIRDS) for k in counts] == [2 * k // 3 + 1 for k in counts]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8).filter(any), st.integers(1, 11))
def test_nakamoto_is_the_smallest_coalition(holdings, twelfths):
    """The greedy count equals a search over all coalitions, in exact arithmetic, with ties on purpose."""
    enough = Fraction(twelfths, 12) * sum(holdings)
    smallest = next(
        size for size in range(1, len(holdings) + 1) if any(sum(c) > enough for c in combinations(holdings, size))
    )
    assert nakamoto(holdings, twelfths / 12) == smallest


@given(amounts)
def test_indices_equal_their_definitions(holdings):
    total, n = sum(holdings), len(holdings)
    shares = [Fraction(holding, total) for holding in holdings]
    mean_difference = sum(abs(a - b) for a in shares for b in shares) / (2 * n)
    assert gini(holdings) == pytest.approx(float(mean_difference), rel=1e-12, abs=1e-14)
    assert herfindahl(holdings) == pytest.approx(float(sum(share * share for share in shares)), rel=1e-12)
    assert entropy(holdings) == pytest.approx(stats.entropy(holdings, base=2), rel=1e-12, abs=1e-12)
    assert theil(holdings) == pytest.approx(math.log(n) - stats.entropy(holdings), rel=1e-9, abs=1e-12)
    assert top_share(holdings, 2) == pytest.approx(float(sum(sorted(shares)[-2:])), rel=1e-12)


QUANTILES = (np.arange(400_000) + 0.5) / 400_000
"""Mid-quantiles stand for a population without luck: what is left is the error of the integral."""


@pytest.mark.parametrize("index", [3, 5, 10])
def test_pareto_population(index):
    population = stats.pareto(index).ppf(QUANTILES)
    assert gini(population) == pytest.approx(1 / (2 * index - 1), abs=3e-4)
    assert theil(population) == pytest.approx(math.log((index - 1) / index) + 1 / (index - 1), abs=1e-3)


@pytest.mark.parametrize("sigma", [0.25, 0.5, 1])
def test_lognormal_population(sigma):
    population = stats.lognorm(sigma).ppf(QUANTILES)
    assert gini(population) == pytest.approx(special.erf(sigma / 2), abs=1e-4)
    assert theil(population) == pytest.approx(sigma**2 / 2, abs=1e-4)


def test_exponential_population():
    population = stats.expon.ppf(QUANTILES)
    assert gini(population) == pytest.approx(1 / 2, abs=1e-5)
    assert effective_number(population) == pytest.approx(QUANTILES.size / 2, rel=1e-4)


@given(amounts, st.floats(1e-9, 1e9), st.randoms(use_true_random=False))
def test_unit_and_order_do_not_matter(holdings, unit, random):
    shuffled = [unit * holding for holding in random.sample(holdings, len(holdings))]
    for index in INDICES:
        assert index(shuffled) == pytest.approx(index(holdings), rel=1e-9, abs=1e-12), index.__name__
    for threshold in (THIRD, HALF, TWO_THIRDS):
        assert nakamoto(shuffled, threshold) == nakamoto(holdings, threshold)


@given(amounts)
def test_bounds(holdings):
    n, slack = len(holdings), 1e-12
    assert 0 <= gini(holdings) <= (n - 1) / n + slack
    assert 1 / n - slack <= herfindahl(holdings) <= 1 + slack
    assert 1 - slack <= effective_number(holdings) <= n + slack * n
    assert 0 <= entropy(holdings) <= math.log2(n) + slack
    assert 0 <= theil(holdings) <= math.log(n) + slack
    assert 1 / n - slack <= top_share(holdings) <= 1 + slack
    assert 1 <= nakamoto(holdings, THIRD) <= nakamoto(holdings, HALF) <= nakamoto(holdings, TWO_THIRDS) <= n


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=12), st.data())
def test_a_transfer_from_rich_to_poor_never_concentrates(holdings, data):
    """The Pigou-Dalton principle; strict, when the transfer does not merely swap the two."""
    poor, rich = data.draw(
        st.permutations(range(len(holdings))).map(lambda rows: sorted(rows[:2], key=holdings.__getitem__))
    )
    transfer = data.draw(st.integers(0, holdings[rich] - holdings[poor]))
    after = list(holdings)
    after[rich] -= transfer
    after[poor] += transfer
    for index, sign in ((gini, 1), (herfindahl, 1), (theil, 1), (top_share, 1), (entropy, -1), (effective_number, -1)):
        assert sign * index(after) <= sign * index(holdings) + 1e-9, index.__name__
    if 0 < transfer < holdings[rich] - holdings[poor]:
        assert gini(after) < gini(holdings)


@given(amounts, st.integers(2, 5))
def test_population_replication(holdings, copies):
    """Copying everybody changes no inequality and multiplies the number of holders."""
    assert gini(holdings * copies) == pytest.approx(gini(holdings), rel=1e-9, abs=1e-12)
    assert theil(holdings * copies) == pytest.approx(theil(holdings), rel=1e-9, abs=1e-12)
    assert effective_number(holdings * copies) == pytest.approx(copies * effective_number(holdings), rel=1e-9)
    assert entropy(holdings * copies) == pytest.approx(entropy(holdings) + math.log2(copies), rel=1e-9)


@pytest.mark.parametrize("nothing", [[], [0.0], [0.0, 0.0]])
def test_nobody_holds_anything(nothing):
    assert nakamoto(nothing, HALF) == 0
    assert effective_number(nothing) == 0
    for index in (gini, herfindahl, entropy, theil, top_share):
        assert math.isnan(index(nothing)), index.__name__


@pytest.mark.parametrize("index", [*INDICES, lambda holdings: nakamoto(holdings, HALF)])
@pytest.mark.parametrize("holdings", [[1, -1e-9], [1, math.nan], [1, math.inf], [[1, 2]], 3])
def test_what_is_no_vector_of_holdings_is_refused(index, holdings):
    with pytest.raises(ValueError, match="holdings"):
        index(holdings)


@pytest.mark.parametrize("threshold", [-0.1, 1, 2, math.nan])
def test_impossible_threshold_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        nakamoto([1, 2], threshold)


def test_holdings_are_not_changed():
    holdings = np.array([3.0, 1.0, 2.0])
    for index in INDICES:
        index(holdings)
    nakamoto(holdings, HALF)
    assert holdings.tolist() == [3, 1, 2]
