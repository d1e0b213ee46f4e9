"""The oracle itself: conservation, the extremes that need no statistics, and the closed forms of its draws."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, lognorm, norm

from model.core.options import Conduct, Offence, Status
from model.core.rows import SEQUENCER
from model.core.state import ACCOUNTS, TOTALS
from model.parameters import Scenario
from model.population import populate
from tests.reference import Reference
from tests.reference.blocks import Shape

SMALL = {"blocks_per_epoch": 150, "blocks_per_span": 10, "number_of_delegators": 60, "attention": 0.3}
EXACT_RANGERS = {"sampling_probability": 1.0, "diligent_share": 1.0, "evidence_insert": 1.0, "enforcement": 1.0}
TURBULENT = {
    "offences": {"mev_bps": 3000, "sampling_probability": 0.3, "restake_share": 0.5, "reward_source": "issuance"},
    "delays": {"byzantine_share": 0.3, "slash_delay": 5, "correlation_penalty": 3, "compensation_share": 0.3},
    "expulsion": {"byzantine_share": 0.3, "expel": True, "slash_delay": 2, "treasury_share": 0.2, "exit_delay": 3},
    "total loss": {"slash_fraction": 1.0, "byzantine_share": 0.3, "jail_epochs": 0, "top_up": False},
    "poverty": {
        "reserve": 40,
        "sequencer_cost": 90_000,
        "exit_rate": 0.3,
        "reward_rule": "target_rate",
        "honest_fault_rate": 20,
    },
    "griefing": {"griefing_share": 0.6, "accusation_rate": 4, "wrongful_conviction": 0.5, "entry_rate": 0.5},
    "shirkers": {"proof_of_check": False, "trap_rate": 0.2, "trap_penalty": 50, "cost_per_check": 100},
}


def economy(seed: int, **changes: object) -> Reference:
    scenario = Scenario(**{**SMALL, **changes})
    return Reference(scenario, populate(scenario, seed), seed)


@pytest.mark.parametrize("changes", TURBULENT.values(), ids=TURBULENT.keys())
def test_tokens_change_only_by_minting_and_burning(changes: dict) -> None:
    oracle = economy(3, **changes)
    accounts = oracle.accounts
    for _ in range(40):
        oracle.step()
        assert sum(oracle.balances()) == pytest.approx(accounts.opening + accounts.minted - accounts.burned, rel=1e-12)
        assert min(oracle.balances()) >= 0
    assert accounts.minted + accounts.burned > 0


@pytest.mark.parametrize("changes", TURBULENT.values(), ids=TURBULENT.keys())
def test_pools_buckets_and_seats_count_who_is_in_them(changes: dict) -> None:
    oracle = economy(4, **changes)
    for _ in range(40):
        oracle.step()
        assert len(oracle.seated()) <= oracle.plan.number_of_rangers
    for node in oracle.sequencers:
        inside = [d for d in oracle.delegators if d.node is node]
        assert node.vault.members == sum(not d.unbonding for d in inside)
        assert sum(bucket.members for bucket in node.buckets.values()) == sum(d.unbonding for d in inside)
        assert sum(d.shares for d in inside if not d.unbonding) == pytest.approx(node.vault.shares)


def test_honest_sequencers_never_offend() -> None:
    oracle = economy(5, honest_share=1.0, mev_bps=10_000, failover=1.0)
    oracle.run(30)
    assert oracle.totals.blocks_made == oracle.totals.blocks_due == 30 * 150
    assert oracle.totals.opportunity > 0
    assert oracle.totals.stolen == oracle.totals.harm == sum(oracle.totals.offences) == 0


def test_byzantine_sequencers_always_do_the_most_harmful_thing() -> None:
    oracle = economy(6, byzantine_share=1.0, sanction="none", exposure_insert=0.1, entry_rate=0)
    oracle.run(10)
    assert oracle.totals.blocks_made > 0
    assert oracle.totals.offences == [oracle.totals.blocks_made, 0, 0]
    assert oracle.totals.stolen == pytest.approx(oracle.totals.opportunity)


def test_rational_sequencers_with_nothing_to_fear_take_the_largest_gain() -> None:
    oracle = economy(7, verification="none", learning="fixed", entry_rate=0)
    oracle.run(10)
    assert oracle.totals.offences == [0, oracle.totals.blocks_made, 0]


def test_a_certain_conviction_ends_the_turn_slashes_and_jails() -> None:
    still = {"failover": 0.0, "downtime": 0.0, "attention": 0.0, "entry_rate": 0.0, "reward_per_block": 0.0}
    oracle = economy(8, byzantine_share=1.0, **still, **EXACT_RANGERS)
    before = [(node.self_stake, node.pool) for node in oracle.sequencers]
    oracle.step()
    for node, (own, pool) in zip(oracle.sequencers, before, strict=True):
        if node.assigned:
            kept = node.self_stake + node.exiting
            assert (node.made, node.offences, node.convicted) == (1, [0, 1, 0], [0, 1, 0])
            assert kept == pytest.approx(own / 2)
            assert node.pool == pytest.approx(pool / 2)
            assert (node.status == Status.REMOVED) == (kept < oracle.plan.min_stake)
            assert node.status == Status.REMOVED or node.jailed_until == 8
    assert oracle.lost_blocks == 150 - sum(node.made for node in oracle.sequencers)
    convicted_stake = sum(own + pool for node, (own, pool) in zip(oracle.sequencers, before, strict=True) if node.made)
    assert oracle.totals.slashed == pytest.approx(convicted_stake / 2) != 0
    assert oracle.totals.bounties == pytest.approx(0.4 * oracle.totals.slashed)


def test_jail_lasts_as_long_as_it_says() -> None:
    oracle = economy(9, byzantine_share=1.0, jail_epochs=4, slash_fraction=0.0, downtime=0.0, **EXACT_RANGERS)
    oracle.selection()
    oracle.conduct()
    oracle.sanctions()
    jailed = [node for node in oracle.sequencers if node.status == Status.JAILED]
    assert len(jailed) > 3
    for oracle.epoch in range(1, 5):
        oracle.selection()
        assert all(node.status == Status.JAILED and node.weight == 0 for node in jailed)
    oracle.epoch = 5
    oracle.selection()
    assert all(node.status == Status.ACTIVE and node.weight > 0 for node in jailed)


def test_the_same_seed_gives_the_same_economy() -> None:
    first, second, other = economy(10), economy(10), economy(11)
    for oracle in (first, second, other):
        oracle.run(5)
    assert first.totals == second.totals
    assert first.totals != other.totals


def test_fields_have_the_names_of_the_state() -> None:
    oracle = economy(12)
    oracle.step()
    apart = {"pool_shares", "members"}
    assert all(hasattr(oracle.totals, name) for name in TOTALS.names)
    assert all(hasattr(oracle.accounts, name) for name in ACCOUNTS.names)
    assert all(hasattr(oracle.sequencers[0], name) for name in SEQUENCER.names if name not in apart)
    assert oracle.accounts.liquid == pytest.approx(sum(delegator.liquid for delegator in oracle.delegators))


def heavy_tailed_cdf(scenario: Scenario) -> tuple[float, object]:
    """Return the mean and the distribution function of the shape before it is divided by its mean."""
    s, body = scenario, lognorm(scenario.opportunity_sigma)
    a, low, high = s.tail_index, s.tail_start, s.tail_end

    def cdf(x: np.ndarray) -> np.ndarray:
        tail = (low**-a - np.clip(x, low, high) ** -a) / (low**-a - high**-a)
        return (1 - s.tail_weight) * body.cdf(np.minimum(x, low)) / body.cdf(low) + s.tail_weight * tail

    mean = quad(lambda log_x: (1 - cdf(np.exp(log_x))) * np.exp(log_x), -30, np.log(high), limit=500)[0]
    return mean, cdf


@pytest.mark.parametrize("changes", [{}, {"tail_index": 2.5, "tail_weight": 0.4, "tail_start": 1.5, "tail_end": 40}])
def test_heavy_tailed_opportunity_follows_its_distribution(changes: dict) -> None:
    """Kolmogorov-Smirnov at 1e-4 with 20,000 draws: sees a distribution function that is off by 0.03 almost surely."""
    scenario = Scenario(**changes)
    shape = Shape(scenario, np.random.default_rng(1))
    mean, cdf = heavy_tailed_cdf(scenario)
    assert shape.mean == pytest.approx(mean, rel=1e-6)
    draws = mean * np.array([shape.draw() for _ in range(20_000)])
    assert kstest(draws, cdf).pvalue > 1e-4


def test_choice_is_log_logit() -> None:
    """Four shares of 40,000 choices, each within 4.4 standard errors: an error of 0.02 in one is seen almost surely."""
    oracle = economy(13, sequencer_precision=2.0)
    node = next(node for node in oracle.sequencers if node.conduct == Conduct.RATIONAL)
    node.reservation = [2.0, np.inf, 1.0]
    weights = np.array([1.0, 1.5**2 / 2**2, 0.0, 1.5**2])
    expected = weights / weights.sum()
    choices = [node.choose(1.5) for _ in range(40_000)]
    shares = np.array([sum(choice is option for choice in choices) for option in (None, *Offence)]) / 40_000
    errors = np.sqrt(expected * (1 - expected) / 40_000)
    assert np.all(np.abs(shares - expected) <= norm.isf(0.5e-5) * errors)
