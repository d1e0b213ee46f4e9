"""Common random numbers: runs with one seed share population and luck, so that differences are the policy's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from model.core.state import Streams
from model.parameters import Scenario
from model.population import generator, new_streams, populate
from model.simulation import Engine
from tests.scenarios import SMALL

BASE = {
    **SMALL, "mev_bps": 300.0, "storm_share": 0.3, "storm_length": 2.0, "honest_fault_rate": 30.0, "downtime": 0.1,
    "trust_elasticity": 0.0, "app_exit_rate": 0.0,
}  # fmt: skip
"""An eventful economy whose users do not respond, so that demand is all luck."""

POLICIES: list[dict[str, Any]] = [
    {"slash_fraction": 0.9},
    {"selection": "equal"},
    {"selection": "sqrt_stake", "blocks_per_span": 1},
    {"number_of_rangers": 0},
    {"number_of_rangers": 5, "sampling_probability": 1.0, "diligent_share": 1.0},
    {"verification": "none"},
    {"sanction": "none"},
    {"expel": True, "enforcement": 1.0},
    {"jail_epochs": 0, "failover": 0.0},
    {"slash_delay": 9, "correlation_penalty": 5.0},
    {"honest_fault_slash": 0.5},
    {"attention": 1.0, "exit_delay": 1},
    {"attention": 0.0},
    {"reward_rule": "target_rate", "reward_source": "issuance", "restake_share": 1.0},
    {"admission": "vote", "entry_rate": 0.2, "exit_rate": 1.0, "sequencer_cost": 1e5},
    {"learning": "fixed"},
    {"byzantine_share": 0.4, "griefing_share": 0.4, "accusation_rate": 5.0},
    {"sequencer_precision": 0.1, "gain_reorder": 10.0, "trust_loss": 1.0},
    {"sister_chains": 9, "contagion": 1.0, "scandal_loss": 0.5, "sister_scandal_rate": 50.0},
    {"data_cost_cut": 1.0},
]
PERSON = {
    "sequencers": ("skill", "cost", "downtime", "brand", "client", "commission", "commission_direction", "capital"),
    "rangers": ("cost",),
    "delegators": ("risk_aversion",),
    "apps": ("share", "tolerance"),
}
"""What an agent is from birth, by the name of its column."""


def luck(seed: int = 11, epochs: int = 40, **changes: Any) -> dict[str, np.ndarray]:
    """Return what befell an economy from outside, epoch by epoch."""
    engine = Engine(Scenario(**{**BASE, **changes}), seed)
    history: dict[str, list[Any]] = {name: [] for name in ("price", "storm", "demand", "outage", "fault")}
    for _ in range(epochs):
        engine.advance(1)
        now = engine.state.market
        history["price"].append(float(now.price))
        history["storm"].append(int(now.storm))
        history["demand"].append(float(now.volume))
        history["outage"].append(engine.state.sequencers.outage.copy())
        history["fault"].append(engine.state.sequencers.fault.copy())
    return {name: np.array(values) for name, values in history.items()}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: " ".join(f"{k}={v}" for k, v in policy.items()))
def test_luck_is_common_to_all_policies(policy):
    ours, theirs = luck(), luck(**policy)
    for name in ours:
        assert ours[name].tobytes() == theirs[name].tobytes(), name


def test_there_is_luck_to_share():
    ours, others = luck(), luck(seed=12)
    for name in ours:
        assert np.unique(ours[name]).size > 1, name
        assert ours[name].tobytes() != others[name].tobytes(), name


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: " ".join(f"{k}={v}" for k, v in policy.items()))
def test_people_are_common_to_all_policies(policy):
    ours, theirs = populate(Scenario(**BASE), 3), populate(Scenario(**{**BASE, **policy}), 3)
    for group, names in PERSON.items():
        for name in names:
            changed = (group, name) == ("sequencers", "cost") and "sequencer_cost" in policy
            same = getattr(ours, group)[name].tobytes() == getattr(theirs, group)[name].tobytes()
            assert same != changed, f"{group}.{name}"
    assert ours.delegators.shares.tobytes() == theirs.delegators.shares.tobytes()
    assert ours.delegators.pool.tobytes() == theirs.delegators.pool.tobytes()


@pytest.mark.parametrize(
    ("group", "more"),
    [("sequencers", {"possible_sequencers": 30}), ("rangers", {"possible_rangers": 20}),
     ("delegators", {"number_of_delegators": 90}), ("apps", {"number_of_apps": 15})],
)  # fmt: skip
def test_one_more_changes_nobody_else(group, more):
    ours, theirs = populate(Scenario(**BASE), 3), populate(Scenario(**{**BASE, **more}), 3)
    for kind, names in PERSON.items():
        size = getattr(ours, kind).size
        assert getattr(theirs, kind).size > size or kind != group
        for name in set(names) - {"share"}:
            assert getattr(theirs, kind)[name][:size].tobytes() == getattr(ours, kind)[name].tobytes(), f"{kind}.{name}"
    wealth, richer = (state.delegators.shares + state.delegators.liquid for state in (ours, theirs))
    count = wealth.size
    assert richer[:count] / richer[0] == pytest.approx(wealth / wealth[0], rel=1e-12)
    assert theirs.delegators.pool[:count].tolist() == ours.delegators.pool.tolist()


def test_attributes_are_drawn_apart():
    """No two attributes of a sequencer are correlated: 4,000 rows; a correlation of 0.15 gives z = 9."""
    nodes = populate(Scenario(possible_sequencers=4_000, stake_index=20, token_supply=1e9), 6).sequencers
    for one, other in itertools.combinations(PERSON["sequencers"], 2):
        ranks = (np.argsort(np.argsort(nodes[name])) for name in (one, other))
        assert abs(np.corrcoef(*ranks)[0, 1]) * np.sqrt(nodes.size) < 5, (one, other)


def test_candidates_and_delegators_do_not_move_the_market():
    ours = luck()
    for more in ({"possible_sequencers": 30}, {"number_of_delegators": 90}, {"possible_rangers": 20}):
        theirs = luck(**more)
        for name in ("price", "storm", "demand"):
            assert ours[name].tobytes() == theirs[name].tobytes(), name


def test_streams_are_independent():
    """Streams of one seed and of the next are pairwise uncorrelated. Power: a correlation of 0.05 gives z = 10."""
    size = 40_000
    draws = [stream.random(size) for seed in (0, 1) for stream in new_streams(seed)]
    draws.append(generator(0, "a new name").random(size))
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in itertools.combinations(draws, 2)]
    assert len(correlations) == (2 * len(Streams._fields) + 1) * len(Streams._fields)
    assert np.abs(correlations).max() * np.sqrt(size) < 5.5


def test_a_stream_is_its_seed_and_its_names():
    assert generator(4, "a", "b").random(3).tolist() == generator(4, "a", "b").random(3).tolist()
    firsts = [generator(*key).random() for key in ((4, "a", "b"), (4, "b", "a"), (4, "a"), (4, "ab"), (5, "a", "b"))]
    assert len(set(firsts)) == 5
