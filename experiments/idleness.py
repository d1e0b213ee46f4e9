"""What of a design of experiments has no effect, whichever of its points is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.design import Design
    from model.parameters import Scenario

CHECKED_POINTS = 256
"""Points that are looked at, spread over the design."""


def idle_throughout(scenario: Scenario, design: Design) -> list[str]:
    """Return what `idle` says of every point of a design; one that cannot be a scenario says nothing."""
    from model.parameters import ScenarioError
    from model.parameters.idle import idle

    common: list[str] | None = None
    for point in design.points[:: -(-len(design.points) // CHECKED_POINTS)]:
        try:
            found = idle(scenario.replace(**point))
        except ScenarioError:
            continue
        common = found if common is None else [words for words in common if words in found]
        if not common:
            break
    return common or []
