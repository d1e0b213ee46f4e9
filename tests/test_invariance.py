"""Rows are labels: who stands where in an array changes nothing but where the results stand.

Phases that draw nothing, and metrics, are compared number by number (sums differ in their last bits by order). Whole
epochs, which draw in the order of the rows, are compared in distribution: a Mann-Whitney test per quantity and row over
RUNS runs each, all p-values together above 1e-4. Power: a shift of 0.15 standard deviations is missed with probability
below 2 % (z = 7.3 against a critical value of about 5).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

from model.core.attack import attack
from model.core.conduct import conduct
from model.core.epoch import advance, record
from model.core.learning import learning
from model.core.market import market
from model.core.recording import new_snapshots
from model.core.rewards import rewards
from model.core.sanctions import sanctions
from model.core.selection import selection
from model.core.state import State
from model.core.verification import verification
from model.history import History
from model.metrics import compute
from model.parameters import Scenario
from model.population import new_streams
from model.simulation import Engine, simulate
from tests.scenarios import SMALL

LIVELY = {
    **SMALL, "number_of_rangers": 4, "possible_rangers": 4, "mev_bps": 60.0, "byzantine_share": 0.2,
    "griefing_share": 0.25, "accusation_rate": 0.5, "colluding_share": 0.25, "bribe": 1e5, "bribery_budget": 1e9,
    "honest_fault_rate": 20.0, "restake_share": 0.5, "commission_period": 1, "entry_rate": 0.3, "exit_rate": 0.3,
    "sequencer_cost": 20.0, "reserve": 300.0, "downtime": 0.1, "slash_delay": 2, "sampling_probability": 0.3,
    "sanction": "restaked_slash", "services": 4, "service_overlap": 0.6, "external_shock_rate": 6.0,
    "service_profit": 5e4,
}  # fmt: skip
"""An economy in which everything happens. Commissions move every epoch, since otherwise rows take turns at it; no seat
is free and no budget runs out, since these go to the first in the row."""

WARM_UP, EPOCHS, RUNS = 12, 3, 5_000


class Orders(NamedTuple):
    """Permutations: position -> row that comes to stand there."""

    sequencers: np.ndarray
    rangers: np.ndarray
    delegators: np.ndarray
    apps: np.ndarray


def some_orders(state: State, seed: int) -> Orders:
    stream = np.random.default_rng(seed)
    return Orders(*(stream.permutation(getattr(state, name).size) for name in Orders._fields))


def inverse(orders: Orders) -> Orders:
    return Orders(*(np.argsort(order) for order in orders))


def permuted(state: State, orders: Orders) -> State:
    """Return a copy whose rows stand in another order."""
    place, seat = np.argsort(orders.sequencers), np.argsort(orders.delegators)
    copied = State(*(np.copy(field, subok=True) if field.shape else field.copy() for field in state))
    crowd = copied.delegators[orders.delegators]
    crowd.pool = np.where(crowd.pool >= 0, place[crowd.pool], crowd.pool)
    return copied._replace(
        sequencers=copied.sequencers[orders.sequencers],
        rangers=copied.rangers[orders.rangers],
        delegators=crowd,
        apps=copied.apps[orders.apps],
        unbonding=copied.unbonding[orders.sequencers],
        unbonding_shares=copied.unbonding_shares[orders.sequencers],
        unbonding_members=copied.unbonding_members[orders.sequencers],
        leaving=seat[copied.leaving].astype(np.int32),
        pending=np.ascontiguousarray(copied.pending[:, orders.sequencers]),
        docket=np.ascontiguousarray(copied.docket[:, orders.sequencers]),
        claims=np.ascontiguousarray(copied.claims[:, orders.sequencers][:, :, orders.rangers]),
        backing=copied.backing[orders.sequencers],
    )


def lively(seed: int = 3) -> Engine:
    engine = Engine(Scenario(**LIVELY), seed)
    engine.advance(WARM_UP)
    return engine


def differing(one: State, other: State) -> list[str]:
    """Name the fields in which two states differ by more than the rounding of sums."""
    names = []
    for group in State._fields:
        ours, theirs = getattr(one, group), getattr(other, group)
        for name in ours.dtype.names or [None]:
            a, b = (ours, theirs) if name is None else (ours[name], theirs[name])
            size = float(np.max(np.abs(b[np.isfinite(b)]), initial=1.0))
            if not np.allclose(a, b, rtol=1e-11, atol=1e-11 * size):
                names.append(f"{group}.{name}")
    return names


def half_an_epoch(engine: Engine) -> State:
    state, rules, streams = engine.state, engine.rules, engine.streams
    state.market.epoch = engine.epoch
    market(state, rules, streams.market, streams.luck)
    selection(state, rules, streams.selection, streams.overlap)
    conduct(state, rules, engine.shape, streams.conduct, streams.auction)
    verification(state, rules, streams.verification)
    sanctions(state, rules, streams.sanctions, streams.shocks, streams.attack)
    return state


@pytest.mark.parametrize("seed", range(5))
def test_phases_that_draw_nothing_know_no_order(seed):
    engine = lively(seed)
    state = half_an_epoch(engine)
    orders = some_orders(state, seed)
    other = permuted(state, orders)
    assert differing(state, other)
    for each in (state, other):
        rewards(each, engine.rules)
        learning(each, engine.rules, engine.streams.learning)
        attack(each, engine.rules, engine.streams.attack)
        record(each, engine.rules)
    before = permuted(state, orders)
    assert differing(before, other) == []
    assert differing(permuted(other, inverse(orders)), state) == []


def test_metrics_know_no_order():
    history = simulate(Scenario(**LIVELY), seed=4, epochs=30).history
    ours = compute(history)
    stream = np.random.default_rng(1)
    groups = {name: getattr(history.snapshots, name) for name in ("sequencers", "rangers", "apps")}
    mixed = {name: rows[:, stream.permutation(rows.shape[1])] for name, rows in groups.items()}
    theirs = compute(History(history.scenario, history.snapshots._replace(**mixed)))
    assert len(ours) > 70
    for name in ours:
        assert theirs[name] == pytest.approx(ours[name], rel=1e-11, abs=1e-12, nan_ok=True), name


def quantities(state: State) -> dict[str, np.ndarray]:
    """Return what is compared in distribution, (rows,) each."""
    nodes, rangers, crowd = state.sequencers, state.rangers, state.delegators
    columns: dict[str, Any] = {
        **{f"node {name}": nodes[name] for name in ("status", "self_stake", "wallet", "exiting", "pool", "members")},
        **{f"node {name}": nodes[name] for name in ("made", "honest_value", "slashed", "commission", "total_usd")},
        **{f"node {name}": nodes[name].sum(axis=1) for name in ("offences", "detected", "convicted", "caught")},
        **{f"ranger {name}": rangers[name] for name in ("status", "bond", "checked", "reported", "silenced", "found")},
        "delegator liquid": crowd.liquid,
        "delegator waits": crowd.release > 0,
        "delegator shares": crowd.shares,
        "app present": state.apps.present,
    }
    return {name: np.array(column, float) for name, column in columns.items()}


def sample(engine: Engine, orders: Orders | None, seed: int) -> dict[str, np.ndarray]:
    """Run some epochs RUNS times from the same state, its rows in another order if given; return (RUNS, rows) each."""
    start = engine.state if orders is None else permuted(engine.state, orders)
    streams, unrecorded = new_streams(seed), new_snapshots(start, ())
    results: dict[str, list[np.ndarray]] = {}
    for _ in range(RUNS):
        state = State(*(field.copy() for field in start))
        advance(state, engine.rules, engine.shape, streams, unrecorded, engine.epoch, engine.epoch + EPOCHS)
        for name, column in quantities(state).items():
            results.setdefault(name, []).append(column)
    return {name: np.array(columns) for name, columns in results.items()}


def least_p_value(one: dict[str, np.ndarray], other: dict[str, np.ndarray], orders: Orders) -> float:
    """Return the least p-value of all quantities and rows, times their number."""
    kinds = {"node": orders.sequencers, "ranger": orders.rangers, "delegator": orders.delegators, "app": orders.apps}
    p_values = []
    for name in one:
        place = np.argsort(kinds[name.split()[0]])
        for row in range(place.size):
            a, b = one[name][:, row], other[name][:, place[row]]
            alike = np.ptp(np.concatenate([a, b])) <= 1e-9 * (1 + np.abs(a).max())
            p_values.append(1.0 if alike else float(stats.mannwhitneyu(a, b, method="asymptotic").pvalue))
    return min(p_values) * len(p_values)


def test_whole_epochs_know_no_order():
    engine = lively()
    orders = some_orders(engine.state, 7)
    ours, theirs = sample(engine, None, seed=1), sample(engine, orders, seed=2)
    assert least_p_value(ours, theirs, orders) > 1e-4
    unmoved = Orders(*(np.arange(order.size) for order in orders))
    assert least_p_value(ours, theirs, unmoved) < 1e-12, "rows that are not alike must be told apart"
