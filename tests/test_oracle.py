"""The core against the oracle: the same rules written twice must agree, phase by phase and over whole runs.

Deterministic phases must agree to rounding. For the others, outcomes of many runs from one population are compared by
the two-sample Kolmogorov-Smirnov test and by the difference of means. All p-values together must exceed ALARM over the
number of tests, so that a false alarm is rarer than one in ten thousand.

Power: a difference of means of an outcome is found with probability above 0.97 if it is of one standard deviation (80
runs of the oracle, 320 of the core: critical z at the corrected level 5.9, standard error 0.125), and in `make duel` if
it is of half of one (320 and 1,280 runs), in whole runs as in single phases.
"""

from __future__ import annotations

import numpy as np
import pytest

from model.core.options import Status
from model.core.state import State
from model.parameters import Scenario
from model.population import new_streams
from model.simulation import Engine
from tests.duel import CORE, EPOCHS, ORACLE, OUTCOMES, SCENARIOS, STOCKS, copy, disagreements, scenario
from tests.reference import Reference


def stocks(nodes, rangers, liquid, trust) -> list[float]:  # type: ignore[no-untyped-def]
    """Return the sums over agents that STOCKS names."""
    return [
        sum(node.self_stake for node in nodes),
        sum(node.pool for node in nodes),
        sum(node.wallet for node in nodes),
        liquid,
        sum(ranger.diligence for ranger in rangers),
        trust,
        sum(node.status == Status.ACTIVE for node in nodes),
        sum(node.commission for node in nodes),
        sum(float(np.sum(node.caught)) for node in nodes),
        sum(node.profit_average for node in nodes),
    ]


def by_core(engine: Engine, start: State, seed: int) -> list[float]:
    """Return outcomes and stocks of one run of the core from `start`, luck from `seed`."""
    engine.state, engine.streams, engine.epoch = copy(start), new_streams(1_000 + seed), 0
    engine.advance(EPOCHS)
    state = engine.state
    totals = [float(state.totals[name]) for name in OUTCOMES]
    return totals + stocks(state.sequencers, state.rangers, state.accounts.liquid, state.market.trust)


def by_oracle(plan: Scenario, start: State, seed: int) -> list[float]:
    """Return the same of one run of the oracle."""
    reference = Reference(plan, start, seed)
    reference.run(EPOCHS)
    totals = [float(getattr(reference.totals, name)) for name in OUTCOMES]
    liquid = sum(delegator.liquid for delegator in reference.delegators)
    return totals + stocks(reference.sequencers, reference.rangers, liquid, reference.trust)


@pytest.mark.parametrize("name", SCENARIOS)
def test_whole_runs_agree_in_distribution(name):
    """Totals and stocks after EPOCHS epochs have the same distribution in core and oracle."""
    plan = scenario(name)
    engine = Engine(plan, 1)
    start = copy(engine.state)
    ours = np.array([by_core(engine, start, seed) for seed in range(CORE)])
    theirs = np.array([by_oracle(plan, start, seed) for seed in range(ORACLE)])
    assert not disagreements(ours, theirs, [*OUTCOMES, *STOCKS])
