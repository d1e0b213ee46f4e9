"""`explain` tells of every parameter and every design what is declared, and loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
