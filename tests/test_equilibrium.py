"""The certificate: luck taken out without bias, deviations that pay found, those that do not left alone."""

import numpy as np
import pytest

from experiments.equilibrium.certificate import certify
from experiments.equilibrium.coalitions import joint
from experiments.equilibrium.deviations import unilateral
from experiments.equilibrium.payoff import Members, Play
from experiments.equilibrium.search import gains
from experiments.equilibrium.settling import judged
from experiments.equilibrium.words import in_words
from experiments.equilibrium.world import calm, frozen
from experiments.errors import ExperimentError
from model import Scenario
from model.core.audit import residual
from model.simulation import Engine

METIS = Scenario.preset("metis")
QUICK = {"epochs": 182, "horizon": 60, "worlds": 12, "screened": 6}
EVERYTHING = [*unilateral(), *joint()]


def world(scenario, seed=1, epochs=100):
    engine = Engine(calm(scenario), seed)
    engine.advance(epochs)
    return frozen(engine, seed + 10_000)


def nothing(state, rules):
    pass


def test_a_world_is_as_it_was_after_it_was_played():
    one = world(METIS)
    before = [part.tobytes() for part in one.state]
    for deviation in EVERYTHING:
        move = deviation.made_in(one)
        if move is not None:
            one.play(5, move.change)
    assert [part.tobytes() for part in one.state] == before


def test_who_changes_nothing_gains_nothing():
    one = world(METIS)
    members = Members(nodes=(0, 1), rangers=(0,), delegators=(3,))
    assert Play(one, 40, nothing).of(members) == Play(one, 40).of(members)


@pytest.mark.parametrize("learning", ["belief", "imitation"])
def test_no_deviation_makes_or_loses_tokens(learning):
    """All can be made there, but for those above a rung of the ladder, which only learners from payoffs climb."""
    one, impossible = world(METIS.replace(stakes=(90_000.0,) * 10, learning=learning)), []
    for deviation in EVERYTHING:
        move = deviation.made_in(one)
        if move is None:
            impossible.append(deviation.words)
            continue
        for change in filter(None, (move.change, move.otherwise)):
            _, seen, end = one.play(30, change)
            left_over = residual(end.accounts, seen.tokens[-1])
            assert abs(left_over) < 1e-9 * METIS.token_supply, deviation
    rungs = [deviation.words for deviation in EVERYTHING if "times the mean" in deviation.words]
    assert impossible == (rungs if learning == "belief" else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"attention": 0.05},
        {"verification": "none"},
        {"sanction": "none"},
        {"slash_delay": 0, "reward_rule": "target_rate"},
        {"learning": "reinforcement", "sequencer_precision": 1.0},
    ],
    ids=str,
)
def test_luck_has_mean_zero_whatever_the_rules(changes):
    """Within four standard errors (false alarm 1 in 15,000 each), for three roles, all of which offend often."""
    engine = Engine(calm(METIS.replace(slash_fraction=0.02, **changes)), 1)
    engine.advance(50)
    d = int(np.flatnonzero(engine.state.delegators.pool == 0)[0])
    roles = [Members(nodes=(0,)), Members(rangers=(0,)), Members(delegators=(d,))]

    def rob(state, rules):
        state.sequencers.caution = 0.05
        state.delegators[d].custom = 1

    plays = (Play(frozen(engine, seed), 40, rob) for seed in range(120))
    luck = np.array([[play.luck(members) for members in roles] for play in plays])
    error = luck.std(axis=0, ddof=1) / np.sqrt(len(luck))
    assert (np.abs(luck.mean(axis=0)) <= 4 * error).all()
    assert error[0] > 0


def test_luck_is_taken_out_without_bias_and_takes_most_of_the_noise_along():
    """Mean zero within four standard errors (false alarm 1 in 15,000 each), for three roles."""
    scenario = METIS.replace(slash_fraction=0.02, attention=0.0, entry_rate=0.0, exit_rate=0.0)
    engine = Engine(calm(scenario), 1)
    engine.advance(50)
    (d,) = np.flatnonzero(engine.state.delegators.pool == 0)[:1]
    roles = [Members(nodes=(0,)), Members(rangers=(0,)), Members(delegators=(int(d),))]
    plays = (Play(frozen(engine, seed), 60) for seed in range(300))
    both = np.array([[(play.luck(members), play.of(members)) for members in roles] for play in plays])
    luck, fair = both[:, :, 0], both[:, :, 1]
    assert (np.abs(luck.mean(axis=0)) < 4 * luck.std(axis=0, ddof=1) / np.sqrt(len(luck))).all()
    assert (fair.var(axis=0) < 0.3 * (fair + luck).var(axis=0)).all()


def test_the_luck_of_who_is_bribed_has_mean_zero_too():
    """Two of five Rangers keep silent about a node that offends often, among delegators who come and go."""
    engine = Engine(calm(METIS.replace(slash_fraction=0.02, attention=0.05)), 1)
    engine.advance(50)
    (bribery,) = [one for one in EVERYTHING if one.words.startswith("bribes 2 of them and asks")]
    luck, convicted = [], 0
    for seed in range(150):
        one = frozen(engine, seed)
        move = bribery.made_in(one)

        def rob(state, rules, move=move):
            move.change(state, rules)
            state.sequencers[move.members.nodes[0]].caution = 0.003

        play = Play(one, 60, rob)
        convicted += play._seen.sequencers["convicted"][:, move.members.nodes[0]].sum()
        luck.append([play.luck(Members(nodes=move.members.nodes)), play.luck(Members(rangers=move.members.rangers))])
    luck = np.array(luck)
    assert convicted > 100
    assert (np.abs(luck.mean(axis=0)) < 4 * luck.std(axis=0, ddof=1) / np.sqrt(len(luck))).all()


@pytest.mark.parametrize("learning", ["imitation", "reinforcement"])
def test_a_thief_among_learners_who_never_offend_is_found(learning):
    """Nobody checks, and what was learnt is never to offend: not an equilibrium, however settled."""
    scenario = METIS.replace(learning=learning, sampling_probability=1e-6)
    engine = Engine(calm(scenario), 1)
    engine.advance(20)
    engine.state.sequencers.mix = 0.0
    robs = [one for one in EVERYTHING if one.role == "largest sequencer" and one.words == "offends in every block"]
    found = gains([frozen(engine, seed) for seed in range(4)], robs, 40, lambda done: None)
    assert (found.gain > found.income).all()


def planted(**changes):
    """A scenario in which nobody checks, though sequencers go on believing what is advertised."""
    idle = {"learning": "fixed", "proof_of_check": False, "prior_misconduct": 0.0}
    return METIS.replace(**idle, **changes)


def test_a_deviation_that_pays_is_found():
    certificate = certify(planted(), **QUICK)
    best = certificate.roles.set_index("role")["deviation"]
    assert best["largest sequencer"] == best["pair of largest sequencers"] == "offends in every block"
    assert certificate.epsilon - certificate.half_width > 0.5
    assert "the most profitable deviation: the largest sequencer offends in every block" in in_words(certificate)
    assert "the pair of largest sequencers offends in every block" in in_words(certificate)


def test_where_nothing_can_be_gained_nothing_is():
    """No offence earns more than order, checks pay well, nobody delegates, and outside there is nothing to earn."""
    scenario = METIS.replace(
        honest_capture=1.0, gain_insert=1.0, skill_dispersion=0.0, number_of_delegators=0, delegated_wealth=0.0,
        reward_per_check=10.0, opportunity_yield=0.0, sequencer_cost=0.0, possible_sequencers=10,
    )  # fmt: skip
    certificate = certify(scenario, **QUICK)
    assert certificate.settled
    assert certificate.epsilon == 0.0
    assert (certificate.roles["own"] + certificate.roles["own_half_width"]).max() < 0.02


def test_an_operator_splits_where_every_node_has_the_same_weight_and_not_where_stake_has():
    wide = METIS.replace(stakes=(90_000.0,) * 10, max_stake=1e9, attention=0.0, entry_rate=1e-9, exit_rate=0.0)
    splits = [deviation for deviation in EVERYTHING if deviation.role == "largest operator"][:1]
    for selection, low, high in (("equal", 0.5, 1.0), ("stake", -1.0, 0.0)):
        worlds = [world(wide.replace(selection=selection), seed) for seed in range(8)]
        found = gains(worlds, splits, 60, lambda done: None)
        assert low < np.nanmean(found.gain) / np.nanmean(found.income) < high


@pytest.mark.parametrize(
    "gate",
    [
        {"admission": "vote", "admission_probability": 0.0},
        {"admission": "vote", "admission_probability": 0.9},
        {"selection": "single"},
        {"selection": "appointed", "appointed_seats": 5},
    ],
    ids=str,
)
def test_where_others_decide_who_enters_nobody_enters_or_splits_by_itself(gate):
    ample = {"stakes": (90_000.0,) * 10}
    entering = [one for one in EVERYTHING if one.role in ("outsider", "largest operator")]
    assert all(one.made_in(world(METIS.replace(**ample), epochs=5)) for one in entering)
    assert not any(one.made_in(world(METIS.replace(**ample, **gate), epochs=5)) for one in entering)


def test_an_outsider_expects_what_the_engine_lets_an_entrant_expect():
    """Faults cost a tenth of the stake every other year, so income averages and losses tell who forgets them."""
    one = world(METIS.replace(honest_fault_rate=0.5, honest_fault_slash=0.1), epochs=5)
    (entry,) = [deviation.made_in(one) for deviation in EVERYTHING if deviation.role == "outsider"]
    (i,) = entry.members.nodes
    entry.change(one.state, one.rules)
    node, price = one.state.sequencers[i], one.state.market.price
    assert node.slash_average == pytest.approx(0.5 * 0.1 / 365)
    faults = node.slash_average * node.self_stake * price
    assert node.income_average - node.profit_average == pytest.approx(node.cost + faults)


@pytest.mark.parametrize("closed", ["commission_step", "attention", "entry_rate", "exit_rate"])
def test_what_a_scenario_rules_out_is_no_deviation(closed):
    one = world(METIS.replace(**{closed: 0.0}))
    for deviation in EVERYTHING:
        assert deviation.needs != closed or deviation.made_in(one) is None
    assert sum(deviation.needs == closed for deviation in EVERYTHING) > 1


def phases(period, amplitude, noise, replicates=24, size=52, seed=1):
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (replicates, 1))
    return (
        0.5
        + amplitude * np.cos(2 * np.pi * np.arange(size) / period + phase)
        + noise * rng.standard_normal((replicates, size))
    )


@pytest.mark.parametrize("period", [3.0, 4.0, 6.0, 9.5, 14.0])
def test_a_cycle_is_told_with_its_period_and_amplitude(period):
    found = judged("diligence", phases(period, 0.2, 0.1))
    assert found.kind == "cycle"
    assert found.period == pytest.approx(period, rel=0.12)
    assert found.amplitude == pytest.approx(0.2, rel=0.2)


def test_a_policy_that_alternates_goes_round_in_two_epochs():
    found = judged("diligence", 0.5 + 0.2 * (-1.0) ** np.arange(52) * np.ones((12, 1)))
    assert (found.kind, found.period) == ("cycle", 2.0)
    assert found.amplitude == pytest.approx(0.2 * np.sqrt(2), rel=0.01)


def test_noise_however_red_is_no_cycle():
    """200 series without a cycle at a false alarm of 1e-4 each."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        steps = rng.standard_normal((24, 52 + 200)) * 0.2
        red = np.zeros_like(steps)
        for t in range(1, steps.shape[1]):
            red[:, t] = 0.9 * red[:, t - 1] + steps[:, t]
        assert judged("diligence", steps).kind == "settled"
        assert judged("diligence", red[:, 200:]).kind != "cycle"


def test_a_drift_is_told():
    paths = np.linspace(0, 0.5, 52) + 0.05 * np.random.default_rng(1).standard_normal((24, 52))
    found = judged("diligence", paths)
    assert found.kind == "drift"
    assert found.drift == pytest.approx(0.25, abs=0.03)
    assert "still drifts: by +0.26" in str(found)


def test_what_has_not_settled_gets_no_epsilon(monkeypatch):
    goes_round = judged("diligence", phases(10.0, 0.2, 0.02))
    monkeypatch.setattr("experiments.equilibrium.certificate.findings", lambda *given: [goes_round])
    certificate = certify(METIS, **QUICK)
    assert np.isnan(certificate.epsilon)
    assert certificate.roles.empty
    assert "has not settled, so no epsilon is given: diligence goes round in 10" in in_words(certificate)


@pytest.mark.parametrize(
    "wrong",
    [
        {"worlds": 1},
        {"screened": 1},
        {"epochs": 31},
        {"worlds": 0},
        {"horizon": -1},
        {"epochs": 1.5},
        {"screened": True},
        {"seed": -1},
    ],
)
def test_counts_that_cannot_be_are_refused(wrong):
    with pytest.raises(ExperimentError, match=next(iter(wrong))):
        certify(METIS, **{**QUICK, **wrong})
