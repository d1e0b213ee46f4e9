"""What holds in every economy after every epoch: no token out of nowhere, every block accounted for, chunks alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.core import audit
from model.core.options import Status
from model.core.state import State, Streams
from model.parameters import Scenario
from model.simulation import Engine, simulate
from tests.scenarios import SMALL, scenarios

EPOCHS = 25
CERTAIN = {"sampling_probability": 1.0, "diligent_share": 1.0, "evidence_insert": 1.0, "enforcement": 1.0}
STORMY = {"mev_bps": 2_000, "attention": 1.0, "honest_fault_rate": 20}
EXTREMES = {
    "everything is slashed": {"slash_fraction": 1.0, "byzantine_share": 0.6, "honest_fault_slash": 1.0},
    "no minimum": {"min_stake": 0.0, "slash_fraction": 1.0, "jail_epochs": 0, "restake_share": 1.0, **STORMY},
    "all byzantine, expelled": {"byzantine_share": 1.0, "expel": True, **CERTAIN},
    "late slashes": {"slash_delay": 30, "exit_delay": 1, "byzantine_share": 0.6, "jail_epochs": 0, **STORMY},
    "correlated slashes": {"correlation_penalty": 100.0, "correlation_window": 2, "byzantine_share": 0.4, **CERTAIN},
    "restless delegators": {"exit_delay": 1, "delegator_precision": 0.0, **STORMY, "attention": 1.0},
    "no delegators": {"number_of_delegators": 0, **STORMY},
    "poor delegators": {"delegated_wealth": 0.0, **STORMY},
    "no Rangers": {"number_of_rangers": 0, "possible_rangers": 0, **STORMY},
    "one sequencer": {"number_of_sequencers": 1, "possible_sequencers": 1, **STORMY},
    "empty reserve": {"reserve": 0.0, **STORMY},
    "short reserve": {"reserve": 20.0, "reward_per_block": 0.1, **STORMY},
    "inflation": {"reward_source": "issuance", "reward_rule": "target_rate", "target_rate": 10.0, "restake_share": 1.0},
    "worthless token": {"token_price": 1e-9, "reward_source": "issuance", "price_volatility": 5.0, **STORMY},
    "dear token": {"token_price": 1e9, "price_drift": 5.0, "epochs_per_year": 1, **STORMY},
    "collapse": {"price_process": "reflexive", "price_volume_elasticity": 10.0, "trust_loss": 1.0, **STORMY},
    "every attack": {
        "byzantine_share": 0.2, "sybil_nodes": 2, "griefing_share": 0.4, "accusation_rate": 20.0,
        "wrongful_conviction": 0.5, "colluding_share": 0.4, "bribe": 1e5, "bribery_budget": 3e5, **STORMY,
    },
    "more attacks": {
        "byzantine_share": 0.2, "censor_fee": 5e4, "censor_budget": 1e6, "hit_and_run_nodes": 1, "hit_after": 30,
        "takeover_budget": 1e7, "takeover_pace": 0.01, "takeover_target": 0.67, "restake_share": 0.5, **STORMY,
    },
    "the whole supply bought": {
        "takeover_budget": 1e12, "takeover_pace": 1.0, "price_impact": 1e3, "max_stake": 1e7, "min_stake": 0.0,
    },
    "traps": {"proof_of_check": False, "trap_rate": 1.0, "trap_penalty": 1e4, "cost_per_check": 1e4, **STORMY},
    "storms": {"storm_share": 0.9, "storm_multiplier": 1e4, "storm_length": 1.0, "compensation_share": 0.6},
    "contagion": {"sister_chains": 6, "sister_scandal_rate": 100.0, "contagion": 1.0, "scandal_loss": 1.0, **STORMY},
    "restaked to ruin": {
        "sanction": "restaked_slash", "services": 6, "service_overlap": 0.8, "service_income": 10.0,
        "service_profit": 1e5, "external_shock_rate": 100.0, "external_shock_size": 1.0, **STORMY,
    },
    "services that buy all there is": {
        "sanction": "restaked_slash", "services": 400, "service_income": 10.0, "restake_share": 1.0, **STORMY,
    },
    "curve of the root": {"reward_rule": "sqrt_curve", "reward_source": "issuance", "min_stake": 0.0, **STORMY},
    "blocks sold": {"ordering": "discretion", "revenue": "auction_to_proposer", "auction_precision": 100.0, **STORMY},
    "one builder": {"revenue": "auction_to_proposer", "number_of_builders": 1, "exclusive_flow": 1.0, **STORMY},
    "rights sold": {"selection": "auction", "ordering": "discretion", "auction_precision": 1.01, **STORMY},
    "rights nobody wants": {"selection": "auction", "fee_bps": 0.0, "reward_per_block": 0.0, "batch_cost_fixed": 1e4},
    "revolving door": {"entry_rate": 1.0, "exit_rate": 1.0, "sequencer_cost": 1e4, "exit_delay": 1, **STORMY},
}  # fmt: skip
"""One economy per way in which a ledger is tempted."""


def check_balances(state: State) -> None:
    """Every balance is there and not negative, and together they are what was minted less what was burned."""
    nodes, rangers, crowd, accounts = state.sequencers, state.rangers, state.delegators, state.accounts
    balances = {
        **{name: nodes[name] for name in ("self_stake", "wallet", "exiting", "pool", "pool_shares")},
        **{f"ranger {name}": rangers[name] for name in ("bond", "wallet")},
        **{f"delegator {name}": crowd[name] for name in ("shares", "liquid")},
        **{
            name: accounts[name]
            for name in ("circulating", "liquid", "reserve", "treasury", "users", "minted", "burned")
        },
        "unbonding": state.unbonding,
        "unbonding_shares": state.unbonding_shares,
    }
    for name, balance in balances.items():
        assert np.all(np.isfinite(balance)), name
        assert np.all(balance >= 0), name
    assert abs(audit.residual(state.accounts, audit.total(state))) <= 1e-9 * max(
        audit.total(state), accounts.opening, accounts.minted
    )


def check_members(state: State, most_shares: float) -> None:
    """Pools and buckets know their members: how many, with how many shares; the free tokens are the delegators'."""
    crowd, count = state.delegators, state.sequencers.size
    inside, waiting = (crowd.pool >= 0) & (crowd.release == 0), crowd.release != 0
    assert np.bincount(crowd.pool[inside], minlength=count).tolist() == state.sequencers.members.tolist()
    shares = np.bincount(crowd.pool[inside], crowd.shares[inside], count)
    assert shares == pytest.approx(state.sequencers.pool_shares, rel=1e-9, abs=1e-9 * most_shares)
    assert np.all(state.sequencers.pool[state.sequencers.members == 0] == 0)

    left = np.bincount(crowd.pool[waiting], minlength=count)
    assert left.tolist() == state.unbonding_members.sum(axis=1).tolist()
    assert waiting.sum() == state.market.queue_length
    assert np.all(state.unbonding[state.unbonding_members == 0] == 0)
    shares = np.bincount(crowd.pool[waiting], crowd.shares[waiting], count)
    assert shares == pytest.approx(state.unbonding_shares.sum(axis=1), rel=1e-9, abs=1e-9 * most_shares)
    assert crowd.liquid.sum() == pytest.approx(state.accounts.liquid, rel=1e-9, abs=1e-9 * audit.total(state))


def check_blocks(state: State, due: int) -> None:
    """Every block was made or lost; convictions are of offences found, and these of offences committed."""
    nodes, now = state.sequencers, state.market
    assert nodes.made.sum() + now.lost_blocks == due
    assert np.all(nodes.made >= 0)
    assert np.all(nodes.convicted <= nodes.detected)
    assert np.all(nodes.detected <= nodes.offences)
    assert np.all(nodes.offences.sum(axis=1) <= nodes.made)
    for name in (
        "price",
        "volume",
        "mean_opportunity",
        "net_fee",
        "harm",
        "lawful_harm",
        "capture",
        "trust",
        "pay_scale",
    ):
        assert np.isfinite(now[name]), name
    assert now.price > 0
    assert 0 <= now.trust <= 1
    assert 0 <= now.pay_scale <= 1


def check_standing(state: State, scenario: Scenario) -> None:
    """Who serves has what it takes, and who does not serve has nothing at stake but what is on its way out."""
    nodes, rangers = state.sequencers, state.rangers
    serves = (nodes.status == Status.ACTIVE) | (nodes.status == Status.JAILED)
    leaves = (nodes.status == Status.EXITING) | (nodes.status == Status.REMOVED)
    assert np.all(nodes.self_stake[~serves] == 0)
    assert np.all(nodes.exiting[~leaves] == 0)
    assert np.all(nodes.self_stake[serves] >= scenario.min_stake * (1 - 1e-9))
    assert np.all((nodes.commission >= 0) & (nodes.commission <= scenario.max_commission))
    seated = rangers.status == Status.ACTIVE
    assert seated.sum() <= scenario.number_of_rangers
    assert np.all(rangers.bond[~seated] == 0)
    assert np.all(rangers.bond[seated] >= 0.5 * scenario.ranger_bond)
    assert np.all((rangers.diligence >= 0) & (rangers.diligence <= 1))


def check_stack(state: State) -> None:
    """Trust is a share, of every chain and of the name they have in common."""
    for trust in (state.sisters.trust, state.market.trust, state.market.brand):
        assert np.all((trust >= 0) & (trust <= 1))


def check_numbers(state: State) -> None:
    """No agent holds a number that is none."""
    agents = state.sequencers, state.rangers, state.apps, state.attackers, state.builders, state.sisters
    for group in (*agents, state.totals):
        for name in group.dtype.names:
            assert not np.any(np.isnan(group[name])), name


def check_run(scenario: Scenario, seed: int, epochs: int = EPOCHS) -> Engine:
    """Run a scenario and check every law after every epoch."""
    engine = Engine(scenario, seed)
    most_shares = 0.0
    for _ in range(epochs):
        engine.advance(1)
        most_shares = max(most_shares, engine.state.sequencers.pool_shares.max(), engine.state.unbonding_shares.max())
        check_balances(engine.state)
        check_members(engine.state, most_shares)
        check_blocks(engine.state, scenario.blocks_per_epoch)
        check_standing(engine.state, scenario)
        check_stack(engine.state)
        check_numbers(engine.state)
    return engine


@pytest.mark.parametrize("changes", EXTREMES.values(), ids=EXTREMES.keys())
@pytest.mark.parametrize("seed", [1, 2])
def test_laws_hold_in_extreme_economies(changes, seed):
    engine = check_run(Scenario(**{**SMALL, **changes}), seed, epochs=80)
    assert engine.state.totals.blocks_due == 80 * SMALL["blocks_per_epoch"]


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1))
def test_laws_hold_in_random_economies(scenario, seed):
    check_run(scenario, seed)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1), st.lists(st.integers(1, 20), min_size=3, max_size=12))
def test_chunks_change_no_byte(scenario, seed, chunks):
    whole = Engine(scenario, seed)
    whole.advance(sum(chunks))
    parts = Engine(scenario, seed)
    for chunk in chunks:
        parts.advance(chunk)
    assert content(parts) == content(whole)


@pytest.mark.parametrize("chunk", [1, 7, 28])
def test_a_year_in_chunks_is_a_year(chunk):
    scenario = Scenario(**SMALL, mev_bps=100.0, byzantine_share=0.2)
    whole, parts = Engine(scenario, 5), Engine(scenario, 5)
    whole.advance(364)
    for _ in range(364 // chunk):
        parts.advance(chunk)
    assert content(parts) == content(whole)


def test_the_same_seed_is_the_same_economy_and_another_is_not():
    runs = [Engine(Scenario(**SMALL), seed) for seed in (5, 5, 6)]
    for run in runs:
        run.advance(30)
    assert content(runs[0]) == content(runs[1]) != content(runs[2])


def content(engine: Engine) -> dict[str, bytes | str]:
    """Return everything that a state and its streams are, byte by byte."""
    arrays = {name: np.asarray(getattr(engine.state, name)).tobytes() for name in State._fields}
    return arrays | {name: str(getattr(engine.streams, name).bit_generator.state) for name in Streams._fields}


def test_when_every_sequencer_is_removed_the_run_goes_on_and_says_so():
    """Expelled one after the other until nobody is left: blocks are lost, not counted as honest, and nothing fails."""
    byzantine = {"byzantine_share": 1.0, "expel": True, "entry_rate": 0.0, "honest_fault_rate": 0.0, **CERTAIN}
    run = simulate(Scenario(**{**SMALL, **byzantine}), seed=3, epochs=40)
    last = run.metrics.iloc[-1]
    assert last.sequencers_active == last.sequencers_jailed == last.stake_total == 0
    assert last.sequencers_removed == SMALL["number_of_sequencers"]
    assert last.outage_share == 1
    assert last.fees == 0
    assert np.isnan(last.honesty_by_blocks)
    assert run.metrics.trust.iloc[-1] < run.metrics.trust.iloc[0]
    assert run.metrics.ledger_residual.max() < 1e-12


def test_an_idle_chain_does_not_make_its_token_priceless():
    """When demand returns after all trust was lost, a reflexive price is back where it was, not far above."""
    reflexive = {"price_process": "reflexive", "price_volatility": 0.0, "price_issuance_elasticity": 0.0}
    engine = Engine(Scenario(**{**SMALL, **reflexive, "volume_volatility": 0.0}), 4)
    engine.advance(3)
    before, volume = float(engine.state.market.price), float(engine.state.market.volume)
    engine.state.market.trust = 0.0
    engine.advance(1)
    assert engine.state.market.volume == 0
    assert engine.state.market.price < before
    engine.state.market.trust = 1.0
    engine.advance(1)
    assert engine.state.market.volume == pytest.approx(volume, rel=1e-3)
    assert engine.state.market.price == pytest.approx(before, rel=1e-2)
