"""Builders as they start: alike in order flow, not in skill."""

from model.core.state import State
from model.parameters import Scenario
from model.population.people import lognormal
from model.population.streams import generator


def draw_builders(state: State, scenario: Scenario, seed: int) -> None:
    """Draw the skill of builders; order flow starts in equal shares."""
    builders = state.builders
    builders.skill = lognormal(
        generator(seed, "population", "builder", "skill"), builders.size, scenario.builder_dispersion
    )
    builders.flow = 1.0 / max(1, builders.size)
