"""What an answer says in words: one sentence per finding, in full, and none where nothing is to be said."""

import math

import pandas as pd
import pytest

from experiments import Design
from experiments.estimates import boundary
from experiments.question import Question
from experiments.sweeps.table import Table
from experiments.words import in_words
from model.parameters import Scenario

SAMPLING, SLASHES = (0.01, 0.1), (0.001, 0.01, 0.1, 1.0)
QUESTION = Question(
    name="tiny", title="", text="", scenario=Scenario(), figure="phase_map", boundary=0.9, replicates=3, epochs=8,
    design=Design.grid(sampling_probability=SAMPLING, slash_fraction=SLASHES), outcomes=("honesty_by_value",),
    record_every=2, seed=1,
)  # fmt: skip
GOOD = Table({"error": ["", ""]})


def quiet(count: int = 4) -> pd.DataFrame:
    """Return points of which nothing is to be said."""
    columns = {"": 0.9, "_stationary": 1.0, "_r_hat": 1.0, "_effective": 20.0, "_drift": 0.001,
               "_drift_half_width": 0.01, "_drift_clear": False}  # fmt: skip
    return pd.DataFrame({f"honesty_by_value{name}": [value] * count for name, value in columns.items()})


def said(points: pd.DataFrame) -> str:
    return in_words(QUESTION, GOOD, points, None)


def test_nothing_is_said_where_runs_settle_on_one_level():
    assert said(quiet()) == ""


def test_points_where_most_runs_still_move_are_counted_once():
    points = quiet()
    points["honesty_by_value_stationary"] = [0.4, 0.5, 0.0, 1.0]
    points["honesty_by_value_r_hat"] = [3.0, 1.0, 3.0, 1.0]
    assert said(points) == "At 2 of 4 points honesty by value has not settled in most runs; more epochs may help."


def test_a_drift_that_runs_have_in_common_is_told_with_the_largest_of_it():
    points = quiet()
    points["honesty_by_value_drift_clear"] = [True, False, True, True]
    points["honesty_by_value_drift"] = [0.004, 0.9, -0.0435, 0.02]
    points["honesty_by_value_drift_half_width"] = [0.003, 1.1, 0.0123, 0.01]
    assert said(points) == (
        "At 3 of 4 points the mean honesty by value of all runs moves beyond chance from the third quarter to the "
        "fourth, at most by -0.043 ± 0.012 (95 %): no level that is kept."
    )


def test_points_whose_runs_keep_to_levels_of_their_own_are_counted_with_few_records_allowed_for():
    """The squares of R-hat are 1.3 and 1.32, of which 0.1 is what twenty effective records explain; 0.2 what ten do."""
    points = quiet()
    points["honesty_by_value_r_hat"] = [math.sqrt(1.3), math.sqrt(1.32), math.sqrt(1.32), math.inf]
    points["honesty_by_value_effective"] = [20.0, 20.0, 10.0, 20.0]
    assert said(points) == (
        "At 2 of 4 points runs settle, but each at its own level of honesty by value (split R-hat, less what few "
        "effective records explain, above 1.1); one run says little there, the interval over replicates counts."
    )


def test_a_point_without_the_outcome_neither_moves_nor_drifts():
    points = quiet()
    points.loc[0, ["honesty_by_value", "honesty_by_value_stationary", "honesty_by_value_r_hat"]] = math.nan
    assert said(points) == "There is no honesty by value at 1 of 4 points; see sequencers_active in the runs."


def edge(factors: list[float], centres: list[float]) -> tuple[Table, pd.DataFrame]:
    """Return runs whose boundary is 0.001 over sampling, times exp(centre), and it beside a closed form."""
    rows = [
        (sampling, slash, replicate, "", 0.9 + math.log(slash * sampling / 0.001) - centre)
        for sampling in SAMPLING for slash in SLASHES for replicate, centre in enumerate(centres)
    ]  # fmt: skip
    runs = Table(rows, columns=["sampling_probability", "slash_fraction", "replicate", "error", "honesty_by_value"])
    found = boundary(runs, "sampling_probability", "slash_fraction", "honesty_by_value", 0.9)
    return runs, found.assign(
        theory=[0.001 / sampling * factor for sampling, factor in zip(SAMPLING, factors, strict=True)]
    )


@pytest.mark.parametrize(
    ("factors", "centres", "sentence"),
    [
        ([0.8, 1.25], [-0.1, 0.0, 0.1], " (95 %: 0.78 to 1.28; 0.80 to 1.25 from place to place)."),
        ([0.8, 1.25], [0.0], " (0.80 to 1.25 from place to place)."),
        ([1.0, math.inf], [-0.1, 0.0, 0.1], " (95 %: 0.78 to 1.28)."),
        ([1.0, 0.0], [0.0], "."),
    ],
)
def test_simulation_and_closed_form_are_compared_by_one_ratio_with_the_interval_of_replicates(
    factors, centres, sentence
):
    """Three replicates 0.1 apart in logs: 4.303 times 0.1 over the root of three is 0.248 to each side."""
    runs, found = edge(factors, centres)
    words = in_words(QUESTION, runs, quiet(), found)
    assert words.splitlines()[-1] == f"The simulated boundary is 1.00 times the closed form's{sentence}"


def test_a_closed_form_without_a_boundary_inside_is_told():
    runs, found = edge([math.inf, math.nan], [0.0])
    assert in_words(QUESTION, runs, quiet(), found).splitlines()[-1] == (
        "Nowhere do simulation and closed form both have a boundary inside the range."
    )
