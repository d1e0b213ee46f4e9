"""Parameters of the axes along which sequencer designs differ: order, sight, proof, income, agreement, shared stake."""

from pydantic import BaseModel

from model.core.options import Consensus, Ordering, ProofSystem, Revenue, Visibility
from model.parameters.declaration import number, option

DATASHEET = "sequencers capture 1.3 of 4 bps on Base, https://threadreaderapp.com/scrolly/1919082554952384560"
RADIUS = "radiusxyz/docs, overview/distributed-key-management-system-dkg.md"
FORCED = "24 h on Arbitrum: OffchainLabs/arbitrum-docs, docs/how-arbitrum-works/deep-dives/sequencer.mdx"
PRIVATE = (
    "private order flow is 54.59 % of block value, https://arxiv.org/html/2410.12352v3; exclusive signal about 66 % of "
    "the MEV of blocks, https://aicoin.com/en/article/418397"
)
CONCENTRATION = (
    "assumption, set so that builders reach the concentration observed: an index of 3,892 in March 2025, "
    "https://bquan.live/learn/articles/monopoly-in-ethereum-block-builders-and-chain-abstraction-unveiling-profit-"
    "incentives-and-innovation-opportunities-in-the-blockchain-ecosystem/7690"
)
RESALE = (
    "assumption; resale cut what the winners of Timeboost paid from 0.627 to 0.148 of the top bid, "
    "https://arxiv.org/abs/2603.20175"
)


class Order(BaseModel):
    """What honest ordering is, what who orders can see, and what is proved of the result."""

    ordering: str = option(Ordering.FIRST_COME, "Rule that honest ordering follows.")
    priority_capture: float = number(
        0.33, "share", 0, 1, "Opportunity earned by ordering by the rules where the highest fee goes first.", DATASHEET
    )
    visibility: str = option(Visibility.PLAIN, "What who orders can see of what it orders.")
    lazy_exposure: float = number(
        0.5, "share", 0, 1, "Part of the opportunity that who orders without executing can still see."
    )
    encrypted_share: float = number(1.0, "share", 0, 1, "Part of the volume that is encrypted until it is ordered.")
    leak_probability: float = number(
        0.02, "share", 0, 1, "Part of what is encrypted that is read before it is ordered.", studied=(0, 0.2)
    )
    metadata_exposure: float = number(
        0.2, "share", 0, 1, "Part of censoring that needs no content: sender, size and time are visible."
    )
    encryption_delay: float = number(
        2.0, "seconds", 0, 3_600, "Latency of encryption: what is ordered is read after it.", RADIUS, studied=(0, 10)
    )
    proof_system: str = option(ProofSystem.NONE, "What proves the result of a block to L1.")
    fault_proof_success: float = number(
        0.95, "share", 0, 1, "Probability that a fault proof finds an insertion and takes its gain back."
    )
    forced_inclusion_delay: float = number(
        24.0,
        "hours",
        0,
        10_000,
        "Time after which a user can have a transaction included through L1.",
        FORCED,
        studied=(0, 48),
    )


class Income(BaseModel):
    """Who gets what ordering earns: the builders' auction, the protocol's share, the incumbent's."""

    revenue: str = option(Revenue.SHARE_WITH_PROTOCOL, "Who gets what ordering earns.")
    protocol_gross_share: float = number(
        0.0, "share", 0, 1, "Fees that the protocol takes at least, whatever the batch cost.", studied=(0, 0.1)
    )
    number_of_builders: int = number(10, "agents", 1, 1_000, "Builders that bid for blocks.", studied=(2, 40))
    builder_dispersion: float = number(
        0.23, "-", 0, 3, "Log standard deviation of builders' skill (unit mean).", CONCENTRATION, studied=(0, 0.5)
    )
    auction_precision: float = number(
        3.0, "-", 1.01, 100, "How alike bidders value the same block: index of Fréchet values.", CONCENTRATION,
        scale="log", studied=(1.5, 20),
    )  # fmt: skip
    exclusive_flow: float = number(
        0.6, "share", 0, 1, "Part of a block's value that comes with order flow, which follows builders' share of "
        "blocks.", PRIVATE, studied=(0, 0.8),
    )  # fmt: skip
    auctioned_share: float = number(
        0.5, "share", 0, 1, "Part of the opportunity that is sold where an order rule binds: back-running, a fast lane."
    )
    flow_memory: float = number(
        30, "epochs", 0.1, 10_000, "Half-life of the share that order flow follows.", scale="log", studied=(7, 180)
    )
    resale: float = number(
        0.0, "share", 0, 1, "Part of the second price that a resale market saves the winner.", RESALE
    )
    incumbent_nodes: int = number(
        1, "nodes", 0, 10_000, "Starting sequencers run by the team that ran the chain alone.", studied=(0, 3)
    )
    appointed_seats: int = number(5, "seats", 1, 10_000, "Size of the appointed set.", studied=(1, 6))
    handover_start: int = number(
        0, "epochs", 0, 100_000, "When the incumbent's share of blocks begins to fall from the whole.", studied=(0, 180)
    )
    handover_end: int = number(
        0, "epochs", 0, 100_000, "When that share has fallen to nothing; without a plan both are 0.", studied=(0, 730)
    )
    data_cost_cut: float = number(
        0.0, "share", 0, 1, "Part of the batch cost per transaction that cheaper L1 data will save."
    )
    data_cost_epoch: int = number(0, "epochs", 0, 100_000, "When L1 data becomes cheaper.", studied=(0, 365))


class Agreement(BaseModel):
    """Who must be online and agree, and what that costs in time."""

    consensus: str = option(Consensus.NONE, "Who must agree to a block, and how messages grow with their number.")
    consensus_round: float = number(0.5, "seconds", 0, 3_600, "Time that agreement takes among a few.", studied=(0, 5))
    message_time: float = number(
        0.01,
        "seconds",
        0,
        3_600,
        "Time per message: a node adds one (bft_linear) or one to each (bft_quadratic).",
        scale="log",
        studied=(0.001, 0.1),
    )
    latency_loss: float = number(
        0.01, "per second", 0, 10, "Part of the volume lost per second that the design adds.", studied=(0, 0.05)
    )
    shards: int = number(
        1, "committees", 1, 1_000, "Random committees, drawn anew each epoch, that the sequencers are split into.",
        studied=(1, 5),
    )  # fmt: skip


class Restaking(BaseModel):
    """What else the same stake backs (`sanction = "restaked_slash"`)."""

    services: int = number(
        1, "services", 1, 1_000, "Services that the same stake backs, this one counted.", studied=(1, 10)
    )
    service_overlap: float = number(1.0, "share", 0, 1, "Probability that a node's stake backs a given other service.")
    service_income: float = number(
        0.01, "per year", 0, 10, "What each other service pays per token that backs it.", studied=(0, 0.05)
    )
    service_profit: float = number(
        0.0, "USD", 0, 1e12, "What corrupting another service would bring.", studied=(0, 1e6)
    )
    external_shock_rate: float = number(
        0.0, "per service-year", 0, 100, "Losses of stake for reasons that lie in another service.", studied=(0, 1)
    )
    external_shock_size: float = number(
        0.1, "share of stake", 0, 1, "Stake lost by those who back a service that is struck.", studied=(0.01, 0.5),
        scale="log",
    )  # fmt: skip
