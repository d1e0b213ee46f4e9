"""The state of an economy: one row per agent, one record per aggregate, all of it in a handful of arrays.

Rows are permanent identities; leaving sets `status`. A kernel takes a row (`node = state.sequencers[i]`) and reads or
writes its fields by name. Token balances are the fields marked *balance*; only `ledger` changes those.
"""

from typing import Any, NamedTuple

import numpy as np

from model.core.ladder import RUNGS
from model.core.options import OFFENCES

SEQUENCER = np.dtype(
    [
        ("operator", "i8"),  # who stands behind the node; Sybil nodes share one
        ("owner", "i8"),  # attacker's row or NOBODY
        ("conduct", "i8"),
        ("status", "i8"),
        ("client", "i8"),  # software the node runs; client-wide faults strike all of its nodes
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
        # what happened to the node in the current epoch
        ("outage", "f8"),  # share of the epoch it is down
        ("fault", "i8"),  # 1: it commits an honest fault
        ("weight", "f8"),  # selection weight
        ("assigned", "i8"),  # blocks it is to make
        ("made", "i8"),  # blocks it made
        ("opportunity", "f8"),  # USD that came by in them
        ("honest_value", "f8"),  # USD of opportunity in the blocks it ordered honestly
        ("offences", "i8", (OFFENCES,)),
        ("stolen", "f8", (OFFENCES,)),  # USD of opportunity in the blocks it offended in
        ("detected", "i8", (OFFENCES,)),
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
    ],
    align=True,
)

MARKET = np.dtype(
    [
        ("epoch", "i8"),
        ("price", "f8"),
        ("volume", "f8"),  # USD, this epoch
        ("trend", "f8"),  # log volume without the luck of the epoch
        ("trust", "f8"),
        ("storm", "i8"),
        ("mean_opportunity", "f8"),  # USD per block
        ("net_issuance", "f8"),  # tokens that came into circulation, last epoch
        ("issued_before", "f8"),  # tokens outside the reserve, less those at the start, up to the last epoch
        ("pay_scale", "f8"),  # share of emission due that the source could pay
        ("net_fee", "f8"),  # USD per block made, after batch cost and protocol share
        ("lost_blocks", "i8"),  # this epoch
        ("harm", "f8"),  # USD, this epoch
        ("bribes_offered", "i8"),  # 1: the briber could pay at the start of the epoch
        ("coverage", "f8"),  # probability that a block was really checked, this epoch
        ("detection", "f8", (OFFENCES,)),  # probability that an offence was reported, nobody being bribed
        ("queue_head", "i8"),  # oldest entry of State.leaving
        ("queue_length", "i8"),
    ],
    align=True,
)

ACCOUNTS = np.dtype(
    [
        ("circulating", "f8"),  # balance: everybody outside the model
        ("liquid", "f8"),  # balance: delegators' free tokens
        ("reserve", "f8"),  # balance
        ("treasury", "f8"),  # balance
        ("users", "f8"),  # balance: compensation paid
        ("minted", "f8"),  # cumulative
        ("burned", "f8"),  # cumulative
        ("opening", "f8"),  # tokens in existence at the start
    ],
    align=True,
)

TOTALS = np.dtype(
    [
        ("blocks_due", "f8"), ("blocks_made", "f8"), ("offending_blocks", "f8"),
        ("offences", "f8", (OFFENCES,)), ("detected", "f8", (OFFENCES,)), ("convicted", "f8"),
        ("wrongful", "f8"),  # convictions on a false accusation and slashes for honest faults
        ("faults", "f8"), ("accusations", "f8"),
        ("opportunity", "f8"),  # USD
        ("stolen", "f8"),  # USD of opportunity in offended blocks
        ("harm", "f8"),  # USD
        ("clawed_back", "f8"),  # USD
        ("volume", "f8"),  # USD
        ("fees", "f8"),  # USD
        ("batch_cost", "f8"),  # USD
        ("treasury_usd", "f8"),
        ("sequencer_fees", "f8"),  # USD
        ("sequencer_tokens", "f8"), ("pool_tokens", "f8"), ("ranger_tokens", "f8"),
        ("sequencer_usd", "f8"),  # profit
        ("ranger_usd", "f8"),  # profit
        ("slashed", "f8"),  # tokens
        ("pool_slashed", "f8"),  # tokens, the part that was delegators'
        ("bounties", "f8"),  # tokens
        ("checks", "f8"), ("checks_assigned", "f8"),
        ("coverage", "f8"),  # sum over epochs of the probability that a block is really checked
        ("entries", "f8"), ("exits", "f8"), ("removals", "f8"),
    ],
    align=True,
)  # fmt: skip


Rows = Any
"""A structured array whose fields read as attributes: a column of all rows, or a value of one."""


class State(NamedTuple):
    """Everything that changes. Kernels receive it whole and write into it; nothing is replaced."""

    sequencers: Rows  # (S,) SEQUENCER
    rangers: Rows  # (K,) RANGER
    delegators: Rows  # (D,) DELEGATOR
    apps: Rows  # (A,) APP
    attackers: Rows  # (4,) ATTACKER, row = Tactic
    market: Rows  # MARKET
    accounts: Rows  # ACCOUNTS
    totals: Rows  # TOTALS
    unbonding: np.ndarray  # (S, exit_delay + 1) balance: tokens that left pool i in an epoch, by epoch modulo
    unbonding_shares: np.ndarray  # same shape
    unbonding_members: np.ndarray  # same shape, int64
    leaving: np.ndarray  # (max(D, 1),) int32: delegators that unbond, in order of release
    pending: np.ndarray  # (slash_delay + 1, S) slash convicted but not yet taken, by epoch modulo
    claims: np.ndarray  # (slash_delay + 1, S, K) Rangers' claims on the bounty of each
    attractions: np.ndarray  # (S, OFFENCES, RUNGS) of sequencers' policies beside never (USD per block)
    slashed_before: np.ndarray  # (correlation_window,) tokens slashed, by epoch modulo


class Streams(NamedTuple):
    """Independent sources of luck. The first two are exogenous: the same for every policy under one seed."""

    market: np.random.Generator  # price, demand, storms
    luck: np.random.Generator  # outages, honest faults
    selection: np.random.Generator
    conduct: np.random.Generator
    verification: np.random.Generator
    sanctions: np.random.Generator
    learning: np.random.Generator
    delegation: np.random.Generator
    entry: np.random.Generator
    users: np.random.Generator


def rows(dtype: np.dtype, count: int) -> Rows:
    """Return `count` zeroed rows whose fields can be read as attributes."""
    return np.zeros(count, dtype).view(np.recarray)


def record(dtype: np.dtype) -> Rows:
    """Return one zeroed record whose fields can be read as attributes."""
    return rows(dtype, 1)[0]
