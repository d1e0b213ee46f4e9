"""What agents earn is booked in one place: their own account, the sum of all, and who owns them."""

from model.core.compiled import kernel
from model.core.options import NOBODY


@kernel
def credit(attackers, totals, node, usd):
    """Book what a node earned (USD; a loss if negative): its own account, the sum of all, and its owner's."""
    node.total_usd += usd
    totals.sequencer_usd += usd
    if node.owner != NOBODY:
        attackers[node.owner].profit += usd
