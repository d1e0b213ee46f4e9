"""Deterrence against decision trees, backward induction and value iteration; offended blocks against integration."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from model import theory
from model.core.opportunity import new_shape
from model.parameters import Scenario
from model.parameters.rules import rules_of

PUBLISHED = [
    # rangers, sampling, slash, stake, reward, discount: detection, kept, reversed, repeated, sampling for g = 500
    ((1, 0.05, 0.1, 20_000, 10, 0.9), (0.050000, 100.500, 105.789, 110.526, 0.199203)),
    ((5, 0.05, 0.1, 20_000, 10, 0.9), (0.226219, 454.700, 587.634, 613.946, 0.043457)),
    ((5, 0.05, 0.5, 20_000, 10, 0.99), (0.226219, 2264.453, 2926.478, 3215.910, 0.009701)),
    ((10, 0.02, 0.25, 20_000, 10, 0.99), (0.182927, 916.465, 1121.645, 1343.287, 0.009468)),
    ((10, 0.1, 0.05, 20_000, 50, 0.95), (0.651322, 683.888, 1961.371, 3735.944, 0.038198)),
    ((20, 0.01, 1, 20_000, 5, 0.999), (0.182093, 3642.772, 4453.773, 5565.825, 0.001234)),
    ((50, 0.01, 0.1, 5000, 5, 0.99), (0.394994, 199.472, 329.702, 652.876, 0.013669)),
    ((3, 0.3, 0.2, 1000, 20, 0.5), (0.657000, 144.540, 421.399, 459.708, 0.326460)),
]
RANDOM_GAINS = [
    # detection, loss, reward, discount, mean gain: value, threshold, offending
    ((0.05, 2000, 10, 0.99, 100), (2102.71, 215.35, 0.11608)),
    ((0.1, 2000, 10, 0.99, 300), (3980.19, 661.16, 0.11038)),
    ((0.226, 2000, 10, 0.99, 500), (3050.82, 1468.80, 0.05299)),
    ((0.05, 500, 10, 0.9, 100), (637.13, 57.02, 0.56540)),
    ((0.3, 200, 5, 0.95, 200), (615.49, 338.45, 0.18410)),
    ((0.01, 5000, 20, 0.99, 50), (2987.77, 80.59, 0.19955)),
]
detections = st.floats(0.01, 0.95)
money = st.floats(1.0, 1e5)
HEAVY = {"sigma": 1.18, "weight": 0.05, "index": 1.3, "start": 8.2, "end": 17_200.0}
SURVIVALS = {
    "constant": (theory.constant_survival(), theory.constant_opportunity()),
    "exponential": (theory.exponential_survival(), theory.exponential_opportunity()),
    "heavy_tailed": (theory.heavy_tailed_survival(**HEAVY), theory.heavy_tailed_opportunity(**HEAVY)),
}


def advantage(gain, detection, loss, reward, returned):
    """What a deviation adds to honest ordering, over the two branches of the tree."""
    caught, free = gain * (1 - returned) - loss, reward + gain
    return (1 - detection) * free + detection * caught - reward


@pytest.mark.parametrize(("setting", "expected"), PUBLISHED)
def test_published_thresholds(setting, expected):
    rangers, sampling, slash, stake, reward, discount = setting
    detection = float(theory.detection_probability(sampling, 1.0, rangers))
    loss = slash * stake
    found = (
        detection,
        theory.deterred_gain(detection, loss, reward),
        theory.deterred_gain(detection, loss, reward, returned=1),
        theory.deterred_gain_repeated(detection, loss, reward, discount),
        theory.required_sampling(500.0, loss, reward, rangers),
    )
    assert found == pytest.approx(expected, abs=6e-4)
    assert found[0] == pytest.approx(expected[0], abs=6e-7)
    assert found[4] == pytest.approx(expected[4], abs=6e-7)


@given(detection=detections, loss=money, reward=money, returned=st.floats(0.0, 1.0))
def test_the_deterred_gain_is_where_the_tree_breaks_even(detection, loss, reward, returned):
    edge = float(theory.deterred_gain(detection, loss, reward, returned))
    assert advantage(edge * (1 - 1e-6), detection, loss, reward, returned) < 0
    assert advantage(edge * (1 + 1e-6), detection, loss, reward, returned) > 0
    # The rule that the model's sequencers follow is the same number.
    assert edge == pytest.approx(float(theory.reservation_value(detection, loss + reward, 1.0, returned)))


@given(gain=money, loss=money, reward=money, rangers=st.integers(1, 20), returned=st.floats(0.0, 1.0))
def test_what_is_required_is_the_inverse_of_what_is_deterred(gain, loss, reward, rangers, returned):
    if gain * (1 - returned) < (loss + reward) * (1 - 1e-9):
        detection = theory.required_detection(gain, loss, reward, returned)
        assert advantage(gain, detection, loss, reward, returned) == pytest.approx(0, abs=1e-9 * (gain + loss + reward))
    detection = theory.required_detection(gain, loss, reward)
    assert theory.deterred_gain(detection, loss, reward, returned=1) == pytest.approx(gain)
    sampling = theory.required_sampling(gain, loss, reward, rangers)
    assert theory.detection_probability(sampling, 1.0, rangers) == pytest.approx(detection)
    stake = theory.required_stake(gain, detection, 0.25, reward)
    assert stake == pytest.approx(loss / 0.25)


@given(detection=detections, loss=money, reward=money, scale=st.floats(1e-3, 1e3))
def test_the_unit_of_money_does_not_matter(detection, loss, reward, scale):
    scaled = theory.random_gain(detection, scale * loss, scale * reward, 0.9, scale * 100)
    plain = theory.random_gain(detection, loss, reward, 0.9, 100)
    assert scaled == pytest.approx((scale * plain.value, scale * plain.threshold, plain.offending), rel=1e-9)


def test_ejection_deters_more_than_a_slash_and_a_near_end_less():
    blocks = np.array([1, 5, 10, 50, 100, 500, np.inf])
    deterred = theory.deterred_gain_repeated(0.05, 200, 10, 0.99, blocks)
    assert deterred == pytest.approx([11.05, 13.11, 15.56, 31.32, 43.89, 62.81, 63.16], abs=5e-3)
    assert deterred[0] == pytest.approx(theory.deterred_gain(0.05, 200, 10, returned=1))
    assert theory.deterred_gain_repeated(0.05, 200, 10, 1.0, 7) == pytest.approx(0.05 / 0.95 * (200 + 70))


@pytest.mark.parametrize("blocks", [1, 2, 6])
@pytest.mark.parametrize("again", [False, True])
@given(detection=detections, loss=money, reward=money, discount=st.floats(0.0, 1.0))
@settings(max_examples=30)
def test_backward_induction_takes_a_gain_above_the_threshold(blocks, again, detection, loss, reward, discount):
    """Whether the gain is on offer in this block alone, or in each one until a known exit."""
    deterred = theory.deterred_gain_before_exit if again else theory.deterred_gain_repeated
    for factor in (1 - 1e-6, 1 + 1e-6):
        gain, value = factor * float(deterred(detection, loss, reward, discount, blocks)), 0.0
        for left in range(1, blocks + 1):
            offered = gain if again or left == blocks else 0.0
            honest = reward + discount * value
            deviant = (1 - detection) * (reward + offered + discount * value) - detection * loss
            value = max(honest, deviant)
        assert (deviant > honest) == (factor > 1)


@given(detection=detections, discount=st.floats(0.1, 0.99), blocks=st.integers(2, 50))
def test_hope_for_the_same_gain_again_deters_too(detection, discount, blocks):
    case = (detection, 200.0, 10.0, discount)
    once, again = theory.deterred_gain_repeated(*case, blocks), theory.deterred_gain_before_exit(*case, blocks)
    endless = theory.deterred_gain_repeated(*case)
    assert once <= again * (1 + 1e-12) <= endless * (1 + 2e-12)
    assert once < again or blocks > 2 or discount * detection < 1e-9
    assert theory.deterred_gain_before_exit(*case, np.inf) == pytest.approx(endless)


@pytest.mark.parametrize("factor", [0.999, 1.001])
@pytest.mark.parametrize(("setting", "_"), PUBLISHED)
def test_value_iteration_deviates_above_the_threshold_for_ever(setting, _, factor):
    rangers, sampling, slash, stake, reward, discount = setting
    detection, loss = 1 - (1 - sampling) ** rangers, slash * stake
    gain, value = factor * float(theory.deterred_gain_repeated(detection, loss, reward, discount)), 0.0
    for _ in range(int(30 / (1 - discount))):
        honest = reward + discount * value
        deviant = (1 - detection) * (reward + gain + discount * value) - detection * loss
        value = max(honest, deviant)
    assert (deviant > honest) == (factor > 1)
    assert (value > reward / (1 - discount) * (1 + 1e-9)) == (factor > 1)


@pytest.mark.parametrize(("setting", "expected"), RANDOM_GAINS)
def test_value_iteration_finds_the_policy_for_random_gains(setting, expected):
    detection, loss, reward, discount, mean_gain = setting
    found = theory.random_gain(*setting)
    assert found == pytest.approx(expected, rel=1e-4)
    gains = -mean_gain * np.log1p(-(np.arange(20_000) + 0.5) / 20_000)
    value = 0.0
    for _ in range(int(20 / (1 - discount))):
        deviant = (1 - detection) * (reward + gains + discount * value) - detection * loss
        value = np.maximum(reward + discount * value, deviant).mean()
    assert found.value == pytest.approx(value, rel=2e-4)
    deviates = deviant > reward + discount * value
    assert found.offending == pytest.approx(deviates.mean(), abs=2e-4)
    assert found.threshold == pytest.approx(gains[deviates].min(), rel=1e-3)


def test_the_published_random_gains_come_out_at_once_as_arrays():
    columns = np.array([setting for setting, _ in RANDOM_GAINS]).T
    expected = np.array([row for _, row in RANDOM_GAINS]).T
    assert np.array(theory.random_gain(*columns)) == pytest.approx(expected, rel=1e-4)


def test_patience_deters_and_without_it_the_threshold_is_that_of_one_block():
    impatient = theory.random_gain(0.1, 1000.0, 10.0, 0.0, 100.0)
    assert impatient.threshold == pytest.approx(theory.deterred_gain(0.1, 1000.0, 10.0, returned=1))
    offending = theory.random_gain(0.1, 1000.0, 10.0, np.array([0.0, 0.5, 0.9, 0.99]), 100.0).offending
    assert (np.diff(offending) < 0).all()
    assert theory.random_gain(0.0, 1000.0, 10.0, 0.9, 100.0).offending == 1


@pytest.mark.parametrize(
    ("detection", "hazard", "gain", "published"),
    [(0.5, 0.01, 500, 50.6), (0.25, 0.01, 500, 158.6), (0.9, 0.001, 500, 250.1), (0.1, 0.01, 100, 63.9)],
)
def test_published_unbonding_finds_just_enough_in_time(detection, hazard, gain, published):
    required = gain / (gain + 2000 + 10)
    blocks = float(theory.required_unbonding(detection, required, hazard))
    assert blocks == pytest.approx(published, abs=0.06)
    in_time = [detection * sum(hazard * (1 - hazard) ** k for k in range(U)) for U in (int(blocks), math.ceil(blocks))]
    assert in_time[0] < required <= in_time[1]
    assert advantage(gain, in_time[1], 2000, 10, 1) < 0 < advantage(gain, in_time[0], 2000, 10, 1)


def test_no_wait_is_long_enough_if_too_little_is_ever_found():
    assert theory.required_unbonding(0.15, 0.1992, 0.01) == np.inf
    assert theory.required_stake(500.0, 0.0, 0.1, 10.0) == np.inf
    assert theory.required_stake(5.0, 0.9, 0.1, 10.0) == 0
    assert theory.deterred_gain(1.0, 100.0, 10.0, returned=1) == np.inf


@pytest.mark.parametrize("shape", SURVIVALS)
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.9, 2.0, 50.0])
def test_value_above_a_threshold_is_the_tail_of_blocks_above_it(shape, threshold):
    """E[x; x > t] = t S(t) + the integral of S beyond t, for a mean of 1."""
    blocks, value = SURVIVALS[shape]
    stops = [1.0] if shape == "constant" else [1e-2, 0.1, 1.0, 3.0, 10.0, 100.0, 1e3, 1e4]
    edges = [threshold, *(stop for stop in stops if stop > threshold)]
    beyond = sum(quad(blocks, low, high, limit=200)[0] for low, high in itertools.pairwise(edges))
    assert value(threshold) == pytest.approx(threshold * float(blocks(threshold)) + beyond, abs=1e-6)


@pytest.mark.parametrize("shape", ["exponential", "heavy_tailed"])
def test_blocks_above_are_those_of_the_strata_that_the_model_draws_from(shape):
    scenario = Scenario(opportunity=shape)
    strata = new_shape(rules_of(scenario)).strata[:-1]
    lows = np.exp(strata.log_low[1:])
    assert theory.survival(scenario)(lows) == pytest.approx(strata.survival[1:], abs=1e-12)
    assert theory.opportunity(scenario)(lows) == pytest.approx(1 - strata.first_below[1:], abs=1e-9)


@pytest.mark.parametrize("reservation", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("precision", [0.5, 4.0])
def test_the_share_of_blocks_is_the_integral_over_the_density(reservation, precision):
    direct = quad(lambda x: np.exp(-x) / (1 + (reservation / x) ** precision), 0, 80, limit=500)[0]
    share = theory.offence_share_by_blocks(reservation, precision, theory.exponential_survival())
    assert share == pytest.approx(direct, abs=0.5 / theory.NODES)


@pytest.mark.parametrize("shape", SURVIVALS)
@given(reservation=st.floats(1e-3, 1e3), precision=st.floats(0.1, 1000.0))
@settings(max_examples=50, deadline=None)
def test_dear_blocks_are_robbed_first(shape, reservation, precision):
    blocks, value = SURVIVALS[shape]
    by_blocks = theory.offence_share_by_blocks(reservation, precision, blocks)
    assert by_blocks <= theory.offence_share_by_value(reservation, precision, value) + 1e-12
