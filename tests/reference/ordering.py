"""The axes of order: what can be done, seen, proven and earned, and what users lose by it (odd.md 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.core.options import Offence
from model.parameters import Scenario

if TYPE_CHECKING:
    from . import Reference
    from .sequencer import Sequencer


def of(plan: Scenario, name: str, offence: Offence) -> float:
    """Return the parameter `name_reorder`, `name_insert` or `name_censor`."""
    return getattr(plan, f"{name}_{offence.name.lower()}")


def exists(plan: Scenario, offence: Offence) -> bool:
    """Say whether there is such an offence: a rule that it breaks, and a proof that lets it pass."""
    if offence == Offence.REORDER:
        return plan.ordering != "discretion"
    return offence != Offence.INSERT or plan.proof_system != "validity"


def brings(plan: Scenario, offence: Offence) -> float:
    """Return what is taken per USD of opportunity, as far as it is open and seen in time."""
    visible = 1.0
    if plan.visibility == "lazy":
        visible = plan.lazy_exposure
    if plan.visibility == "encrypted":
        read = plan.leak_probability
        if offence == Offence.CENSOR:
            read = max(read, plan.metadata_exposure)
        visible = (1 - plan.encrypted_share) + plan.encrypted_share * read
    return of(plan, "gain", offence) * of(plan, "exposure", offence) * visible


def gain(plan: Scenario, offence: Offence) -> float:
    """Return what an offence brings per USD of opportunity; what is none brings nothing."""
    return brings(plan, offence) if exists(plan, offence) else 0.0


def evidence(plan: Scenario, offence: Offence) -> float:
    """Return the probability that who checks can prove the offence."""
    if offence == Offence.REORDER:
        return {"discretion": 0.0, "first_come": plan.evidence_reorder}.get(plan.ordering, 1.0)
    return of(plan, "evidence", offence)


def harm(plan: Scenario, offence: Offence) -> float:
    """Return the harm per USD gained; of censoring, the part above the gain is the delay's, a day's at most."""
    whole = of(plan, "harm", offence)
    if offence == Offence.CENSOR and whole > 1:
        return 1 + (whole - 1) * min(plan.forced_inclusion_delay, 24) / 24
    return whole


def at_will(plan: Scenario, skill: float) -> float:
    """Return what who may order at will takes, per USD of opportunity."""
    return max(plan.honest_capture, brings(plan, Offence.REORDER) * skill)


def sold(plan: Scenario) -> float:
    """Return the part of the opportunity that builders bid for."""
    if plan.revenue != "auction_to_proposer" or plan.ordering == "random":
        return 0.0
    return at_will(plan, 1.0) if plan.ordering == "discretion" else plan.auctioned_share


def unsold(plan: Scenario) -> float:
    """Return what ordering by the rules earns beside what is sold, at average skill."""
    if plan.ordering == "discretion":
        return 0.0 if plan.revenue == "auction_to_proposer" else at_will(plan, 1.0)
    part = {"priority_fee": plan.priority_capture, "random": 0.0}.get(plan.ordering, plan.honest_capture)
    return part * (1 - sold(plan))


def capture(model: Reference, node: Sequencer) -> float:
    """Return what the node earns per USD of opportunity by ordering by the rules."""
    if model.plan.ordering == "discretion" and model.plan.revenue != "auction_to_proposer":
        return at_will(model.plan, node.skill)
    return model.capture


def harm_at_will(plan: Scenario) -> float:
    """Return what users lose per USD of opportunity to who orders at will, at average skill."""
    return plan.harm_reorder * (at_will(plan, 1.0) - plan.honest_capture) if plan.ordering == "discretion" else 0.0


def lawful_harm(model: Reference, node: Sequencer) -> float:
    """Return what users lose to it, per USD of opportunity, though no rule is broken."""
    s = model.plan
    if s.ordering != "discretion":
        return 0.0
    taken = sold(s) if s.revenue == "auction_to_proposer" else at_will(s, node.skill)
    return s.harm_reorder * (taken - s.honest_capture)


def blockable(plan: Scenario) -> float:
    """Return the part of a victim's transactions that who orders can tell from others."""
    seen = {"lazy": plan.lazy_exposure, "encrypted": 1 - plan.encrypted_share * (1 - told_apart(plan))}
    return seen.get(plan.visibility, 1.0) if plan.exposure_censor > 0 else 0.0


def told_apart(plan: Scenario) -> float:
    """Return the part of encrypted transactions that leaks, or that sender, size and time give away."""
    return max(plan.leak_probability, plan.metadata_exposure)


def delay_of_sight(plan: Scenario) -> float:
    """Return the seconds until what was ordered can be read, on average over what is encrypted and what is not."""
    return plan.encrypted_share * plan.encryption_delay if plan.visibility == "encrypted" else 0.0


def protocol_share(plan: Scenario, fees: float, net: float) -> float:
    """Return what the protocol takes of the fees in USD."""
    if plan.revenue == "share_with_protocol":
        return max(plan.protocol_gross_share * fees, plan.protocol_fee_share * net, 0.0)
    return 0.0
