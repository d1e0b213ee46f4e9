"""The named designs: each value is legal, stands in its group, and says where it comes from."""

from __future__ import annotations

import re
import tomllib

import pytest

from experiments.explain import entries, is_assumption
from model import simulate
from model.parameters import DESIGNS, GROUPS, Scenario, ScenarioError, designs, parameter_names

HEADINGS = {group.__name__.lower(): set(group.model_fields) for group in GROUPS}
LISTED = [(design, name) for design in designs() for name in entries(design)]


def test_the_designs_of_metis_exist():
    assert {"metis", "metis_deployed"} <= set(designs())


@pytest.mark.parametrize(("design", "name"), LISTED)
def test_a_value_arrives_with_its_provenance(design, name):
    value, source, confidence = entries(design)[name]
    assert getattr(Scenario.preset(design), name) == value
    assert confidence in ("high", "medium", "low")
    assert is_assumption(source) or re.search(r"https://[\w-]+\.\w|\b[A-Z]\w+/[\w-]+", source), (
        "no public place is named"
    )
    assert confidence == "low" or not is_assumption(source), "nobody can be confident of an assumption"


@pytest.mark.parametrize("design", designs())
def test_what_is_not_listed_has_its_default(design):
    scenario, default = Scenario.preset(design), Scenario()
    assert scenario.name == design
    for name in set(parameter_names()) - set(entries(design)):
        assert getattr(scenario, name) == getattr(default, name), name


@pytest.mark.parametrize("design", designs())
def test_values_stand_under_the_heading_of_their_group(design):
    content = tomllib.loads((DESIGNS / f"{design}.toml").read_text(encoding="utf-8"))
    content.pop("base", None)
    for heading, values in content.items():
        assert set(values) <= HEADINGS[heading], heading


def test_metis_as_deployed_can_expel_but_not_slash():
    deployed = Scenario.preset("metis_deployed")
    assert deployed.expel
    assert deployed.slash_fraction == deployed.honest_fault_slash == deployed.bounty_share == 0
    found = deployed.sampling_probability * deployed.evidence_reorder * deployed.number_of_rangers
    assert found == pytest.approx(0.10)


def test_metis_locks_what_its_reward_rate_implies():
    """Reward per block times blocks per year over the 10 % rate gives 220,000 tokens; so does the mean stake."""
    deployed = Scenario.preset("metis_deployed")
    blocks = deployed.blocks_per_epoch * deployed.epochs_per_year
    assert deployed.reward_per_block * blocks / 0.10 == pytest.approx(220_000, rel=0.03)
    mean_stake = deployed.min_stake * deployed.stake_index / (deployed.stake_index - 1)
    assert deployed.number_of_sequencers * mean_stake == pytest.approx(220_000, rel=1e-9)


def test_unknown_design_is_refused_with_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean 'metis_deployed'"):
        Scenario.preset("metis_deploied")


def test_the_unpaid_watcher_of_metis_as_deployed_stays():
    """Who watches for reasons of its own does not leave for want of pay; a rational Ranger would."""
    deployed = Scenario.preset("metis_deployed", exit_rate=1.0)
    assert simulate(deployed, seed=1, epochs=120, record_every=120).metrics["rangers_seated"].iloc[-1] == 1
    rational = deployed.replace(diligent_share=0.0, trap_rate=1.0, trap_penalty=1.0)
    assert simulate(rational, seed=1, epochs=120, record_every=120).metrics["rangers_seated"].iloc[-1] == 0
