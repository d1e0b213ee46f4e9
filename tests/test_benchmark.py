"""What the benchmark compares does the same work: the same variates, the same conduct. No test measures time.

The comparison of conduct draws TURNS phases each way: a difference of half a standard deviation is missed with
probability below 1e-3, and the bound of 5 standard errors is passed by chance less than once in a hundred thousand.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from experiments import Design
from experiments.sweeps.dispatch import Dispatch
from experiments.sweeps.reading import read, read_table
from experiments.sweeps.sweep import sweep
from experiments.sweeps.sweeping import PROBES
from model.core.state import Streams
from model.metrics import METRICS
from model.parameters import Scenario
from model.population import new_streams
from model.simulation import simulate
from tests.benchmark.blockwise import blocks_often, conduct_often, mornings
from tests.benchmark.peers import Work, by_ema, by_joblib, by_mesa, by_sweep
from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Line, race
from tests.benchmark.report import document
from tests.benchmark.storage import TWELVE, bytes_per_run, coordinate, fill
from tests.benchmark.sweeps import Batches, noted, pace
from tests.benchmark.variates import KINDS, draw, record

TURNS = 600
AXES = ["slash_fraction", "sampling_probability"]
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
    scenario = Scenario(
        **SMALL, griefing_share=0.4, accusation_rate=1, revision_rate=0.5, consensus="bft_linear", sister_chains=2,
        sanction="restaked_slash", services=3, revenue="auction_to_proposer", censor_fee=100,
    )  # fmt: skip
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


def test_a_contestant_may_have_several_costs():
    costs = race({"a": lambda lap: (lap, 10.0 + lap)}, laps=2)
    assert costs["a"].tolist() == [[0, 10], [1, 11]]


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


WARM = Batches(*np.array([(3.0, 10, 3.0), (3.5, 10, 3.5), (4.0, 10, 1.0), (4.5, 10, 1.0), (5.0, 10, 1.0)]).T)


@pytest.mark.parametrize(("last", "run"), [(5.0, 1.5 / 30), (5.6, 2.1 / 30)])
def test_the_pace_of_a_sweep_begins_when_every_worker_has_returned_a_batch(last, run):
    """First batches do not count, of one under way then the rest does, and waiting for the last one is time as well."""
    batches = Batches(*np.append(np.array(WARM), [[last], [5], [0.5]], axis=1))
    assert pace(batches, workers=2) == pytest.approx((run, 0.1))


def test_every_run_of_a_sweep_but_its_probes_is_noted():
    results = Dispatch.results
    with noted() as notes:
        sweep(Scenario(**SMALL), Design.grid(slash_fraction=[0.1, 0.2]), replicates=10, epochs=2, workers=1)
    arrival, runs, inside = np.array(notes).T
    assert runs.sum() == 20 - PROBES
    assert (np.diff(arrival) >= inside[1:]).all()
    assert Dispatch.results is results


@pytest.mark.filterwarnings("ignore:ipyparallel not installed")
def test_engines_do_the_same_runs():
    """joblib has the metrics of the sweep, the workbench their means, and Mesa the same stocks at the end."""
    work = Work(points=2, replicates=2, epochs=4, record_every=2)
    table = by_sweep(work)
    values = table[list(METRICS)].to_numpy(float)
    np.testing.assert_array_equal(by_joblib(work).to_numpy(float), values)
    means = {name: table.groupby("point")[name].mean() for name in METRICS}
    found = by_ema(work)
    assert found.keys() == means.keys()
    for name, mean in means.items():
        np.testing.assert_allclose(found[name], mean, rtol=1e-14)
    rows = {(row["slash_fraction"], row["seed"]): row for row in by_mesa(work) if row["Step"] == work.epochs}
    assert rows.keys() == {*zip(table["slash_fraction"], table["seed"], strict=True)}
    for (fraction, seed), row in rows.items():
        last = simulate(Scenario.preset("metis", slash_fraction=fraction), seed, epochs=4).metrics.loc[4]
        np.testing.assert_array_equal([row[name] for name in METRICS], last)


def test_a_store_of_noise_is_like_that_of_a_sweep(tmp_path):
    """It has the same columns of the same types, and no metric in it is missing, alike or short."""
    peaks = coordinate(tmp_path / "swept", points=5, replicates=4, metrics=TWELVE)
    fill(tmp_path / "noise", rows=20, metrics=TWELVE)
    for table in ("runs", "diagnostics"):
        swept, noise = (
            read_table(tmp_path / name, table).drop(columns=AXES, errors="ignore") for name in ("swept", "noise")
        )
        assert swept.dtypes.to_dict() == noise.dtypes.to_dict()
        assert len(swept) == len(noise) == 20
    assert (read(tmp_path / "noise")[list(TWELVE)].nunique() == 20).all()
    assert list(peaks) == ["10%", "50%", "100%", "table"]
    assert min(peaks.values()) > 50


def test_bytes_per_run_are_those_of_all_files(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "part").write_bytes(b"abc")
    (tmp_path / "manifest").write_bytes(b"d")
    assert bytes_per_run(tmp_path, 2) == 2


def test_the_peak_of_memory_is_that_of_the_process_in_bytes():
    """An array as large as the peak so far, filled and let go, is in the peak thereafter."""
    code = (
        "import numpy; from tests.benchmark.process import peak_memory as p; a = p(); numpy.ones(a // 8); print(a, p())"
    )
    before, after = map(int, python("-c", code).split())
    assert 2 * before > after > 1.5 * before > 15e6
