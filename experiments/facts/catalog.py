"""All facts, registered by import, and those asked for by name."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.errors import ExperimentError, suggestion
from experiments.facts import auctions, metis, opportunity, rollups, shared, stake
from experiments.facts.fact import FACTS, Fact

__all__ = ["FACTS", "auctions", "chosen_facts", "metis", "opportunity", "rollups", "shared", "stake"]


def chosen_facts(names: Sequence[str]) -> list[Fact]:
    """Return the facts of those names, all if none is named. Raises ExperimentError for a name that is none."""
    for name in names:
        if name not in FACTS:
            hint = suggestion(name, FACTS) or "; `rangefinder facts --list` lists them"
            raise ExperimentError(f"unknown fact {name!r}{hint}")
    return [FACTS[name] for name in dict.fromkeys(names)] if names else list(FACTS.values())
