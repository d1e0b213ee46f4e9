"""Arms: named variants side by side, over time and along what varies, with theory where there is one."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from experiments import Design, ExperimentError, lines, sweep
from experiments.arms import arms_of
from experiments.paths import paths, restless, rhythm
from experiments.question import CATALOG, load
from experiments.report import answer, compact
from experiments.side_by_side import at_home, in_words
from experiments.theories import INSPECTION, MIXED, QUANTAL, expected, game_of, pay_threshold
from model.parameters import Scenario, ScenarioError

SMALL = {"number_of_delegators": 20, "blocks_per_epoch": 200}
INSPECTION_FILE = CATALOG / "scenarios" / "inspection.toml"
ARMS = """
outcomes = ["honesty_by_value", "coverage"]
replicates = 2
epochs = 8
record_every = 2
[set]
number_of_delegators = 20
blocks_per_epoch = 200
[[arms]]
name = "paid"
[[arms]]
name = "unpaid"
proof_of_check = false
"""


@pytest.fixture
def ask(tmp_path):
    path = tmp_path / "ask.toml"
    path.write_text(ARMS + "[vary]\ncost_per_check = [0.005, 0.02]\n")
    return load(str(path))


def game(**changes) -> Scenario:
    return Scenario.from_toml(INSPECTION_FILE, **changes)


def test_every_arm_is_run_at_home_and_along_what_varies():
    arms, design = arms_of(
        [{"name": "a"}, {"name": "b", "memory": 2}], {"clawback": [0.5, 1.0]}, Scenario(clawback=0.25)
    )
    assert arms == {"a": {"memory": 90.0, "clawback": 0.25}, "b": {"memory": 2.0, "clawback": 0.25}}
    assert design.axes == ("memory", "clawback")
    assert [tuple(point.values()) for point in design.points] == [
        (memory, clawback) for memory in (90.0, 2.0) for clawback in (0.25, 0.5, 1.0)
    ]


def test_arms_need_nothing_that_varies():
    arms, design = arms_of([{"name": "a"}, {"name": "b", "memory": 2}], {}, Scenario())
    assert [dict(point) for point in design.points] == list(arms.values()) == [{"memory": 90.0}, {"memory": 2.0}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[arms]]\nname = "a"', "1 arm: give at least two"),
        ('[[arms]]\nname = "a"\n[[arms]]\nmemory = 2', "arm 2 has no name"),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = 3', "arm 2 has no name"),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = "a"\nmemory = 2', "two arms are called 'a'"),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = 90', "arms 'a' and 'b' differ in nothing"),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemori = 9', "did you mean 'memory'"),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = -9', "memory = -9"),
        (
            '[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = 9\n[vary]\nmemory = [1, 2]',
            "memory stands under [[arms]]",
        ),
        ('[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = 9\n[vary]\nselection = {}', "selection is no number"),
        ('design = "grid"\n[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = 9', "leave out design and points"),
        ('figure = "curve"\n[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nmemory = 9', "figure = 'curve' needs"),
        ('figure = "arms"\n[vary]\nmemory = [1, 2]', "figure = 'arms' needs [[arms]]"),
        ("arms = 3", "arms = 3: give [[arms]]"),
        ("arms = [1, 2]", "arm 1 has no name"),
    ],
)
def test_arms_that_cannot_be_are_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "ask.toml").write_text(text)
    with pytest.raises((ExperimentError, ScenarioError)) as caught:
        load(str(tmp_path / "ask.toml"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_tells_of_every_arm_and_leaves_figure_and_data(ask, tmp_path):
    result = answer(ask, tmp_path / "out")
    assert {path.name for path in result.files} == {"runs", "ask.png", "ask.csv", "ask_over_time.csv"}
    assert len(result.runs) == 2 * 3 * 2
    first, second, *_ = result.words.splitlines()
    assert first.startswith("Paid: honesty by value ")
    assert second.startswith("Unpaid: honesty by value ")
    moving = pd.read_csv(tmp_path / "out" / "ask_over_time.csv")
    assert set(moving["arm"]) == {"paid", "unpaid"}
    assert len(moving) == 2 * 2 * 4
    shown = compact(ask, result.points, ask.outcomes)
    assert list(shown.index) == ["paid", "unpaid"]
    assert shown.equals(at_home(ask, result.points)[["honesty_by_value", "coverage"]])


def test_runs_over_time_are_those_of_the_sweep():
    scenario, outcomes = Scenario(**SMALL), ["honesty_by_value", "coverage"]
    table = sweep(
        scenario, Design.listed([{"memory": 90.0}]), replicates=2, epochs=12, record_every=3, seed=5,
        metrics=outcomes, series=True, workers=1,
    )  # fmt: skip
    ours = paths(scenario, table["seed"], outcomes, 12, 3)
    assert ours[["epoch", *outcomes]].to_numpy() == pytest.approx(table.series[["epoch", *outcomes]].to_numpy(), abs=0)


def test_a_wave_has_its_swing_and_its_period():
    epochs = np.arange(1, 801)
    wave = pd.DataFrame({"seed": 1, "epoch": epochs, "honesty": 0.5 + 0.3 * np.sin(2 * np.pi * epochs / 16 + 0.1)})
    found = rhythm(wave, "honesty")
    assert found.swing == pytest.approx(0.3 / np.sqrt(2), rel=1e-6)
    assert found.period == pytest.approx(16)
    assert restless(found, 0.5)
    still = rhythm(wave.assign(honesty=0.5), "honesty")
    assert still.swing == 0
    assert np.isnan(still.period)
    assert not restless(still, 0.5)


def fixed_point(scenario: Scenario) -> tuple[float, float]:
    """Return deviation and diligence at which belief and deed agree, from the rules of the model, written out again."""
    stake = scenario.stakes[0] * scenario.token_price
    gain = scenario.daily_volume_usd * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch
    fine, rangers = scenario.slash_fraction * stake, scenario.number_of_rangers
    earned = scenario.reward_per_check if scenario.proof_of_check else scenario.trap_rate * scenario.trap_penalty

    def deviation(diligence):
        found = 1 - (1 - scenario.sampling_probability * diligence) ** rangers
        return 1 / (1 + (found * fine / ((1 - found) * gain)) ** scenario.sequencer_precision)

    def excess(diligence):
        find = scenario.sampling_probability * diligence
        share = (1 - (1 - find) ** rangers) / (rangers * find)
        benefit = earned + deviation(diligence) * scenario.bounty_share * fine * share
        return 1 / (1 + (scenario.cost_per_check / benefit) ** scenario.ranger_precision) - diligence

    diligence = brentq(excess, 1e-12, 1.0, xtol=1e-15)
    return deviation(diligence), diligence


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cost_per_check": 0.05},
        {"proof_of_check": True, "reward_per_check": 0.008},
        {"trap_rate": 0.02, "trap_penalty": 0.9},
        {"number_of_rangers": 2, "sampling_probability": 0.6, "sequencer_precision": 2.0},
    ],
)
def test_the_quantal_response_is_where_the_rules_of_the_model_agree_with_themselves(changes):
    scenario = game(**changes)
    deviating, checking = fixed_point(scenario)
    found = expected(scenario)[QUANTAL]
    assert found["honesty_by_blocks"] == found["honesty_by_value"] == pytest.approx(1 - deviating, rel=1e-9)
    assert found["diligence"] == pytest.approx(checking, rel=1e-9)
    unseen = (1 - scenario.sampling_probability * checking) ** scenario.number_of_rangers
    assert found["coverage"] == pytest.approx(1 - unseen, rel=1e-9)


def test_quantal_response_is_expected_of_those_alone_who_learn_what_the_others_do():
    assert list(expected(game())) == [MIXED, QUANTAL]
    assert list(expected(game(learning="fixed"))) == [MIXED]
    assert list(expected(game(choice="best_response"))) == [MIXED]


def test_in_the_mixed_equilibrium_nobody_gains_by_another_act():
    scenario = game()
    players, found = game_of(scenario), expected(scenario)[MIXED]
    assert found["coverage"] * players.loss == pytest.approx((1 - found["coverage"]) * players.gain)
    check = scenario.sampling_probability * found["diligence"]
    share = found["coverage"] / (players.rangers * check)
    assert (1 - found["honesty_by_blocks"]) * players.bounty * share == pytest.approx(players.cost)


@pytest.mark.parametrize(("sampling", "honesty"), [(0.2, 1.0), (0.01, 0.0)])
def test_checks_that_pay_are_all_made_and_deter_if_they_are_enough(sampling, honesty):
    found = expected(game(proof_of_check=True, sampling_probability=sampling))[MIXED]
    assert found["diligence"] == 1
    assert found["honesty_by_blocks"] == honesty


@pytest.mark.parametrize("name", INSPECTION)
def test_theory_is_silent_where_something_else_is_to_be_won_or_lost(name):
    other = {
        "verification": "none", "sanction": "none", "opportunity": "exponential", "price_process": "gbm",
        "expel": True, "sybil_nodes": 1, "jail_epochs": 1, "number_of_delegators": 9, "consensus": "bft_linear",
        "handover_start": 9, "handover_end": 9, "sister_chains": 1, "hit_and_run_nodes": 1,
    }  # fmt: skip
    scenario = game()
    assert game_of(scenario) is not None
    assert expected(scenario.replace(**{name: other.get(name, 0.5)})) == {}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cost_per_check", {"proof_of_check": True}),
        ("reward_per_check", {"proof_of_check": True}),
        ("cost_per_check", {"trap_rate": 0.03}),
        ("trap_rate", {"trap_rate": 0.03}),
        ("trap_penalty", {"trap_rate": 0.03}),
    ],
)
def test_the_threshold_is_where_the_mixed_equilibrium_jumps(name, changes):
    scenario = game(**changes)
    value = pay_threshold(scenario, name)
    sides = [
        expected(scenario.replace(**{name: value * factor}))[MIXED]["diligence"] for factor in (1 - 1e-9, 1 + 1e-9)
    ]
    assert sorted(sides) == [pytest.approx(0.2148, abs=1e-4), 1.0]


def test_there_is_no_threshold_without_pay_for_checking():
    assert pay_threshold(game(), "cost_per_check") is None
    assert pay_threshold(game(proof_of_check=True), "memory") is None
    assert pay_threshold(Scenario.preset("metis"), "cost_per_check") is None


def test_the_dilemma_is_there_with_the_bounty_alone_and_gone_with_either_remedy():
    """Honesty over the later half of six runs; their means vary by 0.01 at most, the effects are eight times that."""
    question = load("dilemma")
    honesty, swing = {}, {}
    for arm, home in question.arms.items():
        runs = paths(question.scenario.replace(**home), range(6), ["honesty_by_blocks"], 240, 2)
        honesty[arm] = runs.loc[runs["epoch"] > 120, "honesty_by_blocks"].mean()
        swing[arm] = rhythm(runs, "honesty_by_blocks").swing
    settles, cycles, *remedies = question.arms
    theory = expected(question.scenario.replace(**question.arms[settles]))[QUANTAL]["honesty_by_blocks"]
    assert honesty[settles] == pytest.approx(theory, abs=0.03)
    assert swing[cycles] > 0.1 > 3 * swing[settles]
    assert all(honesty[arm] > 0.999 and swing[arm] < 0.001 for arm in remedies)


def test_a_figure_of_arms_shows_means_theory_and_marks():
    epochs = [2, 4, 6]
    moving = {
        arm: pd.DataFrame(
            {"seed": seed, "epoch": epoch, "honesty": level + seed} for seed in (1, 3) for epoch in epochs
        )
        for arm, level in (("a", 0.0), ("b", 10.0))
    }  # fmt: skip
    along = pd.DataFrame({"arm": ["a", "a", "b", "b"], "cost": [1.0, 2.0] * 2, "honesty": [4.0, 3.0, 2.0, 1.0],
                          "honesty_half_width": 0.1})  # fmt: skip
    curves = pd.DataFrame({"arm": ["a", "a", "b", "b"], "theory": "mixed", "cost": [1.0, 2.0] * 2, "honesty": 2.5})
    levels = {"a": pd.DataFrame({"honesty": [2.5]}, index=["mixed"])}
    figure = lines.arms(
        moving, {"cost": along}, ["honesty"], levels=levels, curves={"cost": curves},
        marks={"cost": {"here": 1.5}}, title="Which?", labels={"cost": "Cost (USD)"},
    )  # fmt: skip
    first, second, below = figure.get_axes()
    assert [first.get_title(), second.get_title()] == ["a", "b"]
    means = {panel: [line for line in panel.get_lines() if line.get_linewidth() > 2][0] for panel in (first, second)}
    assert list(means[first].get_ydata()) == [2.0] * 3
    assert list(means[second].get_ydata()) == [12.0] * 3
    assert [2.5, 2.5] in [list(line.get_ydata()) for line in first.get_lines()]
    drawn = [list(line.get_ydata()) for line in below.get_lines()]
    assert [4.0, 3.0] in drawn
    assert [2.0, 1.0] in drawn
    assert drawn.count([2.5, 2.5]) == 1, "what theory says of both arms alike is drawn once"
    assert [1.5, 1.5] in [list(line.get_xdata()) for line in below.get_lines()]
    assert below.get_xlabel() == "Cost (USD)"
    assert {text.get_text() for text in below.get_legend().get_texts()} == {"a", "b", "mixed"}


def test_outcomes_of_other_units_have_panels_of_their_own(tmp_path):
    text = ARMS.replace('"coverage"]', '"user_harm", "coverage"]')
    (tmp_path / "ask.toml").write_text(f"{text}[vary]\ncost_per_check = [0.005, 0.02]\n")
    question = load(str(tmp_path / "ask.toml"))
    assert [path.name for path in answer(question, tmp_path / "out").files][1] == "ask.png"
    runs = pd.DataFrame({"seed": 1, "epoch": [1, 2], "honesty": 0.5, "harm": 7.0})
    figure = lines.arms({"a": runs, "b": runs}, {}, ["honesty", "harm"], together=[["honesty"], ["harm"]])
    upper, lower = figure.get_axes()[::2]
    assert [line.get_ydata()[0] for line in upper.get_lines()] == [0.5] * 2
    assert [line.get_ydata()[0] for line in lower.get_lines()] == [7.0] * 2


def test_a_theory_has_the_same_dashes_everywhere_though_it_be_silent_somewhere():
    runs = pd.DataFrame({"seed": 1, "epoch": [1, 2], "honesty": 0.5})
    levels = {
        "a": pd.DataFrame({"honesty": [0.1, 0.2]}, index=["mixed", "quantal"]),
        "b": pd.DataFrame({"honesty": [0.3]}, index=["quantal"]),
    }
    first, second = lines.arms({"a": runs, "b": runs}, {}, ["honesty"], levels=levels).get_axes()
    dashes = {line.get_ydata()[0]: line.get_linestyle() for panel in (first, second) for line in panel.get_lines()
              if len(line.get_ydata()) and line.get_linestyle() != "-"}  # fmt: skip
    assert dashes[0.3] == dashes[0.2] != dashes[0.1]


def test_where_an_arm_parts_most_from_theory_is_told():
    question = load("dilemma")
    rows = []
    for point in question.design.points:
        theory = expected(question.scenario.replace(**point))[QUANTAL]
        level = {name: theory[name] for name in question.outcomes}
        rows.append({**point, **level, **{f"{name}_half_width": 0.01 for name in question.outcomes}})
    points, still = pd.DataFrame(rows), pd.DataFrame({"seed": 1, "epoch": [1, 2, 3, 4], "honesty_by_blocks": 0.5})
    moving = dict.fromkeys(question.arms, still.assign(coverage=0.5))
    told = in_words(question, points, moving)
    assert len(told) == 4 + 1
    assert told[-1] == "Pay = cost of a check at cost per check 0.02."
    moved = (points["cost_per_check"] == 0.1) & (points["trap_rate"] > 0)
    points.loc[moved, "honesty_by_blocks"] -= 0.3
    *_, departure = in_words(question, points, moving)
    expectation = expected(question.scenario.replace(trap_rate=0.02, cost_per_check=0.1))[QUANTAL]["honesty_by_blocks"]
    assert departure == (
        "Test blocks is farthest from the quantal response at cost per check 0.1: honesty by blocks "
        f"{expectation - 0.3:.3f} ± 0.01, not {expectation:.3f}."
    )
