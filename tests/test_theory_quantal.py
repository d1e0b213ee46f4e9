"""Quantal response: fixed points against iteration, stability thresholds from both sides, limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import theory

GAME = {"gain": 500.0, "loss": 2000.0, "bounty": 600.0, "cost": 10.0}
PUBLISHED = [
    # sequencer_precision, ranger_precision: deviating, checking, omega squared, largest revision
    (0.0005, 0.05, 0.26907, 0.99949, 0.0038, 1.99),
    (0.002, 0.2, 0.03295, 0.87586, 2.079, 0.6496),
    (0.005, 0.5, 0.01700, 0.52461, 15.62, 0.1203),
    (0.01, 1.0, 0.01575, 0.36541, 53.91, 0.0364),
    (0.02, 2.0, 0.01589, 0.28252, 190.2, 0.0105),
    (0.05, 5.0, 0.01627, 0.23282, 1072, 0.0019),
]
VARIANTS = [
    # choice, precisions, rangers, sampling, returned, pay
    ("logit", (0.002, 0.2), 1, 1.0, 1.0, 0.0),
    ("logit", (0.003, 0.3), 5, 1.0, 1.0, 0.0),
    ("logit", (0.003, 0.3), 5, 0.4, 0.0, 3.0),
    ("luce", (3.0, 2.0), 1, 1.0, 1.0, 0.0),
    ("luce", (4.0, 4.0), 5, 0.3, 0.5, 2.0),
    ("luce", (4.0, 6.0), 3, 1.0, 0.0, 0.0),
    ("luce", (0.5, 8.0), 8, 0.5, 1.0, 0.0),
]


def replies(deviating, checking, choice, precisions, rangers, sampling, returned, pay):
    """Both replies, from the game's tree: who of the others checked is enumerated by its binomial law."""
    assigned = sampling * checking
    missed = (1 - assigned) ** rangers
    others = [math.comb(rangers - 1, k) * assigned**k * (1 - assigned) ** (rangers - 1 - k) for k in range(rangers)]
    bounty = sum(chance * GAME["bounty"] / (1 + k) for k, chance in enumerate(others))
    tempting, deterring = GAME["gain"] * (1 - returned + returned * missed), (1 - missed) * GAME["loss"]
    acts = [(tempting, deterring), (pay + deviating * bounty, GAME["cost"])]
    chosen = []
    for (benefit, cost), precision in zip(acts, precisions, strict=True):
        if choice == "logit":
            chosen.append(1 / (1 + math.exp(-precision * (benefit - cost))))
        else:
            chosen.append(benefit**precision / (benefit**precision + cost**precision))
    return np.array(chosen)


def spread_after(variant, revision, start, periods=4000):
    """How far play still moves after many periods in which a share `revision` of either population replies."""
    choice, precisions, *rest = variant
    state, path = np.array(start), []
    for _ in range(periods):
        state = (1 - revision) * state + revision * replies(*state, choice, precisions, *rest)
        path.append(state)
    return np.ptp(np.array(path[-periods // 4 :]), axis=0).max()


def solved(variant, function=theory.quantal_response):
    choice, precisions, rangers, sampling, returned, pay = variant
    return function(
        **GAME, sequencer_precision=precisions[0], ranger_precision=precisions[1], choice=choice, rangers=rangers,
        sampling=sampling, returned=returned, pay=pay,
    )  # fmt: skip


@pytest.mark.parametrize(("sequencer", "ranger", "deviating", "checking", "omega", "revision"), PUBLISHED)
def test_published_equilibria_and_thresholds(sequencer, ranger, deviating, checking, omega, revision):
    found = theory.quantal_response(**GAME, sequencer_precision=sequencer, ranger_precision=ranger)
    assert found == pytest.approx((deviating, checking), abs=5e-6)
    slopes = theory.stability(**GAME, sequencer_precision=sequencer, ranger_precision=ranger)
    assert slopes.omega_squared == pytest.approx(omega, rel=1e-2)
    assert slopes.sharing == 0
    assert theory.largest_revision(*slopes) == pytest.approx(revision, abs=5e-3 if revision > 1 else 5e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_everybody_replies_to_everybody(variant):
    found = solved(variant)
    assert replies(*found, *variant) == pytest.approx(np.array(found), rel=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("start", [(0.01, 0.99), (0.9, 0.05)])
def test_slow_revision_arrives_from_anywhere(variant, start):
    state = np.array(start)
    slow = 0.3 * float(theory.largest_revision(*solved(variant, theory.stability)))
    for _ in range(6000):
        state = (1 - slow) * state + slow * replies(*state, *variant)
    assert state == pytest.approx(np.array(solved(variant)), abs=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_largest_revision_is_where_cycles_begin(variant):
    limit = float(theory.largest_revision(*solved(variant, theory.stability)))
    start = np.array(solved(variant)) * 1.001
    assert spread_after(variant, 0.9 * limit, start) < 1e-6
    assert spread_after(variant, 1.1 * limit, start) > 1e-3


def test_slopes_are_the_derivatives_of_the_replies():
    for variant in VARIANTS:
        point, step = np.array(solved(variant)), 1e-6
        columns = [
            (replies(*(point + step * point * unit), *variant) - replies(*(point - step * point * unit), *variant))
            / (2 * step * point @ unit)
            for unit in np.eye(2)
        ]
        (own, back), (forth, crowd) = columns
        assert own == 0
        assert tuple(solved(variant, theory.stability)) == pytest.approx((-back * forth, -crowd), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("choice", ["luce", "logit"])
def test_one_ranger_shares_its_bounty_with_nobody(choice):
    for sampling in (0.15, 0.3, 0.6, 0.7, 1.0):
        slopes = theory.stability(100.0, 400.0, 160.0, 4.0, 2.0, 1.0, choice, 1, sampling=sampling)
        assert 0 <= slopes.sharing < 1e-12
        assert theory.largest_revision(*slopes) == pytest.approx(2 / (1 + slopes.omega_squared), rel=1e-9)


def test_without_feedback_any_revision_is_stable_and_fast_feedback_allows_little():
    assert theory.largest_revision(0.0) == 2
    assert theory.largest_revision(1.0) == 1
    assert theory.largest_revision(np.array([1e4, 1e6])) == pytest.approx([2e-4, 2e-6], rel=1e-3)


@given(omega=st.floats(0.0, 100.0), sharing=st.floats(0.0, 100.0))
def test_the_largest_revision_puts_an_eigenvalue_on_the_unit_circle(omega, sharing):
    revision = float(theory.largest_revision(omega**2, sharing))
    jacobian = np.array([[0.0, -omega], [omega, -sharing]])
    radius = np.abs(np.linalg.eigvals((1 - revision) * np.eye(2) + revision * jacobian)).max()
    assert radius == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("rangers", [1, 4])
@pytest.mark.parametrize(("choice", "precise"), [("logit", (50.0, 5e4)), ("luce", (1e4, 1e4))])
def test_perfect_precision_is_the_mixed_equilibrium(rangers, choice, precise):
    found = theory.quantal_response(*GAME.values(), *precise, choice, rangers)
    nash = theory.inspection_equilibrium(*GAME.values(), rangers)
    assert found == pytest.approx((nash.deviating, nash.checking), rel=5e-3)


def test_no_precision_is_a_coin():
    for choice in ("logit", "luce"):
        assert theory.quantal_response(*GAME.values(), 1e-9, 1e-9, choice, 3) == pytest.approx((0.5, 0.5), abs=1e-6)


@given(scale=st.floats(0.01, 100.0))
@settings(max_examples=30, deadline=None)
def test_logit_precision_is_per_unit_of_money_and_luce_precision_has_no_unit(scale):
    scaled = [scale * x for x in GAME.values()]
    logit = theory.quantal_response(*scaled, 0.002 / scale, 0.2 / scale)
    assert logit == pytest.approx(theory.quantal_response(*GAME.values(), 0.002, 0.2), rel=1e-7)
    luce = theory.quantal_response(*scaled, 4.0, 3.0, "luce", 3)
    assert luce == pytest.approx(theory.quantal_response(*GAME.values(), 4.0, 3.0, "luce", 3), rel=1e-7)


@pytest.mark.parametrize("choice", ["logit", "luce"])
def test_pay_for_proof_above_cost_leaves_no_dilemma(choice):
    precision = (0.005, 0.5) if choice == "logit" else (8.0, 8.0)
    deviating = [
        theory.quantal_response(*GAME.values(), *precision, choice, 5, pay=pay).deviating for pay in (0, 5, 10, 15, 30)
    ]
    assert (np.diff(deviating) < 0).all()
    assert deviating[-1] < 1e-4


def test_willingness_where_nothing_is_to_gain_or_to_lose():
    assert theory.willingness(0.0, 5.0, 4.0, "luce") == 0
    assert theory.willingness(5.0, 0.0, 4.0, "luce") == 1
    assert theory.willingness(0.0, 0.0, 4.0, "luce") == 1
    assert theory.willingness(np.array([1.0, 3.0]), 1.0, 2.0, "luce") == pytest.approx([0.5, 0.9])
    assert theory.willingness(np.array([1.0, 3.0]), 1.0, 0.5) == pytest.approx([0.5, 1 / (1 + math.exp(-1))])
