"""Facts of sequencers that rollups share, or borrow the stake of: Espresso, Astria, Radius, and restaking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.facts.fact import fact, settled, total

if TYPE_CHECKING:
    from model.results import Run

CURVE = (
    "https://docs.espressosys.com/network/concepts/the-espresso-network/internal-functionality/stake-table/"
    "staking-rewards-calculation"
)
GENESIS = "astriaorg/astria, charts/sequencer/files/cometbft/config/mainnet.genesis.json"
STOPPED = "https://coinalertnews.com/news/2025/12/03/208ed652"
INCOME = (
    "https://blockeden.xyz/forum/t/astria-shut-down-at-block-15360577-after-raising-18m-and-every-major-l2-still-runs-"
    "a-single-centralized-sequencer-is-decentralized-sequencing-even-possible/509"
)
KEYS = "radiusxyz/docs, overview/distributed-key-management-system-dkg.md"
ENCRYPTED = "https://docs.theradius.xyz/developer/encrypted-mempool"
CASCADES = "https://drops.dagstuhl.de/entities/document/10.4230/LIPIcs.ITCS.2025.48"
NODES, STAKE = 100, 1e6
SET: dict[str, Any] = {
    "number_of_sequencers": NODES, "possible_sequencers": NODES, "stakes": (STAKE,) * NODES, "exit_rate": 0.0,
    "number_of_delegators": 0, "delegated_wealth": 0.0, "price_process": "constant", "enforcement": 0.0,
}  # fmt: skip
"""A hundred equal validators, whom nothing makes leave and nothing is taken from."""

ALONE: dict[str, Any] = {**SET, "services": 1}
SCARCE: dict[str, Any] = {**ALONE, "token_supply": NODES * STAKE / 0.01}
ALL_OF_IT: dict[str, Any] = {**ALONE, "token_supply": NODES * STAKE}
RATE: dict[str, Any] = {
    "design": "espresso", "tolerance": 0.01, "unit": "per year", "source": CURVE, "confidence": "high", "epochs": 4,
    "replicates": 2,
}  # fmt: skip

SLACK, SHOCK, SERVICES = 0.10, 0.001, 4
STRUCK: dict[str, Any] = {
    **SET, "epochs_per_year": 1, "services": SERVICES + 1, "service_overlap": 1.0, "token_price": 0.05,
    "service_profit": NODES * STAKE * 0.05 / 3 / (1 + SLACK), "external_shock_rate": 100.0,
    "external_shock_size": SHOCK / SERVICES,
}  # fmt: skip
"""Each of four services is as good as sure to be struck, together for a thousandth of the stake, and has slack 0.1."""


@fact(arms=(SCARCE,), observed=0.2121, kind="calibrated", **RATE)
def reward_rate_of_a_hundredth(run: Run) -> float:
    """With 1 % of the supply staked Espresso pays 21.2 % a year."""
    return settled(run, "reward_rate")


@fact(arms=(ALL_OF_IT,), observed=0.0212, kind="calibrated", **RATE)
def reward_rate_of_the_whole(run: Run) -> float:
    """With all of the supply staked it pays 2.12 % a year."""
    return settled(run, "reward_rate")


@fact(arms=(SCARCE,), observed=0.0021, kind="calibrated", **{**RATE, "tolerance": 0.02})
def inflation_of_a_hundredth(run: Run) -> float:
    """With 1 % of the supply staked that is an inflation of 0.21 % a year."""
    return settled(run, "net_issuance")


@fact(arms=(ALL_OF_IT,), observed=0.0212, kind="calibrated", **{**RATE, "tolerance": 0.02})
def inflation_of_the_whole(run: Run) -> float:
    """With all of it staked it is one of 2.12 % a year."""
    return settled(run, "net_issuance")


@fact(
    design="espresso", arms=(STRUCK,), observed=(0.0, (1 + 1 / SLACK) * SHOCK), unit="share of stake", source=CASCADES,
    confidence="high", kind="calibrated", epochs=1, replicates=2,
    note="The shock and the slack are the source's, and a shock of a thousandth cannot use up a slack of a tenth: what "
    "is lost is the shock, and no cascade tests the bound.",
)  # fmt: skip
def loss_after_a_shock(run: Run) -> float:
    """Where an attack costs 1.1 times what it brings, a shock of 0.1 % of the stake costs 1.1 % of it at most."""
    return total(run, "shocked") / (NODES * STAKE)


@fact(
    design="astria", arms=({"exit_rate": 0.0},), observed=400 / 575, tolerance=0.01, unit="share", source=GENESIS,
    confidence="high", kind="calibrated", epochs=26, replicates=2,
)  # fmt: skip
def power_of_the_team(run: Run) -> float:
    """The team has 0.696 of the power in Astria's set of eleven, more than the two thirds that decide."""
    return settled(run, "incumbent_block_share")


@fact(
    design="astria", arms=({"exit_rate": 0.0},), observed=(0.0, 1.0), unit="of costs",
    source=f"rollups kept their income, {INCOME}", confidence="low", kind="predicted", epochs=182,
    note="A weak bound: it would take about 168 times the volume that is assumed to disagree.",
)  # fmt: skip
def fees_of_few_rollups(run: Run) -> float:
    """What few rollups pay does not cover the costs of the set."""
    running = np.sum(run.history.path("sequencers", "cost")[0]) * run.history.epochs.sum()
    return total(run, "fees") / (total(run, "batch_cost") + float(running))


@fact(
    design="astria", observed=402, tolerance=0.15, unit="days", source=f"{STOPPED}; {GENESIS}", confidence="medium",
    kind="calibrated", epochs=1_092, replicates=64,
)  # fmt: skip
def life_of_astria(run: Run) -> float:
    """Astria stopped 402 days after its genesis."""
    there = run.metrics["sequencers_active"].to_numpy() > 0
    return float(run.history.epochs[there].sum())


@fact(
    design="radius", observed=(1.0, 3.0), unit="seconds", source=f"keys of 1 s, solved in 2 s: {KEYS}",
    confidence="medium", kind="calibrated", epochs=26, replicates=2,
)  # fmt: skip
def wait_for_decryption(run: Run) -> float:
    """Encryption adds 1 to 3 seconds."""
    return settled(run, "latency")


@fact(
    design="radius", arms=({"encrypted_share": 1.0, "leak_probability": 0.0, "sanction": "none"},), observed=0.0,
    unit="per epoch", source=f"by design, {ENCRYPTED}", confidence="medium", kind="calibrated", epochs=182,
)  # fmt: skip
def front_running_of_encrypted(run: Run) -> float:
    """Transactions that stay encrypted until they are ordered are not front-run, even if nothing is sanctioned."""
    return settled(run, "offences_reorder")
