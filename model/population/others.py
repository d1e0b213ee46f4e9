"""Who stands around the chain: builders, sister chains of its stack, other services that the same stake backs."""

import numpy as np

from model.core.options import Status
from model.core.state import State
from model.parameters import Scenario
from model.population.people import lognormal, zipf
from model.population.streams import generator


def set_sisters(state: State, scenario: Scenario) -> None:
    """Divide the stack's revenue: the big member's share, and the rest by Zipf's law; one alone has all of it."""
    sisters, big = state.sisters, scenario.big_member_share
    others = zipf(max(0, sisters.size - 1))
    sisters.share = np.concatenate(([big], (1.0 - big) * others)) if sisters.size > 1 else 1.0
    sisters.trust = 1.0
    sisters.present = 1


def draw_backing(state: State, scenario: Scenario, seed: int) -> None:
    """Draw which other services the stake of each node backs; every service has a stream of its own."""
    for j in range(state.services.size):
        luck = generator(seed, "population", "service", str(j)).random(state.sequencers.size)
        state.backing[:, j] = luck < scenario.service_overlap
    nodes = state.sequencers
    nodes.services = state.backing.sum(axis=1)
    serving = nodes.status == Status.ACTIVE
    state.services.stake = (serving * (nodes.self_stake + nodes.pool)) @ state.backing


def draw_builders(state: State, scenario: Scenario, seed: int) -> None:
    """Draw the skill of builders; order flow starts in equal shares."""
    builders = state.builders
    builders.skill = lognormal(
        generator(seed, "population", "builder", "skill"), builders.size, scenario.builder_dispersion
    )
    builders.flow = 1.0 / max(1, builders.size)
