"""Hit and run: gather delegations by good conduct at no commission, then take all, and be gone before the slash."""

from model.core import ledger
from model.core.compiled import kernel
from model.core.options import Conduct, Status, Tactic


@kernel
def hit_and_run(state, rules):
    """Turn the runner's nodes when their time has come, and let them leave, for good, when it is over.

    Writes conduct, status, capital, stake on its way out (through the ledger); the attacker's began, succeeded. It has
    succeeded once no stake of its nodes can be reached any more and it made a profit. Draws nothing.
    """
    runner = state.attackers[Tactic.HIT_AND_RUN]
    epoch = state.market.epoch
    last = rules.hit_after + rules.hit_length - 1
    within_reach = 0.0
    for node in state.sequencers:
        if node.owner != Tactic.HIT_AND_RUN:
            continue
        if epoch + 1 >= rules.hit_after:
            node.conduct = Conduct.BYZANTINE
        if epoch >= last and (node.status == Status.ACTIVE or node.status == Status.JAILED):
            node.status = Status.EXITING
            node.capital = 0.0  # nothing to come back with
            ledger.leave(node, epoch)
            state.totals.exits += 1
        within_reach += node.self_stake + node.exiting
    if runner.began < 0 and epoch >= rules.hit_after:
        runner.began = rules.hit_after
    if runner.succeeded < 0 and epoch > last and within_reach == 0.0 and runner.profit > 0.0:
        runner.succeeded = epoch
