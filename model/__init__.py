"""Rangefinder: which staking incentives keep rollup sequencers honest and decentralised."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.economy import Economy
    from model.metrics import METRICS
    from model.parameters import Scenario, ScenarioError, designs
    from model.simulation import simulate

__all__ = ["METRICS", "Economy", "Scenario", "ScenarioError", "designs", "simulate"]

_HOMES = {
    "Economy": "model.economy",
    "METRICS": "model.metrics",
    "Scenario": "model.parameters",
    "ScenarioError": "model.parameters",
    "designs": "model.parameters",
    "simulate": "model.simulation",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that a glance at a scenario loads no compiler."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'model' has no attribute {name!r}")
