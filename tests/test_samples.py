"""Samples: each method's law, the same points for the same seed, and indices that SALib finds in them."""

import json
import math

import numpy as np
import pytest
from SALib.analyze import morris, sobol
from SALib.sample import latin
from scipy import stats

from experiments import Design, ExperimentError
from experiments.ranges import Range
from experiments.sampling import SAMPLERS, draw, problem
from model.parameters import Scenario, ScenarioError, designs, parameter_names
from model.simulation import simulate

METIS = Scenario.preset("metis")
RANGES = {
    "sampling_probability": (1e-4, 0.1),
    "price_drift": {"low": -1.0},
    "number_of_rangers": (1, 8),
    "sanction": ["none", "slash"],
    "slash_delay": [0, 7, 30],
}
NAMES = ("clawback", "choice", "expel")
AXES = (*NAMES, *RANGES)
"""Every kind of axis: shares, log and linear scales, whole numbers, choices, flags, and a list of numbers."""

SIZES = {
    "random": 64,
    "latin_hypercube": 64,
    "sobol": 64,
    "saltelli": 64 * (len(AXES) + 2),
    "morris": 64 * (len(AXES) + 1),
}
LEVELS = {name: len(Range.of(name, RANGES.get(name)).options) for name in AXES} | {"number_of_rangers": 8}


def sample(kind: str, count: int = 64, seed: int = 0) -> Design:
    """Return a sample over every kind of axis."""
    return getattr(Design, kind)(count, *NAMES, seed=seed, **RANGES)


def strata(design: Design, name: str, count: int) -> np.ndarray:
    """Return how many points lie in each of `count` equal slices of an axis."""
    return np.histogram(design.places()[:, design.axes.index(name)], np.arange(count + 1) / count)[0]


@pytest.mark.parametrize("kind", SAMPLERS)
def test_a_sample_has_its_size_and_every_point_is_a_scenario_inside_its_ranges(kind):
    design = sample(kind)
    assert len(design.points) == SIZES[kind]
    assert design.axes == AXES
    ranges = [Range.of(name, RANGES.get(name)) for name in AXES]
    for point, scenario in zip(design.points, design.scenarios(METIS), strict=True):
        for one in ranges:
            value = point[one.name]
            assert value == getattr(scenario, one.name)
            assert type(value) is type(getattr(scenario, one.name))
            assert value in one.options if one.options else one.low <= value <= one.high


@pytest.mark.parametrize("kind", SAMPLERS)
def test_the_seed_decides_the_points_and_is_recorded(kind):
    design = sample(kind, 16, seed=3)
    assert sample(kind, 16, seed=3) == design
    assert sample(kind, 16, seed=4) != design
    assert sample(kind, 16, seed=0) == sample(kind, 16) != design
    recorded = json.loads(json.dumps(design.provenance))
    assert getattr(Design, recorded["design"])(recorded["count"], seed=recorded["seed"], **recorded["ranges"]) == design


@pytest.mark.parametrize("kind", SAMPLERS)
def test_what_is_drawn_leaves_the_global_generator_alone(kind):
    before = repr(np.random.get_state())  # noqa: NPY002
    sample(kind, 4)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


def test_random_points_are_even_along_every_axis():
    """With 4,000 points a distance of 0.04 between distributions is found; false alarms come once in 10,000."""
    design = sample("random", 4_000, seed=5)
    for name, places in zip(design.axes, design.places().T, strict=True):
        if LEVELS[name]:
            _, counts = np.unique(places, return_counts=True)
            assert len(counts) == LEVELS[name]
            assert stats.chisquare(counts).pvalue > 1e-4 / len(AXES)
        else:
            assert stats.kstest(places, "uniform").pvalue > 1e-4 / len(AXES)
    correlation = np.corrcoef(design.places().T) - np.eye(len(AXES))
    assert np.abs(correlation).max() < 5 / math.sqrt(4_000)


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_every_slice_of_every_axis_is_hit_once(kind):
    places = draw(kind, 64, len(AXES), seed=2)
    assert (np.sort((places * 64).astype(int), axis=0) == np.arange(64)[:, None]).all()
    design = sample(kind, 64, seed=2)
    for name in ("clawback", "price_drift", "sampling_probability"):
        assert (strata(design, name, 64) == 1).all()
    for name in ("expel", "sanction", "number_of_rangers"):
        _, counts = np.unique(design.places()[:, AXES.index(name)], return_counts=True)
        assert counts.tolist() == [64 // LEVELS[name]] * LEVELS[name]


def test_a_sobol_sequence_is_balanced_in_two_dimensions_too():
    """Of the first two dimensions every box of area 1/64, whatever its shape, holds one of 64 points."""
    places = draw("sobol", 64, 2, seed=2)
    for power in range(7):
        boxes = np.floor(places * [2**power, 2 ** (6 - power)]) @ [64, 1]
        assert len(np.unique(boxes)) == 64


def test_a_block_of_saltelli_replaces_one_coordinate_after_another():
    blocks = draw("saltelli", 8, 5, seed=1).reshape(8, 7, 5)
    for block in blocks:
        first, *mixed, last = block
        assert (first != last).all()
        for number, point in enumerate(mixed):
            assert point.tolist() == [last[k] if k == number else first[k] for k in range(5)]


def test_a_trajectory_of_morris_moves_each_axis_once():
    design = sample("morris", 8)
    for trajectory in design.places().reshape(8, len(AXES) + 1, len(AXES)):
        moves = np.diff(trajectory, axis=0) != 0
        assert (moves.sum(axis=0) == 1).all()
        assert (moves.sum(axis=1) == 1).all()


def test_equal_points_of_a_sample_stay_in_their_places_in_a_file_too(tmp_path):
    design = Design.saltelli(16, "expel", "choice")
    assert len(design.points) == 16 * 4
    assert len({tuple(point.values()) for point in design.points}) == 6
    design.to_csv(tmp_path / "sample.csv")
    assert Design.from_csv(tmp_path / "sample.csv") == design


NO_RANGERS = ("astria", "centralized", "espresso", "l1_pbs", "metis_deployed", "plasma", "radius", "superchain")
COMPANIONS: dict[tuple[str, str], dict[str, object]] = {
    **{(design, "number_of_rangers"): {"possible_rangers": 10} for design in NO_RANGERS},
    **{(design, "number_of_sequencers"): {"possible_sequencers": 40}
       for design in ("centralized", "plasma", "radius", "superchain")},
    **{(design, "sybil_nodes"): {"number_of_sequencers": 2, "possible_sequencers": 3}
       for design in ("centralized", "plasma", "superchain")},
    ("astria", "number_of_sequencers"): {"stakes": (), "possible_sequencers": 40},
    ("astria", "min_stake"): {"stakes": (), "max_stake": 50_000.0},
    ("espresso", "possible_sequencers"): {"number_of_sequencers": 40},
    ("espresso", "max_stake"): {"min_stake": 50_000.0},
    ("l1_pbs", "number_of_sequencers"): {"stakes": ()},
    ("espresso", "token_supply"): {"min_stake": 1_000.0},
    ("l1_pbs", "token_supply"): {"stakes": ()},
    ("metis_deployed", "council_threshold"): {"council_size": 13},
}  # fmt: skip
"""What a design leaves no room for, alone; and what makes room."""


@pytest.mark.parametrize("preset", designs())
@pytest.mark.parametrize("name", parameter_names())
def test_every_parameter_can_be_varied_by_its_name_alone_in_every_design(preset, name):
    design = Design.listed({tuple(point.items()): point for drawn in alone(name) for point in drawn.points}.values())
    base = Scenario.preset(preset)
    if companions := COMPANIONS.get((preset, name)):
        with pytest.raises(ScenarioError, match=name):
            run_all(design, base)
        base = base.replace(**companions)
    run_all(design, base)


def run_all(design: Design, base: Scenario) -> None:
    """Run every point of a design for two epochs."""
    for scenario in design.scenarios(base):
        simulate(scenario, seed=1, epochs=2)


def alone(name: str) -> list[Design]:
    """Return a grid (of the ends and the middle, if numbers), a Latin hypercube and trajectories over one parameter."""
    spaced = {} if Range.of(name).options else {"points": 3}
    return [Design.grid(**{name: spaced}), Design.latin_hypercube(2, name), Design.morris(1, name)]


def test_every_combination_of_studied_values_is_a_scenario():
    """Parameters bound each other by threes at most, and most tightly at ends of their ranges: 1 in 8 of these."""
    generator = np.random.default_rng(1)
    ends = [Range.of(name) for name in parameter_names()]
    for places in generator.integers(0, 2, (300, len(ends))):
        METIS.replace(**{one.name: one.value(place) for one, place in zip(ends, places, strict=True)})


def test_all_parameters_can_be_varied_at_once():
    """One run in a hundred fails since agents own more tokens than there are; of 100, more than 7 once in 100,000."""
    failures = []
    for scenario in Design.latin_hypercube(100, *parameter_names(), seed=1).scenarios(METIS):
        try:
            simulate(scenario, seed=2, epochs=2)
        except ScenarioError as error:
            failures.append(str(error))
    assert len(failures) <= 7
    assert all(failure.startswith("token_supply = ") for failure in failures)


WEIGHTS = {"clawback": 2.0, "sampling_probability": 0.5, "number_of_rangers": 0.3, "choice": 1.0, "expel": 1.5}
VARIANCES = {
    "clawback": 1 / 12, "sampling_probability": math.log(1_000) ** 2 / 12, "number_of_rangers": (8**2 - 1) / 12,
    "choice": (3**2 - 1) / 12, "expel": 1 / 4,
}  # fmt: skip


def linear(design: Design) -> np.ndarray:
    """Return a weighted sum: of the log for the sampling probability, of the number of the option for choices."""
    numbers = {"luce": 0, "logit": 1, "best_response": 2}
    return np.array(
        [
            WEIGHTS["clawback"] * point["clawback"]
            + WEIGHTS["sampling_probability"] * math.log(point["sampling_probability"])
            + WEIGHTS["number_of_rangers"] * point["number_of_rangers"]
            + WEIGHTS["choice"] * numbers[point["choice"]]
            + WEIGHTS["expel"] * point["expel"]
            for point in design.points
        ]
    )


def test_salib_recovers_the_known_indices_of_a_linear_function_from_saltelli_points():
    """First-order and total indices both are weight squared times variance, over the sum."""
    given = {name: RANGES.get(name) for name in WEIGHTS}
    design = Design.saltelli(1024, seed=1, **given)
    found = sobol.analyze(problem(**design.provenance["ranges"]), linear(design), calc_second_order=False, seed=1)
    parts = np.array([WEIGHTS[name] ** 2 * VARIANCES[name] for name in WEIGHTS])
    assert found["S1"] == pytest.approx(parts / parts.sum(), abs=0.01)
    assert found["ST"] == pytest.approx(parts / parts.sum(), abs=0.01)


def test_salib_recovers_the_known_effects_of_a_linear_function_from_morris_points():
    """A step is two thirds of the unit interval, so its effect is 3/2 of the difference it makes."""
    design = Design.morris(32, seed=1, **{name: RANGES.get(name) for name in WEIGHTS})
    found = morris.analyze(problem(**design.provenance["ranges"]), design.places(), linear(design), seed=1)
    effects = dict(zip(WEIGHTS, found["mu_star"], strict=True))
    assert effects["clawback"] == pytest.approx(2.0, rel=1e-5)
    assert effects["sampling_probability"] == pytest.approx(0.5 * math.log(1_000), rel=1e-5)
    assert effects["expel"] == pytest.approx(1.5 * 1.5, rel=1e-9)
    assert np.array(found["mu_star"]) == pytest.approx(np.array(found["mu"]))


def test_a_problem_of_salib_has_the_same_bounds_and_scales():
    found = problem("clawback", "choice", **RANGES)
    assert found["num_vars"] == len(found["names"]) == len(found["bounds"]) == len(found["dists"]) == 7
    assert dict(zip(found["names"], found["bounds"], strict=True)) == {
        "clawback": [0, 1], "choice": [0, 3], "sampling_probability": [1e-4, 0.1], "price_drift": [-1.0, 1.5],
        "number_of_rangers": [1, 9], "sanction": [0, 2], "slash_delay": [0, 3],
    }  # fmt: skip
    assert [name for name, kind in zip(found["names"], found["dists"], strict=True) if kind == "logunif"] == [
        "sampling_probability"
    ]


def test_what_salib_draws_of_numbers_can_be_listed():
    asked = problem("clawback", sampling_probability=(1e-4, 0.1))
    drawn = latin.sample(asked, 8, seed=1)
    design = Design.listed([dict(zip(asked["names"], row, strict=True)) for row in drawn])
    assert len(list(design.scenarios(METIS))) == 8
    assert (np.sort(design.places(sampling_probability=(1e-4, 0.1)) * 8 // 1, axis=0) == np.arange(8)[:, None]).all()


@pytest.mark.parametrize(
    ("kind", "arguments", "given", "message"),
    [
        ("random", (8,), {}, "nothing varies"),
        ("random", (0, "clawback"), {}, "0 points: give a whole number above zero"),
        ("random", (-1, "clawback"), {}, "-1 points"),
        ("random", (2.0, "clawback"), {}, "2.0 points"),
        ("random", (True, "clawback"), {}, "True points"),
        ("random", ("clawback", "expel"), {}, "'clawback' points: give a whole number"),
        ("random", (8, "clawback"), {"seed": -1}, "seed = -1: give a whole number, zero or above"),
        ("random", (8, "clawback"), {"seed": None}, "seed = None"),
        ("sobol", (48, "clawback"), {}, "48 points: .* take 32 or 64"),
        ("saltelli", (3, "clawback"), {}, "3 points: .* take 2 or 4"),
        ("sobol", (8, "clawback", "clawback"), {}, "clawback is named twice"),
        ("sobol", (8, "clawback"), {"clawback": (0, 0.5)}, "clawback is named twice"),
        ("sobol", (8, "slash_fracton"), {}, "did you mean 'slash_fraction'"),
        ("sobol", (8,), {"slash_fracton": (0.1, 0.2)}, "did you mean 'slash_fraction'"),
        ("sobol", (8, "stakes"), {}, "stakes cannot be varied"),
        ("morris", (8, "name"), {}, "name cannot be varied"),
        ("morris", (8,), {"sampling_probability": (0, 0.1)}, "log scale starts above zero"),
        ("saltelli", (8,), {"clawback": (0.5, 0.1)}, "not below"),
        ("latin_hypercube", (8,), {"clawback": (0.5, 2)}, "give a number from 0 to 1"),
        ("latin_hypercube", (8,), {"clawback": {"points": 3}}, "unknown key 'points'"),
    ],
)
def test_a_sample_that_cannot_be_drawn_says_why(kind, arguments, given, message):
    with pytest.raises((ExperimentError, ScenarioError), match=message) as caught:
        getattr(Design, kind)(*arguments, **given)
    assert "\n" not in str(caught.value)


def test_a_drawn_point_that_contradicts_itself_is_named():
    design = Design.sobol(8, commission_low=(0.0, 0.5), commission_high=(0.0, 0.5))
    with pytest.raises(
        ScenarioError, match=r"^point \d \(commission_low = .*commission_low = .* above commission_high"
    ):
        list(design.scenarios(METIS))
