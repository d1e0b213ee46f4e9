"""The closed forms of deterrence: limits, monotonicity, and an independent integration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from model import simulate, theory
from model.core.options import Status
from model.parameters import Scenario
from model.population import populate

METIS = {"sigma": 1.18, "weight": 0.05, "index": 1.0, "start": 8.2, "end": 17_200.0}
SHAPES = {
    "constant": theory.constant_opportunity(),
    "exponential": theory.exponential_opportunity(),
    "heavy_tailed": theory.heavy_tailed_opportunity(**METIS),
}
MIDPOINT_ERROR = 0.5 / theory.NODES


def heavy_tailed_moment(function, sigma, weight, index, start, end):
    """Integrate function(x) over the density of the shape, x in medians of the body, on the log of x."""
    inside = norm.cdf(np.log(start) / sigma)
    scale = index / (start**-index - end**-index)

    def body(y):
        return function(np.exp(y)) * (1 - weight) * norm.pdf(y / sigma) / sigma / inside

    def tail(y):
        return function(np.exp(y)) * weight * scale * np.exp(-index * y)

    low, middle, high = -12 * sigma, np.log(start), np.log(end)
    return quad(body, low, middle, limit=500)[0] + quad(tail, middle, high, limit=500)[0]


@pytest.mark.parametrize("index", [0.6, 1.0, 2.5])
@pytest.mark.parametrize("reservation", [0.05, 1.0, 40.0])
@pytest.mark.parametrize("precision", [0.5, 4.0])
def test_the_share_of_value_is_the_integral_over_the_density(index, reservation, precision):
    law = {**METIS, "index": index}
    mean = heavy_tailed_moment(lambda x: x, **law)
    direct = heavy_tailed_moment(lambda x: x / (1 + (reservation * mean / x) ** precision), **law) / mean
    share = theory.offence_share_by_value(reservation, precision, theory.heavy_tailed_opportunity(**law))
    assert share == pytest.approx(direct, abs=MIDPOINT_ERROR)


@pytest.mark.parametrize("reservation", [0.1, 1.0, 5.0])
def test_exponential_opportunities_agree_with_the_integral_over_the_density(reservation):
    direct = quad(lambda x: x * np.exp(-x) / (1 + (reservation / x) ** 4), 0, 80, limit=500)[0]
    share = theory.offence_share_by_value(reservation, 4.0, SHAPES["exponential"])
    assert share == pytest.approx(direct, abs=MIDPOINT_ERROR)


@pytest.mark.parametrize("reservation", [0.2, 0.9, 1.1, 3.0])
def test_a_constant_opportunity_is_taken_with_the_log_logit_probability(reservation):
    share = theory.offence_share_by_value(reservation, 4.0, SHAPES["constant"])
    assert share == pytest.approx(1 / (1 + reservation**4), abs=MIDPOINT_ERROR)


@pytest.mark.parametrize("shape", ["exponential", "heavy_tailed"])
def test_infinite_precision_is_the_best_response(shape):
    reservation = np.array([0.01, 0.5, 2.0, 30.0, 1_000.0])
    share = theory.offence_share_by_value(reservation, 1e6, SHAPES[shape])
    assert share == pytest.approx(SHAPES[shape](reservation), abs=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@given(
    reservation=st.floats(1e-4, 1e4),
    step=st.floats(1.01, 10.0),
    precision=st.floats(0.01, 1_000.0),
)
@settings(max_examples=60, deadline=None)
def test_a_higher_reservation_value_never_lets_more_value_be_taken(shape, reservation, step, precision):
    low, high = theory.offence_share_by_value([reservation, reservation * step], precision, SHAPES[shape])
    assert 0.0 <= high <= low <= 1.0


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_to_lose_takes_all_and_everything_to_lose_takes_nothing(shape):
    assert theory.offence_share_by_value([0.0, np.inf], 4.0, SHAPES[shape]).tolist() == [1.0, 0.0]


def test_odds_of_offences_add():
    reservation, precision, value = np.array([0.5, 2.0, 3.0]), 3.0, 1.7
    combined = theory.combined_reservation(reservation, precision)
    assert (value / combined) ** precision == pytest.approx(((value / reservation) ** precision).sum())


@pytest.mark.parametrize(
    ("reservation", "expected"), [([0.0, 2.0], 0.0), ([np.inf, 2.0], 2.0), ([np.inf, np.inf], np.inf)]
)
def test_odds_that_are_zero_or_infinite_are_combined_too(reservation, expected):
    assert theory.combined_reservation(reservation, 4.0) == pytest.approx(expected)


def test_becker_deterrence_reproduces_published_thresholds():
    detection = theory.detection_probability(0.05, 1.0, 5)
    assert detection == pytest.approx(0.226219, abs=1e-6)
    assert theory.reservation_value(detection, 2_000 + 10, 1.0) == pytest.approx(454.700, abs=1e-3)
    assert theory.reservation_value(detection, 2_000 + 10, 1.0, clawback=1.0) == pytest.approx(587.634, abs=1e-3)


def test_what_is_taken_back_is_of_the_gain_and_not_of_what_order_would_have_earned():
    """At the reservation value both acts bring the same, each outcome weighed by its chance."""
    q, cost, gain, back, honest = 0.4, 100.0, 1.5, 0.5, 0.3
    value = float(theory.reservation_value(q, cost, gain, back, honest))
    offends = (1 - q) * gain * value + q * ((1 - back) * gain * value - cost)
    assert offends == pytest.approx(honest * value, rel=1e-12)
    assert theory.reservation_value(0.9, cost, 0.5, 1.0, honest) == np.inf


@pytest.mark.parametrize(("detection", "gain", "clawback"), [(0.5, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_an_offence_that_cannot_pay_has_an_infinite_reservation_value(detection, gain, clawback):
    assert theory.reservation_value(detection, 100.0, gain, clawback) == np.inf


@pytest.mark.parametrize("level", [0.25, 0.5, 0.9])
def test_honesty_on_the_boundary_is_the_level(level):
    scenario = Scenario(sampling_probability=0.001, jail_epochs=0)
    slash = theory.deterrence_boundary(scenario, level)
    assert 0 < slash < 1
    assert theory.honesty_by_value(scenario.replace(slash_fraction=slash)) == pytest.approx(level, abs=1e-3)
    assert theory.honesty_by_value(scenario.replace(slash_fraction=slash / 2)) < level - 1e-3


def test_more_sampling_needs_less_slashing():
    boundary = [theory.deterrence_boundary(Scenario(sampling_probability=p), 0.9) for p in (1e-3, 3e-3, 1e-2, 3e-2)]
    assert all(later < earlier for earlier, later in zip(boundary[:-1], boundary[1:], strict=True))


def test_the_boundary_is_zero_where_jail_alone_deters_and_infinite_where_nothing_is_found_out():
    assert theory.deterrence_boundary(Scenario(sampling_probability=1.0), 0.5) == 0.0
    assert theory.deterrence_boundary(Scenario(sampling_probability=0.0), 0.5) == np.inf


def test_a_single_constant_opportunity_has_the_boundary_of_becker():
    """One kind of offence, equal blocks, best response: honest iff v <= q C / G, here solved for the slash by hand."""
    scenario = Scenario(
        opportunity="constant", sequencer_precision=1_000.0, jail_epochs=0, stakes=(30_000.0,), number_of_sequencers=1,
        gain_insert=0.0, gain_censor=0.0, top_up=True, min_stake=0.0, sampling_probability=1e-6,
    )  # fmt: skip
    detection = 1 - (1 - 1e-6 * scenario.evidence_reorder) ** scenario.number_of_rangers
    value = scenario.daily_volume_usd * scenario.mev_bps * 1e-4 / scenario.blocks_per_epoch
    gain = scenario.gain_reorder - scenario.honest_capture
    by_hand = value * gain / (detection * scenario.enforcement * 30_000.0 * scenario.token_price)
    assert theory.deterrence_boundary(scenario, 0.5) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "value"), [("verification", "none"), ("sanction", "none"), ("storm_share", 0.1), ("honest_share", 0.5)]
)
def test_outside_its_conditions_the_boundary_names_the_condition(name, value):
    with pytest.raises(ValueError, match=name):
        theory.deterrence_boundary(Scenario(**{name: value}))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fee_bps": 0.1},
        {"reward_rule": "target_rate"},
        {"selection": "sqrt_stake"},
        {"visibility": "encrypted", "latency_loss": 0.2},
        {"revenue": "share_with_protocol", "protocol_gross_share": 0.1, "data_cost_cut": 0.5, "data_cost_epoch": 0},
    ],
)
def test_income_is_what_the_model_starts_with(changes):
    stakes = (20_000.0, 55_000.0, 130_000.0)
    scenario = Scenario(stakes=stakes, number_of_sequencers=3, number_of_delegators=0, cost_dispersion=0.0, **changes)
    nodes = populate(scenario, seed=1).sequencers
    weights = np.minimum(stakes, scenario.max_stake)
    weights = np.sqrt(weights) if scenario.selection == "sqrt_stake" else weights
    income = theory.expected_income(scenario, weights / weights.sum(), np.minimum(stakes, scenario.max_stake))
    assert income == pytest.approx(nodes.income_average[nodes.status == Status.ACTIVE])


def test_who_has_no_seat_orders_nothing():
    stakes = (30_000.0, 90_000.0, 20_000.0)
    base = Scenario(stakes=stakes, number_of_sequencers=3, number_of_delegators=0, sampling_probability=1e-3)
    for changes, seats in (({"selection": "single"}, 1), ({"selection": "appointed", "appointed_seats": 2}, 2)):
        few = base.replace(stakes=stakes[:seats], number_of_sequencers=seats, selection="equal")
        assert theory.honesty_by_value(base.replace(**changes)) == pytest.approx(theory.honesty_by_value(few))
    assert 0.01 < theory.honesty_by_value(few) < 0.99


@pytest.mark.parametrize(
    ("sampling", "slash", "alone"), [(1e-3, 3e-3, False), (1e-3, 1e-2, False), (1e-3, 0.1, True), (2e-3, 0.02, False)]
)
def test_honesty_in_the_first_epoch_is_the_closed_form(sampling, slash, alone):
    """200 first epochs under the assumptions of the closed form; the test would see an error of 0.02 in honesty.

    No jail, equal skills, no outages, Rangers diligent, and opportunities without a tail that would swamp the mean.
    """
    scenario = Scenario(
        sampling_probability=sampling, slash_fraction=slash, opportunity="exponential", jail_epochs=0, min_stake=0.0,
        stakes=(5_000.0,) if alone else (5_000.0, 20_000.0, 90_000.0), number_of_sequencers=1 if alone else 3,
        number_of_delegators=0, skill_dispersion=0.0, downtime=0.0, diligent_share=1.0, volume_volatility=0.0,
        price_process="constant", daily_volume_usd=2e7, blocks_per_epoch=5_000,
    )  # fmt: skip
    honesty = [simulate(scenario, seed=seed, epochs=1).metrics["honesty_by_value"].iloc[0] for seed in range(200)]
    error = np.std(honesty, ddof=1) / np.sqrt(len(honesty))
    assert 4 * error < 0.02
    assert abs(np.mean(honesty) - theory.honesty_by_value(scenario)) < 4 * error + 0.5 / theory.NODES
