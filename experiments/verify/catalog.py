"""All cases, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.errors import ExperimentError, suggestion
from experiments.verify import deterrence, learning, market, people, selection, verification
from experiments.verify.case import CASES, Case

__all__ = ["CASES", "chosen_cases", "deterrence", "learning", "market", "people", "selection", "verification"]


def chosen_cases(names: Sequence[str]) -> list[Case]:
    """Return the cases of these names, all if none is given. Raises ExperimentError for an unknown one."""
    for name in names:
        if name not in CASES:
            raise ExperimentError(f"unknown case {name!r}{suggestion(name, CASES)}; known: {', '.join(CASES)}")
    return [CASES[name] for name in dict.fromkeys(names) or CASES]
