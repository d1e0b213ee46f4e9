"""Ranges: as studied or anywhere in what is allowed, equal shares, rounding, one clear line for what cannot be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import ExperimentError
from experiments.ranges import Range
from model.parameters import Scenario, ScenarioError, parameter_names
from model.parameters.declaration import facts

PLACES = st.floats(0, 1)
NUMBERS = [name for name in parameter_names() if "low" in facts(Scenario.model_fields[name])]
CHOICES = [name for name in parameter_names() if name not in NUMBERS]


def legal(name: str) -> Range:
    """Return all that is allowed as a range; a log scale allowed from zero starts at one, or a tenth of its top."""
    known = facts(Scenario.model_fields[name])
    low = known["low"] or 1 if known["scale"] == "log" else known["low"]
    return Range.of(name, {"low": min(low, known["high"] / 10), "high": known["high"]})


@given(st.sampled_from(NUMBERS), PLACES)
def test_a_value_is_legal_and_survives_the_way_to_its_place_and_back(name, place):
    one = legal(name)
    value = one.value(place)
    assert one.low <= value <= one.high
    assert type(value) is Scenario.model_fields[name].annotation
    assert 0 <= one.place(value) <= 1
    assert one.value(one.place(value)) == pytest.approx(value, rel=0 if one.whole else 1e-5, abs=1e-14 * one.high)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_varies_over_what_is_studied_unless_bounds_are_given(name):
    known = facts(Scenario.model_fields[name])
    low, high = known["studied"]
    assert Range.of(name) == Range(name, low, high, known["scale"], Scenario.model_fields[name].annotation is int)
    assert Range.of(name, {"high": known["high"]}) == Range.of(name, (low, known["high"]))
    assert [Range.of(name).value(place) for place in (0, 1)] == [low, high]


@pytest.mark.parametrize("name", CHOICES)
def test_choices_and_flags_vary_over_their_declared_options_in_equal_shares(name):
    one = Range.of(name)
    known = facts(Scenario.model_fields[name])
    assert list(one.options) == known.get("options", [False, True])
    places = (np.arange(600) + 0.5) / 600
    values = [one.value(place) for place in places]
    assert [values.count(option) for option in one.options] == [600 // len(one.options)] * len(one.options)
    assert [one.value(one.place(option)) for option in one.options] == list(one.options)


@given(st.integers(-50, 50), st.integers(1, 60), PLACES)
def test_whole_numbers_have_equal_shares(low, width, place):
    one = Range("slash_delay", low, low + width, whole=True)
    share = 1 / (width + 1)
    value = one.value(place)
    assert (value - low) * share - 1e-12 <= place <= (value - low + 1) * share + 1e-12
    assert one.value(one.place(value)) == value


def test_whole_numbers_on_a_log_scale_have_shares_as_their_ratios():
    one = Range.of("number_of_clients", {"low": 1, "high": 7, "scale": "log"})
    values = [one.value(place) for place in np.linspace(0, 1, 30_001)]
    for value in range(1, 8):
        share = math.log((value + 1) / value) / math.log(8)
        assert values.count(value) / 30_001 == pytest.approx(share, abs=1e-4)


@given(PLACES, PLACES)
def test_the_map_rises_with_its_place_on_either_scale(first, second):
    for scale in ("linear", "log"):
        one = Range("slash_fraction", 1e-4, 1.0, scale)
        assert (one.value(first) - one.value(second)) * (first - second) >= 0


def test_half_way_is_the_mean_of_the_ends_or_their_geometric_mean():
    assert Range.of("slash_fraction", (0.01, 1.0)).value(0.5) == 0.1
    assert Range.of("slash_fraction", {"low": 0.0, "high": 1.0, "scale": "linear"}).value(0.5) == 0.5
    assert Range.of("slash_fraction", {"low": 0.01}) == Range.of("slash_fraction", (0.01, 1))


@given(PLACES)
def test_values_have_six_digits_and_stay_between_bounds_that_have_more(place):
    one = Range("clawback", 1 / 3, 2 / 3)
    value = one.value(place)
    assert 1 / 3 <= value <= 2 / 3
    assert value in (1 / 3, 2 / 3, float(f"{value:.6g}"))


def test_listed_values_are_the_only_ones():
    one = Range.of("slash_fraction", np.array([0.5, 0.01, 0.1]))
    assert {one.value(place) for place in np.linspace(0, 1, 50)} == {0.5, 0.01, 0.1}
    assert [one.place(value) for value in (0.5, 0.01, 0.1)] == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert [type(option) for option in Range.of("slash_fraction", [0, 1]).options] == [float, float]


def test_a_range_is_stated_so_that_it_can_be_made_again():
    for name, given_ in [("clawback", None), ("selection", None), ("exit_delay", (1, 9)), ("slash_fraction", [0.1, 1])]:
        one = Range.of(name, given_)
        assert Range.of(name, one.stated) == one


@given(st.floats(1e-6, 1.0), st.floats(1.5, 1e6), st.integers(2, 40))
def test_log_spacing_has_equal_ratios_and_given_ends(low, ratio, points):
    values = np.array(Range("token_price", low, low * ratio, "log").spaced(points))
    assert len(values) == points
    assert values[[0, -1]] == pytest.approx([low, low * ratio], rel=1e-5)
    assert np.diff(np.log(values)) == pytest.approx(math.log(ratio) / (points - 1), abs=1.1e-5)


def test_linear_spacing_has_equal_steps():
    assert Range.of("clawback").spaced(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert Range.of("clawback").spaced() == [step / 8 for step in range(9)]
    assert Range.of("sanction").spaced() == facts(Scenario.model_fields["sanction"])["options"]


@pytest.mark.parametrize(
    ("name", "given_", "message"),
    [
        ("slash_fracton", None, "did you mean 'slash_fraction'"),
        ("name", None, "name cannot be varied"),
        ("stakes", [1.0, 2.0], "stakes cannot be varied"),
        ("clawback", (0.9, 0.1), "low = 0.9 is not below high = 0.1"),
        ("clawback", (0.1, 0.1), "low = 0.1 is not below high = 0.1"),
        ("clawback", (0.1, 0.1 + 1e-9), "in 6 digits"),
        ("clawback", (-0.1, 0.5), "clawback: low = -0.1: give a number from 0 to 1 (share)"),
        ("clawback", (0.1, 1.5), "clawback: high = 1.5: give a number from 0 to 1 (share)"),
        ("clawback", (0.1, math.inf), "high = inf: give a number"),
        ("clawback", (0.1, None), "high = None: give a number"),
        ("clawback", (False, True), "low = False: give a number"),
        ("clawback", (0.1, 0.2, 0.3), "give (low, high) or a list of values"),
        ("clawback", 0.1, "give (low, high) or a list of values"),
        ("clawback", [0.1], "at least two values"),
        ("clawback", [], "at least one value"),
        ("clawback", [0.1, 0.1], "twice"),
        ("clawback", [0.1, [0.2]], "give one value"),
        ("clawback", {"low": 0.1, "hihg": 0.2}, "unknown key 'hihg'; did you mean 'high'"),
        ("clawback", {"scale": "logarithmic"}, "allowed are linear, log"),
        ("clawback", {"scale": "log"}, "low = 0: a log scale starts above zero; give a higher low or scale = 'linear'"),
        ("sampling_probability", {"low": 0}, "low = 0: a log scale starts above zero; give a higher low"),
        ("honest_fault_slash", {"low": 0.1}, "low = 0.1 is not below high = 0.05"),
        ("token_price", (1e-10, 1), "token_price: low = 1e-10: give a number from 1e-09 to 1e+09 (USD per token)"),
        ("number_of_rangers", (1.5, 4), "low = 1.5: give a whole number"),
        ("selection", ("stake", "equal"), "give a list of values"),
        ("selection", "stake", "give a list of values"),
        ("selection", {"low": 0, "high": 1}, "selection is no number; list its values"),
        ("expel", (False, True), "give a list of values"),
    ],
)
def test_a_range_that_cannot_be_says_why_in_one_line(name, given_, message):
    with pytest.raises((ScenarioError, ExperimentError)) as caught:
        Range.of(name, given_)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("points", "message"), [(1, "at least 2"), (2.5, "whole number"), (True, "whole number")])
def test_spacing_that_cannot_be_says_why(points, message):
    with pytest.raises(ExperimentError, match=message):
        Range.of("clawback").spaced(points)


@pytest.mark.parametrize(("name", "value"), [("clawback", 1.5), ("selection", "lottery")])
def test_what_lies_outside_its_range_has_no_place(name, value):
    with pytest.raises(ExperimentError, match=f"{value!r} lies outside its range"):
        Range.of(name).place(value)
