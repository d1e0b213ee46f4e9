"""Facts of orderings that are sold: builders of Ethereum's blocks, and Arbitrum's express lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.facts.fact import fact, settled, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.results import Run

BQUAN = (
    "https://bquan.live/learn/articles/monopoly-in-ethereum-block-builders-and-chain-abstraction-unveiling-profit-"
    "incentives-and-innovation-opportunities-in-the-blockchain-ecosystem/7690"
)
AUBURY = "https://aubury.org/blog/proposer-reward-lottery"
EIGENPHI = "https://paragraph.com/api/blogs/rss/%40eigenphi"
DELPHI = "https://members.delphidigital.io/feed/the-block-builder-landscape"
SLASHING = "https://chorus.one/reports-research/ethereums-pectra-upgrade-slashing-explained"
TIMEBOOST = "https://arxiv.org/html/2509.22143v1"
KAIROS = "https://arxiv.org/abs/2603.20175"
FORECAST = "https://forum.arbitrum.foundation/t/timeboost-revenue-as-a-sustainable-arb-staking-yield-source/27381"
SHEET = "https://threadreaderapp.com/scrolly/1919082554952384560"
L1: dict[str, Any] = {"design": "l1_pbs", "replicates": 48}
LANE: dict[str, Any] = {"design": "l2_pbs", "replicates": 32, "epochs": 182}

UNEQUAL = (
    "Ten skills are drawn from one lognormal, so two builders as strong as each other and far above the rest are a "
    "rare draw: the index comes about by one that is ahead."
)


def shares_won(run: Run) -> NDArray[np.float64]:
    """Return the share of blocks that each builder won over the later half, the largest first."""
    won = run.history.path("builders", "total_won").astype(float)
    late = won[-1] - won[run.history.size // 2]
    return np.sort(late / late.sum())[::-1]


def paid_part(run: Run) -> float:
    """Return what bidders paid of what they won."""
    paid = total(run, "auction_usd")
    return paid / (paid + total(run, "builder_usd"))


@fact(
    observed=3_892, tolerance=0.1, unit="0 to 10,000", source=f"{BQUAN}, March 2025", confidence="medium",
    kind="calibrated", why="It hangs on the skills that are drawn: from one population of builders to the next the "
    "index has a standard deviation above 2,000.", **L1,
)  # fmt: skip
def index_of_builders(run: Run) -> float:
    """The Herfindahl-Hirschman index of the blocks that builders of Ethereum win is 3,892."""
    return settled(run, "builder_concentration")


@fact(
    observed=0.97, tolerance=0.05, unit="share", source=f"{BQUAN}, March 2025", confidence="medium", kind="predicted",
    why=UNEQUAL, **L1,
)  # fmt: skip
def three_builders(run: Run) -> float:
    """Three builders win 97 % of the blocks."""
    return float(shares_won(run)[:3].sum())


@fact(
    observed=0.85, tolerance=0.1, unit="share", source=f"derived: 4.70 of 5.55 million USD, January 2023, {EIGENPHI}",
    confidence="medium", kind="calibrated",
    note="What builders keep of a block set auction_precision (see `profit_of_builders`), and the rest is this.", **L1,
)  # fmt: skip
def proposers_part(run: Run) -> float:
    """Who takes sandwiches keeps 15 % of what they bring, and pays 85 % to have them in a block."""
    return paid_part(run)


@fact(
    observed=0.050, tolerance=0.1, unit="ETH per block", source=AUBURY, confidence="medium", kind="calibrated",
    why="The volume was set as if proposers got nine tenths of what blocks are worth.", **L1,
)  # fmt: skip
def payment_to_a_proposer(run: Run) -> float:
    """A proposer is paid 0.050 ETH for a block on average."""
    return total(run, "auction_usd") / total(run, "blocks_made") / run.history.scenario.token_price


@fact(
    observed=43.7, tolerance=0.25, unit="USD per block",
    source=f"derived: 52 million USD over 1,190,617 blocks, {DELPHI}", confidence="medium", kind="calibrated",
    why="Set was what builders keep beside the 0.112 ETH that proposers had a block in those years, a seventh; here "
    "proposers have the 0.050 of 2026.", **L1,
)  # fmt: skip
def profit_of_builders(run: Run) -> float:
    """Builders keep 43.7 USD a block."""
    return total(run, "builder_usd") / total(run, "blocks_made")


@fact(
    observed=25.7, tolerance=0.25, unit="USD per block",
    source=f"derived: 5.55 million USD in 30 days of 7,200 blocks, January 2023, {EIGENPHI}", confidence="medium",
    kind="predicted",
    note="It hangs on two assumptions, in proportion: an ETH of 3,000 USD (token_price), by which the volume was "
    "derived, and that 0.15 of what is extracted is taken from users (harm_reorder).", **L1,
)  # fmt: skip
def harm_of_sandwiches(run: Run) -> float:
    """Sandwiches take 25.7 USD a block from users."""
    return total(run, "lawful_harm") / total(run, "blocks_made")


@fact(
    observed=1.0, unit="share", source=f"ordering is not slashable, {SLASHING}", confidence="high", kind="calibrated",
    **L1,
)  # fmt: skip
def harm_within_the_rules(run: Run) -> float:
    """All that users lose to the order of transactions on Ethereum is taken within the rules."""
    lawful = total(run, "lawful_harm")
    return lawful / (lawful + total(run, "harm"))


@fact(
    observed=(0.90, 1.0), unit="share", source=f"April to July 2025, {TIMEBOOST}", confidence="high",
    kind="calibrated", why="It hangs on the skills that are drawn, of five bidders by assumption.", **LANE,
)  # fmt: skip
def two_bidders(run: Run) -> float:
    """Two bidders win more than nine in ten auctions of the express lane."""
    return float(shares_won(run)[:2].sum())


@fact(
    arms=({"resale": 0.0},), observed=0.627, tolerance=0.1, unit="share", source=KAIROS, confidence="high",
    kind="calibrated", why="It hangs on how alike the two strongest bidders are, whose skills are drawn.", **LANE,
)  # fmt: skip
def price_before_resale(run: Run) -> float:
    """Before there was a resale market winners of the express lane paid 0.627 of the highest bid."""
    return paid_part(run)


@fact(
    arms=({"resale": 0.0}, {}), observed=0.148 / 0.627, tolerance=0.05, unit="times", source=KAIROS,
    confidence="high", kind="calibrated", **LANE,
)  # fmt: skip
def price_after_resale(before: Run, after: Run) -> float:
    """Since there is one they pay 0.148 of it, which is 0.24 times as much."""
    return paid_part(after) / paid_part(before)


@fact(
    arms=({"resale": 0.0},), observed=(3.7 / 95, 3.7 / 19), unit="share",
    source=f"derived: 10,000 USD a day (May 2025, {SHEET}) of a forecast of 19 to 95 million a year, {FORECAST}",
    confidence="low", kind="predicted",
    why="Half of the opportunity is assumed to be for sale (auctioned_share); 0.07 to 0.35 of it would do.", **LANE,
)  # fmt: skip
def yield_of_the_lane(run: Run) -> float:
    """The express lane brings 4 to 19 % of what was forecast, the forecast taken to be all there is to arbitrage."""
    return total(run, "auction_usd") / total(run, "opportunity")
