"""What the rules of each named design cost beside those of Metis."""

from __future__ import annotations

from model.parameters import Scenario, designs
from tests.benchmark.growth import epoch_of
from tests.benchmark.race import Chapter, Line, race

YEAR = 365
SIZES = ("possible_sequencers", "number_of_sequencers", "number_of_delegators", "blocks_per_epoch", "number_of_apps")
ALLOWED = 3


def against_metis(laps: int) -> Chapter:
    """Time a year of every named design at the sizes of Metis."""
    costs = race({name: epoch_of(at_sizes_of_metis(name), epochs=YEAR) for name in designs()}, laps)
    return Chapter(
        "Designs",
        [
            Line(f"`{name}`, an epoch at the sizes of `metis`", costs[name], "`metis`", costs["metis"], at_most=ALLOWED)
            for name in designs()
            if name != "metis"
        ],
        f"The first {YEAR} epochs of every named design with as many sequencers, candidates, delegators, blocks an "
        "epoch and apps as `metis` has, and stakes drawn where it lists those of its own nodes; whoever else it knows "
        "(Rangers, builders, other services, sister chains) are as many as it says. What differs is the rules: "
        "consensus, auctions, peers, and how often anybody is tempted.",
    )


def at_sizes_of_metis(name: str) -> Scenario:
    """Return a named design with the sizes of `metis`, and stakes as drawn where it lists those of its own nodes."""
    metis = Scenario.preset("metis")
    return Scenario.preset(name).replace(stakes=(), **{size: getattr(metis, size) for size in SIZES})
