"""The named designs: each value is legal, stands in its group, and says where it comes from."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pytest

from experiments.explain import entries, is_assumption
from model.parameters import DESIGNS, GROUPS, Scenario, ScenarioError, designs, parameter_names, read_entries
from model.parameters.rules import rules_of
from model.simulation import Engine

HEADINGS = {group.__name__.lower(): set(group.model_fields) for group in GROUPS}
PLACE = r"https://[\w-]+\.\w|\b(MetisProtocol|OffchainLabs|Layr-Labs|astriaorg|ethereum-optimism|radiusxyz)/[\w-]+"
"""A web page, or a repository of these on github.com."""
LISTED = [(design, name) for design in designs() for name in entries(design)]


def test_the_designs_of_metis_exist():
    assert {"metis", "metis_deployed"} <= set(designs())


@pytest.mark.parametrize(("design", "name"), LISTED)
def test_a_value_arrives_with_its_provenance(design, name):
    value, source, confidence = entries(design)[name]
    assert getattr(Scenario.preset(design), name) == value
    check_provenance(source, confidence)


@pytest.mark.parametrize("design", designs())
def test_given_stakes_arrive_with_their_provenance(design):
    given = read_entries(DESIGNS / f"{design}.toml").get("stakes")
    assert Scenario.preset(design).stakes == tuple(given["value"] if given else ())
    if given:
        check_provenance(given["source"], given["confidence"])


def check_provenance(source: str, confidence: str) -> None:
    """Check that a source names a public place or is called an assumption, of which nobody can be confident."""
    assert confidence in ("high", "medium", "low")
    assert is_assumption(source) or re.search(PLACE, source), "no public place is named"
    assert confidence == "low" or not is_assumption(source)


@pytest.mark.parametrize("design", designs())
def test_what_is_not_listed_has_its_default(design):
    scenario, default = Scenario.preset(design), Scenario()
    assert scenario.name == design
    for name in set(parameter_names()) - set(entries(design)):
        assert getattr(scenario, name) == getattr(default, name), name


@pytest.mark.parametrize("design", designs())
def test_values_stand_under_the_heading_of_their_group(design):
    content = tomllib.loads((DESIGNS / f"{design}.toml").read_text(encoding="utf-8"))
    for alone in ("base", "stakes"):
        content.pop(alone, None)
    for heading, values in content.items():
        assert set(values) <= HEADINGS[heading], heading


def test_metis_as_deployed_can_eject_but_not_slash():
    deployed = Scenario.preset("metis_deployed")
    assert deployed.sanction == "removal"
    assert deployed.slash_fraction == deployed.honest_fault_slash == 0
    assert rules_of(deployed).upheld == pytest.approx(0.10), "the owner alone decides, and acts seldom"
    peers = deployed.number_of_sequencers - 1
    found = 1 - (1 - deployed.peer_sampling * deployed.evidence_reorder) ** peers
    assert found == pytest.approx(0.10, abs=0.002)


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


def test_nobody_looks_at_metis_as_deployed_but_other_operators():
    """The foundation's three nodes do not report each other."""
    engine = Engine(Scenario.preset("metis_deployed"), 1)
    engine.advance(1)
    nodes = engine.state.sequencers
    ours = nodes["incumbent"] == 1
    assert ours.sum() == 3
    assert len(np.unique(nodes["operator"][ours])) == 1
    assert not set(nodes["operator"][ours]) & set(nodes["operator"][~ours])


def test_staked_power_of_astria_is_the_teams():
    """Four nodes of 100 among seven of 25: 400 of 575, more than two thirds."""
    engine = Engine(Scenario.preset("astria"), 1)
    engine.advance(1)
    nodes = engine.state.sequencers
    assert nodes["weight"][nodes["incumbent"] == 1].sum() / nodes["weight"].sum() == pytest.approx(0.696, abs=5e-4)
