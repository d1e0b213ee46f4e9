"""Phase 10: what the attackers' books say."""

from model.core.compiled import kernel
from model.core.options import NOBODY


@kernel
def attack(state):
    """Charge every attacker what it spent this epoch; profits of what it owns were added as they were earned.

    Writes attackers.profit, charged. Draws nothing. A tactic that decides anew each epoch decides here.
    """
    for attacker in state.attackers:
        attacker.profit -= attacker.spent - attacker.charged
        attacker.charged = attacker.spent


@kernel
def credit(attackers, totals, node, usd):
    """Book what a node earned (USD; a loss if negative): its own account, the sum of all, and its owner's."""
    node.total_usd += usd
    totals.sequencer_usd += usd
    if node.owner != NOBODY:
        attackers[node.owner].profit += usd
