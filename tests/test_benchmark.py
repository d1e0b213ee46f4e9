"""What the benchmark compares does the same work: the same variates, the same conduct. No test measures time.

The comparison of conduct draws TURNS phases each way: a difference of half a standard deviation is missed with
probability below 1e-3, and the bound of 5 standard errors is passed by chance less than once in a hundred thousand.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from model.core.state import Streams
from model.parameters import Scenario
from model.population import new_streams
from tests.benchmark.blockwise import blocks_often, conduct_often, mornings
from tests.benchmark.race import Chapter, Line, race
from tests.benchmark.report import document
from tests.benchmark.variates import KINDS, draw, record

TURNS = 600
SMALL = {
    "blocks_per_epoch": 600,
    "blocks_per_span": 20,
    "number_of_sequencers": 5,
    "possible_sequencers": 6,
    "number_of_delegators": 200,
    "sequencer_cost": 0,
    "trust_loss": 0,
    "app_exit_rate": 0,
}
CONDUCT = {
    "deterred": {"mev_bps": 40},
    "tempted": {"mev_bps": 4_000, "slash_fraction": 0.005, "failover": 0.5, "transparency": 0},
    "lawless": {"sanction": "none", "mev_bps": 100},
}


def test_floor_draws_the_variates_of_the_run():
    """Compiled loops over the notes of an uncompiled run draw, from the same streams, what that run drew."""
    scenario = Scenario(**SMALL, griefing_share=0.4, accusation_rate=1)
    notes = record(scenario, 5, epochs=3)
    assert set(notes["kind"]) == set(range(len(KINDS)))
    for number, stream in enumerate(new_streams(5)):
        for _, runs in groupby(notes[notes["stream"] == number], key=lambda note: note["kind"]):
            part = np.array(list(runs))
            np.testing.assert_allclose(draw(stream, part), part["value"].sum(), rtol=1e-12)
    assert set(notes["stream"]) == set(range(len(Streams._fields)))


@pytest.mark.parametrize("name", CONDUCT)
def test_conduct_by_blocks_is_the_conduct_of_the_core(name):
    """Blocks made and offended in have the same mean in both; neither makes more blocks than were dealt."""
    scenario = Scenario(**SMALL, **CONDUCT[name])
    engine, states = mornings(scenario, 3)
    state, stream = states[0], np.random.default_rng(4)
    scale = state.market.mean_opportunity / engine.shape.constants.unit
    ours = np.array([conduct_often(state, engine.rules, engine.shape, engine.streams, 1) for _ in range(TURNS)])
    theirs = np.array([blocks_often(state, engine.rules, scale, stream, 1) for _ in range(TURNS)])
    error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / TURNS)
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) <= 5 * error).all()
    assert max(ours[:, 0].max(), theirs[:, 0].max()) == state.sequencers.assigned.sum() > 0


def test_contestants_take_turns():
    """Every lap runs each contestant once, in order, after a lap that does not count."""
    laps = []

    def contestant(name):  # type: ignore[no-untyped-def]
        return lambda lap: laps.append(name) or float(len(laps))

    costs = race({"a": contestant("a"), "b": contestant("b")}, laps=2)
    assert laps == ["a", "b"] * 3
    assert costs["a"].tolist() == [3, 5]
    assert costs["b"].tolist() == [4, 6]


def test_a_line_shows_both_costs_their_ratio_and_whether_it_is_met():
    """The ratio is taken lap by lap, and its median decides."""
    slow, fast = np.array([8e-6, 2e-6, 3e-6]), np.array([1e-6, 1e-6, 1e-6])
    assert Line("slow", slow, "fast", fast, at_most=3).cells() == [
        "slow", "3.00 µs", "fast", "1.00 µs", "3.00", "2.00 to 8.00", "≤ 3.00", "yes",
    ]  # fmt: skip
    assert not Line("slow", slow, "fast", fast, at_most=2.9).met
    assert not Line("slow", slow, "fast", fast, at_least=1_000).met
    text = document([Chapter("Speed", [Line("slow", slow, "fast", fast, at_least=1_000)], "As it is.")])
    assert "| ≥ 1,000 | **no** |" in text
    assert "**Speed.** As it is." in text
