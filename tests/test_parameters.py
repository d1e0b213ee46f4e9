"""Scenarios: what is refused, and how; one line that names field, value, what is allowed and what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from model.core.options import OFFENCES
from model.parameters import Scenario, ScenarioError, check_names, designs, parameter_names, read_values
from model.parameters.declaration import facts
from model.parameters.rules import RULES, rules_of
from model.simulation import Engine, simulate
from tests.scenarios import SMALL

NUMBERS = [name for name in parameter_names() if "low" in facts(Scenario.model_fields[name])]
CHOICES = [name for name in parameter_names() if facts(Scenario.model_fields[name])["scale"] == "category"]
FLAGS = [name for name in parameter_names() if facts(Scenario.model_fields[name])["scale"] == "flag"]


def refusal(**values: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        Scenario(**values)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_are_kept_and_named(name):
    known = facts(Scenario.model_fields[name])
    step = 1 if Scenario.model_fields[name].annotation is int else max(1e-6, abs(known["high"]) * 1e-9)
    for value in (known["low"] - step, known["high"] + step):
        message = refusal(**{name: value})
        for part in (name, f"{value!r}", f"{known['low']:g}", f"{known['high']:g}", known["unit"]):
            assert part in message


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_refused(name):
    for value in ("much", True, None, math.nan, math.inf, [1.0]):
        message = refusal(**{name: value})
        assert message.startswith(f"{name} = ")
        assert "number from" in message


@pytest.mark.parametrize("name", [name for name in NUMBERS if Scenario.model_fields[name].annotation is int])
def test_what_is_counted_is_whole(name):
    assert "give a whole number from" in refusal(**{name: facts(Scenario.model_fields[name])["low"] + 0.5})


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_studied_is_allowed_and_has_the_default(name):
    known = facts(Scenario.model_fields[name])
    low, high = known["studied"]
    assert known["low"] <= low <= Scenario.model_fields[name].default <= high <= known["high"]
    assert low < high
    assert Scenario.model_fields[name].annotation is float or {type(low), type(high)} == {int}
    assert known["scale"] == "linear" or (known["scale"] == "log" and low > 0)


NOT_STUDIED = {
    "metis": set(),
    "metis_deployed": {
        "number_of_delegators", "number_of_rangers", "possible_rangers", "slash_fraction", "council_size",
        "council_capture",
    },
}  # fmt: skip
"""Pool of Metis -> what it does not have at all (none is zero, which no log scale reaches), and its council of one."""


@pytest.mark.parametrize("design", NOT_STUDIED)
def test_what_is_studied_has_the_values_of_designs(design):
    scenario = Scenario.preset(design)
    studied = {name: facts(Scenario.model_fields[name])["studied"] for name in NUMBERS}
    outside = {name for name, (low, high) in studied.items() if not low <= getattr(scenario, name) <= high}
    assert outside == NOT_STUDIED[design]


@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_listed(name):
    options = facts(Scenario.model_fields[name])["options"]
    message = refusal(**{name: "nonsense"})
    assert f"{name} = 'nonsense'" in message
    assert f"allowed are {', '.join(options)}" in message
    assert f"did you mean {options[0]!r}?" in refusal(**{name: options[0] + "x"})


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_true_or_false(name):
    for value in (1, 0.0, "yes", None):
        assert refusal(**{name: value}) == f"{name} = {value!r}: give true or false"


@pytest.mark.parametrize(
    ("written", "meant"), [("slash_fracton", "slash_fraction"), ("number_of_ranger", "number_of_rangers")]
)
def test_an_unknown_name_is_answered_with_the_nearest(written, meant):
    assert refusal(**{written: 1}) == f"unknown parameter {written!r}; did you mean {meant!r}?"
    with pytest.raises(ScenarioError, match=f"did you mean '{meant}'"):
        check_names([written])


def test_a_name_like_no_other_points_to_the_list():
    assert "lists them" in refusal(zzzzzz=1)


def test_every_problem_is_told_at_once():
    message = refusal(slash_fraction=2, enforcement=-1, selektion="stake")
    assert message.count("; ") >= 2
    for part in ("slash_fraction = 2", "enforcement = -1", "did you mean 'selection'"):
        assert part in message


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "possible_sequencers": {"possible_sequencers": 3},
    "possible_rangers": {"possible_rangers": 3},
    "bounty_share": {"bounty_share": 0.5, "compensation_share": 0.4, "treasury_share": 0.2},
    "commission_low": {"commission_low": 0.2, "commission_high": 0.1},
    "max_commission": {"max_commission": 0.05},
    "min_stake": {"min_stake": 2e5},
    "tail_start": {"tail_start": 100, "tail_end": 50},
    "opportunity_sigma": {"tail_start": 0.1, "opportunity_sigma": 0.1},
    "sybil_nodes": {"sybil_nodes": 8, "byzantine_share": 0.5},
    "griefing_share": {"diligent_share": 0.5, "colluding_share": 0.4, "griefing_share": 0.2},
}


@pytest.mark.parametrize(("name", "values"), CONTRADICTIONS.items())
def test_contradictions_name_both_sides(name, values):
    message = refusal(**values)
    assert name in message
    assert any(word in message for word in ("raise", "lower", "swap"))


@pytest.mark.parametrize(
    ("stakes", "says"),
    [
        ((30_000.0,) * 9, "stakes has 9 rows but number_of_sequencers = 10; make them equal"),
        ((30_000.0,) * 9 + (-1.0,), "stake -1 in row 10 is not above zero"),
        ((30_000.0,) * 9 + (0.0,), "stake 0 in row 10 is not above zero"),
        ((30_000.0, "x") + (30_000.0,) * 8, "row 2 is not a number"),
        ((30_000.0,) * 9 + (10.0,), "min_stake = 20000 is above the smallest stake 10"),
    ],
)  # fmt: skip
def test_stakes_are_checked_row_by_row(stakes, says):
    assert says in refusal(stakes=stakes)


def test_stakes_are_those_of_the_starting_sequencers():
    stakes = (20_000.0, 30_000.0, 40_000.0, 50_000.0, 60_000.0)
    engine = Engine(Scenario(**SMALL, stakes=stakes), 1)
    assert tuple(engine.state.sequencers.self_stake[:5]) == stakes


def test_agents_cannot_own_more_than_exists():
    with pytest.raises(ScenarioError, match=r"token_supply = 100: the agents own .* raise"):
        Engine(Scenario(token_supply=100), 1)


FILES = {
    "not_toml.toml": ("slash_fraction = = 1", "is not valid TOML"),
    "empty.toml": ("", "is empty"),
    "headings.toml": ("[protocol]\n", "is empty"),
    "valueless.toml": ("[protocol]\nslash_fraction = {source = 'a paper'}", "slash_fraction has no value; write"),
    "base.toml": ('base = "metiss"\nslash_fraction = 0.1', "unknown design 'metiss'; did you mean 'metis'?"),
    "unknown.toml": ("slash_fracton = 0.1", "did you mean 'slash_fraction'?"),
    "wrong.toml": ("slash_fraction = 1.5", "slash_fraction = 1.5: give a number from 0 to 1"),
    "latin.toml": (b"name = '\xe9'", "is not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "says"), [(name, *entry) for name, entry in FILES.items()])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_toml(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ScenarioError, match="cannot read .*; give the path of a TOML file"):
            Scenario.from_toml(path)


def test_a_file_may_start_from_a_design_and_give_sources(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "metis"\n[protocol]\nslash_fraction = {value = 0.2, source = "a paper"}\njail_epochs = 3\n')
    mine = Scenario.from_toml(path, enforcement=0.9)
    assert (mine.slash_fraction, mine.jail_epochs, mine.enforcement, mine.name) == (0.2, 3, 0.9, "mine")
    assert mine == Scenario.preset("metis", slash_fraction=0.2, jail_epochs=3, enforcement=0.9).replace(name="mine")
    assert read_values(path) == {"base": "metis", "slash_fraction": 0.2, "jail_epochs": 3}


def test_a_scenario_never_changes():
    scenario = Scenario()
    changed = scenario.replace(slash_fraction=0.2)
    assert (scenario.slash_fraction, changed.slash_fraction) == (0.05, 0.2)
    with pytest.raises(ValueError, match="frozen"):
        scenario.slash_fraction = 0.3  # type: ignore[misc]
    with pytest.raises(ScenarioError, match="slash_fraction = 7"):
        scenario.replace(slash_fraction=7)


def test_numbers_of_numpy_are_numbers():
    scenario = Scenario(slash_fraction=np.float64(0.2), jail_epochs=np.int64(3), expel=np.bool_(True))
    assert (scenario.slash_fraction, scenario.jail_epochs, scenario.expel) == (0.2, 3, True)
    assert type(scenario.jail_epochs) is int


@pytest.mark.parametrize("design", designs())
def test_kernels_read_every_parameter(design):
    scenario = Scenario.preset(design)
    rules = rules_of(scenario)
    for name in parameter_names():
        value, enum = getattr(scenario, name), facts(Scenario.model_fields[name]).get("enum_class")
        assert rules[name] == (enum[value.upper()] if enum else value)
    assert RULES["slash"].shape == (OFFENCES,)
    assert rules.income_keep**scenario.income_memory == pytest.approx(0.5)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None])
def test_an_impossible_seed_is_refused(seed):
    with pytest.raises(ScenarioError, match="seed = .*: give a whole number of 0 or more"):
        Engine(Scenario(**SMALL), seed)


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("epochs", 1.5), ("record_every", 0), ("record_every", True)]
)
def test_an_impossible_length_is_refused(name, value):
    with pytest.raises(ScenarioError, match=f"{name} = .*: give a whole number of 1 or more"):
        simulate(Scenario(**SMALL), seed=1, **{name: value})
