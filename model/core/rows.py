"""What there is to know of each agent: one kind of row per role, a field an attribute.

Token balances are the fields marked *balance*; only `ledger` changes those.
"""

from typing import Any

import numpy as np

from model.core.ladder import RUNGS
from model.core.options import OFFENCES

Rows = Any
"""A structured array whose fields read as attributes: a column of all rows, or a value of one."""

SEQUENCER = np.dtype(
    [
        ("operator", "i8"),  # who stands behind the node; Sybil nodes share one
        ("owner", "i8"),  # attacker's row or NOBODY
        ("conduct", "i8"),
        ("status", "i8"),
        ("client", "i8"),  # software the node runs; client-wide faults strike all of its nodes
        ("incumbent", "i8"),  # 1: run by the team that ran the chain alone; its nodes share an operator
        ("custom", "i8"),  # 1: a user's own decide() sets the policy, the rules of the model leave it alone
        ("self_stake", "f8"),  # balance
        ("wallet", "f8"),  # balance
        ("exiting", "f8"),  # balance: own stake on its way out
        ("exit_epoch", "i8"),  # epoch in which it left
        ("pool", "f8"),  # balance: delegated tokens
        ("pool_shares", "f8"),
        ("members", "i8"),  # delegators in the pool
        ("capital", "f8"),  # own stake it bonds when it enters
        ("commission", "f8"),
        ("commission_direction", "f8"),
        ("commission_income", "f8"),  # tokens, this period
        ("commission_before", "f8"),  # tokens, the period before
        ("skill", "f8"),
        ("cost", "f8"),  # USD per epoch
        ("downtime", "f8"),  # share of time
        ("brand", "f8"),  # percentage points of yield
        ("caught", "f8", (OFFENCES,)),  # evidence on detection, decayed
        ("uncaught", "f8", (OFFENCES,)),
        ("caution", "f8", (OFFENCES,)),  # multiplies the reservation values that the rule advises
        ("sharpness", "f8"),  # multiplies the precision of its choice
        ("reservation", "f8", (OFFENCES,)),  # USD: opportunity from which on it is inclined to each offence
        ("kept", "f8", (OFFENCES,)),  # USD it expects to keep per dollar of opportunity, beyond honest ordering
        ("mix", "f8", (OFFENCES, RUNGS)),  # probability of each policy of the ladder, if it learns from payoffs
        ("experience", "f8"),  # trials that its attractions rest on
        ("payoff", "f8"),  # USD per block due to it, average
        ("usd_before", "f8"),  # total_usd at the end of the last epoch
        ("revises", "i8"),  # 1: it renews its policy this epoch
        ("income_average", "f8"),  # USD per epoch
        ("profit_average", "f8"),  # USD per epoch
        ("slash_average", "f8"),  # share of stake per epoch
        ("jailed_until", "i8"),
        ("removed_from", "i8"),  # first epoch it will not serve, by decision of the council; 0: none was made
        ("services", "f8"),  # other services, not fallen, that its stake backs
        # what happened to the node in the current epoch
        ("outage", "f8"),  # share of the epoch it is down
        ("fault", "i8"),  # 1: it commits an honest fault
        ("shard", "i8"),  # committee it sits on, or NOBODY
        ("absent", "f8"),  # share of the time in which its committee can agree that it is down
        ("peers", "i8"),  # active nodes of others, which re-execute its blocks
        ("embargo", "i8"),  # 1: it leaves the victim of a paid censor out of its blocks
        ("weight", "f8"),  # selection weight
        ("votes", "f8"),  # in consensus, when the blocks were dealt
        ("due", "f8"),  # blocks it is to make on average, given who is up
        ("bid", "f8"),  # for the right to order a block, in highest bids
        ("payment", "f8"),  # USD per block dealt to it, for that right
        ("assigned", "i8"),  # blocks it is to make
        ("made", "i8"),  # blocks it made
        ("opportunity", "f8"),  # USD that came by in them
        ("honest_value", "f8"),  # USD of opportunity in the blocks it ordered honestly
        ("offences", "i8", (OFFENCES,)),
        ("stolen", "f8", (OFFENCES,)),  # USD of opportunity in the blocks it offended in
        ("detected", "i8", (OFFENCES,)),
        ("refuted", "i8", (OFFENCES,)),  # offences that a fault proof found and reversed
        ("convicted", "i8", (OFFENCES,)),
        ("turn_ended", "i8"),  # 1: jailed during the epoch, later blocks are not its own
        ("sentenced", "i8"),  # 1: convicted, rightly or wrongly
        ("slashed", "f8"),  # share of its stake
        ("token_income", "f8"),
        ("usd_income", "f8"),
        # cumulative
        ("total_made", "i8"),
        ("total_tokens", "f8"),
        ("total_usd", "f8"),
    ],
    align=True,
)

RANGER = np.dtype(
    [
        ("owner", "i8"),
        ("conduct", "i8"),
        ("status", "i8"),
        ("custom", "i8"),
        ("bond", "f8"),  # balance
        ("wallet", "f8"),  # balance
        ("cost", "f8"),  # USD per check
        ("diligence", "f8"),  # probability that it really checks a block assigned to it
        ("attraction", "f8"),  # of checking beside shirking (USD per assigned block), if it learns from payoffs
        ("experience", "f8"),  # trials that its attraction rests on
        ("payoff", "f8"),  # USD per assigned block, average
        ("revises", "i8"),  # 1: it renews its diligence this epoch
        ("found", "f8"),  # evidence on misconduct, decayed
        ("checks", "f8"),
        ("income_average", "f8"),  # USD per epoch
        # current epoch
        ("checked", "i8"),
        ("assigned", "i8"),
        ("reported", "i8"),
        ("silenced", "i8"),  # offences it was bribed not to report
        ("trapped", "i8"),  # planted tests it shirked
        ("tokens", "f8"),
        ("usd", "f8"),
        ("total_usd", "f8"),  # cumulative profit
    ],
    align=True,
)

DELEGATOR = np.dtype(
    [
        ("shares", "f8"),  # of the pool it is in, or of the unbonding bucket it waits in
        ("liquid", "f8"),  # tokens; part of the account `liquid`
        ("risk_aversion", "f4"),
        ("pool", "i4"),  # sequencer it delegates to or waits to leave, or NOBODY
        ("release", "i4"),  # epoch in which its stake is free; 0 when not unbonding
        ("custom", "i4"),
    ],
    align=True,
)

APP = np.dtype(
    [("share", "f8"), ("tolerance", "f8"), ("memory", "f8"), ("present", "i8")],  # bps of volume
    align=True,
)

ATTACKER = np.dtype(
    [
        ("tactic", "i8"),
        ("active", "i8"),
        ("budget", "f8"),  # USD
        ("spent", "f8"),  # USD, cumulative
        ("charged", "f8"),  # USD, part of what was spent that profit already bears
        ("profit", "f8"),  # USD, cumulative, of the agents it owns less what it spent
        ("bought", "f8"),  # tokens, cumulative
        ("began", "i8"),  # epoch in which it first acted, or NOT_YET
        ("succeeded", "i8"),  # epoch in which it reached what it is after, or NOT_YET
    ],
    align=True,
)

BUILDER = np.dtype(
    [
        ("skill", "f8"),  # value it makes of a block, beside others
        ("flow", "f8"),  # average share of blocks, which order flow follows
        ("chance", "f8"),  # that it wins a block
        ("margin", "f8"),  # part of the value of a block it wins that it keeps
        ("won", "i8"),  # blocks, this epoch
        ("total_won", "i8"),
        ("profit", "f8"),  # USD, cumulative
    ],
    align=True,
)

SISTER = np.dtype(
    [
        ("share", "f8"),  # of the revenue of all sisters, at full trust
        ("trust", "f8"),  # of its users
        ("lost", "f8"),  # trust lost to its own scandal, this epoch
        ("present", "i8"),  # 1: in the stack
    ],
    align=True,
)

SERVICE = np.dtype(
    [("stake", "f8"), ("fallen", "i8")],  # tokens behind it, bonded with nodes in service; 1: it was attacked
    align=True,
)


def rows(dtype: np.dtype, count: int) -> Rows:
    """Return `count` zeroed rows whose fields can be read as attributes."""
    return np.zeros(count, dtype).view(np.recarray)


def record(dtype: np.dtype) -> Rows:
    """Return one zeroed record whose fields can be read as attributes."""
    return rows(dtype, 1)[0]
