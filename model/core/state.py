"""The state of an economy: one row per agent, one record per aggregate, all of it in a handful of arrays.

Rows are permanent identities; leaving sets `status`. A kernel takes a row (`node = state.sequencers[i]`) and reads or
writes its fields by name. Token balances are the fields marked *balance*; only `ledger` changes those.
"""

from typing import NamedTuple

import numpy as np

from model.core.options import OFFENCES
from model.core.rows import Rows

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
        ("reward_rate", "f8"),  # emission per year and token of counted stake; 0 if blocks are paid
        ("service_yield", "f8"),  # tokens per year that another service pays per token that backs it
        ("net_fee", "f8"),  # USD per block made, after batch cost and protocol share
        ("capture", "f8"),  # part of the opportunity that who orders by the rules earns
        ("top_bid", "f8"),  # USD: highest bid for the right to order a block
        ("latency", "f8"),  # seconds that the design adds to a block's own time
        ("capacity_used", "f8"),  # blocks due over those that consensus has time for
        ("halted", "f8"),  # share of the epoch without a quorum
        ("scandal", "i8"),  # 1: misconduct came to light this epoch
        ("brand", "f8"),  # trust in the stack that sister chains share
        ("lost_blocks", "i8"),  # this epoch
        ("harm", "f8"),  # USD, this epoch
        ("lawful_harm", "f8"),  # USD, this epoch: harm that breaks no rule
        ("bribes_offered", "i8"),  # 1: the briber could pay, and a Ranger would take it, at the start of the epoch
        ("coverage", "f8"),  # probability that a block was really checked, this epoch
        ("detection", "f8", (OFFENCES,)),  # probability that a Ranger reports an offence, nobody being bribed
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
        ("refuted", "f8"),  # offences that a fault proof reversed
        ("wrongful", "f8"),  # convictions on a false accusation and slashes for honest faults
        ("faults", "f8"), ("accusations", "f8"),
        ("opportunity", "f8"),  # USD
        ("stolen", "f8"),  # USD of opportunity in offended blocks
        ("harm", "f8"),  # USD
        ("lawful_harm", "f8"),  # USD
        ("clawed_back", "f8"),  # USD
        ("volume", "f8"),  # USD
        ("fees", "f8"),  # USD
        ("batch_cost", "f8"),  # USD
        ("treasury_usd", "f8"),
        ("compensated_usd", "f8"),  # slashed tokens paid to users
        ("sequencer_fees", "f8"),  # USD
        ("sequencer_tokens", "f8"), ("pool_tokens", "f8"), ("ranger_tokens", "f8"),
        ("sequencer_usd", "f8"),  # profit
        ("ranger_usd", "f8"),  # profit
        ("slashed", "f8"),  # tokens
        ("pool_slashed", "f8"),  # tokens, the part that was delegators'
        ("bounties", "f8"),  # tokens
        ("checks", "f8"), ("checks_assigned", "f8"),
        ("coverage", "f8"),  # sum over epochs of the probability that a block is really checked
        ("auction_usd", "f8"),  # paid for the right to order, or for blocks
        ("builder_usd", "f8"),  # builders' profit
        ("embargo_usd", "f8"),  # volume of the victim that was held up
        ("embargo_blocks", "f8"),  # blocks that left it out
        ("halted", "f8"),  # epochs without a quorum
        ("scandals", "f8"),  # epochs
        ("removal_votes", "f8"),  # votes held
        ("shocked", "f8"),  # tokens lost to what happened at other services
        ("service_tokens", "f8"),  # paid by other services
        ("pool_elsewhere", "f8"),  # tokens that pools got from other services, less what they lost to them
        ("stack_usd", "f8"),  # what all chains of the stack pay to it: this one its protocol's part of fees
        ("entries", "f8"), ("exits", "f8"), ("removals", "f8"),
    ],
    align=True,
)  # fmt: skip


class State(NamedTuple):
    """Everything that changes. Kernels receive it whole and write into it; nothing is replaced."""

    sequencers: Rows  # (S,) SEQUENCER
    rangers: Rows  # (K,) RANGER
    delegators: Rows  # (D,) DELEGATOR
    apps: Rows  # (A,) APP
    attackers: Rows  # (7,) ATTACKER, row = Tactic
    builders: Rows  # (B,) BUILDER
    sisters: Rows  # (N,) SISTER
    services: Rows  # (J,) SERVICE: those that the same stake backs beside this one
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
    backing: np.ndarray  # (S, J) part of a node's stake that backs each other service: 0 or 1
    docket: np.ndarray  # (exposure_delay + 1, S, FATES, OFFENCES) int64: offences until they come to light, by epoch


class Streams(NamedTuple):
    """Independent sources of luck. Those called exogenous are the same for every policy and design under one seed."""

    market: np.random.Generator  # exogenous: price, demand, storms
    luck: np.random.Generator  # exogenous: outages, honest faults
    selection: np.random.Generator
    conduct: np.random.Generator
    verification: np.random.Generator
    sanctions: np.random.Generator
    learning: np.random.Generator
    delegation: np.random.Generator
    entry: np.random.Generator
    users: np.random.Generator
    overlap: np.random.Generator  # exogenous: when in the epoch an outage falls
    elsewhere: np.random.Generator  # exogenous: what happens at sister chains
    shocks: np.random.Generator  # exogenous: which other services are struck
    auction: np.random.Generator
    attack: np.random.Generator
