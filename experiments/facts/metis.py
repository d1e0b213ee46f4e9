"""Facts of Metis: rewards, stake, upkeep, and who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.facts.fact import fact, settled, total

if TYPE_CHECKING:
    from model.results import Run

MRR = "https://forum.ceg.vote/t/metis-expected-sequencer-mining-rewards-rate-mrr-update/11252"
MIO = "https://metis.io/decentralized-sequencer"
LOCKING = "MetisProtocol/metis-sequencer-contract, contracts/LockingPool.sol"
RESOURCES = "MetisProtocol/metis-sequencer-resources, sequencers/1088/all.json"
L2BEAT = "https://l2beat.com/scaling/projects/metis"
ARTEMIS = (
    "https://medium.com/artemisfinance/understanding-liquid-staking-with-artemis-finance-and-artmetis-760a8e525ea3"
)
FLOOR = "https://forum.comdex.one/t/mainnet-validators-raise-minimum-commission-rate-from-0-5/199"
STAYING = {"price_process": "constant", "exit_rate": 0.0, "entry_rate": 0.0, "enforcement": 0.0}
"""Nobody comes, and nothing makes anybody leave."""

LOCKED = {**STAYING, "stakes": (22_000.0,) * 10}
"""220,000 METIS locked by ten sequencers."""

LEAVE = (
    "At the assumed detection and enforcement the owner ejects four or five of the ten in a year and a half; of the "
    "real ones none is known to have been ejected."
)


@fact(
    design="metis_deployed", arms=({**LOCKED, "blocks_per_epoch": 7_200},), observed=0.15, tolerance=0.04,
    unit="per year", source=MRR, confidence="high", kind="calibrated",
)  # fmt: skip
def reward_rate_at_12_seconds(run: Run) -> float:
    """With 220,000 METIS locked the mining reward rate is about 15 % while a block takes 12 s."""
    return settled(run, "reward_rate")


@fact(
    design="metis_deployed", arms=({**LOCKED, "blocks_per_epoch": 4_937},), observed=0.10, tolerance=0.04,
    unit="per year", source=MRR, confidence="high", kind="calibrated",
)  # fmt: skip
def reward_rate_at_17_seconds(run: Run) -> float:
    """With 220,000 METIS locked it is about 10 % once a block takes 17 to 18 s."""
    return settled(run, "reward_rate")


@fact(
    design="metis_deployed",
    arms=({
        **STAYING, "reward_per_block": 0.000761, "blocks_per_epoch": 43_200, "number_of_sequencers": 3,
        "possible_sequencers": 3, "stakes": (20_000.0,) * 3,
    },),
    observed=0.20, tolerance=0.025, unit="per year", source=f"{LOCKING} (0.000761 METIS per block); {MIO} (20 %)",
    confidence="high", kind="calibrated", replicates=2,
)  # fmt: skip
def reward_rate_of_the_genesis_nodes(run: Run) -> float:
    """The contract's default reward pays the promised 20 % to three nodes with the least lock and blocks of 2 s."""
    return settled(run, "reward_rate")


@fact(
    design="metis_deployed", observed=0.10, tolerance=0.05, unit="per year", source=MRR, confidence="high",
    kind="predicted", replicates=24, why=LEAVE,
)  # fmt: skip
def reward_rate_of_free_nodes(run: Run) -> float:
    """The reward rate is still about 10 % a year later, nodes being free to leave and the price to move."""
    return settled(run, "reward_rate")


@fact(
    design="metis_deployed", observed=(219_000, 231_000), unit="METIS",
    source=f"reward per block over the reward rate, {MRR}", confidence="medium", kind="predicted", replicates=24,
    why=LEAVE,
)  # fmt: skip
def stake_locked(run: Run) -> float:
    """About 220,000 METIS stay locked over a year."""
    return settled(run, "stake_total")


@fact(
    design="metis_deployed", epochs=546, observed=10, tolerance=0.05, unit="nodes", source=f"{RESOURCES}, unchanged "
    "since February 2025", confidence="high", kind="predicted", replicates=24, why=LEAVE,
)  # fmt: skip
def sequencers_stay(run: Run) -> float:
    """The same ten sequencers are there after a year and a half."""
    return float(run.metrics["sequencers_active"].iloc[-1])


@fact(
    design="metis_deployed", epochs=546, observed=0, unit="METIS", source=f"no slashing: {LOCKING}; its import is "
    "commented out: MetisProtocol/themis, app/app.go", confidence="high", kind="calibrated",
)  # fmt: skip
def nobody_is_slashed(run: Run) -> float:
    """Nothing was ever slashed."""
    return total(run, "slashed")


@fact(
    design="metis_deployed", epochs=546, observed=0, unit="nodes", source=f"{RESOURCES}, unchanged since February 2025",
    confidence="high", kind="predicted", replicates=24,
    why="That a vote admits about one a year is an assumption, and the list speaks against it.",
)  # fmt: skip
def nobody_enters(run: Run) -> float:
    """In a year and a half nobody joins."""
    return total(run, "entries")


@fact(
    design="metis_deployed", epochs=546, observed=0, unit="nodes", source=f"{RESOURCES}, unchanged since February 2025",
    confidence="high", kind="predicted", replicates=24, why=LEAVE,
)  # fmt: skip
def nobody_is_ejected(run: Run) -> float:
    """In a year and a half the owner ejects nobody."""
    return total(run, "removals")


@fact(
    design="metis_deployed", arms=(LOCKED,), observed=(550, 610), unit="USD per node and month",
    source=f"20,000 to 22,000 METIS at 10 % and 3.3 USD, {MRR}", confidence="medium", kind="calibrated", replicates=2,
    why="At 17.5 s a block the emission is 10.2 % of 220,000 METIS, not 10 %.",
)  # fmt: skip
def reward_of_a_node(run: Run) -> float:
    """A node earns 550 to 610 USD of rewards a month."""
    tokens = settled(run, "reward_rate") * settled(run, "stake_total")
    return tokens * settled(run, "price") / settled(run, "sequencers_active") / 12


@fact(
    design="metis_deployed", arms=({"price_process": "constant"},), observed=55, tolerance=0.1, unit="USD per day",
    source=L2BEAT, confidence="high", kind="calibrated",
    why="Users who are harmed leave, and post less.",
)  # fmt: skip
def cost_of_posting(run: Run) -> float:
    """Posting to L1 costs 55 USD a day."""
    return float(np.sum(run.history.flow("batch_cost")) / np.sum(run.history.epochs))


@fact(
    design="metis_deployed", arms=({"price_process": "constant"},), observed=0.00157, tolerance=0.05,
    unit="USD per transaction", source=L2BEAT, confidence="high", kind="predicted",
    why="55 USD over 29,590 operations is 0.0019: the figures of the page are not of one day. And where harm drives "
    "users out, fewer bear the fixed part.",
)  # fmt: skip
def cost_of_posting_a_transaction(run: Run) -> float:
    """Posting one transaction to L1 costs 0.00157 USD."""
    transactions = run.history.flow("volume") / run.history.scenario.volume_per_transaction
    return float(np.sum(run.history.flow("batch_cost")) / np.sum(transactions))


@fact(
    design="metis", observed=0.10, tolerance=0.1, unit="share", source=ARTEMIS, confidence="medium", kind="calibrated",
)  # fmt: skip
def commission_of_the_first_year(run: Run) -> float:
    """Who stakes for others takes 10 % of the reward."""
    return settled(run, "commission")


@fact(
    design="metis", epochs=1_820, observed=(0.05, 0.10), tolerance=0.1, unit="share", source=f"{FLOOR}; {ARTEMIS}",
    confidence="medium", kind="predicted",
    why="Delegators mind a point of yield so little (delegator_precision 0.5) that a higher commission pays; the "
    "custom that real sequencers keep to is not modelled.",
)  # fmt: skip
def commission_after_years(run: Run) -> float:
    """Commissions stay between 5 and 10 % for years."""
    return float(run.metrics["commission"].iloc[-1])
