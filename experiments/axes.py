"""A design is a place on eight axes: what each of them decides, and each option of it in a sentence."""

from __future__ import annotations

from typing import NamedTuple


class Axis(NamedTuple):
    """A choice that every design makes: the question it answers, and what each option means."""

    question: str
    options: dict[str, str]


AXES: dict[str, Axis] = {
    "selection": Axis(
        "Who orders the next blocks?",
        {
            "stake": "A lottery in which chances grow in proportion to stake, own and delegated.",
            "sqrt_stake": "A lottery in which chances grow with the square root of stake, which favours the small.",
            "equal": "A lottery in which every node has the same chance, whatever its stake.",
            "single": "One operator orders everything.",
            "appointed": "A small appointed set takes turns, each as often as the others.",
            "auction": "The right to order goes to the highest bidder, span by span.",
        },
    ),
    "ordering": Axis(
        "What is honest order, and what does a breach of it leave as evidence?",
        {
            "discretion": "Who orders may choose any order, so no order is a breach and none can be proved.",
            "first_come": "First come, first served; when something came is disputable, so is a breach.",
            "priority_fee": "The highest fee goes first: a breach shows, and fees bring who orders part of the MEV.",
            "random": "Drawn by lot from a public seed: a breach shows, and honest order earns no MEV.",
            "committed": "Who orders signs the order as it accepts transactions: to break it is to prove it.",
        },
    ),
    "visibility": Axis(
        "What can who orders see of what it orders?",
        {
            "plain": "Everything, before it is ordered.",
            "lazy": "Bytes that are not executed: less of the opportunity is visible.",
            "encrypted": "Nothing until the order is fixed, save what leaks and what sender, size and time give away.",
        },
    ),
    "verification": Axis(
        "Who looks for offences?",
        {
            "none": "Nobody.",
            "social": "The public, unpaid: it looks at some offences, and what it finds comes out late.",
            "peers": "The other sequencers re-execute a sample of the blocks.",
            "rangers": "Rangers, bonded and paid, each check a sample of the blocks if it pays them to.",
        },
    ),
    "proof_system": Axis(
        "What proves the result of a block to L1?",
        {
            "none": "Nothing.",
            "fault": "A fault proof: a malicious insertion is found and reversed with some probability.",
            "validity": "A validity proof: malicious insertion is impossible. Order and censorship are beyond it.",
        },
    ),
    "sanction": Axis(
        "What follows a conviction?",
        {
            "none": "Nothing.",
            "reputation": "Trust falls, and volume with it: nothing else.",
            "removal": "A council votes; if enough members agree, the node goes after a delay, its stake returned.",
            "slash": "Part of the stake is taken, the node is jailed, or removed for good.",
            "restaked_slash": "Part of a stake is taken that backs other services too.",
        },
    ),
    "revenue": Axis(
        "Who gets what ordering earns?",
        {
            "keep": "Who orders keeps all of it.",
            "auction_to_proposer": "Builders bid for every block, and who may propose it is paid the second price.",
            "share_with_protocol": "The protocol takes a share of the fees, who orders keeps the rest.",
        },
    ),
    "consensus": Axis(
        "Who must agree to a block?",
        {
            "none": "Nobody but its orderer.",
            "bft_linear": "More than two thirds, by messages that grow in proportion to their number.",
            "bft_quadratic": "More than two thirds, by messages that grow with the square of their number.",
        },
    ),
}
"""The axes by the parameter that chooses on each, in the order of a block's life."""
