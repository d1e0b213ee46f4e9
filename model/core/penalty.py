"""What a proven offence leads to, by the rules alone: what conduct, verification, sanctions and forecasts share."""

from model.core.compiled import kernel
from model.core.options import Conduct, Sanction, Tactic


@kernel
def takes_stake(rules):
    """Tell whether a conviction costs stake."""
    return rules.sanction == Sanction.SLASH or rules.sanction == Sanction.RESTAKED_SLASH


@kernel
def makes_scandals(rules):
    """Tell whether misconduct that comes to light costs the chain trust: where it answers for it with its name."""
    return rules.sanction == Sanction.REPUTATION or rules.sanction == Sanction.REMOVAL


@kernel
def conviction(node, rules):
    """Return the probability that an offence of a node that was found out is convicted: that stake will be taken.

    Never after a takeover: who would have to agree are the owner's own nodes.
    """
    rules_itself = node.owner == Tactic.TAKEOVER and node.conduct == Conduct.BYZANTINE
    return rules.upheld if takes_stake(rules) and not rules_itself else 0.0


@kernel
def ends_turn(rules):
    """Tell whether a conviction ends the turn: it is at once, and a convict orders no blocks."""
    return takes_stake(rules) and rules.exposure_delay == 0 and (rules.jail_epochs > 0 or rules.expel == 1)
