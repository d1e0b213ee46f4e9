"""Basins and loops: without memory there is one place to be and no loop; beliefs that feed themselves make two."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model.core
from experiments import ExperimentError, lines
from experiments.basins.ends import MATERIAL, basins, in_words, parted, places
from experiments.basins.loop import in_words as loop_in_words
from experiments.basins.loop import loop
from experiments.basins.report import write_basins, write_loop
from experiments.basins.starts import (
    DISHONEST,
    HONEST,
    OPENING,
    SIZES,
    STARTS,
    TRAITS,
    adopt,
    begin,
    check_adoptable,
    watch,
)
from experiments.commands.revisiting import led_through
from experiments.question import CATALOG
from model import simulate
from model.core.options import Tactic
from model.core.policy import believed_detection
from model.core.state import State
from model.metrics import compute
from model.parameters import Scenario, ScenarioError, parameter_names
from model.parameters.declaration import facts
from model.population import populate
from model.simulation import Engine
from tests.scenarios import SMALL
from tests.test_command_line import command, refused

INSPECTION = CATALOG / "scenarios" / "inspection.toml"


def game(**changes) -> Scenario:
    return Scenario.from_toml(INSPECTION, **changes)


def same(one: State, other: State) -> bool:
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("learning", ["fixed", "belief", "imitation", "reinforcement"])
def test_beliefs_without_evidence_are_those_of_the_economy_as_it_is(start, learning):
    scenario = Scenario(**SMALL, learning=learning)
    engine, plain = begin(scenario, 7, start, trials=0.0), Engine(scenario, 7)
    assert same(engine.state, plain.state)
    engine.advance(30)
    plain.advance(30)
    assert same(engine.state, plain.state)


def test_honest_beliefs_are_that_offences_are_caught_and_that_there_are_none():
    honest, dishonest = (begin(game(), 7, start, trials=1e9).state for start in STARTS)
    rules = Engine(game(), 7).rules
    for state, belief in ((honest, 1.0), (dishonest, 0.0)):
        assert believed_detection(state.sequencers[0], rules, 0, 0.5) == pytest.approx(belief, abs=1e-7)
    seated = honest.rangers.status == 1
    assert honest.rangers.diligence[seated].max() < 1e-9
    assert dishonest.rangers.diligence[seated].min() > 0.99


def test_what_is_watched_is_what_a_simulation_records():
    scenario = Scenario(**SMALL)
    engine = Engine(scenario, 3)
    parts = [compute(watch(engine, epochs, 5)) for epochs in (20, 15)]
    whole = simulate(scenario, 3, 35, 5).metrics
    for name in ("honesty_by_value", "coverage", "gini_stake_node", "ledger_residual"):
        assert np.concatenate([part[name] for part in parts]) == pytest.approx(whole[name].to_numpy(), nan_ok=True)


def test_rules_that_do_not_change_change_nothing():
    engine, plain = Engine(Scenario(**SMALL), 3), Engine(Scenario(**SMALL), 3)
    engine.advance(10)
    adopt(engine, Scenario(**SMALL))
    engine.advance(10)
    plain.advance(20)
    assert same(engine.state, plain.state)


def test_an_attack_that_is_adopted_begins_and_one_that_is_dropped_ends():
    engine = Engine(Scenario(**SMALL, sanction="none", honest_share=0.0), 1)
    censor = engine.state.attackers[Tactic.CENSORSHIP]
    for fee in (0.0, 1_000.0, 0.0):
        before = float(censor.spent)
        adopt(engine, Scenario(**SMALL, sanction="none", honest_share=0.0, censor_fee=fee))
        engine.advance(3)
        assert (censor.spent > before) == (fee > 0)


def test_new_rules_are_in_force_at_once():
    engine, other = Engine(Scenario(**SMALL), 3), Engine(Scenario(**SMALL, clawback=0.7), 3)
    adopt(engine, Scenario(**SMALL, clawback=0.7))
    engine.advance(20)
    other.advance(20)
    assert same(engine.state, other.state)


def test_inborn_traits_are_drawn_again_with_the_same_luck():
    engine = Engine(Scenario(**SMALL, cost_per_check=0.01), 3)
    engine.advance(10)
    before = State(*(part.copy() for part in engine.state))
    adopt(engine, Scenario(**SMALL, cost_per_check=0.04))
    assert engine.state.rangers.cost == pytest.approx(4 * before.rangers.cost)
    engine.state.rangers.cost[:] = before.rangers.cost
    assert same(engine.state, before)


def test_a_parameter_can_change_midway_or_says_that_it_cannot():
    """What no kernel reads and no trait follows would be led up and back without any effect."""
    read = "".join(path.read_text() for path in Path(model.core.__file__).parent.glob("*.py"))
    derived = (Path(model.core.__file__).parent.parent / "parameters" / "rules.py").read_text()
    vectors = ("evidence_", "slash_multiplier_", "gain_", "exposure_", "harm_")
    for name in parameter_names():
        declared = facts(Scenario.model_fields[name])
        if "low" not in declared or name in SIZES + OPENING:
            with pytest.raises(ExperimentError):
                check_adoptable(name)
            continue
        check_adoptable(name)
        in_force = re.search(rf"\brules\.{name}\b", read) or re.search(rf"\bscenario\.{name}\b", derived)
        assert in_force or name.startswith(vectors) or traits_follow(name), name


def traits_follow(name: str) -> bool:
    low, high = facts(Scenario.model_fields[name])["studied"]
    states = [populate(Scenario(**{**SMALL, name: value}), 3) for value in (low, high)]
    return any(
        (getattr(states[0], group)[trait] != getattr(states[1], group)[trait]).any()
        for group, traits in TRAITS.items()
        for trait in traits
    )


def test_without_evidence_both_starts_end_alike_in_every_metric():
    found = basins(Scenario(**SMALL), replicates=3, epochs=28, trials=0.0)
    known = found.differences["difference"].dropna()
    assert (known == 0).all()
    assert places(found).empty
    assert in_words(found).startswith("One basin, as far as 3 pairs of runs tell")


def test_where_nobody_looks_unless_something_was_found_beliefs_decide_where_it_ends():
    """From honest beliefs nobody ever checks, and in the end all cheat; from dishonest ones checks keep them honest."""
    found = basins(game(), replicates=3, epochs=1456)
    honesty = {start: ends["honesty_by_value"] for start, ends in found.ends.items()}
    assert honesty[HONEST].max() < 0.001
    assert honesty[DISHONEST].min() > 0.9
    assert "honesty_by_value" in places(found).index
    assert parted(found.ends) == pytest.approx(0.46, abs=0.02)
    words = in_words(found)
    assert words.startswith("More than one basin")
    assert "above 0.46 in 0 of 3 runs from honest beliefs and 3 of 3 runs from dishonest beliefs" in words


def test_where_proven_checks_are_paid_there_is_one_place_to_end():
    found = basins(game(proof_of_check=True), replicates=3, epochs=1092)
    assert places(found).empty
    assert parted(found.ends) is None
    assert min(ends["honesty_by_value"].min() for ends in found.ends.values()) > 0.999


def test_imitators_who_never_try_anything_stay_where_they_start():
    scenario = game(learning="imitation", mutation=0.0, sequencer_precision=100, ranger_precision=1_000)
    stuck = basins(scenario, replicates=3, epochs=364)
    ends = {start: table["honesty_by_value"] for start, table in stuck.ends.items()}
    assert (ends[HONEST] == 1).all()
    assert (ends[DISHONEST] == 0).all()
    assert in_words(stuck).startswith("More than one basin")
    tried = basins(scenario.replace(mutation=0.01), replicates=3, epochs=1456)
    assert places(tried).empty


def test_reinforcement_forgets_where_it_started():
    scenario = game(learning="reinforcement", sequencer_precision=20, ranger_precision=300)
    start, other = (begin(scenario, 3, start).state for start in STARTS)
    assert start.sequencers.mix.sum() < other.sequencers.mix.sum()
    assert start.rangers.diligence.max() < other.rangers.diligence.min()
    found = basins(scenario, replicates=3, epochs=1092)
    assert places(found).empty


def test_metis_has_one_basin():
    """Eight pairs over four years: honesty would have to differ by 0.05 to be another place; the interval is 0.01."""
    found = basins(Scenario.preset("metis"), replicates=8, epochs=1456)
    assert places(found).empty
    honesty = found.differences.loc["honesty_by_value"]
    assert abs(honesty["difference"]) < 0.02
    assert honesty["half_width"] < 0.02


def test_evidence_that_is_not_forgotten_is_told():
    """A half-life of 14 epochs leaves half of the trials after 14 of 28 epochs."""
    found = basins(Scenario(**SMALL, memory=14), replicates=2, epochs=28, trials=50)
    assert found.remembered == pytest.approx(25)
    assert "25 trials of the evidence at the start outweigh the prior's 20" in in_words(found)
    assert "outweigh" not in in_words(basins(Scenario(**SMALL, memory=14), replicates=2, epochs=28, trials=30))
    assert basins(Scenario(**SMALL, learning="fixed"), replicates=2, epochs=28, trials=50).remembered == 50


def test_ends_are_parted_where_a_gap_takes_up_most_of_their_range():
    rng = np.random.default_rng(1)

    def ends(values):
        return {"a": pd.DataFrame({"honesty_by_value": values})}

    one = 0.5 + 0.1 * rng.standard_normal(40)
    assert parted(ends(one)) is None
    assert parted(ends(np.concatenate([one / 10, 0.9 + one / 10]))) == pytest.approx(0.5, abs=0.05)
    assert parted(ends([0.5, 0.5 + 0.9 * MATERIAL])) is None
    assert parted(ends([0.5])) is None


@pytest.fixture(scope="module")
def led():
    scenario = game(proof_of_check=True, ranger_precision=16)
    return loop(scenario, "reward_per_check", 0, 0.008, 5, replicates=3, epochs=182)


def test_a_pay_for_checks_that_comes_and_goes_leaves_honesty_behind(led):
    """On the way up nobody looks until the pay is worth half a check; once they look, they find reasons to."""
    table = led.branches.set_index("reward_per_check")
    assert table.loc[[0.0, 0.002], "honesty_by_value_up"].max() < 0.001
    assert table["honesty_by_value_down"].min() > 0.9
    assert table.loc[[0.0, 0.002], "honesty_by_value_clear"].all()
    area, width = led.areas.loc["honesty_by_value"]
    assert area - width > 0.3
    change, width = led.closing.loc["honesty_by_value"]
    assert change - width > 0.9
    words = loop_in_words(led)
    assert words.startswith("Honesty by value is higher on the way back")
    assert "the way there is not undone" in words


def test_the_area_of_a_loop_is_that_between_its_branches(led):
    gap = (led.branches["coverage_down"] - led.branches["coverage_up"]).to_numpy()
    inner, ends = gap[1:-1].sum(), gap[[0, -1]].sum()
    assert led.areas.loc["coverage", "mean"] == pytest.approx((inner + ends / 2) / 4)
    assert led.branches["coverage_gap"].to_numpy() == pytest.approx(gap)
    assert gap[-1] == 0, "at the top the way turns"


def test_an_economy_without_memory_has_a_loop_of_width_zero():
    """With beliefs fixed and no bounty, diligence follows pay and cost alone, and coverage the sampling."""
    scenario = Scenario(**SMALL, learning="fixed", sanction="none", entry_rate=0.0, exit_rate=0.0)
    found = loop(scenario, "sampling_probability", 0.01, 0.5, 4, outcomes=["coverage"], replicates=3, epochs=12)
    assert found.branches["coverage_up"].is_monotonic_increasing
    assert (found.branches["coverage_gap"].abs() < 1e-12).all()
    assert not found.branches["coverage_clear"].any()
    assert found.areas.loc["coverage", "mean"] == pytest.approx(0, abs=1e-12)
    assert found.closing.loc["coverage", "mean"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("parameter", "low", "high", "points", "message"),
    [
        ("reward_per_chek", 0, 1, 3, "did you mean 'reward_per_check'"),
        ("number_of_rangers", 1, 3, 3, "number_of_rangers sets how large an economy is"),
        ("possible_sequencers", 40, 50, 3, "sets how large"),
        ("exit_delay", 1, 9, 3, "sets how large"),
        ("slash_delay", 0, 9, 3, "sets how large"),
        ("correlation_window", 1, 9, 3, "sets how large"),
        ("token_price", 1, 9, 3, "token_price sets how an economy opens"),
        ("selection", 0, 1, 3, "selection is no number"),
        ("proof_of_check", 0, 1, 3, "proof_of_check is no number"),
        ("stakes", 0, 1, 3, "stakes cannot be varied"),
        ("clawback", 0, 1, 1, "with 1 point goes nowhere; give at least 2"),
        ("clawback", 0.5, 0.5, 3, "not below"),
        ("clawback", 0.5, 1.5, 3, "give a number from 0 to 1"),
        ("clawback", 0.0, float("nan"), 3, "give a number"),
    ],
)
def test_a_loop_that_cannot_be_led_says_why_in_one_line(parameter, low, high, points, message):
    with pytest.raises((ExperimentError, ScenarioError)) as caught:
        loop(Scenario(**SMALL), parameter, low, high, points)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", [{"replicates": 1}, {"epochs": 1}, {"epochs": 0}, {"seed": -1}])
def test_counts_that_cannot_be_are_refused(how):
    with pytest.raises(ExperimentError, match=next(iter(how))):
        basins(Scenario(**SMALL), **how)
    with pytest.raises(ExperimentError, match=next(iter(how))):
        loop(Scenario(**SMALL), "clawback", 0, 1, 2, **how)


def test_a_loop_is_drawn_with_both_branches_and_theory(led, tmp_path):
    curves = pd.DataFrame({"theory": "mixed", "reward_per_check": [0.0, 0.008], "coverage": [0.2, 0.3]})
    figure = lines.loop(led.branches, "reward_per_check", ["coverage"], curves=curves)
    (panel,) = figure.get_axes()
    drawn = [list(line.get_ydata()) for line in panel.get_lines()]
    assert list(led.branches["coverage_up"]) in drawn
    assert list(led.branches["coverage_down"]) in drawn
    assert [0.2, 0.3] in drawn
    assert {text.get_text() for text in panel.get_legend().get_texts()} == {"way up", "way back", "mixed"}
    paths = write_loop(led, tmp_path / "out")
    assert [path.name for path in paths] == ["loop.png", "loop.csv", "loop_visits.csv"]
    assert len(pd.read_csv(paths[2])) == 3 * 5


def test_basins_leave_figure_and_tables(tmp_path):
    found = basins(Scenario(**SMALL), replicates=2, epochs=28)
    paths = write_basins(found, tmp_path / "out")
    assert [path.name for path in paths] == ["basins.png", "basins.csv", "basins_ends.csv"]
    assert len(pd.read_csv(paths[2])) == 4


@pytest.mark.parametrize(
    "text", ["clawback", "clawback=", "=0:1:3", "clawback=0:1", "clawback=0:1:2:3", "clawback=a:1:3"]
)
def test_a_loop_is_written_as_name_low_high_points(text):
    with pytest.raises(ExperimentError, match=f"--loop {text}: write NAME=LOW:HIGH:POINTS"):
        led_through(text)


SMALL_FILE = "".join(f"{name} = {value}\n" for name, value in SMALL.items())


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["metiz"], ["metiz", "metis"]),
        (["nowhere.toml"], ["cannot read nowhere.toml"]),
        (["metis", "--loop", "clawback=0:1:many"], ["--loop clawback=0:1:many", "NAME=LOW:HIGH:POINTS"]),
        (["metis", "--loop", "clawback=0:1:1"], ["with 1 point", "at least 2"]),
        (["metis", "--set", "clawback=2"], ["clawback = 2"]),
    ],
)
def test_a_mistake_on_the_command_line_ends_in_one_line(tmp_path, arguments, parts):
    refused(command(tmp_path, "basins", *arguments), parts)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_tells_and_leaves_what_it_found(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL_FILE)
    few = ["--replicates", "2", "--epochs", "28"]
    told = command(tmp_path, "basins", "small.toml", *few)
    assert told.returncode == 0, told.stderr
    assert "results/small_basins/basins.png" in told.stdout
    told = command(tmp_path, "basins", "small.toml", "--loop", "clawback=0:1:3", *few, "--out", "here")
    assert told.returncode == 0, told.stderr
    assert "Honesty by value" in told.stdout
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"loop.png", "loop.csv", "loop_visits.csv"}
