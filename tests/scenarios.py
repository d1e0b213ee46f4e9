"""Random scenarios for property tests: whatever the declarations allow, at sizes that run in milliseconds."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from model.parameters import Scenario, parameter_names
from model.parameters.declaration import facts
from model.simulation import Engine

SMALL: dict[str, Any] = {
    "blocks_per_epoch": 200,
    "blocks_per_span": 10,
    "number_of_sequencers": 5,
    "possible_sequencers": 8,
    "number_of_delegators": 30,
    "number_of_rangers": 3,
    "possible_rangers": 5,
    "number_of_apps": 4,
    "attention": 0.3,
}
"""Sizes at which an epoch takes microseconds, and delegators that move often enough to see it."""

CEILINGS: dict[str, float] = {
    "blocks_per_epoch": 1e6,
    "number_of_sequencers": 6,
    "possible_sequencers": 12,
    "number_of_delegators": 40,
    "number_of_rangers": 4,
    "possible_rangers": 6,
    "number_of_apps": 6,
    "sister_chains": 6,
    "sybil_nodes": 6,
    "hit_and_run_nodes": 6,
    "hit_after": 20,
    "number_of_builders": 12,
    "exit_delay": 40,
    "correlation_window": 50,
    "accusation_rate": 20,
    "services": 6,
    "min_stake": 1e9,
    "max_stake": 1e9,
    "ranger_bond": 1e9,
    "delegated_wealth": 0.9,
}
"""Where a declared bound would only cost time, or ask for more tokens than there can be."""


def stage(seed: int = 1, **changes: Any) -> Engine:
    """Return a small economy before its first epoch, to call phases on."""
    return Engine(Scenario(**{**SMALL, **changes}), seed)


def values(name: str) -> st.SearchStrategy[Any]:
    """Return legal values of a parameter: its ends about as often as what lies between."""
    known = facts(Scenario.model_fields[name])
    if known["scale"] == "flag":
        return st.booleans()
    if known["scale"] == "category":
        return st.sampled_from(known["options"])
    low, high = known["low"], min(known["high"], CEILINGS.get(name, known["high"]))
    if Scenario.model_fields[name].annotation is int:
        return st.sampled_from([int(low), int(high)]) | st.integers(int(low), int(high))
    return st.sampled_from([float(low), float(high)]) | st.floats(low, high)


def scenarios() -> st.SearchStrategy[Scenario]:
    """Return legal scenarios that differ from a small economy in any number of parameters."""
    changes = st.fixed_dictionaries({}, optional={name: values(name) for name in parameter_names()})
    return changes.map(lambda chosen: Scenario(**reconcile({**SMALL, **chosen})))


def reconcile(chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the values with those changed that contradict others."""
    full = {**{name: Scenario.model_fields[name].default for name in parameter_names()}, **chosen}
    starting, seats = full["number_of_sequencers"], full["number_of_rangers"]
    full["possible_sequencers"] = max(starting, full["possible_sequencers"])
    full["possible_rangers"] = max(seats, full["possible_rangers"])
    for shares in (
        ("bounty_share", "compensation_share", "treasury_share"),
        ("diligent_share", "colluding_share", "griefing_share"),
    ):
        left = 1.0
        for name in shares:
            full[name] = min(left, full[name])
            left = max(0.0, left - full[name])
    full["min_stake"], full["max_stake"] = sorted((full["min_stake"], full["max_stake"]))
    full["commission_low"], full["commission_high"], full["max_commission"] = sorted(
        (full["commission_low"], full["commission_high"], full["max_commission"])
    )
    full["tail_start"] = max(full["tail_start"], math.exp(-4 * full["opportunity_sigma"]))
    if full["tail_start"] >= full["tail_end"]:
        full["tail_end"] = 2 * full["tail_start"]
    free = starting - math.floor(full["byzantine_share"] * starting + 0.5)
    full["sybil_nodes"] = min(full["sybil_nodes"], free)
    full["hit_and_run_nodes"] = min(full["hit_and_run_nodes"], free - full["sybil_nodes"])
    full["council_threshold"] = min(full["council_threshold"], full["council_size"])
    bound = full["possible_sequencers"] * full["max_stake"] + full["possible_rangers"] * full["ranger_bond"]
    full["token_supply"] = max(full["token_supply"], 1 + bound / (1 - full["delegated_wealth"]) * 1.01)
    return full
