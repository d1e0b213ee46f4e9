"""What a turn comes to on average agrees with what turns come to, whatever the shape, the choice rule, the sanction."""

import numpy as np
import pytest

from model import Scenario
from model.core.expectation import TURN, expected_turns
from model.core.options import Tactic
from model.core.recording import new_snapshots, observe
from model.simulation import Engine

EPOCHS, SEEDS, NODES = 60, 32, 3
LOOSE = 4.5
"""Standard errors; four quantities in eight cases are beyond by chance in 2 of 10,000 tries."""

CASES = [
    {"slash_fraction": 0.002},
    {"slash_fraction": 0.002, "jail_epochs": 0},
    {"slash_fraction": 0.002, "expel": True},
    {"slash_fraction": 0.0005, "opportunity": "exponential", "mev_bps": 500.0},
    {"slash_fraction": 0.0005, "opportunity": "constant", "mev_bps": 400.0, "sequencer_precision": 2.0},
    {"slash_fraction": 0.002, "sequencer_precision": 300.0},
    {"slash_fraction": 0.002, "choice": "best_response"},
    {"slash_fraction": 0.002, "choice": "logit", "sequencer_precision": 0.05},
]


def recorded(scenario, seed, epochs=EPOCHS):
    engine = Engine(scenario, seed)
    snapshots = new_snapshots(engine.state, range(epochs + 1))
    observe(engine.state, snapshots, 0)
    engine.advance(epochs, snapshots)
    return engine, snapshots


def z_scores(differences):
    differences = np.array(differences)
    error = differences.std(axis=0, ddof=1) / np.sqrt(len(differences))
    return differences.mean(axis=0) / np.where(error > 0, error, 1)


@pytest.mark.parametrize("changes", CASES, ids=str)
def test_turns_come_to_their_expectation(changes):
    differences, offences = [], 0
    for seed in range(SEEDS):
        engine, seen = recorded(Scenario.preset("metis", **changes), seed)
        row = np.zeros(3)
        for i in range(NODES):
            turns = np.zeros(EPOCHS, TURN).view(np.recarray)
            expected_turns(seen, engine.rules, engine.shape, i, seen.market["detection"][1:], turns)
            for place, name in enumerate(("offences", "stolen", "convicted")):
                row[place] += seen.sequencers[1:, i][name].sum() - turns[name].sum()
            offences += seen.sequencers[1:, i]["offences"].sum()
        differences.append(row)
    assert offences > 100
    assert (np.abs(z_scores(differences)) < LOOSE).all()


def test_who_turns_at_the_end_of_an_epoch_was_honest_in_it():
    """A runner takes all from epoch 20 on: before that nothing is expected of it, and then every block but for jail."""
    scenario = Scenario.preset("metis", hit_and_run_nodes=1, hit_after=20, hit_length=3, jail_epochs=0)
    engine, seen = recorded(scenario, 1, 23)
    row = int(np.flatnonzero(engine.state.sequencers.owner == Tactic.HIT_AND_RUN)[0])
    turns = np.zeros(23, TURN).view(np.recarray)
    expected_turns(seen, engine.rules, engine.shape, row, seen.market["detection"][1:], turns)
    offences = seen.sequencers["offences"][1:, row].sum(axis=1)
    assert offences[20:].min() > 0 == offences[:20].max()
    assert turns["offences"].sum(axis=1) == pytest.approx(offences)


DEALT = [
    {},
    {"selection": "equal", "downtime": 0.05, "failover": 0.5},
    {"selection": "appointed", "appointed_seats": 3, "shards": 2},
    {"consensus": "bft_linear", "downtime": 0.05, "handover_end": 90},
]


@pytest.mark.parametrize("changes", DEALT, ids=str)
def test_blocks_are_dealt_as_expected(changes):
    scenario = Scenario.preset("metis", slash_fraction=0.002, **changes)
    differences = []
    for seed in range(SEEDS):
        _, seen = recorded(scenario, seed)
        differences.append((seen.sequencers["assigned"] - seen.sequencers["due"])[1:].sum(axis=0)[:NODES])
    assert (np.abs(z_scores(differences)) < LOOSE).all()
