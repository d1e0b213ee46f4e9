"""Facts of rollups with one operator, alone or in a stack: what it earns, its outages, who removes it, who leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.facts.fact import fact, total

if TYPE_CHECKING:
    from model.results import Run

PARAGRAPH = "https://paragraph.com/@discussion-on-encryption-field/base-earns-dollar185-k-a-day%E2%80%94heres-how"
OUTAGES = (
    "derived: four of Base in 2.9 years, https://www.naijachoice.com.ng/article/base-identifies-sequencer-bug-as-cause-"
    "of-june-25-and-26-mainnet-outages and https://research.secret3.com/feed/base-blames-faulty-sequencer-for-33-"
    "minute-network-outage"
)
QUIN = "https://app.getquin.com/pt/post/vxdOtGESvs"
CAPTURED = "https://threadreaderapp.com/scrolly/1919082554952384560"
CHARTER = "ethereum-optimism/OPerating-manual, manual.md and Security Council Charter v0.1.md"
PILLARS = "https://4pillars.io/en/issues/the-case-for-selling-op-before-base"
PAID = "https://gtgt.live/tr/post/status/18233181"
DEAR_DATA = 0.78 * 185_000 / 1e7
"""USD of L1 data per transaction that leaves 0.22 of 185,000 USD a day on ten million transactions."""

CHEAPER = 1 - (1 - 0.92) / (1 - 0.22)
"""What must be saved of it for a margin of 0.92."""

THEFT = (
    "The operator takes more than the rules let it: an honest one (honest_share 1) would do as observed. How much real "
    "operators take nobody has measured."
)
ONE: dict[str, Any] = {"design": "centralized", "kind": "calibrated", "confidence": "low", "epochs": 182}


def earned(run: Run) -> float:
    """Return what the operators earned before the costs of running and posting (USD), over the run."""
    running = run.history.path("sequencers", "cost")[0][0] * run.history.epochs.sum()
    return total(run, "sequencer_usd") + total(run, "treasury_usd") + total(run, "batch_cost") + float(running)


def margin(run: Run) -> float:
    """Return the part of earnings that posting to L1 leaves."""
    return 1 - total(run, "batch_cost") / earned(run)


def captured(run: Run) -> float:
    """Return what who orders takes of the opportunity, by the rules or against them, in bps of volume."""
    return 1e4 * (earned(run) - total(run, "fees")) / total(run, "volume")


@fact(observed=1.4, tolerance=0.15, unit="per year", source=OUTAGES, **{**ONE, "epochs": 364, "replicates": 384})
def outages_of_one_operator(run: Run) -> float:
    """A chain with one operator has 1.4 outages a year; here, fortnights with one."""
    lost = run.history.flow("blocks_due") > run.history.flow("blocks_made")
    return float(lost.sum()) / (run.history.epochs.sum() / 365)


@fact(observed=185_000, tolerance=0.1, unit="USD per day", source=PARAGRAPH, why=THEFT, **ONE)
def profit_of_one_operator(run: Run) -> float:
    """Base made 185,000 USD a day in 2025."""
    return total(run, "sequencer_usd") / float(run.history.epochs.sum())


@fact(
    arms=({"batch_cost_per_transaction": DEAR_DATA},), observed=0.22, tolerance=0.1, unit="share", source=QUIN,
    why=f"{THEFT} With a margin so thin it takes more still: it has less income to lose to a scandal.", **ONE,
)  # fmt: skip
def margin_with_dear_data(run: Run) -> float:
    """While L1 data were dear the gross margin of rollups was 22 %."""
    return margin(run)


@fact(
    arms=({"batch_cost_per_transaction": DEAR_DATA, "data_cost_cut": CHEAPER},), observed=0.92, tolerance=0.02,
    unit="share", source=QUIN, why=THEFT, **ONE,
)  # fmt: skip
def margin_with_cheap_data(run: Run) -> float:
    """Since L1 data are cheap (EIP-4844) it is 92 %."""
    return margin(run)


@fact(observed=1.3, tolerance=0.1, unit="bps of volume", source=f"Base, May 2025, {CAPTURED}", why=THEFT, **ONE)
def captured_by_the_highest_fee(run: Run) -> float:
    """Where the highest fee goes first the sequencer takes 1.3 bps of volume."""
    return captured(run)


@fact(
    arms=({"ordering": "first_come"},), observed=0.4, tolerance=0.1, unit="bps of volume",
    source=f"Arbitrum, May 2025, {CAPTURED}", why=THEFT, **ONE,
)  # fmt: skip
def captured_first_come(run: Run) -> float:
    """Where who comes first goes first it takes 0.4 bps."""
    return captured(run)


@fact(
    design="superchain", arms=({
        "byzantine_share": 1.0, "evidence_insert": 1.0, "evidence_censor": 1.0, "watch": 1.0, "council_capture": 0.0,
        "enforcement": 1.0,
    },),
    observed=35, tolerance=0.1, unit="days", source=f"derived: three weeks of voting and 14 days of notice, {CHARTER}",
    confidence="high", kind="calibrated", epochs=52, replicates=2,
)  # fmt: skip
def time_to_a_removal(run: Run) -> float:
    """From the call for a vote to the removal of a sequencer it takes 35 days."""
    days = run.history.epoch
    called, removed = (run.history.path("totals", name) > 0 for name in ("removal_votes", "removals"))
    return float(days[removed.argmax()] - days[called.argmax()]) if removed.any() else float("inf")


@fact(
    design="superchain", observed=0.0, unit="per year", source=f"none is known of: {CHARTER}", confidence="medium",
    kind="calibrated", epochs=1_092,
)  # fmt: skip
def removals_by_the_council(run: Run) -> float:
    """No sequencer of the Superchain was ever removed by a vote."""
    return total(run, "removals") / (float(run.history.epochs.sum()) / 365)


@fact(
    design="superchain", observed=1.0, unit="share of runs", source=f"Base, February 2026, {PILLARS}",
    confidence="medium", kind="calibrated", epochs=1_092, replicates=16,
)  # fmt: skip
def the_big_member_leaves_first(run: Run) -> float:
    """Of the members of the stack the big one leaves first."""
    left = run.history.path("sisters", "present") == 0
    when = np.where(left.any(axis=0), left.argmax(axis=0), left.shape[0])
    return float(when[0] < min(when[1:].min(), left.shape[0]))


@fact(
    design="superchain", observed=0.025, tolerance=0.1, unit="share", source=f"1.85 of 74 million USD, {PAID}",
    confidence="low", kind="predicted", epochs=182,
    why="The protocol shares in fees, and not in what ordering by the highest fee earns beside them: 15 % of the net "
    "of the former. By that rule 74 million USD would have brought 11 million, so the two sources do not agree.",
)  # fmt: skip
def paid_to_the_stack(run: Run) -> float:
    """A member pays 2.5 % of what it earns to the stack."""
    return total(run, "treasury_usd") / earned(run)
