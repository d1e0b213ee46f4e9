"""Before the first epoch: what the books say, and what everybody expects."""

from model.core.auction import price_blocks
from model.core.audit import total
from model.core.compiled import kernel
from model.core.consensus import burden
from model.core.entry import expectations
from model.core.options import Verification
from model.core.rewards import announce_rate, batch_cost, protocol_part
from model.core.selection import weigh
from model.core.watchers import count_peers


@kernel
def open_books(state, rules):
    """Leave the tokens that no agent owns to everybody else; begin with the peers and the largest committee there are.

    Committees are of who orders blocks, or bids for it, at the start. Writes accounts.circulating (below zero if agents
    own more than there is), reserve, opening; market.issued_before, latency, capacity_used; the nodes' weight, peers.
    Draws nothing.
    """
    accounts = state.accounts
    accounts.circulating = rules.token_supply - total(state)
    accounts.reserve = rules.reserve
    accounts.opening = total(state)
    state.market.issued_before = -rules.reserve
    weigh(state, rules)
    if rules.verification == Verification.PEERS:
        count_peers(state.sequencers)
    members = 0
    for node in state.sequencers:
        members += node.weight > 0.0
    committees = max(1, min(rules.shards, members))
    burden(state.market, rules, -(-members // committees), -(-rules.blocks_per_epoch // committees))


@kernel
def open_market(state, rules):
    """Set what the first blocks are expected to bring at the market's volume, and all that is expected of that.

    Writes market.mean_opportunity, net_fee, reward_rate, capture, and what `expectations` writes. Draws nothing.
    """
    now = state.market
    now.mean_opportunity = now.volume * rules.mev_bps * 1e-4 / rules.blocks_per_epoch
    fees = now.volume * rules.fee_bps * 1e-4
    net = fees - batch_cost(now, rules, now.volume)
    now.net_fee = (net - protocol_part(fees, net, rules)) / rules.blocks_per_epoch
    price_blocks(state.builders, now, rules)
    announce_rate(now, state.accounts, state.sequencers, rules)
    expectations(state, rules)
