"""Policies learnt from payoffs: who copies whom, where attractions come to rest, and what never changes.

Draws are compared with exact probabilities by binomial tests; a false alarm of all together is rarer than 1e-4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from model.core.imitation import fermi, imitate
from model.core.ladder import POLICIES, RUNG, RUNGS, adopt, learns
from model.core.learning import learning
from model.core.opportunity import new_shape
from model.core.options import OFFENCES, Conduct, Offence, Status
from model.core.policy import chances
from model.core.reinforcement import prospect, reinforce
from model.core.rows import SEQUENCER, rows
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.population import generator
from model.simulation import Engine
from tests.scenarios import SMALL, stage
from tests.test_exactness import SHAPES

REJECT = 1e-6
TIMES = 4_900
REORDER = int(Offence.REORDER)


def test_a_constant_opportunity_lies_above_the_rungs_below_one():
    rules = rules_of(Scenario(opportunity="constant"))
    assert rules.blocks_above.tolist() == rules.value_above.tolist() == [1, 1] + [0] * (RUNGS - 2)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "constant"])
def test_what_lies_above_a_rung_fits_the_strata(shape):
    """Strata wholly above a rung, without and with the one it cuts, bound the share of blocks and of value above it."""
    rules = rules_of(Scenario(**SHAPES[shape]))
    strata = new_shape(rules).strata[:-1]
    for rung, blocks, value in zip(RUNG, rules.blocks_above, rules.value_above, strict=True):
        above = np.exp(strata.log_low) >= rung * (1 - 1e-12)
        reach = above | (np.exp(strata.log_high) > rung * (1 + 1e-12))
        assert strata.mass[above].sum() - 1e-12 <= blocks <= strata.mass[reach].sum() + 1e-12
        assert strata["first"][above].sum() - 1e-12 <= value <= strata["first"][reach].sum() + 1e-9
        assert 1 - value <= rung * (1 - blocks) + 1e-12
    assert rules.value_above[0] == pytest.approx(1, rel=1e-12)
    assert rules.blocks_above[0] == pytest.approx(1, rel=1e-12)


def test_what_lies_above_a_rung_is_the_numerical_integral():
    scenario = Scenario(opportunity_sigma=0.9, tail_index=1.4, tail_weight=0.1)
    s, rules = scenario, rules_of(scenario)
    cut = math.log(s.tail_start)
    norm = integrate.quad(lambda x: math.exp(-0.5 * (x / 0.9) ** 2), -11, cut, epsabs=0)[0]
    tail = integrate.quad(lambda x: math.exp(-1.4 * x), cut, math.log(s.tail_end), epsabs=0)[0]

    def moment(low: float, power: int) -> float:
        floor = math.log(low) if low > 0 else -11.0
        body = integrate.quad(lambda x: math.exp(power * x - 0.5 * (x / 0.9) ** 2), floor, max(floor, cut), epsabs=0)[0]
        first = min(max(floor, cut), math.log(s.tail_end))
        far = integrate.quad(lambda x: math.exp((power - 1.4) * x), first, math.log(s.tail_end), epsabs=0)[0]
        return (0.9 * body / norm if floor < cut else 0.0) + 0.1 * far / tail

    mean = moment(0.0, 1)
    for rung, blocks, value in zip(RUNG, rules.blocks_above, rules.value_above, strict=True):
        assert blocks == pytest.approx(moment(rung * mean, 0), rel=1e-7, abs=1e-12)
        assert value == pytest.approx(moment(rung * mean, 1) / mean, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("policy", [0, 1, 3, 1 + RUNGS, 2 + RUNGS, POLICIES - 1])
def test_a_policy_offends_in_its_way_above_its_rung_and_never_otherwise(policy):
    node = rows(SEQUENCER, 1)[0]
    node.conduct, node.caution = Conduct.RATIONAL, 1.0
    adopt(node, policy)
    rules, out = rules_of(Scenario(learning="imitation")), np.zeros(OFFENCES)
    kind, rung = divmod(policy - 1, RUNGS)
    for value in (1e-3, 0.29, 0.31, 0.99, 1.01, 2.0, 9_999.0, 10_001.0):
        chances(node, rules, 5.0 * value, 5.0, out)
        offends = policy > 0 and value > RUNG[rung]
        assert out.tolist() == [float(offends and a == kind) for a in range(OFFENCES)]


def test_caution_multiplies_the_rungs():
    node = rows(SEQUENCER, 1)[0]
    node.conduct, node.caution = Conduct.RATIONAL, [2.0, 0.0, math.inf]
    node.mix[:, 2] = 0.2
    rules, out = rules_of(Scenario(learning="reinforcement")), np.zeros(OFFENCES)
    for value, expected in ((1.9, [0, 0.2, 0]), (2.1, [0.2, 0.2, 0])):
        assert chances(node, rules, value, 1.0, out) == pytest.approx(sum(expected))
        assert out.tolist() == expected


def crowd(payoffs: list[float], count: int, **changes: Any) -> Engine:
    """Return imitators with these payoffs, repeated, each with a policy of its own group."""
    nodes = count * len(payoffs)
    engine = stage(
        learning="imitation", number_of_sequencers=nodes, possible_sequencers=nodes, income_memory=10_000.0,
        mutation=0.0, **changes,
    )  # fmt: skip
    rows = engine.state.sequencers
    rows.payoff = np.tile(payoffs, count)
    for i in range(nodes):
        adopt(rows[i], 1 + i % len(payoffs))
    return engine


def test_the_richer_is_copied_by_the_fermi_probability():
    """Of two groups of equal size, a poor node meets a rich one half of the time, and copies it by 1/(1 + e^-d)."""
    engine = crowd([0.0, 1.0], TIMES, sequencer_precision=1.5, token_supply=1e12)
    rules, nodes = engine.rules, engine.state.sequencers
    imitate(engine.state, rules, np.random.default_rng(3))
    meets = TIMES / (2 * TIMES - 1)
    for group, other in ((0, 1), (1, 0)):
        switched = int(sum(nodes.mix[i, 0, other] for i in range(group, 2 * TIMES, 2)))
        chance = meets / (1 + math.exp(-1.5 * (other - group)))
        assert stats.binomtest(switched, TIMES, chance).pvalue > REJECT
        assert stats.binomtest(switched, TIMES, 1.3 * chance).pvalue < REJECT
    copied = nodes.mix[0::2, 0, 1] == 1
    assert nodes.payoff[0::2][copied] == pytest.approx(1, rel=1e-3)


def test_fermi_is_even_at_equal_payoffs_and_certain_in_the_limit():
    assert fermi(3.0, 3.0, 5.0) == 0.5
    assert fermi(0.0, 1.0, 2.0) == pytest.approx(1 / (1 + math.exp(-2)))
    assert fermi(0.0, 1.0, 1e6) == 1 - fermi(1.0, 0.0, 1e6) == 1


def test_mutants_try_every_policy_alike():
    engine = crowd([0.0, 1.0], TIMES, token_supply=1e12)
    engine.rules.mutation = 1.0
    imitate(engine.state, engine.rules, np.random.default_rng(4))
    mix = engine.state.sequencers.mix
    counts = [np.sum(mix.sum(axis=(1, 2)) == 0), *mix.sum(axis=0).ravel()]
    assert stats.chisquare(counts).pvalue > REJECT


def test_who_does_not_revise_and_who_does_not_learn_keeps_its_policy():
    engine = crowd([0.0, 1.0], 50, token_supply=1e12, sequencer_precision=1e6)
    nodes = engine.state.sequencers
    nodes.revises[0], nodes.custom[2], nodes.conduct[4], nodes.status[6] = 0, 1, Conduct.HONEST, Status.JAILED
    before = nodes.mix.copy()
    for seed in range(5):
        imitate(engine.state, engine.rules, np.random.default_rng(seed))
    assert np.array_equal(nodes.mix[[0, 2, 4, 6]], before[[0, 2, 4, 6]])
    assert not np.array_equal(nodes.mix[8::2], before[8::2])


def test_payoffs_are_profits_per_block_that_stake_entitles_to_slashes_and_jail_included():
    engine = stage(learning="imitation", income_memory=5.0, mev_bps=400.0, mutation=0.0)
    engine.advance(3)
    nodes, rules = engine.state.sequencers, engine.rules
    before, usd = nodes.payoff.copy(), nodes.usd_before.copy()
    nodes.total_usd += np.arange(nodes.size) * 100.0
    profit = nodes.total_usd - usd
    nodes.revises, engine.state.rangers.revises = 0, 0
    imitate(engine.state, rules, np.random.default_rng(1))
    serving = np.isin(nodes.status, [Status.ACTIVE, Status.JAILED])
    stake = np.where(serving, nodes.self_stake + nodes.pool, 0.0)
    due = rules.blocks_per_epoch * stake / stake.sum()
    keep = 0.5 ** (1 / 5)
    expected = keep * before[serving] + (1 - keep) * profit[serving] / due[serving]
    assert nodes.payoff[serving] == pytest.approx(expected, rel=1e-12)
    assert np.array_equal(nodes.usd_before, nodes.total_usd)


def rest(**changes: Any) -> Engine:
    """Return an economy whose reinforced nodes and Rangers faced the same payoffs until attractions rest."""
    engine = stage(learning="reinforcement", memory=3.0, foregone=1.0, mev_bps=100.0, **changes)
    engine.advance(1)
    for _ in range(400):
        reinforce(engine.state, engine.rules)
    return engine


@pytest.mark.parametrize("accumulation", [0.0, 1.0])
def test_attractions_rest_at_the_logit_response(accumulation):
    """Averaged payoffs rest at precision λ, added ones at λ / (1 - φ); both rules are Camerer and Ho's."""
    engine = rest(accumulation=accumulation, sequencer_precision=0.03, ranger_precision=40.0)
    state, rules = engine.state, engine.rules
    sharper = 1 / (1 - rules.evidence_keep) if accumulation else 1.0
    tried = 0
    for i in range(state.sequencers.size):
        node = state.sequencers[i]
        if not learns(node):
            continue
        scores = [0.0]
        for a in range(OFFENCES):
            gain, loss = prospect(state, rules, i, a, state.market.detection[a])
            scores += list(gain * rules.value_above - loss * rules.blocks_above)
        weights = np.exp(0.03 * sharper * (np.array(scores) - max(0.0, *scores)))
        assert node.mix.ravel() == pytest.approx((weights / weights.sum())[1:], rel=1e-6, abs=1e-12)
        assert 0 < node.mix.sum() < 1
        tried += 1
    assert tried >= 3


def test_payoffs_of_what_was_not_played_weigh_what_is_foregone():
    engine = stage(learning="reinforcement", foregone=0.25, memory=2.0, sequencer_precision=0.01)
    engine.advance(2)
    state, rules = engine.state, engine.rules
    node = state.sequencers[0]
    grown = rules.evidence_keep * node.experience + 1
    gain, loss = prospect(state, rules, 0, REORDER, state.market.detection[REORDER])
    payoffs = gain * rules.value_above - loss * rules.blocks_above
    weight = 0.25 + 0.75 * node.mix[REORDER]
    expected = (rules.evidence_keep * node.experience * state.attractions[0, REORDER] + weight * payoffs) / grown
    reinforce(state, rules)
    assert state.attractions[0, REORDER] == pytest.approx(expected, rel=1e-12)
    assert node.experience == pytest.approx(grown)


def test_experience_starts_at_the_prior_and_has_a_limit():
    for prior, expected in ((1.5, 1.5), (1e6, 1 / (1 - 0.5 ** (1 / 3)))):
        engine = stage(learning="reinforcement", memory=3.0, prior_weight=prior)
        engine.advance(1)
        first = (expected * 0.5 ** (1 / 3)) + 1
        assert engine.state.sequencers.experience[0] == pytest.approx(first)


@pytest.mark.parametrize("rule", ["imitation", "reinforcement"])
def test_learnt_policies_stay_probabilities_and_are_kept_when_nobody_revises(rule):
    engine = Engine(Scenario(**{**SMALL, "mev_bps": 60.0, "learning": rule, "revision_rate": 0.0}), 5)
    engine.advance(1)
    nodes, rangers = engine.state.sequencers, engine.state.rangers
    mix, diligence = nodes.mix.copy(), rangers.diligence.copy()
    serving = nodes.status == Status.ACTIVE
    engine.advance(30)
    assert np.array_equal(nodes.mix[serving], mix[serving])
    assert np.array_equal(rangers.diligence, diligence)
    engine.rules.revision_rate = 0.9
    engine.advance(60)
    assert np.all(nodes.mix >= 0)
    assert np.all(nodes.mix.sum(axis=(1, 2)) <= 1 + 1e-12)
    assert not np.array_equal(nodes.mix[serving], mix[serving])


def test_revisions_come_at_their_rate():
    engine = stage(revision_rate=0.3, number_of_sequencers=2_000, possible_sequencers=2_001, token_supply=1e12)
    engine.state.sequencers.custom[0] = 1
    learning(engine.state, engine.rules, engine.streams.learning)
    revises = engine.state.sequencers.revises
    assert revises[0] == revises[2_000] == 1
    assert stats.binomtest(int(revises[1:2_000].sum()), 1_999, 0.3).pvalue > REJECT


def test_streams_of_learning_are_its_own():
    """Who draws in learning changes nobody else's luck: the same market under every rule."""
    paths = []
    for rule in ("belief", "imitation", "reinforcement"):
        engine = Engine(Scenario(**{**SMALL, "learning": rule, "trust_loss": 0.0, "outage_loss": 0.0}), 2)
        engine.advance(20)
        paths.append((engine.state.market.price, engine.state.sequencers.outage.tolist()))
    assert paths[0] == paths[1] == paths[2]
    assert generator(2, "learning").random() != generator(2, "entry").random()
