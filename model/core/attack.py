"""Phase 10: what the attackers' books say."""

from model.core.compiled import kernel


@kernel
def attack(state):
    """Charge every attacker what it spent this epoch; profits of what it owns were added as they were earned.

    Writes attackers.profit, charged. Draws nothing. A tactic that decides anew each epoch decides here.
    """
    for attacker in state.attackers:
        attacker.profit -= attacker.spent - attacker.charged
        attacker.charged = attacker.spent
