"""How cost grows with delegators, blocks and sequencers; what a delegator costs in memory."""

from __future__ import annotations

import numpy as np

from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.process import python
from tests.benchmark.race import Chapter, Contestant, Line, cpu_seconds, race

EPOCHS = 50
ALLOWED_BYTES = 64
PEAK = """
import sys
from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.process import peak_memory
for delegators in (1, int(sys.argv[1])):
    Engine(Scenario.preset("metis", number_of_delegators=delegators), 1).advance(1)
print(peak_memory())
"""
"""Prints a peak in bytes, kernels being loaded before."""


def epoch_of(scenario: Scenario, runs: int = 1, epochs: int = EPOCHS) -> Contestant:
    """Return a contestant that runs the first epochs of a scenario; the cost is that of an epoch."""

    def contestant(lap: int) -> float:
        engines = [Engine(scenario, lap * runs + k) for k in range(runs)]
        return cpu_seconds(lambda: [engine.advance(epochs) for engine in engines]) / (runs * epochs)

    return contestant


def delegators(laps: int) -> Chapter:
    """Time an epoch with a thousand to a million delegators, per delegator."""
    sizes = {1_000: 20, 10_000: 10, 100_000: 1, 1_000_000: 1}
    costs = race({n: epoch_of(_crowd(n), runs) for n, runs in sizes.items()}, laps)
    each = {n: cost / n for n, cost in costs.items()}
    few, *more = sizes
    lines = [
        Line(f"{n:,} delegators, each per epoch", each[n], f"{few:,}", each[few], at_most=1 if n == more[-1] else None)
        for n in more
    ]
    return Chapter(
        "Delegators",
        [*lines, *_memory(few, more[-1])],
        f"`metis` with more delegators of the same wealth in all, its first {EPOCHS} epochs. The cost of an epoch over "
        "its delegators: at a thousand this is nearly all the cost of everybody else; at a million it is that of the "
        f"{_crowd(1).attention:.0%} that reconsider in an epoch, a logit over all pools each, at places too far apart "
        "for the cache. Bytes are those of all arrays of the state, the difference between both sizes; the peak is "
        "that of a process that draws the population and runs an epoch, drawing included.",
    )


def _crowd(delegators: int) -> Scenario:
    return Scenario.preset("metis", number_of_delegators=delegators)


def _memory(few: int, many: int) -> list[Line]:
    """Return bytes per further delegator: of the state, and of a process that draws it."""
    state, peak = (np.array([(measure(many) - measure(few)) / (many - few)]) for measure in (state_bytes, peak_bytes))
    allowed = np.array([float(ALLOWED_BYTES)])
    return [
        Line("State per delegator", state, "allowed", allowed, unit="B", at_most=1),
        Line("Peak of the process per delegator", peak, "state", state, unit="B"),
    ]


def state_bytes(delegators: int) -> int:
    """Return the bytes of all arrays of a Metis state."""
    return sum(np.asarray(part).nbytes for part in Engine(_crowd(delegators), 1).state)


def peak_bytes(delegators: int) -> int:
    """Return the peak of resident memory of a process that populates Metis and runs an epoch."""
    return int(python("-c", PEAK, str(delegators)))


def blocks(laps: int) -> Chapter:
    """Time an epoch of a thousand to a million blocks in Metis, and of up to half a million in lawless economies."""
    few, many = 5_000, 500_000
    runs = {
        **{("Metis", n): epoch_of(_chain(n), 10) for n in (few, 1_000, 50_000, many, 1_000_000)},
        **{("Lawless", n): epoch_of(_chain(n, sanction="none"), 10) for n in (few, many)},
        **{("Convicted", n): epoch_of(_chain(n, slash_fraction=0.0, jail_epochs=0), 1, 4) for n in (few, many)},
    }
    costs = race(runs, laps)
    bounded = (("Metis", many), ("Lawless", many))
    lines = [
        Line(
            f"{economy}, {n:,} blocks an epoch",
            costs[economy, n],
            f"{few:,}",
            costs[economy, few],
            at_most=1.5 if (economy, n) in bounded else None,
        )
        for economy, n in runs
        if n != few
    ]
    return Chapter(
        "Blocks per epoch",
        lines,
        "*Metis* with shorter blocks: volume, emission and spans of a day stay, each block carries less. In *lawless* "
        "there is no sanction and every block is an offence: offences are counted, not played. In *convicted* a "
        "conviction costs nothing (no slash, no jail), so every block is an offence and about one in six is convicted. "
        "Convictions alone are played out one by one, to say which Rangers share each bounty, and cost in proportion.",
    )


def _chain(blocks: int, **changes: object) -> Scenario:
    metis = Scenario.preset("metis", **changes)
    longer = metis.blocks_per_epoch / blocks
    return metis.replace(
        blocks_per_epoch=blocks,
        blocks_per_span=max(1, round(metis.blocks_per_span / longer)),
        reward_per_block=metis.reward_per_block * longer,
    )


def sequencers(laps: int) -> Chapter:
    """Time an epoch with ten to a thousand sequencers, per sequencer."""
    sizes = {10: 20, 100: 5, 1_000: 1}
    costs = race({n: epoch_of(_set_of(n), runs) for n, runs in sizes.items()}, laps)
    each = {n: cost / n for n, cost in costs.items()}
    few, *more = sizes
    return Chapter(
        "Sequencers",
        [Line(f"{n:,} sequencers, each per epoch", each[n], f"{few}", each[few]) for n in more],
        "`metis` with all possible sequencers active, and blocks, volume, supply, reserve and fixed batch cost in "
        "proportion to them, so that everybody's turn is as long. Delegators stay a thousand, but each that "
        "reconsiders weighs every sequencer.",
    )


def _set_of(sequencers: int) -> Scenario:
    metis = Scenario.preset("metis")
    times = sequencers // metis.number_of_sequencers
    scaled = ("blocks_per_epoch", "daily_volume_usd", "token_supply", "reserve", "batch_cost_fixed")
    grown = {name: getattr(metis, name) * times for name in scaled}
    return metis.replace(number_of_sequencers=sequencers, possible_sequencers=sequencers, **grown)
