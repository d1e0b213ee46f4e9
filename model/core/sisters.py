"""The chains that share a name with this one: scandals spread among them, and who owes the others little leaves."""

import numpy as np

from model.core.compiled import kernel


@kernel
def stack(now, totals, sisters, rules, stream, fall):
    """Spread what trust the members of the stack lost, collect what sisters pay to it, and let members leave.

    `fall` is what trust in this chain has lost in the epoch, already taken. Writes the sisters, market.trust and brand,
    totals.stack_usd. Draws two uniforms per sister, present or not: luck that is the same for every policy.
    """
    if sisters.size == 0:
        return
    _contagion(now, sisters, rules, stream, fall)
    earned = _standing(now, sisters, rules)
    for sister in sisters:
        if sister.present == 1:
            totals.stack_usd += rules.protocol_gross_share * revenue(sister, rules)
    for sister in sisters:
        restless = stream.random() < rules.member_exit_rate
        if restless and sister.present == 1 and better_alone(revenue(sister, rules), earned, now.brand, rules):
            sister.present = 0
    _standing(now, sisters, rules)


@kernel
def _contagion(now, sisters, rules, stream, fall):
    """Let sisters recover and have their scandals; every other member loses a part of what a member lost.

    What is lost by contagion is not passed on. A chain that left has scandals of its own, and nobody shares them.
    """
    chance = 1.0 - np.exp(-rules.sister_scandal_rate * rules.dt)
    scandals = 0.0
    for sister in sisters:
        sister.trust += rules.trust_recovery * (1.0 - sister.trust)
        sister.lost = min(sister.trust, rules.scandal_loss) if stream.random() < chance else 0.0
        sister.trust -= sister.lost
        if sister.present == 1:
            scandals += sister.lost
    now.trust = max(0.0, now.trust - rules.contagion * scandals)
    for sister in sisters:
        if sister.present == 1:
            others = max(0.0, fall + scandals - sister.lost)
            sister.trust = max(0.0, sister.trust - rules.contagion * others)


@kernel
def revenue(sister, rules):
    """Return what a sister chain earns in an epoch (USD): its users come and go with trust, as this chain's do."""
    return rules.stack_revenue * 365.0 * rules.dt * sister.share * sister.trust**rules.trust_elasticity


@kernel
def better_alone(own, earned, brand, rules):
    """Tell whether a member that earns `own` of what all members do would gain by leaving.

    It would if what it pays and what deciding for itself is worth exceed what the others add to the name.
    """
    share = own / earned if earned > 0.0 else 0.0
    return rules.protocol_gross_share + rules.control_value > rules.brand_value * brand * (1.0 - share)


@kernel
def _standing(now, sisters, rules):
    """Return what all members earn in an epoch (USD), this chain without the luck of the day.

    Writes market.brand, the mean trust in members by what they earn; 0 where nobody earns anything.
    """
    earned = np.exp(now.trend) * rules.fee_bps * 1e-4
    trusted = earned * now.trust
    for sister in sisters:
        if sister.present == 1:
            own = revenue(sister, rules)
            earned += own
            trusted += own * sister.trust
    now.brand = trusted / earned if earned > 0.0 else 0.0
    return earned
