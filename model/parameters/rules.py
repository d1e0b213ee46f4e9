"""The scenario as the kernels read it: one record, a field per parameter, plus what follows from them."""

import math
from enum import IntEnum
from typing import Any

import numpy as np

from model.core.ladder import RUNGS, above_rungs
from model.core.options import OFFENCES, Offence
from model.core.ordering import delay_bounded, delay_of_sight, lawful, possible, proven, sight
from model.parameters import GROUPS, Scenario
from model.parameters.declaration import facts

SOFT = ("reputation", "removal")
"""Sanctions of a chain that answers for misconduct with its name."""

DERIVED: list[Any] = [
    ("possible", "i8", (OFFENCES,)),
    ("evidence", "f8", (OFFENCES,)),
    ("slash", "f8", (OFFENCES,)),
    ("gain", "f8", (OFFENCES,)),
    ("harm", "f8", (OFFENCES,)),
    ("capture", "f8"),
    ("sold", "f8"),
    ("discretion", "f8"),
    ("lawful_harm", "f8"),
    ("blockable", "f8"),
    ("refutation", "f8", (OFFENCES,)),
    ("upheld", "f8"),
    ("exposure_delay", "i8"),
    ("conviction_delay", "i8"),
    ("aftermath", "f8"),
    ("latency", "f8"),
    ("blocks_above", "f8", (RUNGS,)),
    ("value_above", "f8", (RUNGS,)),
    ("income_keep", "f8"),
    ("evidence_keep", "f8"),
    ("harm_keep", "f8"),
    ("flow_keep", "f8"),
    ("dt", "f8"),
]


def _kind(field: Any) -> str:
    if facts(field)["scale"] in ("category", "flag") or field.annotation is int:
        return "i8"
    return "f8"


FIELDS: list[Any] = [(name, _kind(field)) for group in GROUPS for name, field in group.model_fields.items()]
RULES = np.dtype(FIELDS + DERIVED, align=True)
OPTIONS: dict[str, type[IntEnum]] = {
    name: known["enum_class"] for name, _ in FIELDS if "enum_class" in (known := facts(Scenario.model_fields[name]))
}


def rules_of(scenario: Scenario) -> np.record:
    """Return the kernels' record of a scenario: enumerations as integers, flags as 0 or 1, derived vectors filled in.

    Derived: which offences are possible (0 or 1); evidence, slash (fraction times multiplier, at most 1), gain (times
    exposure and what can be seen) and harm by offence; blocks and value above each rung of the ladder; what an average
    keeps per epoch (`income_keep`, `evidence_keep`, `harm_keep`, `flow_keep`); `dt`, an epoch in years; of the
    opportunity of blocks ordered by the rules: `capture`, the part that who orders them earns, the part `sold` to
    builders, and under `discretion` the part that it takes per unit of its skill; `lawful_harm`, what users lose per
    dollar taken at will; `blockable`, the part of a victim's transactions that who orders can tell; `refutation`, the
    probability that a proof reverses an offence; `upheld`, the probability that a proven offence is sanctioned,
    `exposure_delay` until it is known and `conviction_delay` until it costs; `aftermath`, the epochs of income that a
    scandal costs a node; `latency` (seconds) that sight adds.
    """
    rules = np.zeros(1, RULES).view(np.recarray)[0]
    for name, _ in FIELDS:
        value = getattr(scenario, name)
        rules[name] = OPTIONS[name][value.upper()] if name in OPTIONS else value
    rules.possible = possible(rules)
    rules.evidence = proven(rules, by_offence(scenario, "evidence"))
    rules.slash = np.minimum(1.0, scenario.slash_fraction * by_offence(scenario, "slash_multiplier"))
    brings = by_offence(scenario, "gain") * by_offence(scenario, "exposure") * sight(rules)
    rules.gain = brings * rules.possible
    rules.harm = delay_bounded(rules, by_offence(scenario, "harm"))
    rules.capture, rules.sold, rules.discretion, rules.lawful_harm = lawful(rules, brings[Offence.REORDER])
    rules.blockable = sight(rules)[Offence.CENSOR] if scenario.exposure_censor > 0.0 else 0.0
    rules.refutation[Offence.INSERT] = scenario.fault_proof_success if scenario.proof_system == "fault" else 0.0
    rules.upheld = _upheld(scenario)
    rules.exposure_delay = scenario.watch_delay if scenario.verification == "social" else 0
    rules.conviction_delay = rules.exposure_delay + (scenario.removal_delay if scenario.sanction == "removal" else 0)
    rules.aftermath = _aftermath(scenario, rules.conviction_delay) if scenario.sanction in SOFT else 0.0
    rules.blocks_above, rules.value_above = above_rungs(rules)
    rules.income_keep = 0.5 ** (1.0 / scenario.income_memory)
    rules.evidence_keep = 0.5 ** (1.0 / scenario.memory)
    rules.harm_keep = 0.5 ** (1.0 / scenario.harm_memory)
    rules.flow_keep = 0.5 ** (1.0 / scenario.flow_memory)
    rules.latency = delay_of_sight(rules)
    rules.dt = 1.0 / scenario.epochs_per_year
    return rules


def _upheld(scenario: Scenario) -> float:
    """Return the probability that a proven offence is sanctioned; under removal, that the council is called and agrees.

    Each member votes to remove unless it sides with the accused.
    """
    if scenario.sanction != "removal":
        return 0.0 if scenario.sanction in ("none", *SOFT) else scenario.enforcement
    size, agrees = scenario.council_size, 1.0 - scenario.council_capture
    votes = range(scenario.council_threshold, size + 1)
    passes = math.fsum(math.comb(size, k) * agrees**k * scenario.council_capture ** (size - k) for k in votes)
    return scenario.enforcement * min(1.0, passes)


def _aftermath(scenario: Scenario, delay: int) -> float:
    """Return what a scandal costs whoever serves, in epochs of income: what trust lacks until the planning horizon."""
    left, recovery = max(0.0, scenario.planning_horizon - delay), scenario.trust_recovery
    epochs = left if recovery == 0 else 1.0 / recovery
    if 0 < recovery < 1:
        epochs = -math.expm1(left * math.log1p(-recovery)) / recovery
    return scenario.trust_elasticity * scenario.scandal_loss * min(left, epochs)


def by_offence(scenario: Scenario, prefix: str) -> np.ndarray:
    """Return `prefix_reorder`, `prefix_insert`, `prefix_censor` as a vector indexed by Offence."""
    return np.array([getattr(scenario, f"{prefix}_{offence.name.lower()}") for offence in Offence])
