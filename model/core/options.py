"""The closed sets of choices that the kernels branch on.

The lower-case member name is what a user writes (`selection="sqrt_stake"`); the value is what a kernel compares.
To add an option: one member here, one branch in the ladder of its phase.
"""

from enum import IntEnum


class Offence(IntEnum):
    """What a sequencer can do to the order of a block. Indexes every per-offence vector."""

    REORDER = 0
    INSERT = 1
    CENSOR = 2


OFFENCES = len(Offence)


class Conduct(IntEnum):
    """How an agent decides. The first three are for sequencers, the rest for Rangers (who can also be rational)."""

    HONEST = 0
    RATIONAL = 1
    BYZANTINE = 2
    DILIGENT = 3
    COLLUDING = 4
    GRIEFING = 5


class Status(IntEnum):
    """Where a sequencer or Ranger stands. `REMOVED` is final: a row is an identity and is never reused."""

    CANDIDATE = 0
    ACTIVE = 1
    JAILED = 2
    EXITING = 3
    REMOVED = 4


class Tactic(IntEnum):
    """The attackers of the model; the value is the attacker's row."""

    BYZANTINE = 0
    SYBIL = 1
    BRIBERY = 2
    GRIEFING = 3
    CENSORSHIP = 4
    HIT_AND_RUN = 5
    TAKEOVER = 6


NOT_YET = -1
"""Epoch of what has not happened."""

NOBODY = -1
"""Row number that stands for no agent: an undelegated delegator's pool, an independent sequencer's owner."""


class PriceProcess(IntEnum):
    """How the token price moves."""

    CONSTANT = 0
    GBM = 1
    REFLEXIVE = 2


class Opportunity(IntEnum):
    """The unit-mean shape of a block's opportunity."""

    HEAVY_TAILED = 0
    EXPONENTIAL = 1
    CONSTANT = 2


class Selection(IntEnum):
    """How the right to order a span of blocks is drawn."""

    STAKE = 0
    SQRT_STAKE = 1
    EQUAL = 2
    SINGLE = 3
    APPOINTED = 4
    AUCTION = 5


class Ordering(IntEnum):
    """The rule that honest ordering follows: what a breach of it leaves as evidence, and who gets honest MEV."""

    DISCRETION = 0
    FIRST_COME = 1
    PRIORITY_FEE = 2
    RANDOM = 3
    COMMITTED = 4


class Visibility(IntEnum):
    """What who orders can see of what it orders."""

    PLAIN = 0
    LAZY = 1
    ENCRYPTED = 2


class Verification(IntEnum):
    """Who looks for offences."""

    NONE = 0
    RANGERS = 1
    SOCIAL = 2
    PEERS = 3


class ProofSystem(IntEnum):
    """What proves the result of a block to L1."""

    NONE = 0
    FAULT = 1
    VALIDITY = 2


class Sanction(IntEnum):
    """What follows a conviction."""

    NONE = 0
    SLASH = 1
    REPUTATION = 2
    REMOVAL = 3
    RESTAKED_SLASH = 4


class Revenue(IntEnum):
    """Who gets what ordering earns."""

    KEEP = 0
    AUCTION_TO_PROPOSER = 1
    SHARE_WITH_PROTOCOL = 2


class Consensus(IntEnum):
    """Who must agree to a block, and how messages grow with their number."""

    NONE = 0
    BFT_LINEAR = 1
    BFT_QUADRATIC = 2


class RewardRule(IntEnum):
    """How much is emitted."""

    PER_BLOCK = 0
    TARGET_RATE = 1
    SQRT_CURVE = 2


class RewardSource(IntEnum):
    """Where the emission comes from."""

    ISSUANCE = 0
    RESERVE = 1


class Choice(IntEnum):
    """How sequencers and Rangers choose between acts."""

    LUCE = 0
    LOGIT = 1
    BEST_RESPONSE = 2


class Learning(IntEnum):
    """How sequencers and Rangers come to a policy: from beliefs, fixed or updated, or from payoffs, others' or own."""

    FIXED = 0
    BELIEF = 1
    IMITATION = 2
    REINFORCEMENT = 3


class Admission(IntEnum):
    """What a candidate must pass to become a sequencer."""

    OPEN = 0
    VOTE = 1
