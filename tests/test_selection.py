"""Selection: spans fall by weight, every block is dealt or lost, jail ends when it should.

Statistical tests use fixed seeds and reject at 1e-5; the power against the nearest other rule is computed in the test.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.core.options import Status
from model.core.sanctions import sanctions
from model.core.selection import selection
from tests.scenarios import stage

STAKES = (20_000.0, 30_000.0, 45_000.0, 70_000.0, 160_000.0)
COUNTED = np.minimum(STAKES, 100_000.0)
RULES = {"stake": COUNTED, "sqrt_stake": np.sqrt(COUNTED), "equal": np.ones(5)}
DRAWS = 1_000
REJECT = 1e-5


def share(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def power(truth: np.ndarray, other: np.ndarray, draws: int) -> float:
    """Return the probability that a chi-square test against `truth` rejects `other`."""
    critical = stats.chi2.isf(REJECT, truth.size - 1)
    return float(stats.ncx2.sf(critical, truth.size - 1, draws * ((other - truth) ** 2 / truth).sum()))


@pytest.mark.parametrize("rule", RULES)
def test_spans_fall_by_weight(rule):
    """Counts of spans against the closed form; every other rule would be told apart with probability above 0.999."""
    engine = stage(selection=rule, stakes=STAKES, downtime=0.0, number_of_delegators=0)
    spans = np.zeros(5)
    for _ in range(DRAWS):
        selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
        spans += engine.state.sequencers.assigned[:5] / engine.scenario.blocks_per_span
    expected = share(RULES[rule])
    assert stats.chisquare(spans, spans.sum() * expected).pvalue > REJECT
    others = [share(weights) for name, weights in RULES.items() if name != rule]
    others.append(share(np.array(STAKES) if rule == "stake" else COUNTED))
    assert min(power(expected, other, int(spans.sum())) for other in others) > 0.999


def test_blocks_come_in_spans_and_one_draw_takes_the_rest():
    engine = stage(blocks_per_epoch=207, blocks_per_span=25, downtime=0.0)
    takers = set()
    for _ in range(100):
        selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
        assigned = engine.state.sequencers.assigned
        assert assigned.sum() == 207
        assert sorted(assigned % 25)[-1] == 7
        assert np.count_nonzero(assigned % 25) == 1
        takers.add(int(np.flatnonzero(assigned % 25)[0]))
    assert takers == set(range(5))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=5, max_size=5), st.sampled_from([0.0, 0.3, 1.0]), st.integers(1, 500),
    st.integers(1, 600),
)  # fmt: skip
def test_every_block_is_dealt_or_lost(outages, failover, blocks, span):
    """A node that is down misses its share of its blocks, halves rounded up; failover decides how many are lost."""
    engine = stage(failover=failover, blocks_per_epoch=blocks, blocks_per_span=span)
    state = engine.state
    state.sequencers.outage[:5] = outages
    selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
    nodes = state.sequencers
    assert nodes.assigned.sum() + state.market.lost_blocks == blocks
    assert np.all(nodes.assigned >= 0)
    if min(outages) == 1:
        assert state.market.lost_blocks == blocks
    elif failover == 1:
        assert state.market.lost_blocks == 0
    assert np.all(nodes.assigned[nodes.outage == 1] == 0)


def test_without_failover_a_node_makes_the_share_of_its_blocks_in_which_it_is_up():
    engine = stage(failover=0.0, number_of_sequencers=1, blocks_per_epoch=101)
    engine.state.sequencers.outage[0] = 0.5
    selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
    assert engine.state.sequencers.assigned[0] == 50
    assert engine.state.market.lost_blocks == 51


def test_missed_blocks_go_to_those_that_are_up_for_as_long_as_they_are():
    """Down all, half and none of the time, three equal nodes make 0, 1/6 + 1/6 and 1/3 + 1/3 of the blocks."""
    engine = stage(selection="equal", number_of_sequencers=3, blocks_per_epoch=6_000)
    engine.state.sequencers.outage[:3] = 1.0, 0.5, 0.0
    made = np.zeros(3)
    for _ in range(100):
        selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
        made += engine.state.sequencers.assigned[:3]
    assert made / made.sum() == pytest.approx([0, 1 / 3, 2 / 3], abs=0.01)


@pytest.mark.parametrize("status", [Status.CANDIDATE, Status.EXITING, Status.REMOVED])
def test_only_the_active_are_drawn(status):
    engine = stage(downtime=0.0)
    engine.state.sequencers.status[2] = status
    for _ in range(50):
        selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
        assert engine.state.sequencers.assigned[2] == 0
        assert engine.state.sequencers.assigned.sum() == 200


def test_with_nobody_to_draw_every_block_is_lost():
    engine = stage()
    engine.state.sequencers.status = Status.REMOVED
    selection(engine.state, engine.rules, engine.streams.selection, engine.streams.overlap)
    assert engine.state.market.lost_blocks == 200
    assert engine.state.sequencers.assigned.sum() == 0


@pytest.mark.parametrize("jail_epochs", [1, 2, 7])
def test_jail_lasts_jail_epochs(jail_epochs):
    """Convicted in epoch 4, a node makes no block in the next `jail_epochs` epochs and is back in the one after."""
    engine = stage(jail_epochs=jail_epochs, downtime=0.0, honest_fault_rate=0.0)
    state, node = engine.state, engine.state.sequencers[1]
    state.market.epoch = 4
    node.convicted[0] = 1
    sanctions(state, engine.rules, engine.streams.sanctions, engine.streams.shocks, engine.streams.attack)
    assert node.status == Status.JAILED
    for epoch in range(5, 5 + jail_epochs):
        state.market.epoch = epoch
        selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
        assert node.status == Status.JAILED
        assert node.assigned == 0
    state.market.epoch = 5 + jail_epochs
    selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
    assert node.status == Status.ACTIVE
