"""Parameters of soft power: who watches without pay, who votes, and the chains that share a name."""

from pydantic import BaseModel

from model.parameters.declaration import number

CHARTER = "ethereum-optimism/OPerating-manual, Security Council Charter v0.1.md"
COUNCIL = (
    "https://gov.optimism.io/t/final-protocol-upgrade-8-guardian-security-council-threshold-and-l2-proxyadmin-"
    "ownership-changes-for-stage-1-decentralization/8157"
)
PILLARS = "https://4pillars.io/en/issues/the-case-for-selling-op-before-base"
OWED = "assumption: of a stack that takes 0.025, below 0.155 the big member leaves, and above 0.07 the next one stays"
OWN_CHAIN = "10,500 USD a month for a ZK rollup, https://chaincatcher.com/en/article/2142428"


class Watchers(BaseModel):
    """Who looks without being paid, and who decides without staking."""

    watch: float = number(
        0.1, "share", 0, 1, "Probability that the public looks at an offence closely enough.", studied=(0, 0.5)
    )
    watch_delay: int = number(
        7, "epochs", 0, 365, "Time from an offence to its exposure by the public.", studied=(0, 30)
    )
    peer_sampling: float = number(
        0.02, "share", 0, 1, "Probability that another sequencer re-executes a block.", scale="log", studied=(0.001, 1)
    )
    council_size: int = number(13, "members", 1, 1_000, "Members of the council.", COUNCIL, studied=(13, 25))
    council_threshold: int = number(10, "members", 1, 1_000, "Votes that remove a sequencer.", COUNCIL, studied=(1, 13))
    council_capture: float = number(
        0.1, "share", 0, 1, "Probability that a member of the council sides with the accused.", studied=(0, 0.5)
    )
    removal_delay: int = number(14, "epochs", 0, 365, "Time from the vote to the removal.", CHARTER, studied=(0, 35))
    scandal_loss: float = number(
        0.02, "share", 0, 1, "Trust lost per epoch in which misconduct comes to light, under a soft sanction.",
        studied=(0, 0.1),
    )  # fmt: skip


class Stack(BaseModel):
    """Sister chains that share software, name and upkeep; and apps that could run a chain of their own."""

    sister_chains: int = number(0, "chains", 0, 1_000, "Other chains of the same stack.", studied=(0, 30))
    big_member_share: float = number(
        0.71, "share", 0, 1, "Share of the revenue of all sister chains that the first of several earns; the others "
        "follow Zipf's law.", PILLARS,
    )  # fmt: skip
    stack_revenue: float = number(
        2e5, "USD per day", 0, 1e12, "Revenue of all sister chains.", PILLARS, scale="log", studied=(1e4, 1e6)
    )
    contagion: float = number(
        0.3, "share", 0, 1, "Part of a chain's loss of trust that every other chain of the stack suffers too."
    )
    sister_scandal_rate: float = number(0.2, "per chain-year", 0, 100, "Scandals of sister chains.", studied=(0, 1))
    brand_value: float = number(
        0.1, "share", 0, 1, "Part of a member's revenue that it owes to the name, at full trust.", OWED,
        studied=(0, 0.2),
    )  # fmt: skip
    control_value: float = number(
        0.02, "share", 0, 1, "Part of its revenue that a member would give to decide for itself.", studied=(0, 0.2)
    )
    member_exit_rate: float = number(
        0.01, "per epoch", 0, 1, "Chance to leave the stack while that pays.", scale="log", studied=(0.001, 0.1)
    )
    own_chain_cost: float = number(
        126_000, "USD per year", 0, 1e12, "What a chain of its own would cost an app.", OWN_CHAIN, scale="log",
        studied=(1e4, 1e6),
    )  # fmt: skip
