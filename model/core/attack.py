"""Phase 10: attackers whose tactic decides anew each epoch decide, and all of them keep books."""

from model.core.censorship import offer_embargo
from model.core.compiled import kernel
from model.core.hit_and_run import hit_and_run
from model.core.options import Tactic
from model.core.takeover import take_over


@kernel
def attack(state, rules, stream):
    """Let each tactic make its move, and charge every attacker what it spent this epoch.

    Profits of what an attacker owns were added as they were earned. Writes what the tactics write, and attackers'
    profit, charged. Draws from `stream` what active tactics draw.
    """
    if state.attackers[Tactic.CENSORSHIP].active == 1:
        offer_embargo(state, rules, stream)
    if state.attackers[Tactic.HIT_AND_RUN].active == 1:
        hit_and_run(state, rules)
    if state.attackers[Tactic.TAKEOVER].active == 1:
        take_over(state, rules, stream)
    for attacker in state.attackers:
        attacker.profit -= attacker.spent - attacker.charged
        attacker.charged = attacker.spent
