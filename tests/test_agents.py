"""Agents are live views of rows; tokens move through the ledger alone; a class of one's own decides for its agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from model import Economy, Scenario
from model.agents import App, Attacker, Delegator, Ranger, Sequencer
from model.core import audit, delegation
from model.core.options import Conduct, Offence, Status, Tactic
from model.core.rows import APP, ATTACKER, DELEGATOR, RANGER, SEQUENCER
from model.core.selection import weigh
from model.core.state import State
from model.simulation import Engine

SMALL = {"blocks_per_epoch": 400, "blocks_per_span": 20, "number_of_delegators": 60, "attention": 0.3}
inf = float("inf")


@pytest.fixture
def economy() -> Economy:
    economy = Economy(seed=3, **SMALL)
    economy.run(5)
    return economy


def same_bytes(one: State, other: State) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def no_token_out_of_nowhere(economy: Economy) -> bool:
    accounts = economy.state.accounts
    return abs(audit.residual(accounts, audit.total(economy.state))) <= 1e-12 * accounts.opening


@pytest.mark.parametrize(
    ("role", "kind"),
    [(Sequencer, SEQUENCER), (Ranger, RANGER), (Delegator, DELEGATOR), (App, APP), (Attacker, ATTACKER)],
)
def test_every_field_of_the_row_can_be_read(economy: Economy, role: Any, kind: np.dtype) -> None:
    agent = economy.views(role)[1]
    record = getattr(economy.state, role.group)[1]
    for name in set(kind.names or ()) - {"reservation"}:
        assert np.all(getattr(agent, name) == record[name])
    assert agent.scenario.blocks_per_epoch == 400


def test_reading_is_live_and_changes_nothing(economy: Economy) -> None:
    node = economy.views(Sequencer)[0]
    economy.state.sequencers.skill[0] = 1.25
    assert node.skill == 1.25
    before = [array.tobytes() for array in economy.state]
    for agent in economy.agents:
        for name in dir(agent):
            getattr(agent, name)
    for offence in Offence:
        node.reservation_value(offence)
    for call in (
        node.expected_profit,
        economy.views(Ranger)[0].willingness,
        economy.views(Delegator)[0].best_sequencer,
    ):
        call()
    node.offence_probability(10.0)
    assert [array.tobytes() for array in economy.state] == before


def test_writing_reaches_the_row_and_the_run(economy: Economy) -> None:
    nodes = economy.agents_by_type[Sequencer]
    nodes.set("commission", 0.02)
    list(nodes)[2].status = Status.JAILED
    list(nodes)[2].jailed_until = 1_000
    list(nodes)[3].caught = (1, 2, 3)
    list(nodes)[3].caught[0] = 7
    assert set(economy.state.sequencers.commission) == {0.02}
    assert economy.state.sequencers[3].caught.tolist() == [7, 2, 3]
    economy.step()
    assert economy.state.sequencers[2].made == 0
    assert economy.state.sequencers.made.sum() > 0


def test_agent_sets_select_and_aggregate(economy: Economy) -> None:
    nodes, rows = economy.agents_by_type[Sequencer], economy.state.sequencers
    stakes = rows.self_stake + rows.pool
    assert nodes.get("stake") == stakes.tolist()
    assert nodes.agg("stake", sum) == pytest.approx(stakes.sum())
    large = nodes.select(lambda node: node.stake > 30_000)
    assert [node.row for node in large] == np.flatnonzero(stakes > 30_000).tolist()
    assert nodes.groupby("status").count()[Status.ACTIVE] == np.sum(rows.status == Status.ACTIVE)


@pytest.mark.parametrize("role", [Sequencer, Ranger, Delegator, App, Attacker])
def test_an_unknown_attribute_raises_on_read_and_on_write(economy: Economy, role: Any) -> None:
    agent, name = economy.views(role)[0], role.kind.names[-1]
    with pytest.raises(AttributeError, match=f"has no attribute '{name}s'; did you mean '{name}'"):
        getattr(agent, f"{name}s")
    with pytest.raises(AttributeError, match=f"has no attribute '{name}s'; did you mean '{name}'"):
        setattr(agent, f"{name}s", 1)
    with pytest.raises(AttributeError, match="has no attribute"):
        economy.agents_by_type[role].set("stakee", 1)


@pytest.mark.parametrize(
    ("role", "name", "value", "message"),
    [
        (Sequencer, "commission", 0.6, "commission = 0.6: give a number from 0 to 0.5"),
        (Sequencer, "commission", float("nan"), "give a number"),
        (Sequencer, "commission", "low", "commission = 'low': give a number"),
        (Sequencer, "reservation_values", (1, 2), "give 3 numbers from 0 to inf"),
        (Sequencer, "reservation_values", (-1, 2, 3), "give 3 numbers from 0 to inf"),
        (Sequencer, "owner", 7, "give a whole number from -1 to 6"),
        (Sequencer, "jailed_until", 2.5, "give a whole number"),
        (Sequencer, "status", "gone", "give one of candidate, active"),
        (Sequencer, "status", 7, "give one of candidate, active"),
        (Sequencer, "self_stake", -1, "self_stake = -1: give a number from 0"),
        (Sequencer, "self_stake", 1e12, "circulating tokens are left"),
        (Ranger, "diligence", 1.01, "diligence = 1.01: give a number from 0 to 1"),
        (Delegator, "liquid", 1e12, "circulating tokens are left"),
    ],
)
def test_values_that_a_field_cannot_hold_are_refused(
    economy: Economy, role: Any, name: str, value: Any, message: str
) -> None:
    before = [array.tobytes() for array in economy.state]
    with pytest.raises(ValueError, match=message):
        setattr(economy.views(role)[0], name, value)
    assert [array.tobytes() for array in economy.state] == before


@pytest.mark.parametrize(
    ("role", "name", "reason"),
    [
        (Sequencer, "pool", "delegate"),
        (Sequencer, "pool_shares", "delegate"),
        (Sequencer, "exiting", "by itself"),
        (Delegator, "pool", "delegate"),
        (Delegator, "shares", "delegate"),
        (Delegator, "release", "delegate"),
    ],
)
def test_what_follows_from_others_cannot_be_written(economy: Economy, role: Any, name: str, reason: str) -> None:
    with pytest.raises(AttributeError, match=f"{name} cannot be written: .*{reason}"):
        setattr(economy.views(role)[0], name, 1)


def test_balances_are_written_through_the_ledger(economy: Economy) -> None:
    node, ranger, delegator = (economy.views(role)[0] for role in (Sequencer, Ranger, Delegator))
    accounts = economy.state.accounts
    circulating, liquid, own, held = accounts.circulating, accounts.liquid, node.self_stake, delegator.liquid
    node.self_stake += 5_000
    node.wallet = 700
    ranger.bond = 0
    delegator.liquid = held + 250
    assert node.self_stake == economy.state.sequencers[0].self_stake == own + 5_000
    assert accounts.circulating < circulating
    assert accounts.liquid == pytest.approx(liquid + 250, rel=1e-12)
    assert no_token_out_of_nowhere(economy)
    economy.run(3)
    assert no_token_out_of_nowhere(economy)


def test_status_and_conduct_are_members_and_take_names(economy: Economy) -> None:
    node = economy.views(Sequencer)[0]
    assert node.status is Status.ACTIVE
    assert node.conduct is Conduct.RATIONAL
    node.conduct, node.status = "honest", 2
    assert (economy.state.sequencers[0].conduct, economy.state.sequencers[0].status) == (Conduct.HONEST, Status.JAILED)


def test_a_row_cannot_be_removed(economy: Economy) -> None:
    with pytest.raises(NotImplementedError, match="rows are permanent"):
        economy.views(Sequencer)[0].remove()


def test_the_reservation_value_is_the_one_the_compiled_phase_sets() -> None:
    economy = Economy(seed=3, **{**SMALL, "price_process": "constant", "jail_epochs": 0})
    economy.run(3)
    active = [node for node in economy.views(Sequencer) if node.status == Status.ACTIVE]
    advice = [[node.reservation_value(offence) for offence in ("reorder", "insert", "censor")] for node in active]
    economy.step()
    assert np.all(np.array(advice) > 0)
    assert np.array_equal(advice, [node.reservation_values for node in active])


def test_the_reservation_value_has_its_closed_form(economy: Economy) -> None:
    node, scenario, now = economy.views(Sequencer)[1], economy.scenario, economy.state.market
    loss = scenario.enforcement * (scenario.slash_fraction * node.self_stake * now.price + node.franchise[0])
    gain = scenario.gain_reorder * scenario.exposure_reorder * node.skill - scenario.honest_capture
    detection = node.detection_beliefs[Offence.REORDER]
    expected = detection * loss / (gain * (1 - detection * scenario.clawback))
    assert node.reservation_value(Offence.REORDER) == pytest.approx(expected, rel=1e-12)


def test_the_odds_of_an_offence_are_even_at_the_reservation_value(economy: Economy) -> None:
    node = economy.views(Sequencer)[0]
    node.custom, node.reservation_values = 1, (50.0, inf, inf)
    assert node.offence_probability(50.0) == pytest.approx(0.5)
    odds = 2.0**economy.scenario.sequencer_precision
    assert node.offence_probability(100.0) == pytest.approx(odds / (1 + odds))
    node.conduct = Conduct.HONEST
    assert node.offence_probability(1e9) == 0.0


def test_beliefs_meet_the_truth_in_the_long_run() -> None:
    economy = Economy(preset="metis", seed=1)
    economy.run(100)
    node = economy.views(Sequencer)[0]
    assert node.detection_beliefs == pytest.approx(node.detection, rel=0.01)


def test_diligence_is_the_rangers_willingness(economy: Economy) -> None:
    ranger = economy.views(Ranger)[0]
    odds = (ranger.benefit() / ranger.cost) ** economy.scenario.ranger_precision
    assert ranger.willingness() == pytest.approx(odds / (1 + odds), rel=1e-12)
    scenario = economy.scenario
    expected = scenario.sampling_probability * ranger.diligence * scenario.evidence_reorder
    assert ranger.finding("reorder") == pytest.approx(expected, rel=1e-12)
    assert not ranger.takes_bribe(economy.views(Sequencer)[0], "reorder")


def test_delegators_value_sequencers_as_the_compiled_choice_does() -> None:
    economy = Economy(seed=3, opportunity_yield=0.0, **SMALL)
    economy.run(5)
    who, nodes = economy.views(Delegator)[0], economy.views(Sequencer)
    weigh(economy.state, economy.engine.rules)
    rows, yields, risks = delegation.offers(economy.state, economy.engine.rules)
    values = dict(zip(rows.tolist(), yields - who.risk_aversion * risks, strict=True))
    assert {node.row: who.value_of(node) for node in nodes if node.row in values} == values
    assert all(who.value_of(node) == -inf for node in nodes if node.row not in values)
    assert who.best_sequencer().row == max(values, key=values.get)
    node = nodes[rows[0]]
    economy.engine.rules.opportunity_yield = 100.0
    assert who.best_sequencer() is None
    net = 100 * (node.net_yield - who.risk_aversion * node.slash_rate) + node.brand
    assert net == pytest.approx(who.value_of(node), rel=1e-6)


def test_delegating_and_undelegating_keep_every_token(economy: Economy) -> None:
    who = next(each for each in economy.views(Delegator) if each.liquid > 0)
    first, second = economy.views(Sequencer)[:2]
    tokens, pools = who.liquid, (first.pool, second.pool)
    assert who.delegate(first)
    assert (who.sequencer, who.liquid) == (first, 0)
    assert first.pool == pytest.approx(pools[0] + tokens)
    assert who.delegate(second)
    assert (first.pool, second.pool) == pytest.approx((pools[0], pools[1] + tokens))
    assert who.stake == pytest.approx(tokens)
    who.undelegate()
    assert who.unbonding
    assert who.stake == pytest.approx(tokens)
    assert not who.delegate(first)
    assert no_token_out_of_nowhere(economy)
    who.custom = 1
    economy.run(economy.scenario.exit_delay + 1)
    assert who.sequencer is None
    assert who.liquid == pytest.approx(tokens)


def test_delegating_to_nobody_in_particular_is_refused(economy: Economy) -> None:
    who = economy.views(Delegator)[0]
    candidate = next(node for node in economy.views(Sequencer) if node.status == Status.CANDIDATE)
    assert not who.delegate(candidate)
    for wrong in (0, Economy(seed=3, **SMALL).views(Sequencer)[0]):
        with pytest.raises(ValueError, match="a Sequencer of the same economy"):
            who.delegate(wrong)


def test_a_candidate_reckons_with_the_stake_it_can_bond(economy: Economy) -> None:
    node = next(node for node in economy.views(Sequencer) if node.status == Status.CANDIDATE)
    assert node.self_stake == 0
    assert node.expected_profit() > -node.cost


def test_attackers_know_what_they_own() -> None:
    economy = Economy(seed=1, byzantine_share=0.3, griefing_share=0.5, bribery_budget=100, **SMALL)
    byzantine, griefer = (economy.views(Attacker)[tactic] for tactic in (Tactic.BYZANTINE, Tactic.GRIEFING))
    assert byzantine.tactic is Tactic.BYZANTINE
    assert len(byzantine.sequencers) == round(0.3 * economy.scenario.number_of_sequencers)
    assert {node.conduct for node in byzantine.sequencers} == {Conduct.BYZANTINE}
    assert {ranger.conduct for ranger in griefer.rangers} == {Conduct.GRIEFING}
    assert economy.views(Attacker)[Tactic.BRIBERY].budget_left == 100


def test_an_app_is_fed_up_beyond_its_tolerance(economy: Economy) -> None:
    app = economy.views(App)[0]
    app.memory = app.tolerance / 2
    assert not app.fed_up
    app.memory = 2 * app.tolerance
    assert app.fed_up
    app.present = 0
    assert not app.fed_up


class Greedy(Sequencer):
    def decide(self) -> None:
        self.reservation_values = (0.0, inf, inf)


class OneGreedy(Greedy):
    def __init__(self, model: Economy, row: int) -> None:
        super().__init__(model, row)
        self.custom = row == 0


class Idle(Sequencer):
    def decide(self) -> None:
        pass


class Lazy(Ranger):
    def decide(self) -> None:
        self.diligence = 0


class Loyal(Delegator):
    def decide(self) -> None:
        self.delegate(self.model.views(Sequencer)[3])


class Curious(Sequencer):
    def decide(self) -> None:
        self._advised = self.reservation_values


class Forgetful(Sequencer):
    visits = 0

    def decide(self) -> None:
        self.visits += 1
        self._note = self.model.epoch
        self.commission = 0.5 if self.visits > 1 else 0.0


def test_before_the_first_epoch_too_the_advice_reckons_with_peers() -> None:
    economy = Economy("metis_deployed", seed=1, agent_classes={Sequencer: Curious})
    for _ in range(2):
        node = next(node for node in economy.views(Sequencer) if node.status == Status.ACTIVE and not node.incumbent)
        expected = [node.reservation_value(offence) for offence in Offence]
        economy.step()
        assert node._advised == pytest.approx(expected)
        assert min(expected) > 0


def test_a_greedy_class_offends_whenever_it_can() -> None:
    quiet = SMALL | {"mev_bps": 0.0, "jail_epochs": 0, "slash_delay": 20}
    economy = Economy(seed=1, agent_classes={Sequencer: OneGreedy}, **quiet)
    economy.run(10)
    nodes = economy.state.sequencers
    assert nodes[0].total_made > 0
    assert economy.state.totals.offences.tolist() == [nodes[0].total_made, 0, 0]
    assert nodes.custom.tolist() == [1] + [0] * (nodes.size - 1)
    plain = Economy(seed=1, **quiet)
    plain.run(10)
    assert plain.state.totals.offences.sum() == 0


def test_a_class_that_asks_for_no_agent_changes_no_byte() -> None:
    class Shy(Greedy):
        def __init__(self, model: Economy, row: int) -> None:
            super().__init__(model, row)
            self.custom = 0

    economy, engine = Economy(seed=1, agent_classes={Sequencer: Shy}, **SMALL), Engine(Scenario(**SMALL), 1)
    economy.run(10)
    engine.advance(10)
    assert same_bytes(economy.state, engine.state)


def test_a_class_that_does_not_set_reservation_values_keeps_the_advice() -> None:
    """With a constant price and neither jail nor commission steps the advice before an epoch is the rule within it."""
    calm = SMALL | {"price_process": "constant", "jail_epochs": 0, "commission_step": 0.0, "mev_bps": 400.0}
    economy, engine = Economy(seed=1, agent_classes={Sequencer: Idle}, **calm), Engine(Scenario(**calm), 1)
    economy.run(20)
    engine.advance(20)
    assert engine.state.totals.offences.sum() > 0
    assert economy.state.sequencers.custom.all()
    for searched in ("custom", "commission_direction"):
        economy.state.sequencers[searched] = engine.state.sequencers[searched]
    assert same_bytes(economy.state, engine.state)


def test_lazy_rangers_check_nothing_and_only_they_are_lazy() -> None:
    economy = Economy(seed=1, agent_classes={Ranger: Lazy}, **SMALL)
    economy.run(10)
    assert economy.state.totals.checks == 0
    assert not economy.state.sequencers.custom.any()
    plain = Economy(seed=1, **SMALL)
    plain.run(10)
    assert plain.state.totals.checks > 0


def test_loyal_delegators_stay_where_they_decide_to_be() -> None:
    economy = Economy(seed=1, agent_classes={Delegator: Loyal}, **SMALL)
    economy.run(10)
    assert set(economy.state.delegators.pool) == {3}
    assert economy.views(Sequencer)[3].members == 60
    assert economy.state.sequencers.pool.sum() == economy.state.sequencers[3].pool
    assert no_token_out_of_nowhere(economy)


def test_a_class_may_keep_notes_that_it_declares() -> None:
    economy = Economy(seed=1, agent_classes={Sequencer: Forgetful}, **SMALL)
    economy.run(2)
    nodes = economy.agents_by_type[Forgetful]
    assert list(nodes) == list(economy.agents_by_type[Sequencer])
    assert set(nodes.get("visits")) == {2}
    assert set(nodes.get("_note")) == {1}
    assert set(nodes.get("commission")) == {0.5}
    with pytest.raises(AttributeError, match="did you mean 'visits'"):
        list(nodes)[0].visit = 3


def failing(name: str) -> Callable[[Any], None]:
    def read(self: Any) -> None:
        raise AttributeError(f"{name} is not there")

    return read


def test_a_property_that_fails_says_so_itself(economy: Economy) -> None:
    class Broken(Sequencer):
        worth = property(failing("gold"))

    with pytest.raises(AttributeError, match="gold is not there"):
        _ = Broken(economy, 0).worth


def test_a_bribe_is_taken_once_it_is_offered_and_pays() -> None:
    bribed = SMALL | {"colluding_share": 1.0, "byzantine_share": 0.3, "bribery_budget": 1e9}
    rich, poor = (Economy(seed=1, bribe=bribe, **bribed) for bribe in (1e6, 1e-6))
    for economy, taken in ((rich, True), (poor, False)):
        node = economy.views(Attacker)[Tactic.BYZANTINE].sequencers[0]
        assert not economy.views(Ranger)[0].takes_bribe(node, "insert")
        economy.step()
        assert node.stake > 0
        assert economy.views(Ranger)[0].takes_bribe(node, "insert") is taken
        assert not economy.views(Ranger)[0].takes_bribe(economy.views(Sequencer)[0], "insert")
