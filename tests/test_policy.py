"""What a sequencer fears and how it chooses: closed forms, and the direction in which every lever moves it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.core.conduct import decide
from model.core.options import NOBODY, OFFENCES, Conduct, Offence
from model.core.policy import advertised_detection, appraise, believed_detection, chances, franchise
from model.core.rows import SEQUENCER, record, rows
from model.core.state import MARKET
from model.parameters import Scenario
from model.parameters.rules import rules_of
from tests.scenarios import stage

BASE = {"min_stake": 0.0, "slash_fraction": 0.1, "clawback": 0.3, "enforcement": 0.6, "stake_alignment": 0.5}
NODE = {
    "conduct": Conduct.RATIONAL, "skill": 1.2, "self_stake": 30_000.0, "pool": 10_000.0, "wallet": 0.0,
    "income_average": 40.0, "profit_average": 25.0, "caution": [1.0, 1.0, 1.0], "sharpness": 1.0,
}  # fmt: skip
ADVERTISED, PRICE = 0.2, 3.0
positive = st.floats(1e-3, 1e3)


def node_with(**changes: Any) -> np.record:
    node = rows(SEQUENCER, 1)[0]
    for name, value in {**NODE, **changes}.items():
        setattr(node, name, value)
    return node


def value_of(
    node: np.record, advertised: float = ADVERTISED, price: float = PRICE, bribes: float = 0.0, **changes: Any
) -> float:
    """Return what opportunity a reordering needs to pay, for a node with these beliefs under these rules."""
    rules = rules_of(Scenario(**{**BASE, **changes}))
    belief = believed_detection(node, rules, int(Offence.REORDER), advertised)
    now = record(MARKET)
    now.price, now.capture = price, rules.capture
    appraise(node, rules, int(Offence.REORDER), belief, bribes, now)
    return float(node.reservation[Offence.REORDER])


def test_reservation_value_is_its_closed_form():
    node = node_with(caught=[3.0, 0.0, 0.0], uncaught=[7.0, 0.0, 0.0])
    belief = (20 * ADVERTISED + 3) / (20 + 3 + 7)
    cost = 0.6 * (0.1 * (30_000 + 0.5 * 10_000) * PRICE + 40 * 7)
    kept = 1.2 * 1.0 * (1 - belief * 0.3) - 0.1
    assert value_of(node) == pytest.approx(belief * cost / kept, rel=1e-12)
    assert value_of(node, bribes=50.0) == pytest.approx((belief * cost + 50) / kept, rel=1e-12)
    assert node.kept[Offence.REORDER] == pytest.approx(kept, rel=1e-12)


def test_caution_multiplies_the_reservation_value():
    plain = value_of(node_with())
    assert value_of(node_with(caution=[2.5, 9.0, 9.0])) == pytest.approx(2.5 * plain, rel=1e-12)
    assert value_of(node_with(caution=[0.0, 9.0, 9.0])) == 0
    for changes in ({}, {"sanction": "none"}):
        assert value_of(node_with(caution=[math.inf, 0.0, 0.0]), **changes) == math.inf


def test_sharpness_multiplies_the_precision():
    for choice in ("luce", "logit"):
        rules = rules_of(Scenario(choice=choice, sequencer_precision=3.0))
        plain, sharp = np.zeros(OFFENCES), np.zeros(OFFENCES)
        node = node_with(reservation=[7.0, 9.0, 11.0], kept=[1.0, 0.8, 0.5])
        chances(node, rules_of(Scenario(choice=choice, sequencer_precision=6.0)), 8.0, 2.0, plain)
        node.sharpness = 2.0
        chances(node, rules, 8.0, 2.0, sharp)
        np.testing.assert_array_equal(sharp, plain)


def test_a_policy_of_its_own_is_left_alone_but_for_what_the_node_expects_to_keep():
    node = node_with(custom=1, reservation=[7.0, 7.0, 7.0])
    assert value_of(node) == 7
    assert node.kept[Offence.REORDER] > 0


@pytest.mark.parametrize(
    ("changes", "node", "years_of"),
    [
        ({}, {}, 40.0 * 7),
        ({"jail_epochs": 0}, {}, 0.0),
        ({"jail_epochs": 1_000, "planning_horizon": 90}, {}, 40.0 * 90),
        ({"expel": True}, {}, 25.0 * 180),
        ({"expel": True}, {"profit_average": -1.0}, 0.0),
        ({"min_stake": 28_000.0}, {}, 25.0 * 180),
        ({"min_stake": 28_000.0, "top_up": True}, {"wallet": 1_000.0}, 40.0 * 7),
        ({"min_stake": 28_000.0, "top_up": False}, {"wallet": 1_000.0}, 25.0 * 180),
        ({"slash_fraction": 1.0}, {}, 25.0 * 180),
    ],
)
def test_a_conviction_costs_the_time_in_jail_or_the_future(changes, node, years_of):
    rules = rules_of(Scenario(**{**BASE, **changes}))
    assert franchise(node_with(**node), rules, int(Offence.REORDER)) == pytest.approx(years_of)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.sampled_from(["slash_fraction", "enforcement", "stake_alignment", "clawback", "planning_horizon", "advertised"]
                    + ["caught", "self_stake", "pool", "price", "income_average", "profit_average"]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), st.booleans(),
)  # fmt: skip
def test_every_deterrent_raises_the_reservation_value(lever, shares, expel):
    """No deterrent backfires, as long as removal costs no less than jail (a loss-making node would be glad of it)."""
    values = []
    for share in shares:
        if lever in NODE:
            values.append(value_of(node_with(**{lever: 2 * share * NODE[lever]}), expel=expel))
        elif lever == "caught":
            values.append(value_of(node_with(caught=np.full(OFFENCES, 50 * share)), expel=expel))
        elif lever in ("advertised", "price"):
            values.append(value_of(node_with(), expel=expel, **{lever: share}))
        else:
            values.append(value_of(node_with(), expel=expel, **{lever: 200 * share if "horizon" in lever else share}))
    assert values[0] <= values[1] * (1 + 1e-12)


@pytest.mark.parametrize(
    ("lever", "low", "high"),
    [
        ("slash_fraction", 0.01, 0.2),
        ("enforcement", 0.2, 0.9),
        ("jail_epochs", 1, 30),
        ("clawback", 0.0, 0.9),
        ("honest_capture", 0.0, 0.9),
    ],
)
def test_a_deterrent_deters(lever, low, high):
    assert value_of(node_with(), **{lever: low}) < value_of(node_with(), **{lever: high})


@pytest.mark.parametrize("temptation", ["gain_reorder", "exposure_reorder"])
def test_a_temptation_tempts(temptation):
    assert value_of(node_with(), **{temptation: 1.0}) < value_of(node_with(), **{temptation: 0.5})
    assert value_of(node_with(), **{temptation: 0.05}) == math.inf


def test_what_is_taken_back_for_certain_is_not_worth_taking():
    assert value_of(node_with(), advertised=1.0, clawback=1.0) == math.inf


def test_without_a_sanction_an_offence_is_free():
    assert value_of(node_with(), sanction="none") == 0
    assert value_of(node_with(), advertised=0.0) == 0


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 6))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_advertised_detection_is_that_of_independent_rangers(sampling, evidence, seats):
    scenario = Scenario(
        sampling_probability=sampling, evidence_reorder=evidence, number_of_rangers=seats, possible_rangers=8
    )
    state = stage(**scenario.model_dump(include={"number_of_rangers", "possible_rangers"})).state
    found = advertised_detection(state, rules_of(scenario), state.sequencers[0], int(Offence.REORDER))
    assert found == pytest.approx(1 - (1 - sampling * evidence) ** seats, rel=1e-12, abs=1e-12)


def mix_of(node: np.record, value: float, mean: float = 1.0, **changes: Any) -> np.ndarray:
    """Return the chances of each offence in a block of this value."""
    mix = np.zeros(OFFENCES)
    total = chances(node, rules_of(Scenario(**changes)), value, mean, mix)
    assert total == pytest.approx(mix.sum(), rel=1e-12)
    return mix


def by_formula(choice: str, value: float, reservation: list[float], kept: list[float], precision: float) -> np.ndarray:
    """Return the same, as the rules are written: weights of the offences beside honesty's."""
    pairs = zip(reservation, kept, strict=True)
    utility = [k * (value - tau) if k > 0 and tau < math.inf else -math.inf for tau, k in pairs]
    if choice == "best_response":
        best = int(np.argmax(utility))
        return np.array([float(a == best and utility[a] > 0) for a in range(OFFENCES)])
    if choice == "logit":
        scores = [precision * u for u in utility]
    else:
        scores = [precision * (math.log(value) - math.log(tau)) if tau < math.inf else -math.inf for tau in reservation]
    highest = max(0.0, *scores)
    weights = np.exp(np.array(scores) - highest)
    return weights / (math.exp(-highest) + weights.sum())


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.sampled_from(["luce", "logit", "best_response"]),
    st.lists(positive | st.just(math.inf), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 3) | st.just(0.0), min_size=3, max_size=3),
    positive, positive, st.sampled_from([0.01, 0.5, 4.0, 60.0]),
)  # fmt: skip
def test_each_rule_is_its_formula(choice, reservation, kept, value, mean, precision):
    node = node_with(reservation=reservation, kept=kept)
    mix = mix_of(node, value, mean, choice=choice, sequencer_precision=precision)
    expected = by_formula(choice, value, reservation, kept, precision)
    for nearby in (value * (1 - 1e-9), value * (1 + 1e-9)):
        assume(expected == pytest.approx(by_formula(choice, nearby, reservation, kept, precision), abs=1e-6))
    assert mix == pytest.approx(expected, rel=1e-8, abs=1e-12)


rules_and_nodes = st.tuples(
    st.sampled_from(["luce", "logit", "best_response"]),
    st.lists(positive, min_size=3, max_size=3),
    st.lists(st.floats(0.01, 3), min_size=3, max_size=3),
)


@given(rules_and_nodes, positive, positive, st.floats(0, 1), st.floats(0.1, 50))
@settings(derandomize=True, deadline=None)
def test_chances_are_bounded_by_the_ends_of_a_stratum(rule, low, width, share, precision):
    """The chance to offend never falls with the opportunity; that of a kind is nowhere below the lower of the ends."""
    choice, reservation, kept = rule
    node = node_with(reservation=reservation, kept=kept)
    at = [
        mix_of(node, v, choice=choice, sequencer_precision=precision) for v in (low, low + share * width, low + width)
    ]
    sums = [mix.sum() for mix in at]
    assert sums[0] <= sums[1] * (1 + 1e-12)
    assert sums[1] <= sums[2] * (1 + 1e-12)
    assert np.all(at[1] >= np.minimum(at[0], at[2]) * (1 - 1e-9))


@given(rules_and_nodes, positive)
@settings(derandomize=True, deadline=None)
def test_with_one_offence_the_limit_of_precision_is_the_best_response(rule, value):
    _, reservation, kept = rule
    node = node_with(reservation=[reservation[0], math.inf, math.inf], kept=kept)
    best = mix_of(node, value, choice="best_response")
    if abs(value / reservation[0] - 1) > 1e-3:
        assert mix_of(node, value, choice="luce", sequencer_precision=1e5) == pytest.approx(best, abs=1e-12)
        assert mix_of(node, value, choice="logit", sequencer_precision=1e6) == pytest.approx(best, abs=1e-3)


def test_the_logit_mix_is_that_of_gains_and_losses():
    """Two offences of equal reservation value: the richer one is e to the difference of gains more likely."""
    node = node_with(reservation=[2.0, 2.0, math.inf], kept=[1.0, 0.5, 1.0])
    mix = mix_of(node, 5.0, choice="logit", sequencer_precision=0.8)
    assert mix[0] / mix[1] == pytest.approx(math.exp(0.8 * (1.0 - 0.5) * 3.0), rel=1e-12)
    assert mix[0] / (1 - mix.sum()) == pytest.approx(math.exp(0.8 * 3.0), rel=1e-12)


@pytest.mark.parametrize("free", [free for n in (1, 2, 3) for free in itertools.combinations(range(OFFENCES), n)])
def test_who_has_nothing_to_fear_takes_the_best_free_offence(free):
    reservation = np.full(OFFENCES, 1.0)
    reservation[list(free)] = 0.0
    gains = {"gain_reorder": 1.0, "gain_insert": 3.0, "gain_censor": 2.0}
    node = node_with(reservation=reservation)
    best = max(free, key=[1.0, 3.0, 2.0].__getitem__)
    for value in (1e-6, 1.0, 1e6):
        assert mix_of(node, value, **gains).tolist() == [float(a == best) for a in range(OFFENCES)]


@pytest.mark.parametrize("choice", ["luce", "logit", "best_response"])
def test_the_byzantine_do_the_most_harm_and_the_honest_none(choice):
    changes = {"gain_reorder": 1.0, "gain_insert": 1.5, "gain_censor": 1.0, "harm_censor": 2.0, "choice": choice}
    byzantine = node_with(conduct=Conduct.BYZANTINE, reservation=np.full(3, 1e9))
    honest = node_with(conduct=Conduct.HONEST, reservation=np.zeros(3), kept=np.ones(3))
    for value in (1e-9, 1.0, 1e9):
        assert mix_of(byzantine, value, **changes).tolist() == [0, 0, 1]
        assert mix_of(honest, value, **changes).tolist() == [0, 0, 0]


def test_only_rational_nodes_without_a_policy_of_their_own_are_decided_for():
    engine = stage()
    nodes = engine.state.sequencers
    nodes.reservation = NOBODY
    nodes.custom[0], nodes.conduct[1], nodes.conduct[2] = 1, Conduct.HONEST, Conduct.BYZANTINE
    decide(engine.state, engine.rules)
    assert np.all(nodes.reservation[[0, 1, 2, 5, 6, 7]] == NOBODY)
    assert np.all(nodes.reservation[3:5] > 0)
