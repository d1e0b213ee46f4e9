"""What is told from snapshots is what the engine itself reckoned with, to the last bit."""

import numpy as np
import pytest

from model import Scenario
from model.core.hindsight import beliefs, detections, lawful_parts
from model.core.options import OFFENCES, Conduct, Offence, Status, Tactic
from model.core.policy import advertised_detection, believed_detection
from model.core.verification import reported
from tests.test_expectation import recorded

EPOCHS = 20
LIVELY = Scenario.preset("metis", slash_fraction=0.002, cost_per_check=0.02)


def told(engine, seen, i):
    """Return the chance that an offence of sequencer i is reported in each epoch, and by whom."""
    found, reports = np.zeros((EPOCHS, OFFENCES)), np.zeros((EPOCHS, OFFENCES, seen.rangers.shape[1]))
    detections(seen, engine.rules, i, found, reports)
    return found, reports


@pytest.mark.parametrize("changes", [{}, {"verification": "none"}, {"sanction": "none"}], ids=str)
def test_chances_of_detection_are_those_that_turns_met(changes):
    engine, seen = recorded(LIVELY.replace(**changes), 3, EPOCHS)
    found, reports = told(engine, seen, 0)
    np.testing.assert_array_equal(found, seen.market["detection"][1:])
    np.testing.assert_allclose(found, 1 - (1 - reports).prod(axis=2), rtol=1e-12)
    assert found.any() == (changes != {"verification": "none"})
    assert changes or np.ptp(found[:, Offence.REORDER]) > 0


def test_who_is_bribed_does_not_report_its_owners_node():
    """While bribes are on offer; the money runs out on the way."""
    scenario = LIVELY.replace(
        byzantine_share=0.2, colluding_share=0.4, bribe=1e4, bribery_budget=2e5, sampling_probability=0.2, jail_epochs=0
    )
    engine, seen = recorded(scenario, 3, EPOCHS)
    last = scenario.number_of_sequencers - 1
    free, bribed = told(engine, seen, 0), told(engine, seen, last)
    offered = seen.market["bribes_offered"][1:] == 1
    colluding = seen.rangers["conduct"][0] == Conduct.COLLUDING
    assert seen.sequencers["owner"][0, last] == Tactic.BYZANTINE
    assert 0 < offered.sum() < EPOCHS
    assert (bribed[1][offered][:, :, colluding] == 0).all()
    np.testing.assert_array_equal(bribed[1][:, :, ~colluding], free[1][:, :, ~colluding])
    np.testing.assert_array_equal(bribed[0][~offered], free[0][~offered])
    assert (bribed[0][offered] < free[0][offered]).all()


def test_beliefs_are_those_of_the_state():
    engine, seen = recorded(LIVELY, 3, EPOCHS)
    out = np.zeros(seen.sequencers.shape)
    for a in range(OFFENCES):
        beliefs(seen, engine.rules, a, out)
        now = [
            believed_detection(node, engine.rules, a, advertised_detection(engine.state, engine.rules, node, a))
            for node in engine.state.sequencers
        ]
        np.testing.assert_array_equal(out[-1], now)
        serving = engine.state.sequencers.status == Status.ACTIVE
        assert (np.ptp(out[:, serving], axis=0) > 0).any()


def test_a_moment_stands_in_for_a_state():
    engine, seen = recorded(LIVELY, 3, EPOCHS)
    out = np.zeros(OFFENCES)
    before, _ = recorded(LIVELY, 3, EPOCHS - 1)
    reported(before.state, before.rules, 0, out)
    np.testing.assert_array_equal(told(engine, seen, 0)[0][-1], out)


@pytest.mark.parametrize(
    ("changes", "kind", "chance"),
    [
        ({"verification": "peers", "peer_sampling": 0.3}, Offence.REORDER, lambda peers: 1 - (1 - 0.15) ** peers),
        ({"verification": "social", "watch": 0.4}, Offence.REORDER, lambda peers: 0.2 + 0.0 * peers),
        ({"verification": "none", "proof_system": "fault"}, Offence.INSERT, lambda peers: 0.95 + 0.0 * peers),
    ],
)
def test_chances_of_the_past_are_those_of_peers_public_and_proofs(changes, kind, chance):
    """Of peers, as many as there were in the epoch itself: who came out of jail for it is one of them."""
    engine, seen = recorded(LIVELY.replace(byzantine_share=0.3, jail_epochs=2, **changes), 3, EPOCHS)
    found, reports = told(engine, seen, 0)
    np.testing.assert_allclose(found[:, kind], chance(seen.sequencers["peers"][1:, 0]), rtol=1e-12)
    assert reports.sum() == 0
    if changes["verification"] == "peers":
        assert np.ptp(seen.sequencers["peers"][1:, 0]) > 0


@pytest.mark.parametrize("changes", [{}, {"honest_capture": 0.2}, {"ordering": "committed"}], ids=str)
def test_parts_of_an_honest_block_are_those_that_were_paid(changes):
    """To a node that owes nothing for its right to order and did not offend: its income, taken apart."""
    engine, seen = recorded(LIVELY.replace(slash_fraction=1.0, **changes), 3, EPOCHS)
    paid = 0
    for i in range(seen.sequencers.shape[1]):
        emission, capture = np.zeros((2, EPOCHS))
        lawful_parts(seen, engine.rules, i, emission, capture)
        before, after, now = seen.sequencers[:-1, i], seen.sequencers[1:, i], seen.market[1:]
        honest = after["offences"].sum(axis=1) == 0
        tokens = engine.rules.reward_per_block * now["pay_scale"] * after["made"] * emission
        np.testing.assert_allclose(after["token_income"][honest], tokens[honest], rtol=1e-12)
        usd = now["net_fee"] * after["made"] + capture * after["honest_value"]
        np.testing.assert_allclose(after["usd_income"][honest], usd[honest], rtol=1e-12)
        paid += (honest & (after["made"] > 0) & (before["pool"] > 0)).sum()
    assert paid > 10
