"""Market, luck and users: the laws of what comes from outside, and of how users answer.

Statistical tests use fixed seeds and reject z-scores beyond 5 (p below 1e-6); each says what it would notice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from model.core.compiled import kernel
from model.core.market import market
from model.core.users import users
from tests.scenarios import stage

DAYS = 100_000
STEADY = {"trust_elasticity": 0.0, "app_exit_rate": 0.0}


def weather(**changes: Any) -> dict[str, np.ndarray]:
    """Return what the market phase alone brings, day after day."""
    engine = stage(**{**STEADY, **changes})
    days = np.empty((6, DAYS))
    _watch(engine.state, engine.rules, engine.streams, days)
    return dict(zip(("price", "volume", "storm", "outage", "fault", "any"), days, strict=True))


@kernel
def _watch(state, rules, streams, days):
    for epoch in range(days.shape[1]):
        state.market.epoch = epoch
        market(state, rules, streams.market, streams.luck)
        days[0, epoch] = state.market.price
        days[1, epoch] = state.market.volume
        days[2, epoch] = state.market.storm
        days[3, epoch] = state.sequencers.outage.mean()
        days[4, epoch] = state.sequencers.fault.mean()
        days[5, epoch] = state.sequencers.fault.max()


def z_of(sample: np.ndarray, mean: float) -> float:
    return float((sample.mean() - mean) / (sample.std() / math.sqrt(sample.size)))


def test_the_log_price_drifts_and_varies_as_stated():
    """A drift off by 0.5 a year (z = 10), a volatility off by 2 %, moves that remember (a correlation of 0.03)."""
    moves = np.diff(np.log(weather(price_drift=0.4, price_volatility=0.8)["price"]))
    assert abs(z_of(moves, (0.4 - 0.8**2 / 2) / 365)) < 5
    assert moves.std() == pytest.approx(0.8 / math.sqrt(365), rel=0.0112)
    assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 5 / math.sqrt(DAYS)


def test_a_constant_price_is_constant():
    assert set(weather(price_process="constant")["price"]) == {3.3}


def test_a_reflexive_price_follows_demand_and_fears_issuance():
    engine = stage(price_process="reflexive", price_volatility=0.0, volume_volatility=0.0, price_volume_elasticity=0.7,
                   price_issuance_elasticity=2.0)  # fmt: skip
    state = engine.state
    market(state, engine.rules, engine.streams.market, engine.streams.luck)
    assert state.market.price == pytest.approx(3.3)
    state.market.epoch, state.market.trust, state.market.net_issuance = 1, 0.5, 10_000.0
    market(state, engine.rules, engine.streams.market, engine.streams.luck)
    move = 0.7 * math.log(0.5) - 2.0 * 10_000 / state.accounts.opening
    assert state.market.price == pytest.approx(3.3 * math.exp(move), rel=1e-9)


def test_volume_has_the_stated_mean_and_grows():
    """A mean of demand off by 1 % (z = 10)."""
    assert abs(z_of(weather(volume_volatility=0.3)["volume"], 1e6)) < 5
    grown = weather(volume_volatility=0.0, volume_growth=0.01)["volume"]
    assert grown == pytest.approx(1e6 * np.exp(0.01 * np.arange(DAYS) / 365), rel=1e-9)


@pytest.mark.parametrize(("share", "length"), [(0.3, 1.0), (0.3, 5.0), (0.1, 20.0)])
def test_storms_are_as_frequent_and_as_long_as_stated(share, length):
    """A length or a share off by half (z = 9); persistence, which widens the error of the share, is allowed for."""
    storm = weather(storm_share=share, storm_length=length)["storm"]
    onsets = np.count_nonzero(np.diff(storm) == 1)
    if length > 1:
        assert storm.sum() / onsets == pytest.approx(length, rel=5 / math.sqrt(onsets))
    memory = 1 - 1 / length - share / (1 - share) / length
    deviation = math.sqrt(share * (1 - share) / DAYS * (1 + memory) / (1 - memory))
    assert abs(storm.mean() - share) < 5 * deviation


def test_a_storm_multiplies_opportunity():
    calm, storm = stage(storm_share=0.0, **STEADY), stage(storm_share=0.9, storm_multiplier=7.0, **STEADY)
    for engine in (calm, storm):
        market(engine.state, engine.rules, engine.streams.market, engine.streams.luck)
    assert (calm.state.market.storm, storm.state.market.storm) == (0, 1)
    assert storm.state.market.mean_opportunity == pytest.approx(7 * calm.state.market.mean_opportunity)
    assert calm.state.market.mean_opportunity * 200 == pytest.approx(4e-4 * calm.state.market.volume)


@pytest.mark.parametrize("length", [0.01, 0.3, 1.0])
def test_nodes_are_down_for_their_share_of_time(length):
    """A downtime off by 5 % (z above 6)."""
    engine = stage(downtime=0.05, outage_length=length)
    lengths = np.maximum(length, engine.state.sequencers.downtime)
    expected = np.mean(engine.state.sequencers.downtime * (1 - np.exp(-1 / lengths)))
    assert abs(z_of(weather(downtime=0.05, outage_length=length)["outage"], expected)) < 5


def test_faults_come_at_their_rate_and_strike_clients_together():
    """Nodes of one client share part of their faults: as many in all, on fewer days."""
    apart = weather(honest_fault_rate=20.0, fault_correlation=0.0)
    together = weather(honest_fault_rate=20.0, fault_correlation=1.0, number_of_clients=1)
    for days in (apart, together):
        assert abs(z_of(days["fault"], 20 / 365)) < 5
    assert abs(z_of(apart["any"], 1 - (1 - 20 / 365) ** 8)) < 5
    assert abs(z_of(together["any"], 20 / 365)) < 5
    assert together["fault"].tolist() == together["any"].tolist()


def test_trust_falls_with_visible_harm_and_outages_and_recovers():
    engine = stage(trust_loss=0.01, outage_loss=0.2, trust_recovery=0.1)
    now = engine.state.market
    now.trust, now.volume, now.harm, now.lost_blocks = 0.8, 1e6, 400.0, 50
    users(engine.state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    assert now.trust == pytest.approx(0.8 + 0.1 * 0.2 - 0.01 * 4 - 0.2 * 50 / 200)
    now.harm = 1e6
    users(engine.state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    assert now.trust == 0
    now.harm, now.lost_blocks = 0.0, 0
    for _ in range(200):
        users(engine.state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    assert now.trust == pytest.approx(1)


def test_apps_leave_for_good_when_they_remember_more_harm_than_they_tolerate():
    engine = stage(app_exit_rate=1.0, app_tolerance=10.0, harm_memory=1.0)
    state = engine.state
    state.apps.tolerance = 1.0, 3.0, 5.0, 7.0
    state.market.volume, state.market.harm = 1e6, 400.0
    for present in ([0, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]):
        users(state, engine.rules, engine.streams.users, engine.streams.elsewhere)
        assert state.apps.present.tolist() == present
    assert state.apps.memory == pytest.approx([4 * (1 - 0.5**4)] * 4)
    state.market.harm = 0.0
    for _ in range(50):
        users(state, engine.rules, engine.streams.users, engine.streams.elsewhere)
    assert state.apps.present.tolist() == [0, 0, 1, 1]
    market(state, engine.rules, engine.streams.market, engine.streams.luck)
    assert math.exp(state.market.trend) < 1e6
