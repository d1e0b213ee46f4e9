"""The core against the oracle, and the Mesa shell against the core."""

from __future__ import annotations

from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.race import Chapter, Line, cpu_seconds, race
from tests.reference import Reference

YEAR = 365
ORACLE_EPOCHS = 73
"""A fifth of the year: the oracle's epochs cost alike, and a whole year of it takes a quarter of a minute."""


def against_oracle(laps: int) -> Chapter:
    """Time a year of Metis, once by the core and once by the oracle, from the same population."""
    scenario = Scenario.preset("metis")

    def core(lap: int) -> float:
        engine = Engine(scenario, lap)
        return cpu_seconds(lambda: engine.advance(YEAR))

    def oracle(lap: int) -> float:
        reference = Reference(scenario, Engine(scenario, lap).state, lap)
        return cpu_seconds(lambda: reference.run(ORACLE_EPOCHS)) / ORACLE_EPOCHS * YEAR

    costs = race({"core": core, "oracle": oracle}, laps)
    line = Line("A year of Metis, oracle", costs["oracle"], "core", costs["core"], at_least=1_000)
    return Chapter(
        "Oracle",
        [line],
        f"The design `metis` as it is ({scenario.number_of_sequencers} sequencers of {scenario.possible_sequencers}, "
        f"{scenario.number_of_delegators:,} delegators, {scenario.number_of_rangers} Rangers, "
        f"{scenario.blocks_per_epoch:,} blocks a day), {YEAR} epochs, without drawing the population. The oracle, "
        "`tests/reference`, is the same rules as plain Mesa agents, block by block; it is timed over "
        f"{ORACLE_EPOCHS} epochs and scaled to {YEAR}. Nine tenths of its time go to single blocks: ordering them, and "
        "having Rangers look at them.",
    )


def mesa_shell(laps: int) -> Chapter:
    """Time an epoch by `Economy.step`, by one call of the core per epoch, and by one call for the year."""
    from model import Economy

    scenario = Scenario.preset("metis")

    def stepped(lap: int) -> float:
        economy = Economy(preset="metis", seed=lap)
        return cpu_seconds(lambda: [economy.step() for _ in range(YEAR)]) / YEAR

    def called(lap: int) -> float:
        engine = Engine(scenario, lap)
        return cpu_seconds(lambda: [engine.advance(1) for _ in range(YEAR)]) / YEAR

    def run(lap: int) -> float:
        engine = Engine(scenario, lap)
        return cpu_seconds(lambda: engine.advance(YEAR)) / YEAR

    costs = race({"step": stepped, "call": called, "run": run}, laps)
    return Chapter(
        "Mesa",
        [
            Line("An epoch by `Economy.step()`", costs["step"], "one call of the core an epoch", costs["call"]),
            Line("One call of the core an epoch", costs["call"], "one call for the year", costs["run"]),
        ],
        "A year of `metis` each. `Economy.step()` also takes a snapshot for the data collector. A call of the core "
        "hands arrays and generators over to compiled code, which costs the same however many epochs it then runs.",
    )
