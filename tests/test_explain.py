"""`explain` tells of every parameter and every design what is declared, and loads nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from experiments.axes import AXES
from experiments.contrast import contrast
from experiments.errors import ExperimentError
from experiments.explain import explain, overview, shown
from model.metrics import METRICS
from model.parameters import DESIGNS, Scenario, ScenarioError, designs, parameter_names
from model.parameters.declaration import facts

HEAVY = ("numpy", "numba", "pandas", "scipy", "matplotlib", "mesa")


@pytest.mark.parametrize("name", parameter_names())
def test_a_parameter_is_told_whole(name):
    field = Scenario.model_fields[name]
    told = explain(name)
    assert str(field.description) in told
    assert f"default  {shown(field.default)}" in told
    assert facts(field)["source"] in told


def test_a_parameter_names_the_designs_that_set_it():
    told = explain("slash_fraction")
    assert "metis: 0.05 (low confidence" in told
    assert "metis_deployed: 0 (high confidence" in told
    assert "metis" not in explain("tail_index").splitlines()[-1]


def test_what_is_studied_is_told_if_it_is_not_all_that_is_allowed():
    assert "  studied  0.0001 to 1, log\n" in explain("slash_fraction")
    assert "  range    1 to 3,650\n  studied  1 to 42\n" in explain("exit_delay")
    for name in ("clawback", "selection", "expel"):
        assert "studied" not in explain(name)


def test_a_design_marks_what_is_not_the_default():
    told = explain("metis_deployed").splitlines()
    (slash,) = [line for line in told if " slash_fraction" in line or "*slash_fraction" in line]
    (place, selection) = [line for line in told if "selection " in line]
    assert place.startswith("  selection            stake                A lottery")
    assert slash.startswith(" *slash_fraction")
    assert not selection.startswith(" *")
    assert "Protocol" in told


def test_the_overview_lists_everything_once():
    first_words = [line.split()[0] for line in overview().splitlines() if line.startswith("  ")]
    assert first_words == designs() + parameter_names()


@pytest.mark.parametrize("name", ["name", "stakes"])
def test_what_has_no_unit_is_explained_too(name):
    assert str(Scenario.model_fields[name].description) in explain(name)


@pytest.mark.parametrize(
    ("wrong", "hint"), [("slash_fracton", "'slash_fraction'"), ("metis_deploy", "'metis_deployed'"), ("?", "lists")]
)
def test_unknown_name_is_refused_with_the_nearest(wrong, hint):
    with pytest.raises(ScenarioError, match=hint):
        explain(wrong)


@pytest.mark.parametrize(
    ("value", "text"),
    [(4937, "4,937"), (0.01247842237, "0.01247842237"), (1e15, "1e15"), (2e-6, "2e-6"), (True, "yes")],
)
def test_values_are_shown_as_one_writes_them(value, text):
    assert shown(value) == text


def test_explaining_loads_nothing_heavy():
    code = (
        "import sys; from experiments.explain import explain, overview; explain('metis'); overview(); "
        f"print(*sys.modules.keys() & {set(HEAVY)!r})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=DESIGNS.parents[1], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


def test_metrics_are_explained_and_listed():
    assert "better   higher" in explain("honesty_by_value")
    lines = explain("metrics").splitlines()
    assert [line.split()[0] for line in lines] == list(METRICS)
    with pytest.raises(ScenarioError, match="did you mean 'honesty_by_value'"):
        explain("honesty_by_valu")


def test_every_option_of_every_axis_is_a_sentence():
    for axis, known in AXES.items():
        assert set(known.options) == set(facts(Scenario.model_fields[axis])["options"])
        assert known.question.endswith("?")
        assert all(words.endswith(".") and words[0].isupper() for words in known.options.values())
        assert all(words in explain(axis) for words in known.options.values())


@pytest.mark.parametrize("design", designs())
def test_a_design_is_placed_on_every_axis(design):
    told, scenario = explain(design), Scenario.preset(design)
    for axis, known in AXES.items():
        option = getattr(scenario, axis)
        line, *_ = [line for line in told.splitlines() if line.startswith(f"  {axis} ")]
        assert line.split()[1] == option
        assert line.endswith(known.options[option])


def test_a_contrast_has_the_axes_first_and_then_all_that_differs(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'base = "metis"\nvisibility = "encrypted"\nsanction = "removal"\n'
        'slash_delay = {value = 9, source = "assumption", confidence = "low"}\n'
    )
    told = contrast("metis", str(tmp_path / "mine.toml"))
    lines = told.splitlines()
    assert "Axes on which they differ: 2 of 8" in told
    places = [next(i for i, line in enumerate(lines) if line.startswith(f"  {name} "))
              for name in ("visibility", "sanction", "slash_delay")]  # fmt: skip
    assert places == sorted(places)
    assert lines[places[0]].split()[1:] == ["plain", "encrypted"]
    assert "3 epochs (assumption)" in lines[places[2]]
    assert "9 epochs (assumption, no effect here)" in lines[places[2]]
    assert "mine" in lines[0]
    for name in parameter_names():
        if name not in ("visibility", "sanction", "slash_delay"):
            assert f"\n  {name} " not in told


def test_what_differs_between_designs_is_told_of_every_parameter():
    told = contrast("metis", "metis_deployed")
    a, b = Scenario.preset("metis"), Scenario.preset("metis_deployed")
    apart = {name for name in parameter_names() if getattr(a, name) != getattr(b, name)}
    named = [line.split()[0] for line in told.splitlines() if re.match(r"  \w", line) and "alike:" not in line]
    assert sorted(named) == sorted(apart)


def test_stakes_are_explained_and_set_beside_others(tmp_path):
    """A vector is told by its number, sum and largest: 4 of 100 and 7 of 25 are 575."""
    words = "11 nodes, 575 tokens, largest share 0.174"
    (line,) = [line for line in explain("astria").splitlines() if "stakes " in line]
    assert line.startswith(f" *stakes                       {words} high: power at genesis")
    assert f"astria: {words} (high confidence" in explain("stakes")
    for name, stakes in (("a", [1, 1, 2]), ("b", [1, 1, 6]), ("c", [2, 1, 1])):
        (tmp_path / f"{name}.toml").write_text(f"number_of_sequencers = 3\nmin_stake = 0\nstakes = {stakes}\n")
    a, b, c = (str(tmp_path / f"{name}.toml") for name in "abc")
    (line,) = [line for line in contrast(a, b).splitlines() if line.startswith("  stakes")]
    told = "stakes 3 nodes, 4 tokens, largest share 0.5 3 nodes, 8 tokens, largest share 0.75"
    assert " ".join(line.split()) == told
    assert "not the same row by row" in " ".join(contrast(a, c).split())
    assert "drawn (default)" in contrast("metis", "astria")


def test_what_else_a_file_notes_of_a_value_is_no_matter(tmp_path):
    path = tmp_path / "noted.toml"
    path.write_text(
        'base = {value = "metis", source = "x"}\nslash_fraction = {value = 0.1, source = "x", note = "y"}\n'
    )
    assert Scenario.from_toml(path).slash_fraction == 0.1
    assert "slash_fraction               0.1 share of stake" in explain(str(path))
    assert "0.1 share of stake" in contrast("metis", str(path))
    path.write_text('[protocol]\nslash_fraction = {source = "x"}\n')
    with pytest.raises(ScenarioError, match="slash_fraction has no value"):
        explain(str(path))


@pytest.mark.parametrize(
    ("against", "error", "hint"),
    [("metis", ExperimentError, "itself"), ("metiz", ScenarioError, "did you mean 'metis'"),
     ("nowhere.toml", ScenarioError, "cannot read")],
)  # fmt: skip
def test_a_contrast_that_cannot_be_is_refused(against, error, hint):
    with pytest.raises(error, match=hint):
        contrast("metis", against)


def test_a_contrast_of_equals_is_refused(tmp_path):
    (tmp_path / "same.toml").write_text('base = "metis"\nname = "same"\n')
    with pytest.raises(ExperimentError, match="differ in nothing"):
        contrast("metis", str(tmp_path / "same.toml"))
