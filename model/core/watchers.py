"""Who finds offences without a stake in it: the other sequencers, the public, and proofs of what blocks result in."""

import numpy as np

from model.core.compiled import kernel
from model.core.options import NOBODY, Status, Tactic, Verification

OWNERS = len(Tactic)


@kernel
def overlooked(node, rules, a):
    """Return the chance that offence a of a node is neither reversed by a proof nor noticed by peers or the public.

    Peers follow the chain and so execute its blocks anyway: nobody pays them, nobody bribes them.
    """
    missed = 1.0 - rules.refutation[a]
    if rules.verification == Verification.PEERS:
        missed *= (1.0 - rules.peer_sampling * rules.evidence[a]) ** node.peers
    elif rules.verification == Verification.SOCIAL:
        missed *= 1.0 - rules.watch * rules.evidence[a]
    return missed


@kernel
def found_out(node, rules, a, by_rangers):
    """Return the chance that offence a of a node is found out, given that a Ranger reports it with chance `by_rangers`.

    Peers, public and proofs find independently.
    """
    return by_rangers + (1.0 - by_rangers) * (1.0 - overlooked(node, rules, a))


@kernel
def count_peers(nodes):
    """Count for every node the active ones of other operators and other owners. Writes peers. O(nodes)."""
    active = 0
    run = np.zeros(nodes.size, np.int64)
    owned = np.zeros(OWNERS, np.int64)
    both = np.zeros((nodes.size, OWNERS), np.int64)
    for node in nodes:
        if node.status == Status.ACTIVE:
            active += 1
            run[node.operator] += 1
            if node.owner != NOBODY:
                owned[node.owner] += 1
                both[node.operator, node.owner] += 1
    for node in nodes:
        node.peers = active - run[node.operator]
        if node.owner != NOBODY:
            node.peers -= owned[node.owner] - both[node.operator, node.owner]
