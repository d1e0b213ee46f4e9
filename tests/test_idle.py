"""What is said to be idle is: every rule fires, is quiet where it should be, and tells the truth."""

from __future__ import annotations

import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.economy import Economy
from model.metrics import compute
from model.parameters import Scenario, designs
from model.parameters.declaration import facts
from model.parameters.idle import RULES, IdleWarning, Rule, idle
from model.parameters.plights import PLIGHTS
from model.simulation import simulate
from tests.scenarios import SMALL

BASE: dict[str, Any] = {
    **SMALL, "mev_bps": 40.0, "honest_fault_rate": 3.0, "restake_share": 0.2, "entry_rate": 0.1, "byzantine_share": 0.2,
}  # fmt: skip
"""Eventful: offences, convictions, honest faults, moves, entries."""

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the price is constant": ({"price_process": "constant"}, {}),
    "the price answers to nothing": ({}, {"price_process": "reflexive"}),
    "opportunities have another shape": ({"opportunity": "exponential"}, {}),
    "there are no storms": ({}, {"storm_share": 0.2}),
    "data becomes no cheaper": ({}, {"data_cost_cut": 0.5}),
    "the order is not that of arrival": ({"ordering": "random"}, {}),
    "what order earns has another measure": ({"ordering": "priority_fee"}, {}),
    "all of a bound order is sold": (
        {"revenue": "auction_to_proposer", "ordering": "priority_fee", "auctioned_share": 1.0}, {}
    ),
    "the highest fee does not go first": ({}, {"ordering": "priority_fee"}),
    "who orders executes too": ({}, {"visibility": "lazy"}),
    "nothing is encrypted": ({}, {"visibility": "encrypted"}),
    "there are no fault proofs": ({}, {"proof_system": "fault"}),
    "the public does not watch": ({}, {"verification": "social"}),
    "sequencers do not re-execute": ({}, {"verification": "peers"}),
    "the only sequencer has no peers": (
        {"verification": "peers", "possible_sequencers": 1, "number_of_sequencers": 1, "byzantine_share": 0.0},
        {"verification": "peers"},
    ),
    "no Ranger looks for offences": ({"verification": "none"}, {}),
    "no proofs of checking are published": ({"proof_of_check": False}, {}),
    "no tests are planted": ({}, {"trap_rate": 0.02}),
    "no stake is ever taken": ({"sanction": "none"}, {}),
    "nobody is ever convicted": ({"sanction": "none"}, {}),
    "they multiply nothing": ({"slash_fraction": 0.0}, {}),
    "a conviction costs no stake": ({"slash_fraction": 0.0}, {}),
    "a convict is removed for good": ({"expel": True}, {}),
    "slashes are not correlated": ({}, {"correlation_penalty": 1.0}),
    "no council votes": ({}, {"sanction": "removal"}),
    "stake backs this service alone": ({}, {"sanction": "restaked_slash"}),
    "stake backs no other service": (
        {"sanction": "restaked_slash"},
        {"sanction": "restaked_slash", "services": 3, "external_shock_rate": 1.0},
    ),
    "no other service is struck": (
        {"sanction": "restaked_slash", "services": 3},
        {"sanction": "restaked_slash", "services": 3, "external_shock_rate": 1.0},
    ),
    "rewards are not by block": ({"reward_rule": "target_rate"}, {}),
    "rewards have no target rate": ({}, {"reward_rule": "target_rate"}),
    "nobody votes on admission": ({}, {"admission": "vote"}),
    "nobody pays a share of fees": ({"revenue": "keep"}, {"revenue": "keep", "sister_chains": 3}),
    "the protocol takes no share of fees": ({"revenue": "keep"}, {}),
    "nothing is sold to builders": ({}, {"revenue": "auction_to_proposer"}),
    "nothing is auctioned": ({}, {"selection": "auction"}),
    "no part of a bound order is sold": (
        {"revenue": "auction_to_proposer", "ordering": "discretion"}, {"revenue": "auction_to_proposer"}
    ),
    "nobody is appointed": ({}, {"selection": "appointed"}),
    "there is nobody to hand over to": (
        {"incumbent_nodes": 5, "possible_sequencers": 5, "byzantine_share": 0.0}, {"incumbent_nodes": 1}
    ),
    "there is no incumbent to hand over": ({"incumbent_nodes": 0}, {}),
    "nobody has to agree": ({}, {"consensus": "bft_linear"}),
    "there are no delegators": ({"number_of_delegators": 0}, {}),
    "nobody minds risk": ({"risk_aversion": 0.0}, {}),
    "nobody imitates": ({}, {"learning": "imitation"}),
    "nobody learns from own payoffs": ({}, {"learning": "reinforcement"}),
    "beliefs are not updated": ({"learning": "fixed"}, {}),
    "there are no honest faults": ({"honest_fault_rate": 0.0}, {}),
    "honest faults cost nothing": ({"honest_fault_slash": 0.0}, {}),
    "nobody is ever down": ({"downtime": 0.0}, {}),
    "there are no apps": ({"number_of_apps": 0}, {}),
    "there are no sister chains": ({}, {"sister_chains": 3}),
    "no Ranger takes bribes": ({}, {"colluding_share": 0.5, "bribe": 500.0}),
    "no attacker owns a node to be silent about": (
        {"byzantine_share": 0.0, "colluding_share": 0.5, "bribe": 500.0},
        {"colluding_share": 0.5, "bribe": 500.0},
    ),
    "nobody offers a bribe": ({"colluding_share": 0.5}, {"colluding_share": 0.5, "bribe": 500.0}),
    "no Ranger accuses falsely": ({}, {"griefing_share": 0.4}),
    "nobody pays for censorship": ({}, {"censor_fee": 100.0}),
    "who orders cannot tell the victim's transactions": ({"exposure_censor": 0.0, "censor_fee": 100.0}, {}),
    "nobody hits and runs": ({}, {"hit_and_run_nodes": 1}),
    "nobody buys stake": ({}, {"takeover_budget": 1e5}),
    "there is no candidate to buy stake for": (
        {"possible_sequencers": 5, "takeover_budget": 1e5}, {"takeover_budget": 1e5}
    ),
    "stake buys no seat": ({"selection": "single", "takeover_budget": 1e5}, {"takeover_budget": 1e5}),
    "the strike takes all instead of halting": (
        {"takeover_budget": 1e6, "takeover_pace": 0.5, "takeover_target": 0.67}, {"takeover_budget": 1e5}
    ),
}  # fmt: skip
"""Why -> what makes the rule's parameters idle, and what makes them matter, beside BASE."""

ECHOES: dict[str, set[str]] = {
    "griefing_share": {"diligence"},
    "bounty_share": {"diligence"},
    "bribe": {"attacker_budget_left"},
    "bribery_budget": {"attacker_budget_left"},
    "colluding_share": {"attacker_budget_left"},
    "takeover_budget": {"attacker_budget_left"},
    "censor_fee": {"attacker_budget_left"},
    "censor_budget": {"attacker_budget_left"},
}
"""Parameter -> metrics that only repeat what was set: what Rangers would do if they were asked, an unspent budget."""

BRIBED: dict[str, Any] = {"colluding_share": 0.8, "bribe": 5e3, "bounty_share": 0.0, "byzantine_share": 0.4}
FALSE: dict[str, Any] = {"griefing_share": 0.4, "accusation_rate": 5.0}
SCANDALS: dict[str, Any] = {
    "sister_chains": 3, "sister_scandal_rate": 20.0, "scandal_loss": 0.2, "contagion": 0.5, "member_exit_rate": 0.2,
}  # fmt: skip
NEEDS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("bribe", "colluding_share"), BRIBED), "bribery_budget": BRIBED | {"bribery_budget": 100.0},
    **dict.fromkeys(("accusation_rate", "false_accusation_slash", "wrongful_conviction"), FALSE),
    **dict.fromkeys(("sister_scandal_rate", "member_exit_rate"), SCANDALS),
    "brand_value": SCANDALS | {"brand_value": 0.5}, "control_value": SCANDALS | {"control_value": 0.5},
    "correlation_window": {"correlation_penalty": 1.0, "correlation_window": 1},
    "fault_proof_success": {"fault_proof_success": 0.1, "gain_insert": 1.0, "exposure_insert": 1.0},
    "halt_gain": {"takeover_budget": 1e6, "takeover_pace": 0.5, "consensus": "bft_linear"},
    "hit_after": {"hit_after": 3}, "hit_length": {"hit_after": 3, "hit_length": 5, "sanction": "none"},
    "own_chain_cost": {"own_chain_cost": 100.0, "app_exit_rate": 0.5},
    "priority_capture": {"ordering": "priority_fee"},
    "victim_share": {"censor_fee": 5e3}, "censor_budget": {"censor_fee": 5e3, "censor_budget": 6e3},
}  # fmt: skip
"""Parameter -> what must happen within the few epochs of these runs before it can matter."""

PARTS = [(rule, name) for rule in RULES for name in rule.names]


def ids(value: object) -> str:
    return value.why.replace(" ", "_") if isinstance(value, Rule) else str(value)


def moved(name: str) -> Any:
    """Return a value that asks for something and is not the default."""
    default, known = Scenario.model_fields[name].default, facts(Scenario.model_fields[name])
    if known["scale"] == "flag":
        return True
    low, high = known["studied"]
    value = high if high != default else low if low > 0 else (low + default) / 2
    return type(default)(value)


def made(name: str, *settings: dict[str, Any]) -> Scenario:
    """Return a scenario with a parameter moved, or where a setting must be just so, as the setting has it."""
    chosen: dict[str, Any] = dict(BASE)
    for setting in settings:
        chosen |= setting
    chosen[name] = moved(name)
    if name == "council_size":
        chosen["council_threshold"] = min(10, chosen[name])
    if name in ("bounty_share", "compensation_share", "treasury_share"):
        chosen |= {other: 0.0 for other in ("bounty_share", "compensation_share", "treasury_share") if other != name}
    return Scenario(**chosen)


@cache
def measured(scenario: str) -> dict[str, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IdleWarning)
        history = simulate(Scenario.model_validate_json(scenario), seed=8, epochs=24, record_every=6).history
    return compute(history)


def changed_by(name: str, scenario: Scenario) -> set[str]:
    """Return the metrics that differ, if only in the last bit, from those with the parameter at its default."""
    before, after = (
        measured(chosen.model_dump_json())
        for chosen in (scenario.replace(**{name: Scenario.model_fields[name].default}), scenario)
    )
    return {metric for metric in before if not np.array_equal(before[metric], after[metric], equal_nan=True)}


def told(scenario: Scenario, name: str) -> list[str]:
    return [words for words in idle(scenario) if name in words.split(" no effect")[0].replace(",", "").split()]


def test_every_rule_has_a_case_and_names_parameters():
    assert {name for rule in RULES for name in rule.names} <= set(Scenario.model_fields)
    assert {rule.why for rule in RULES} == set(CASES)


@pytest.mark.parametrize(("rule", "name"), PARTS, ids=ids)
def test_a_rule_fires_and_says_what_would_make_it_matter(rule, name):
    (words,) = told(made(name, CASES[rule.why][0]), name)
    assert "have no effect" in words or f"{name} has no effect" in words
    others = {other.why for other in RULES if name in other.names}
    assert any(f"for {why}; " in words for why in others)
    assert words.endswith(" would make a difference")


@pytest.mark.parametrize(("rule", "name"), PARTS, ids=ids)
def test_a_rule_is_quiet_where_the_parameter_matters(rule, name):
    scenario = made(name, CASES[rule.why][1]).replace(**NEEDS.get(name, {}))
    assert not rule.when(scenario)
    assert not told(scenario, name)
    assert changed_by(name, scenario) - ECHOES.get(name, set())


@pytest.mark.parametrize(("rule", "name"), PARTS, ids=ids)
def test_a_rule_is_quiet_about_defaults_and_about_what_asks_for_nothing(rule, name):
    default, known = Scenario.model_fields[name].default, facts(Scenario.model_fields[name])
    still = Scenario(**{**BASE, **CASES[rule.why][0], name: default})
    assert not told(still, name)
    if known.get("low") == 0 and name != "commission_high":
        assert not told(Scenario(**{**BASE, **CASES[rule.why][0], name: type(default)(0)}), name)


@pytest.mark.parametrize(("rule", "name"), PARTS, ids=ids)
def test_what_is_idle_moves_nothing(rule, name):
    """Moving an idle parameter leaves every metric as it was, to the last bit."""
    scenario = made(name, CASES[rule.why][0])
    assert rule.when(scenario)
    assert not changed_by(name, scenario) - ECHOES.get(name, set())


@pytest.mark.parametrize("sanction", ["reputation", "removal"])
@pytest.mark.parametrize("name", next(rule.names for rule in RULES if rule.why == "no stake is ever taken"))
def test_what_slashing_is_about_moves_nothing_under_a_soft_sanction(name, sanction):
    scenario = made(name, {"sanction": sanction, "griefing_share": 0.4})
    assert told(scenario, name)
    assert not changed_by(name, scenario)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("enforcement", {"sanction": "reputation"}),
        ("resale", {"revenue": "keep", "selection": "auction"}),
        ("resale", {"revenue": "auction_to_proposer", "auctioned_share": 0.0}),
        ("number_of_builders", {"revenue": "auction_to_proposer", "ordering": "random"}),
        ("auction_precision", {"revenue": "auction_to_proposer", "ordering": "random"}),
        ("evidence_reorder", {"ordering": "discretion"}),
        ("evidence_reorder", {"ordering": "committed"}),
        ("honest_capture", {"ordering": "random"}),
        ("honest_capture", {"revenue": "auction_to_proposer", "auctioned_share": 1.0}),
        ("takeover_pace", {"selection": "appointed", "takeover_budget": 1e5}),
        ("victim_share", {"visibility": "lazy", "lazy_exposure": 0.0, "censor_fee": 5e3}),
        ("censor_fee", {"visibility": "encrypted", "encrypted_share": 1.0, "leak_probability": 0.0,
                        "metadata_exposure": 0.0}),
    ],
    ids=str,
)  # fmt: skip
def test_other_ways_to_the_same_rule_are_told_and_true_as_well(name, settings):
    scenario = made(name, settings)
    assert told(scenario, name)
    assert not changed_by(name, scenario) - ECHOES.get(name, set())


def test_a_takeover_that_nobody_lets_in_never_has_a_share():
    closed = {"admission": "vote", "admission_probability": 0.0}
    scenario = Scenario(**{**base("a takeover can buy stake"), **closed})
    assert [words for words in idle(scenario) if words.startswith("a takeover can buy stake")]
    assert (measured(scenario.model_dump_json())["takeover_share"] == 0).all()


PLIGHT_CASES: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "Rangers are to verify": ({"number_of_rangers": 0}, {"coverage": 0.0, "sequencers_jailed": 0.0}),
    "Rangers get nothing": ({"reward_per_check": 0.0, "bounty_share": 0.0}, {"coverage": 0.0, "diligence": 0.0}),
    "Rangers are assigned no block": ({"sampling_probability": 0.0}, {"coverage": 0.0, "sequencers_jailed": 0.0}),
    "nobody looks": ({"verification": "none"}, {"detected_share": 0.0, "sequencers_jailed": 0.0}),
    "a conviction takes no stake": (
        {"slash_fraction": 0.0, "jail_epochs": 0, "honest_fault_rate": 0.0},
        {"slashed_share": 0.0, "sequencers_jailed": 0.0, "sequencers_removed": 0.0},
    ),
    "a takeover can buy stake": ({"admission": "vote", "admission_probability": 0.0}, {"takeover_share": 0.0}),
    "no offence gains": (
        {"gain_reorder": 0.0, "exposure_insert": 0.0, "gain_censor": 0.0, "byzantine_share": 0.0},
        {"honesty_by_blocks": 1.0, "honesty_by_value": 1.0},
    ),
}
"""How a plight begins -> what brings it about, and what is measured in it."""


BESIDE: dict[str, dict[str, Any]] = {
    "a takeover can buy stake": {"takeover_budget": 1e6, "takeover_pace": 0.5, "takeover_target": 0.1},
}
"""How a plight begins -> what must be there, beside BASE, for it to be one."""


def base(start: str) -> dict[str, Any]:
    return {**BASE, **BESIDE.get(start, {})}


def test_every_plight_has_a_case():
    assert all(sum(plight.words.startswith(start) for start in PLIGHT_CASES) == 1 for plight in PLIGHTS)
    assert len(PLIGHTS) == len(PLIGHT_CASES)


@pytest.mark.parametrize("start", PLIGHT_CASES)
def test_a_plight_is_told_where_it_is_so_and_nowhere_else(start):
    settings, _ = PLIGHT_CASES[start]
    assert [words for words in idle(Scenario(**{**base(start), **settings})) if words.startswith(start)]
    assert not [words for words in idle(Scenario(**base(start))) if words.startswith(start)]


@pytest.mark.parametrize("start", PLIGHT_CASES)
def test_a_plight_is_true(start):
    settings, expected = PLIGHT_CASES[start]
    found = measured(Scenario(**{**base(start), **settings}).model_dump_json())
    without = measured(Scenario(**base(start)).model_dump_json())
    for metric, value in expected.items():
        assert (found[metric] == value).all()
    assert any((without[metric] != value).any() for metric, value in expected.items())


def test_the_defaults_and_the_designs_have_nothing_idle():
    assert idle(Scenario()) == []
    for design in designs():
        assert idle(Scenario.preset(design)) == []


def test_one_sentence_tells_of_all_that_a_rule_finds_idle():
    (words,) = idle(Scenario(mutation=0.1, app_tolerance=3.0))
    assert words == 'mutation has no effect, for nobody imitates; learning = "imitation" would make a difference'
    (words,) = idle(Scenario(foregone=0.1, accumulation=0.5))
    assert words.startswith("foregone and accumulation have no effect, for ")


@pytest.mark.parametrize("run", [lambda s: simulate(s, 1, epochs=1), lambda s: Economy(scenario=s, seed=1)])
def test_whoever_runs_it_is_warned_where_it_was_asked_for(run):
    with pytest.warns(IdleWarning, match="mutation has no effect") as caught:
        run(Scenario(**SMALL, mutation=0.1))
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(Scenario(**SMALL))


def test_a_loop_over_many_values_is_told_once():
    code = (
        "from model import Scenario, simulate\n"
        "small = Scenario(number_of_delegators=9, blocks_per_epoch=99)\n"
        "for value in range(1, 9): simulate(small.replace(mutation=value / 10), seed=1, epochs=1)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert run.stderr.count("mutation has no effect") == 1
