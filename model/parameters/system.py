"""Parameters of the protocol and its market: what a designer sets or the world gives."""

from pydantic import BaseModel

from model.core.options import (
    Admission,
    Opportunity,
    PriceProcess,
    RewardRule,
    RewardSource,
    Sanction,
    Selection,
    Verification,
)
from model.parameters.declaration import flag, number, option

LOCKING = "MetisProtocol/metis-sequencer-contract, LockingInfo.sol and LockingPool.sol"
RESOURCES = "MetisProtocol/metis-sequencer-resources, sequencers/1088/all.json"
THEMIS = "MetisProtocol/themis, genesis-mainnet-v1.json"
MRR = "https://forum.ceg.vote/t/metis-expected-sequencer-mining-rewards-rate-mrr-update/11252"
L2BEAT = "https://l2beat.com/scaling/projects/metis"
XRA = "cross-rollup arbitrage study, https://zhuanzhi.ai/paper/bbb21af4353cab30548a785a7200f040 (abstract)"
AUBURY = "fitted to the proposer payments of https://aubury.org/blog/proposer-reward-lottery"
MIO = "https://metis.io/decentralized-sequencer"
COSMOS = "Cosmos Hub double-sign level, https://docs.cosmos.network/v0.45/modules/slashing/08_params.html"
HIBT7 = "https://hibt7.com/news/47-5459"
PRICE_2026 = f"about 3.2 to 3.5 USD in May 2026, {HIBT7}"


class Scale(BaseModel):
    """Time, and how many of each agent."""

    epochs_per_year: float = number(
        365, "epochs", 1, 10_000, "Steps in a year; the default makes an epoch a day.", scale="log", studied=(52, 1_460)
    )
    blocks_per_epoch: int = number(
        4_937,
        "blocks",
        1,
        100_000_000,
        "Blocks the chain makes in an epoch; 4,937 is a 17.5 s block.",
        MRR,
        scale="log",
        studied=(1_440, 345_600),
    )
    number_of_sequencers: int = number(
        10, "agents", 1, 10_000, "Sequencers active at the start.", RESOURCES, studied=(6, 40)
    )
    possible_sequencers: int = number(
        40, "agents", 1, 10_000, "Sequencers in all, active or waiting to enter.", studied=(40, 100)
    )
    number_of_delegators: int = number(
        1_000, "agents", 0, 10_000_000, "Delegators.", scale="log", studied=(100, 10_000)
    )
    number_of_rangers: int = number(
        5, "agents", 0, 1_000, "Seats for Rangers, all taken at the start.", studied=(1, 10)
    )
    possible_rangers: int = number(
        10, "agents", 0, 2_000, "Rangers in all, seated or waiting for a seat.", studied=(10, 30)
    )


class Market(BaseModel):
    """Token price, traded volume, fees, and the opportunity that a block offers."""

    price_process: str = option(PriceProcess.GBM, "How the token price moves.")
    token_price: float = number(
        3.3, "USD per token", 1e-9, 1e9, "Token price at the start.", PRICE_2026, scale="log", studied=(0.3, 70)
    )
    price_drift: float = number(
        0.0, "per year", -5, 5, "Drift of the expected price; the median's is less.", studied=(-1.5, 1.5)
    )
    price_volatility: float = number(0.8, "per sqrt(year)", 0, 5, "Volatility of the log price.", studied=(0, 1.5))
    price_volume_elasticity: float = number(
        0.5, "-", 0, 10, "Reflexive: log price gained per unit of log volume.", studied=(0, 2)
    )
    price_issuance_elasticity: float = number(
        1.0, "-", 0, 50, "Reflexive: log price lost per unit of supply minted.", studied=(0, 3)
    )
    token_supply: float = number(
        7_350_000,
        "tokens",
        1,
        1e15,
        "Circulating supply at the start, the reserve not counted.",
        HIBT7,
        scale="log",
        studied=(5e6, 5e8),
    )
    daily_volume_usd: float = number(
        1e6, "USD per day", 0, 1e13, "Traded volume that can be harmed, at full trust.", scale="log", studied=(1e5, 1e8)
    )
    volume_growth: float = number(0.0, "per year", -5, 5, "Growth of the log volume.", studied=(-1, 1))
    volume_volatility: float = number(
        0.3, "-", 0, 3, "Standard deviation of an epoch's log demand (unit mean).", studied=(0, 1)
    )
    fee_bps: float = number(2.0, "bps of volume", 0, 1_000, "What users pay to be ordered.", studied=(0, 10))
    batch_cost_fixed: float = number(
        25.0, "USD per epoch", 0, 1e8, "Cost of posting to L1 that does not depend on use; with the part per "
        "transaction, 55 USD a day at 29,590 transactions.", L2BEAT, studied=(0, 200)
    )  # fmt: skip
    batch_cost_per_transaction: float = number(
        0.001, "USD", 0, 1e3, "Cost of posting one transaction to L1.", L2BEAT, studied=(0, 0.01)
    )
    volume_per_transaction: float = number(
        33.8,
        "USD",
        1e-6,
        1e9,
        "Volume behind one transaction: 1 M USD over 29,590 transactions a day.",
        L2BEAT,
        scale="log",
        studied=(5, 500),
    )
    mev_bps: float = number(
        4.0, "bps of volume", 0, 10_000, "Mean opportunity, outside storms.", XRA, scale="log", studied=(0.4, 40)
    )
    opportunity: str = option(Opportunity.HEAVY_TAILED, "Unit-mean shape of a block's opportunity.", AUBURY)
    opportunity_sigma: float = number(
        1.18, "-", 0.01, 5, "Log standard deviation of the shape's body.", AUBURY, studied=(0.5, 2)
    )
    tail_weight: float = number(
        0.05, "share", 1e-6, 0.5, "Share of blocks in the shape's Pareto tail.", AUBURY, studied=(0.01, 0.1)
    )
    tail_index: float = number(1.0, "-", 0.1, 10, "Pareto index of the tail.", AUBURY, studied=(0.8, 2))
    tail_start: float = number(
        8.2, "body medians", 0.1, 1e4, "Where the tail starts and the body ends.", AUBURY, studied=(4, 16)
    )
    tail_end: float = number(
        17_200, "body medians", 1, 1e9, "Where the tail is cut.", AUBURY, scale="log", studied=(1_000, 100_000)
    )
    storm_share: float = number(
        0.0, "share", 0, 0.9, "Share of epochs in which opportunities are multiplied.", studied=(0, 0.1)
    )
    storm_multiplier: float = number(
        35.0, "-", 1, 1e4, "Opportunity in a storm over that in the calm.", AUBURY, studied=(1, 100)
    )
    storm_length: float = number(1.0, "epochs", 1, 1e4, "Mean length of a storm.", studied=(1, 7))


class Protocol(BaseModel):
    """Selection, verification, sanctions and rewards: the levers of the designer."""

    selection: str = option(Selection.STAKE, "How the right to order a span of blocks is drawn.", THEMIS)
    blocks_per_span: int = number(
        200, "blocks", 1, 100_000_000, "Blocks ordered by one draw.", THEMIS, scale="log", studied=(10, 2_000)
    )
    min_stake: float = number(
        20_000,
        "tokens",
        0,
        1e14,
        "Own stake below which a sequencer is removed.",
        LOCKING,
        scale="log",
        studied=(2_000, 50_000),
    )
    max_stake: float = number(
        100_000,
        "tokens",
        1e-9,
        1e15,
        "Stake counted per node, own and delegated.",
        LOCKING,
        scale="log",
        studied=(50_000, 1e6),
    )
    failover: float = number(1.0, "share", 0, 1, "Share of missed blocks that other nodes take over.", THEMIS)
    verification: str = option(Verification.RANGERS, "Who looks for offences.")
    sampling_probability: float = number(
        0.05, "share", 0, 1, "Probability that a block is assigned to a given Ranger.", scale="log", studied=(1e-4, 1)
    )
    proof_of_check: bool = flag(True, "Whether Rangers are paid only for checks they prove, and coverage is public.")
    reward_per_check: float = number(
        0.02, "USD", 0, 1e4, "Pay for an assigned block (a proven check).", scale="log", studied=(0.002, 0.2)
    )
    trap_rate: float = number(0.0, "share", 0, 1, "Share of assigned blocks that are planted tests.", studied=(0, 0.05))
    trap_penalty: float = number(
        1.0, "USD", 0, 1e7, "Taken from a Ranger's bond per planted test it shirks.", scale="log", studied=(0.1, 1_000)
    )
    ranger_bond: float = number(
        1_000, "tokens", 0, 1e12, "Bond a Ranger puts up for its seat.", scale="log", studied=(100, 10_000)
    )
    evidence_reorder: float = number(0.5, "share", 0, 1, "Probability that a real check proves a reordering.")
    evidence_insert: float = number(1.0, "share", 0, 1, "Probability that a real check proves an insertion.")
    evidence_censor: float = number(0.3, "share", 0, 1, "Probability that a real check proves censorship.")
    sanction: str = option(Sanction.SLASH, "What follows a conviction.")
    slash_fraction: float = number(
        0.05, "share of stake", 0, 1, "Stake taken per conviction.", COSMOS, scale="log", studied=(1e-4, 1)
    )
    slash_multiplier_reorder: float = number(1.0, "-", 0, 1e4, "Multiplies the slash for reordering.", studied=(0, 20))
    slash_multiplier_insert: float = number(10.0, "-", 0, 1e4, "Multiplies the slash for insertion.", studied=(0, 20))
    slash_multiplier_censor: float = number(1.0, "-", 0, 1e4, "Multiplies the slash for censorship.", studied=(0, 20))
    enforcement: float = number(0.8, "share", 0, 1, "Probability that a proven offence is sanctioned: a vote decides.")
    slash_delay: int = number(
        0, "epochs", 0, 365, "Time from the conviction (and jail) to the taking of the stake.", studied=(0, 36)
    )
    jail_epochs: int = number(7, "epochs", 0, 10_000, "Epochs without blocks after a conviction.", studied=(0, 30))
    expel: bool = flag(False, "Whether a conviction removes the node for good, its remaining stake returned.")
    top_up: bool = flag(True, "Whether a node slashed below the minimum may refill from its own wallet.")
    correlation_penalty: float = number(
        0.0, "-", 0, 100, "Extra slash per share of all stake slashed in the window.", studied=(0, 3)
    )
    correlation_window: int = number(36, "epochs", 1, 3_650, "Window of the correlation penalty.", studied=(1, 90))
    unbonding_slashable: bool = flag(True, "Whether stake that left after the offence can still be slashed.")
    bounty_share: float = number(
        0.4, "share", 0, 1, "Slashed tokens paid to the Rangers that reported, equally.", studied=(0, 0.5)
    )
    compensation_share: float = number(0.0, "share", 0, 1, "Slashed tokens paid to users.", studied=(0, 0.3))
    treasury_share: float = number(
        0.0, "share", 0, 1, "Slashed tokens paid to the treasury; the rest is burned.", studied=(0, 0.2)
    )
    clawback: float = number(0.0, "share", 0, 1, "Share of the gain taken back from an offence that is found out.")
    wrongful_conviction: float = number(
        0.05, "share", 0, 1, "Probability that a false accusation is upheld.", studied=(0, 0.3)
    )
    false_accusation_slash: float = number(0.1, "share", 0, 1, "Part of the bond lost by a rejected accuser.")
    honest_fault_slash: float = number(
        0.01, "share of stake", 0, 1, "Stake taken for an honest fault.", studied=(0, 0.05)
    )
    reward_rule: str = option(RewardRule.PER_BLOCK, "How much is emitted.", LOCKING)
    reward_per_block: float = number(
        0.01247842237, "tokens", 0, 1e9, "Emission per block made.", MRR, scale="log", studied=(7e-4, 0.1)
    )
    target_rate: float = number(0.10, "per year", 0, 10, "Emission per token of counted stake.", MIO, studied=(0, 0.3))
    reward_source: str = option(RewardSource.RESERVE, "Where the emission comes from.", LOCKING)
    reserve: float = number(
        3_000_000,
        "tokens",
        0,
        1e15,
        "Reserve that pays the emission; when it is empty, rewards stop.",
        MIO,
        scale="log",
        studied=(1e4, 1e7),
    )
    protocol_fee_share: float = number(0.3, "share", 0, 1, "Fees after batch cost that go to the treasury.")
    exit_delay: int = number(21, "epochs", 1, 3_650, "Time that leaving stake waits.", LOCKING, studied=(1, 42))
    admission: str = option(Admission.OPEN, "What a candidate must pass to become a sequencer.")
    admission_probability: float = number(0.5, "share", 0, 1, "Probability that an admission vote passes.")
