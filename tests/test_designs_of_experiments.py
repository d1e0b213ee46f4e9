"""Designs laid out by hand and by rule: grids, one at a time, lists, CSV files, and the scenarios of their points."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import Design, ExperimentError
from model.core.options import Sanction
from model.parameters import Scenario, ScenarioError, parameter_names
from tests.scenarios import values

METIS = Scenario.preset("metis")


def tables() -> st.SearchStrategy[list[dict]]:
    """Return lists of points over the same few parameters, of any type."""
    names = st.lists(st.sampled_from(parameter_names()), min_size=1, max_size=5, unique=True)
    return names.flatmap(
        lambda chosen: st.lists(st.fixed_dictionaries({name: values(name) for name in chosen}), min_size=1, max_size=8)
    )


def test_a_grid_is_the_product_of_its_axes():
    design = Design.grid(number_of_rangers=[1, 5], slash_fraction=np.array([0.1, 0.2]))
    assert design.axes == ("number_of_rangers", "slash_fraction")
    assert [tuple(point.values()) for point in design.points] == [(1, 0.1), (1, 0.2), (5, 0.1), (5, 0.2)]


def test_a_grid_spaces_what_is_given_as_a_range():
    design = Design.grid(
        sampling_probability={"low": 1e-4, "points": 3},
        number_of_rangers={"low": 1, "high": 4, "points": 99},
        sanction={},
        expel={},
    )
    each = 2 * len(Sanction)
    assert len(design.points) == 3 * 4 * each
    assert [point["sampling_probability"] for point in design.points[:: 4 * each]] == [0.0001, 0.01, 1.0]
    assert [point["number_of_rangers"] for point in design.points[: 4 * each : each]] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values_", "message"),
    [
        ({"slash_fracton": [0.1]}, "did you mean 'slash_fraction'"),
        ({"name": ["a", "b"]}, "name cannot be varied"),
        ({"stakes": [[1.0], [2.0]]}, "stakes cannot be varied"),
        ({"slash_fraction": 0.1}, "list of values"),
        ({"slash_fraction": np.float64(0.1)}, "list of values"),
        ({"slash_fraction": np.array(0.1)}, "list of values"),
        ({"selection": "stake"}, "list of values"),
        ({"slash_fraction": []}, "at least one"),
        ({"slash_fraction": [0.1, 0.2, 0.1]}, "0.1 twice"),
        ({"slash_fraction": [0, 0.0]}, "0.0 twice"),
        ({"slash_fraction": {"low": 0.1, "step": 0.1}}, "unknown key 'step'; allowed are low, high, scale, points"),
        ({"slash_fraction": {"low": 0.1, "points": 1}}, "at least 2"),
    ],
)
def test_a_grid_that_cannot_be_says_why(values_, message):
    for design in (Design.grid, lambda **given_: Design.one_at_a_time(METIS, **given_)):
        with pytest.raises(ValueError, match=message):
            design(**values_)


def test_one_at_a_time_departs_from_the_base_in_one_axis():
    slashes = [0.01, METIS.slash_fraction, 1]
    varied = {"slash_fraction": slashes, "choice": {}, "expel": [True], "exit_delay": [1, 99]}
    design = Design.one_at_a_time(METIS, **varied)
    base = {name: getattr(METIS, name) for name in varied}
    assert design.points[0] == base
    departures = [[name for name in varied if point[name] != base[name]] for point in design.points[1:]]
    assert departures == [["slash_fraction"]] * 2 + [["choice"]] * 2 + [["expel"]] + [["exit_delay"]] * 2
    assert all(tuple(point) == design.axes for point in design.points)


def test_listed_points_are_taken_as_they_are_with_values_as_their_parameters_hold_them():
    design = Design.listed([{"slash_fraction": 1, "exit_delay": 3.0}, {"exit_delay": np.int64(4), "slash_fraction": 1}])
    assert design.axes == ("slash_fraction", "exit_delay")
    assert design.points == ({"slash_fraction": 1.0, "exit_delay": 3}, {"slash_fraction": 1.0, "exit_delay": 4})
    assert [[type(value) for value in point.values()] for point in design.points] == [[float, int]] * 2
    assert [tuple(point) for point in design.points] == [design.axes] * 2


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "no points"),
        ([{}], "point 1 is {}"),
        ([{"slash_fraction": 0.1}, 0.2], "point 2 is 0.2; give a table"),
        ([{"slash_fraction": 0.1}, {"slash_fracton": 0.2}], "did you mean 'slash_fraction'"),
        ([{"slash_fraction": 0.1}, {"clawback": 0.2}], "point 1 has no clawback, but point 2 has"),
        ([{"clawback": 0.1, "expel": True}, {"clawback": 0.2}], "point 2 has no expel, but point 1 has"),
        ([{"clawback": 0.1}, {"clawback": 0.2}, {"clawback": 0.1}], r"points 1 and 3 are equal \(clawback = 0.1\)"),
        ([{"clawback": [0.1, 0.2]}], "give one value"),
        ([{"name": "a"}], "name cannot be varied"),
    ],
)
def test_a_list_that_cannot_be_says_why(points, message):
    with pytest.raises(ValueError, match=message):
        Design.listed(points)


@given(tables())
def test_points_survive_a_csv_file_exactly(tmp_path_factory, points):
    path = tmp_path_factory.mktemp("points") / "points.csv"
    design = replace(Design.listed(points[:1]), points=tuple(points))
    design.to_csv(path)
    again = Design.from_csv(path)
    assert again == design
    for read, written in zip(again.points, points, strict=True):
        assert {name: repr(value) for name, value in read.items()} == {
            name: repr(written[name]) for name in design.axes
        }


def test_a_csv_file_is_read_as_people_and_spreadsheets_write_it(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(
        'slash_fraction, expel,"number_of_rangers",selection\r\n1E-02,TRUE,5.0, stake\r\n\r\n.5,False,6,equal\n'
    )
    expected = [(0.01, True, 5, "stake"), (0.5, False, 6, "equal")]
    assert [tuple(point.values()) for point in Design.from_csv(path).points] == expected
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert [tuple(point.values()) for point in Design.from_csv(path).points] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; write names of parameters"),
        ("\n \n", "is empty"),
        ("slash_fraction,expel\n", "no rows"),
        ("0.1,true\n0.2,false\n", "header: unknown parameter '0.1'"),
        ("slash_fracton\n0.1\n", "did you mean 'slash_fraction'"),
        ("slash_fraction;expel\n0.1;true\n", "separated by commas"),
        ("name\nmine\n", "name cannot be varied"),
        ("expel,expel\ntrue,true\n", "two columns 'expel'"),
        ("slash_fraction,expel\n0.1,true\n0.2\n", "row 2: 1 fields under 2"),
        ("slash_fraction\n0,1\n", "row 1: 2 fields under 1"),
        ("slash_fraction,expel\n0.1,true\nmuch,true\n", "row 2: slash_fraction = 'much': give a number"),
        ("slash_fraction,expel\n0.1,true\n,true\n", "row 2: slash_fraction = '': give a number"),
        ("slash_fraction\nnan\n", "row 1: slash_fraction = 'nan': give a number"),
        ("number_of_rangers\n1.5\n", "row 1: number_of_rangers = '1.5': give a whole number"),
        ("expel\n1\n", "row 1: expel = '1': allowed are true, false"),
        (
            "choice\nlogits\n",
            "row 1: choice = 'logits': allowed are luce, logit, best_response; did you mean 'logit'",
        ),
        ("slash_fraction\n\xff\n", "not CSV text"),
        ("slash_fraction\n0.1\x00\n", "row 1: slash_fraction = '0.1\\x00': give a number"),
    ],
)
def test_a_csv_file_that_cannot_be_names_file_row_and_column(tmp_path, text, message):
    path = tmp_path / "points.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ExperimentError) as caught:
        Design.from_csv(path)
    assert message in str(caught.value)
    assert "points.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_design_has_points_over_its_axes():
    with pytest.raises(ExperimentError, match="no points"):
        Design(("expel",), ())
    with pytest.raises(ExperimentError, match=r"point 2 \(\) is not over the axes expel"):
        Design(("expel",), ({"expel": True}, {}))


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ExperimentError, match=r"cannot read .*nowhere\.csv"):
        Design.from_csv(tmp_path / "nowhere.csv")
    with pytest.raises(ExperimentError, match="cannot write"):
        Design.grid(expel=[True]).to_csv(tmp_path / "no" / "folder.csv")


def test_scenarios_come_one_at_a_time_and_the_first_that_cannot_be_is_named():
    design = Design.listed(
        [
            {"commission_low": 0.1, "commission_high": 0.2},
            {"commission_low": 0.4, "commission_high": 0.1},
        ]
    )
    scenarios = design.scenarios(METIS)
    assert next(scenarios) == METIS.replace(commission_low=0.1, commission_high=0.2)
    with pytest.raises(ScenarioError) as caught:
        next(scenarios)
    assert str(caught.value) == (
        "point 2 (commission_low = 0.4, commission_high = 0.1): "
        "commission_low = 0.4 is above commission_high = 0.1; swap"
    )


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (
            Design.grid(slash_fraction=[0.1, 7]),
            "point 2 (slash_fraction = 7.0): slash_fraction = 7.0: give",
        ),
        (
            Design.grid(selection=["stakes"]),
            "point 1 (selection = 'stakes'): selection = 'stakes': allowed",
        ),
        (Design.grid(expel=[1]), "expel = 1: give true or false"),
        (Design.grid(exit_delay=[2.5]), "exit_delay = 2.5: give a whole number"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_point(design, message):
    with pytest.raises(ScenarioError) as caught:
        list(design.scenarios(METIS))
    assert message in str(caught.value)


def test_a_long_point_is_cut_short_in_an_error():
    shares = {name: [0.9] for name in parameter_names() if name.endswith("_share")}
    with pytest.raises(ScenarioError, match=r"^point 1 \(.{97}\.\.\.\): ") as caught:
        list(Design.grid(**shares).scenarios(METIS))
    assert "\n" not in str(caught.value)
