"""The Mesa shell: the bytes of `simulate` however it is run, on Mesa 3.3 and 3.5, and no object that nobody wants."""

from __future__ import annotations

import copy
import gc
import warnings
import weakref
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from mesa.batchrunner import batch_run

from model import METRICS, Economy, Scenario, ScenarioError, simulate
from model.agents import App, Attacker, Delegator, Ranger, Sequencer
from model.core.state import State
from model.simulation import Engine

MESA = tuple(int(part) for part in mesa.__version__.split(".")[:2])
BUSY = {
    "blocks_per_epoch": 400,
    "blocks_per_span": 20,
    "number_of_delegators": 60,
    "attention": 0.3,
    "mev_bps": 400.0,
    "honest_fault_rate": 5.0,
}
"""A small economy in which all phases have something to do within a few epochs."""


def same_bytes(one: State, other: State) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_stepping_running_and_simulating_give_the_same_bytes() -> None:
    scenario = Scenario(**BUSY)
    stepped, run, engine = Economy(scenario=scenario, seed=5), Economy(seed=5, **BUSY), Engine(scenario, 5)
    for _ in range(30):
        stepped.step()
    run.run(7)
    run.run(23)
    engine.advance(30)
    assert engine.state.totals.offences.sum() > 0
    assert engine.state.totals.slashed > 0
    assert same_bytes(stepped.state, engine.state)
    assert same_bytes(run.state, engine.state)
    assert not same_bytes(Economy(scenario=scenario, seed=5).state, engine.state)
    assert (stepped.steps, stepped.epoch, run.steps, run.epoch) == (30, 30, 30, 30)


def test_metrics_are_those_of_simulate_value_for_value() -> None:
    economy = Economy(preset="metis", seed=7, slash_fraction=0.05)
    assert economy.datacollector.get_model_vars_dataframe().empty
    economy.run(200)
    frame = economy.datacollector.get_model_vars_dataframe()
    run = simulate(Scenario.preset("metis", slash_fraction=0.05), seed=7, epochs=200)
    pd.testing.assert_frame_equal(frame, run.metrics, check_exact=True)
    assert set(frame.columns) == set(METRICS)


def test_values_before_the_first_epoch_are_stocks() -> None:
    economy = Economy(preset="metis", seed=7)
    economy.run(2)
    columns = economy.datacollector.model_vars
    nodes = Economy(preset="metis", seed=7).state.sequencers
    assert columns["stake_total"][0] == pytest.approx((nodes.self_stake + nodes.pool)[nodes.status == 1].sum())
    assert np.isnan(columns["user_harm"][0])
    assert columns["seed"] == [7, 7, 7]
    assert {len(column) for column in columns.values()} == {3}


def test_nothing_is_drawn_from_mesas_random_streams() -> None:
    economy = Economy(seed=1, **BUSY)
    before = economy.random.getstate(), economy.rng.bit_generator.state
    economy.run(5)
    economy.agents_by_type[Sequencer].get("stake")
    assert (economy.random.getstate(), economy.rng.bit_generator.state) == before


def test_two_economies_side_by_side_do_not_touch_each_other() -> None:
    one, other = Economy(seed=1, **BUSY), Economy(seed=2, slash_fraction=0.5, **BUSY)
    for _ in range(10):
        one.step()
        other.step()
    alone = Economy(seed=1, **BUSY)
    alone.run(10)
    assert same_bytes(one.state, alone.state)
    assert not same_bytes(other.state, alone.state)


def test_a_copy_goes_its_own_way_with_its_own_agents() -> None:
    economy = Economy(seed=1, **BUSY)
    nodes = economy.agents_by_type[Sequencer]
    twin = copy.deepcopy(economy)
    before = nodes.get("total_made")
    twin.run(5)
    assert nodes.get("total_made") == before
    assert twin.agents_by_type[Sequencer].get("total_made") == twin.state.sequencers.total_made.tolist() != before
    economy.run(5)
    assert same_bytes(economy.state, twin.state)


def test_seed_and_rng_are_one_number() -> None:
    drawn = Economy(**BUSY)
    drawn.run(3)
    again = Economy(rng=drawn.seed, **BUSY)
    again.run(3)
    assert same_bytes(drawn.state, again.state)
    assert Economy(seed=4, rng=4).seed == Economy(seed=np.int64(4)).seed == 4
    assert Economy(seed=0).seed == 0
    with pytest.raises(ScenarioError, match="two names of one number"):
        Economy(seed=1, rng=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slash_fractoin": 0.1}, "did you mean 'slash_fraction'"),
        ({"slash_fraction": 2}, "slash_fraction = 2: give a number from 0 to 1"),
        ({"preset": "metiss"}, "did you mean 'metis'"),
        ({"preset": "metis", "scenario": Scenario()}, "leave one of them out"),
        ({"preset": Scenario()}, "give the name of a design"),
        ({"scenario": ("name", "custom")}, "give a Scenario"),
        ({"rng": 1.5}, "give a whole number"),
        ({"rng": np.random.default_rng(1)}, "give a whole number"),
        ({"agent_classes": {Sequencer: Ranger}}, "give one of Sequencer, Ranger"),
        ({"agent_classes": {mesa.Agent: Sequencer}}, "give one of Sequencer, Ranger"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as caught:
        Economy(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("epochs", [0, -1, 1.0, True, None])
def test_run_needs_a_number_of_epochs(epochs: Any) -> None:
    with pytest.raises(ScenarioError, match="epochs = .*: give a whole number"):
        Economy().run(epochs)


def test_construction_and_running_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        economy = Economy(preset="metis", seed=1)
        economy.run(2)
        assert len(economy.datacollector.model_vars["trust"]) == 3


def test_the_scenario_reads_the_same_on_every_mesa() -> None:
    economy = Economy(preset="metis", seed=3, slash_fraction=0.07)
    assert economy.scenario.slash_fraction == 0.07
    assert economy.views(Ranger)[0].scenario.slash_fraction == 0.07
    again = Economy(scenario=economy.scenario, seed=3)
    assert again.engine.scenario == economy.engine.scenario == Scenario.preset("metis", slash_fraction=0.07)


if MESA >= (3, 5):

    def test_a_scenario_of_mesa_brings_parameters_and_seed() -> None:
        from mesa.experimental.scenarios import Scenario as MesaScenario

        economy = Economy(scenario=MesaScenario(rng=9, slash_fraction=0.3), number_of_rangers=4)
        assert (economy.seed, economy.scenario.slash_fraction, economy.scenario.number_of_rangers) == (9, 0.3, 4)
        with pytest.raises(ScenarioError, match="two names of one number"):
            Economy(scenario=MesaScenario(rng=9), seed=8)


def batch(seeds: list[int], period: int, **parameters: Any) -> pd.DataFrame:
    """Run Mesa's batch_run for 6 epochs; how it takes seeds changed between its versions."""
    seeded: dict[str, Any] = {"rng": seeds} if MESA >= (3, 5) else {}
    values = parameters | ({} if seeded else {"seed": seeds})
    options = {"max_steps": 6, "data_collection_period": period, "display_progress": False}
    return pd.DataFrame(batch_run(Economy, BUSY | values, number_processes=1, **options, **seeded))


def test_batch_run_returns_what_simulate_returns() -> None:
    table = batch([1, 2], -1, slash_fraction=[0.01, 0.5])
    assert len(table) == 4
    assert table.groupby(["seed", "slash_fraction"]).ngroups == 4
    for row in table.to_dict("records"):
        run = simulate(Scenario(**BUSY, slash_fraction=row["slash_fraction"]), seed=row["seed"], epochs=6)
        expected = run.metrics.loc[row["Step"]]
        assert row["Step"] == 6
        assert all(row[name] == expected[name] or np.isnan(expected[name]) for name in METRICS)


def test_batch_run_returns_a_row_per_period() -> None:
    table = batch([3], 1)
    assert table["Step"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    expected = simulate(Scenario(**BUSY), seed=3, epochs=6).metrics
    assert table["stake_total"].tolist()[1:] == expected["stake_total"].tolist()


def test_batch_run_records_the_seeds_that_it_did_not_give() -> None:
    options: dict[str, Any] = {"rng": [None, None]} if MESA >= (3, 5) else {"iterations": 2}
    rows = batch_run(Economy, BUSY, number_processes=1, max_steps=2, display_progress=False, **options)
    assert len({row["seed"] for row in rows}) == 2
    for row in rows:
        economy = Economy(seed=row["seed"], **BUSY)
        economy.run(2)
        assert row["stake_total"] == economy.datacollector.model_vars["stake_total"][-1]


def test_agents_report_when_asked_to() -> None:
    reporters = {Sequencer: {"stake": "stake"}, Ranger: {"diligence": lambda ranger: ranger.diligence}}
    economy = Economy(seed=1, agenttype_reporters=reporters, **BUSY)
    economy.run(2)
    table = economy.datacollector.get_agenttype_vars_dataframe(Sequencer)
    assert len(table) == 3 * len(economy.state.sequencers)
    assert table.loc[2]["stake"].tolist() == economy.agents_by_type[Sequencer].get("stake")
    assert table.loc[0]["stake"].tolist() != table.loc[2]["stake"].tolist()


class Counted(Delegator):
    made = 0

    def __init__(self, model: Economy, row: int) -> None:
        super().__init__(model, row)
        Counted.made += 1


def test_a_million_delegators_are_not_objects_until_asked_for() -> None:
    economy = Economy(seed=1, number_of_delegators=1_000_000, agent_classes={Delegator: Counted})
    economy.step()
    assert len(economy.agents_by_type) == len(economy.agent_types) == 5
    for role in (Sequencer, Ranger, App, Attacker):
        assert len(economy.agents_by_type[role]) == len(getattr(economy.state, role.group))
    assert Counted.made == 0
    few = Economy(seed=1, agent_classes={Delegator: Counted}, **BUSY)
    assert len(few.agents_by_type[Delegator]) == Counted.made == 60


def test_agents_and_their_ids_do_not_depend_on_what_was_asked_for_first() -> None:
    one, other = Economy(seed=1, **BUSY), Economy(seed=1, **BUSY)
    one.agents_by_type[Delegator]
    other.agents_by_type[Sequencer]
    ids = [(type(agent), agent.row, agent.unique_id) for agent in one.agents]
    assert ids == [(type(agent), agent.row, agent.unique_id) for agent in other.agents]
    assert len({unique_id for _, _, unique_id in ids}) == len(ids) == len(one.agents)


def test_groups_without_agents_are_empty_sets() -> None:
    economy = Economy(number_of_delegators=0, number_of_apps=0)
    assert len(economy.agents_by_type[Delegator]) == len(economy.agents_by_type[App]) == 0
    with pytest.raises(KeyError, match="no class of agents here; there are Sequencer"):
        economy.agents_by_type[mesa.Agent]


def test_an_economy_with_agents_is_freed() -> None:
    economy = Economy(seed=1, **BUSY)
    economy.run(2)
    assert len(economy.agents) > 0
    alive = weakref.ref(economy)
    del economy
    gc.collect()
    assert alive() is None
