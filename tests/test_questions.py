"""Questions: what a file may say, what stakes may be, and one clear line for everything else."""

import pandas as pd
import pytest

from experiments import Design, ExperimentError
from experiments.question import CATALOG, catalog, load
from experiments.report import answer
from experiments.stakes import read_stakes
from model.parameters import Scenario, ScenarioError

TINY = """
title = "Does slashing matter?"
base = "metis"
outcomes = ["honesty_by_value"]
boundary = 0.9
replicates = 2
epochs = 8
record_every = 2
seed = 3
[set]
number_of_delegators = 20
blocks_per_epoch = 200
[vary]
sampling_probability = { low = 0.0001, high = 0.1, points = 3, scale = "log" }
slash_fraction = [0.001, 0.03, 1.0]
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_every_question_of_the_catalog_can_be_asked():
    assert sorted(catalog()) == sorted(path.stem for path in CATALOG.glob("*.toml"))
    assert "honesty" in catalog()
    for name, title in catalog().items():
        question = load(name)
        assert question.title == title
        assert title.endswith("?")
        assert question.text


def test_the_first_question_spans_the_boundary_of_the_closed_form():
    """The closed form's boundary leaves the range at the top and stays inside it on the right."""
    from model import theory

    question = load("honesty")
    inside = [
        theory.deterrence_boundary(question.scenario.replace(sampling_probability=sampling), question.boundary)
        for sampling in sorted({point["sampling_probability"] for point in question.design.points})
    ]
    slashes = [point["slash_fraction"] for point in question.design.points]
    assert inside[0] > max(slashes)
    assert min(slashes) < inside[-1] < max(slashes)


def test_a_file_says_what_it_says(tiny):
    question = load(str(tiny))
    assert question.scenario == Scenario.preset("metis", number_of_delegators=20, blocks_per_epoch=200)
    assert question.design.axes == ("sampling_probability", "slash_fraction")
    assert [point["sampling_probability"] for point in question.design.points[::3]] == [0.0001, 0.00316228, 0.1]
    assert (question.name, question.figure, question.boundary) == ("tiny", "phase_map", 0.9)
    assert (question.replicates, question.epochs, question.record_every, question.seed) == (2, 8, 2, 3)


def test_a_range_over_a_whole_number_has_whole_values(tmp_path):
    path = tmp_path / "rangers.toml"
    path.write_text('[vary]\nnumber_of_rangers = { low = 1, high = 10, points = 30, scale = "log" }\n')
    question = load(str(path))
    values = [point["number_of_rangers"] for point in question.design.points]
    assert values == list(range(1, 11))
    assert all(type(value) is int for value in values)
    assert question.figure == "curve"


@pytest.mark.parametrize(
    ("layout", "number"),
    [
        ('design = "grid"', 9 * 2),
        ('design = "one_at_a_time"', 1 + 9 + 1),
        ('design = "random"\npoints = 20', 20),
        ('design = "latin_hypercube"\npoints = 20', 20),
        ('design = "sobol"\npoints = 16', 16),
        ('design = "saltelli"\npoints = 16', 16 * 4),
        ('design = "morris"\npoints = 16', 16 * 3),
    ],
)
def test_a_file_says_how_its_points_are_laid_out(tmp_path, layout, number):
    path = tmp_path / "ask.toml"
    path.write_text(
        f"{layout}\nseed = 7\n[vary]\nsampling_probability = {{ low = 0.01 }}\nselection = ['stake', 'equal']\n"
    )
    question = load(str(path))
    assert len(question.design.points) == number
    assert question.design.axes == ("sampling_probability", "selection")
    assert {point["selection"] for point in question.design.points} == {"stake", "equal"}
    assert all(0.01 <= point["sampling_probability"] <= 1 for point in question.design.points)
    assert question.design.provenance.get("seed", 7) == 7
    assert question.changed({}, seed=8).design == question.design
    assert question.figure == "none"


def test_a_range_may_be_left_to_the_declaration(tmp_path):
    path = tmp_path / "ask.toml"
    path.write_text("[vary]\nclawback = {}\nexpel = {}\nfailover = { low = 0.5, points = 2 }\n")
    points = load(str(path)).design.points
    assert sorted({point["clawback"] for point in points}) == [step / 8 for step in range(9)]
    assert {(point["expel"], point["failover"]) for point in points} == {
        (False, 0.5),
        (False, 1),
        (True, 0.5),
        (True, 1),
    }


def test_points_may_be_listed_in_the_file_or_beside_it(tmp_path):
    design = Design.listed([{"clawback": 0.1, "expel": True}, {"clawback": 0.2, "expel": False}])
    (tmp_path / "listed.toml").write_text(
        "[[points]]\nclawback = 0.1\nexpel = true\n[[points]]\nclawback = 0.2\nexpel = false\n"
    )
    (tmp_path / "beside.toml").write_text('points = "mine.csv"\n')
    design.to_csv(tmp_path / "mine.csv")
    assert load(str(tmp_path / "listed.toml")).design == load(str(tmp_path / "beside.toml")).design == design


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ('design = "sobol"\npoints = 4\n[vary]\nclawback = {}\n', "curve"),
        ('design = "sobol"\npoints = 4\n[vary]\nclawback = {}\nfailover = {}\n', "none"),
        ('design = "one_at_a_time"\n[vary]\nclawback = {}\nfailover = {}\n', "none"),
        ('design = "one_at_a_time"\n[vary]\nclawback = [0.1, 0.2]\n', "curve"),
        ("[vary]\nclawback = {}\nfailover = {}\n", "phase_map"),
        ("[vary]\nclawback = {}\nselection = {}\n", "none"),
        ("[vary]\nclawback = {}\nfailover = {}\nexit_rate = {}\n", "none"),
    ],
)
def test_a_figure_suits_the_points(tmp_path, text, figure):
    path = tmp_path / "ask.toml"
    path.write_text(text)
    assert load(str(path)).figure == figure
    for other in {"curve", "phase_map"} - {figure}:
        path.write_text(f'figure = "{other}"\n{text}')
        with pytest.raises(ExperimentError, match=f"figure = '{other}' needs"):
            load(str(path))


@pytest.mark.parametrize("name", ["points", "Runs", "certificates"])
def test_a_question_writes_over_no_table_of_its_store(tmp_path, name):
    (tmp_path / f"{name}.toml").write_text("[vary]\nselection = {}\n")
    with pytest.raises(ExperimentError, match=f"cannot be named '{name}'"):
        load(str(tmp_path / f"{name}.toml"))


def test_a_base_may_be_a_file_beside_the_question(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "metis"\nslash_delay = 3\n')
    (tmp_path / "ask.toml").write_text('base = "mine.toml"\n[vary]\nselection = ["stake", "equal"]\n')
    question = load(str(tmp_path / "ask.toml"))
    assert question.scenario.slash_delay == 3
    assert question.figure == "none"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("replicates = 2", "replicate = 2", "unknown key 'replicate'; did you mean 'replicates'"),
        ("replicates = 2", "replicates = 0", "replicates = 0"),
        ("epochs = 8", "epochs = 'many'", "epochs = 'many'"),
        ("record_every = 2", "record_every = 5", "fewer than two records"),
        ("seed = 3", "seed = -1", "seed = -1"),
        ('"metis"', '"mettis"', "did you mean 'metis'"),
        ('"metis"', "7", "base = 7: give the name of a design"),
        ('["honesty_by_value"]', '["honesty_by_valu"]', "did you mean 'honesty_by_value'"),
        ('["honesty_by_value"]', "[]", "at least one metric"),
        ("boundary = 0.9", "boundary = true", "boundary = True"),
        ("slash_fraction =", "slash_fracton =", "did you mean 'slash_fraction'"),
        ("blocks_per_epoch = 200", "block_per_epoch = 200", "did you mean 'blocks_per_epoch'"),
        ("blocks_per_epoch = 200", "blocks_per_epoch = 0", "blocks_per_epoch = 0"),
        ("0.03, 1.0]", "0.03, 7.0]", "slash_fraction = 7.0: give a number from 0 to 1"),
        ("0.03, 1.0]", "0.03, 0.03]", "twice"),
        ("[0.001, 0.03, 1.0]", "0.5", "list of values"),
        ("[0.001, 0.03, 1.0]", "{ low = 0.1, heigh = 1.0 }", "unknown key 'heigh'; did you mean 'high'"),
        ("[0.001, 0.03, 1.0]", "{ low = 0.1, high = true }", "high = True"),
        ("points = 3", "points = 1", "points = 1"),
        ("points = 3", "points = 2.5", "points = 2.5"),
        ("low = 0.0001", "low = 0.0", "log scale starts above zero"),
        ('scale = "log"', 'scale = "logarithmic"', "allowed are linear, log"),
        ("slash_fraction = [0.001, 0.03, 1.0]", "selection = {low = 0, high = 1}", "no number"),
        ("boundary = 0.9", "design = 'sobol'", "needs to know how many points to draw, such as points = 256"),
        ("boundary = 0.9", "design = 'sobl'", "did you mean 'sobol'"),
        ("boundary = 0.9", "design = 3", "design = 3: give one of grid, one_at_a_time"),
        ("boundary = 0.9", "points = 9", "points = 9: for a grid, give points to each parameter under [vary]"),
        ("boundary = 0.9", "points = 'mine.csv'", "leave out design and [vary]"),
        (TINY, "points = 'mine.csv'", "cannot read"),
        (TINY, "design = 'grid'\npoints = 'mine.csv'", "leave out design and [vary]"),
        (TINY, "points = [1, 2]", "point 1 is 1; give a table of name = value"),
        (TINY, "points = []", "no points"),
        (TINY, "[[points]]\nclawback = 2", "point 1 (clawback = 2.0): clawback = 2.0: give a number from 0 to 1"),
        (TINY, "design = 'sobol'\npoints = 48\n[vary]\nclawback = {}", "take 32 or 64"),
        (TINY, "design = 'sobol'\npoints = 2.5\n[vary]\nclawback = {}", "2.5 points: give a whole number"),
        (TINY, "design = 'sobol'\npoints = 4\n[vary]\nseed = {}", "unknown parameter 'seed'"),
        (TINY, "design = 'sobol'\npoints = 4\n[vary]\nclawback = {points = 3}", "unknown key 'points'"),
        (TINY, "design = 'random'\npoints = 4\nseed = -2\n[vary]\nclawback = {}", "seed = -2"),
        (TINY, "[vary]\nclawback = {scale = 'log'}", "log scale starts above zero"),
        (TINY, "[vary]\nstakes = [[1.0], [2.0]]", "stakes cannot be varied"),
        ("boundary = 0.9", "figure = 'curve'", "needs one parameter"),
        ("boundary = 0.9", "figure = 'phasemap'", "did you mean 'phase_map'"),
        ("[vary]", "[varied]", "unknown key 'varied'; did you mean 'vary'"),
        (TINY[TINY.index("[vary]") :], "", "nothing varies"),
        ("[vary]", "[vary", "not valid TOML"),
        (TINY, "\n", "is empty"),
    ],
)
def test_a_file_that_makes_no_question_says_why_in_one_line(tiny, old, new, message):
    assert old in TINY
    tiny.write_text(TINY.replace(old, new))
    with pytest.raises((ScenarioError, ExperimentError)) as caught:
        load(str(tiny))
    assert message in str(caught.value)
    assert "tiny.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere.toml", "honestly", "."])
def test_a_question_that_is_not_there_is_named(name):
    with pytest.raises(ExperimentError, match=f"{name}"):
        load(name)


def test_an_answer_leaves_table_figure_and_data(tiny, tmp_path):
    result = answer(load(str(tiny)), tmp_path / "out")
    names = {"runs", "tiny.png", "tiny.csv", "tiny_boundary.csv", "tiny_closed_form.csv"}
    store = {"manifest.json", "points.csv", "diagnostics", "partial"}
    assert {path.name for path in result.files} == names
    assert {path.name for path in (tmp_path / "out").iterdir()} == names | store
    assert len(result.runs) == 3 * 3 * 2
    assert (result.runs["error"] == "").all()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "tiny.csv"), result.points)
    assert "At sampling probability" in result.words


def test_an_economy_that_dies_is_reported(tiny, tmp_path):
    """Every sequencer is soon removed for an honest fault, and nobody enters."""
    doomed = {"honest_fault_rate": 100.0, "honest_fault_slash": 1.0, "entry_rate": 0.0, "top_up": False}
    result = answer(load(str(tiny)).changed(doomed, epochs=80), tmp_path / "out")
    assert (result.runs["error"] == "").all()
    assert "There is no honesty by value at 9 of 9 points" in result.words


def test_fewer_epochs_are_recorded_more_often(tiny):
    question = load(str(tiny))
    assert question.changed({}, epochs=3).record_every == 1
    assert question.changed({}, epochs=800).record_every == question.record_every


def test_a_setting_that_the_question_varies_is_refused(tiny):
    with pytest.raises(ExperimentError, match="slash_fraction is what 'tiny' varies"):
        load(str(tiny)).changed({"slash_fraction": 0.1})


def test_stakes_are_read_and_rescaled(tmp_path):
    path = tmp_path / "stakes.csv"
    path.write_text("name,tokens\na,30\n\nb, 1e1\n", encoding="utf-8-sig")
    assert read_stakes(path) == (30.0, 10.0)
    assert read_stakes(path, total=100.0) == pytest.approx((75.0, 25.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("tokens\n", "no rows"),
        ("stake\n5\n", "no column 'tokens'"),
        ("5\n6\n", "no column 'tokens'"),
        ("tokens\n5\nmany\n", "row 2: 'many' is not a number"),
        ("tokens\n5\n-3\n", "row 2: -3 is not a stake"),
        ("tokens\n0\n", "row 1: 0 is not a stake"),
        ("tokens\n5\nnan\n", "row 2: nan is not a stake"),
        ("tokens\n1,000\n", "row 1: 2 fields"),
        ("tokens\n\xff\n", "not CSV text"),
    ],
)
def test_stakes_that_cannot_be_name_the_row(tmp_path, text, message):
    path = tmp_path / "stakes.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ExperimentError) as caught:
        read_stakes(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_stakes_that_are_not_there_or_sum_to_nothing_are_refused(tmp_path):
    with pytest.raises(ExperimentError, match="cannot read"):
        read_stakes(tmp_path / "nowhere.csv")
    (tmp_path / "stakes.csv").write_text("tokens\n5\n")
    with pytest.raises(ExperimentError, match="stakes-total = -1"):
        read_stakes(tmp_path / "stakes.csv", total=-1.0)
