"""What is recorded is the state as it was, whoever records it and how often, and it changes nothing."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import Economy
from model.core.audit import pairwise_sum, total
from model.core.recording import Snapshots, new_snapshots, observe
from model.history import History
from model.metrics import METRICS, Metric, compute
from model.parameters import Scenario
from model.simulation import Engine, simulate
from tests.scenarios import SMALL
from tests.test_laws import content

BUSY = Scenario(**SMALL, mev_bps=400.0, byzantine_share=0.2, honest_fault_rate=20.0, entry_rate=0.3, exit_rate=0.3)
GROUPS = Snapshots._fields[1:-1]


def same_bytes(one: Snapshots, other: Snapshots) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("every", [1, 7, 30, 31])
def test_a_snapshot_is_the_state_after_that_many_epochs(every):
    snapshots = simulate(BUSY, seed=3, epochs=30, record_every=every).history.snapshots
    assert snapshots.epoch.tolist() == [*range(0, 30, every), 30]
    for t, epoch in enumerate(snapshots.epoch):
        engine = Engine(BUSY, 3)
        engine.advance(int(epoch))
        for group in GROUPS:
            assert getattr(snapshots, group)[t].tobytes() == getattr(engine.state, group).tobytes(), group
        assert snapshots.tokens[t] == total(engine.state)
    assert snapshots.totals["offences"][-1].sum() > 0


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.sets(st.integers(1, 40)), st.lists(st.integers(1, 20), min_size=2, max_size=8))
def test_records_and_chunks_change_nothing(due, chunks):
    plain, whole, parts = (Engine(BUSY, 8) for _ in range(3))
    once, often = (new_snapshots(plain.state, sorted(due)) for _ in range(2))
    plain.advance(sum(chunks))
    whole.advance(sum(chunks), once)
    for chunk in chunks:
        parts.advance(chunk, often)
    assert content(plain) == content(whole) == content(parts)
    assert same_bytes(once, often)
    taken = once.market["price"] > 0
    assert once.epoch[taken].tolist() == sorted(epoch for epoch in due if epoch <= sum(chunks))


def test_the_mesa_shell_records_the_same():
    economy = Economy(scenario=BUSY, seed=3)
    economy.run(150)
    assert same_bytes(economy.datacollector.history.snapshots, simulate(BUSY, seed=3, epochs=150).history.snapshots)


def test_what_is_collected_twice_is_there_twice():
    economy = Economy(scenario=BUSY, seed=3)
    economy.run(1)
    economy.datacollector.collect(economy)
    history = economy.datacollector.history
    assert history.epoch.tolist() == [0, 1, 1]
    assert history.snapshots.sequencers[1].tobytes() == history.snapshots.sequencers[2].tobytes()
    assert history.snapshots.tokens[1] == history.snapshots.tokens[2] > 0


@pytest.mark.parametrize(("first", "last"), [(0, 4), (1, 3), (3, 4)])
def test_flows_over_an_interval_are_those_of_a_run_recorded_there_alone(first, last):
    part = simulate(BUSY, seed=5, epochs=28, record_every=7).history.interval(first, last)
    engine = Engine(BUSY, 5)
    snapshots = new_snapshots(engine.state, [7 * first, 7 * last])
    observe(engine.state, snapshots, 0)
    engine.advance(28, snapshots)
    alone = compute(History(BUSY, snapshots))
    assert compute(part).keys() == METRICS.keys()
    for name, values in compute(part).items():
        assert values.shape == (1,), name
        assert values.tobytes() == alone[name].tobytes(), name


@pytest.mark.parametrize("name", METRICS)
def test_one_metric_is_as_when_all_are_computed(name: str, recorded: dict[str, Any]) -> None:
    fresh = History(recorded["history"].scenario, recorded["history"].snapshots)
    alone = compute(fresh, [name])
    assert list(alone) == [name]
    assert alone[name].tobytes() == recorded["all"][name].tobytes()


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    history = simulate(BUSY, seed=3, epochs=60, record_every=7).history
    return {"history": history, "all": compute(history)}


def test_only_what_is_asked_for_is_computed_in_the_order_of_the_registry(recorded, monkeypatch):
    def fail(history: History) -> np.ndarray:
        raise AssertionError("nobody asked")

    monkeypatch.setitem(METRICS, "volume", Metric("volume", "-", "neither", "Fails.", "flow", fail))
    assert list(compute(recorded["history"], ["price", "fees", "price"])) == ["fees", "price"]
    with pytest.raises(AssertionError, match="nobody asked"):
        compute(recorded["history"])
    with pytest.raises(KeyError, match="hapiness"):
        compute(recorded["history"], ["price", "hapiness"])


def test_a_history_travels():
    """Between processes, what was derived from it included."""
    history = simulate(BUSY, seed=3, epochs=60, record_every=7).history
    before = compute(history)
    arrived = pickle.loads(pickle.dumps(history))
    assert arrived.derived.keys() == history.derived.keys() != set()
    assert {name: column.tobytes() for name, column in compute(arrived).items()} == {
        name: column.tobytes() for name, column in before.items()
    }


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 127, 128, 129, 136, 255, 256, 257, 1_000, 40_001])
def test_sums_by_halves_are_numpys_and_right(length):
    values = np.random.default_rng(length).lognormal(3, 4, length)
    result = pairwise_sum(values)
    assert result == values.sum()
    assert result == pytest.approx(math.fsum(values), rel=2 * np.finfo(float).eps * (3 + math.log2(length + 1)))
