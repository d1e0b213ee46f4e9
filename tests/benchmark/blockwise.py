"""The conduct phase against the same phase played block by block, both compiled."""

from __future__ import annotations

import copy

import numba
import numpy as np

from model.core.chance import multinomial, round_half_up
from model.core.compiled import kernel
from model.core.conduct import conduct, decide
from model.core.market import market
from model.core.options import NOBODY, OFFENCES, Sanction
from model.core.selection import selection
from model.core.state import State
from model.core.verification import reported
from model.parameters import Scenario
from model.simulation import Engine
from tests.benchmark.race import Chapter, Line, cpu_seconds, race
from tests.blockwise import play_blocks

MORNINGS = 12
DAYS_BETWEEN = 30


@kernel
def conduct_often(state, rules, shape, streams, times):
    """Play the conduct phase of one epoch some times over. Returns blocks made and blocks offended in."""
    made = 0.0
    offended = 0.0
    for _ in range(times):
        conduct(state, rules, shape, streams.conduct, streams.auction)
        for node in state.sequencers:
            made += node.made
            offended += node.offences.sum()
    return made, offended


@numba.njit(cache=True, error_model="numpy")
def blocks_often(state, rules, scale, stream, times):
    """Do the same block by block; `scale` is USD per unit drawn. Every node is rational and nobody's."""
    made = 0.0
    offended = 0.0
    turn = np.empty(4 + OFFENCES)
    ends = np.empty(OFFENCES)
    for _ in range(times):
        reported(state, rules, NOBODY, ends)
        decide(state, rules)
        ends *= rules.enforcement if rules.sanction == Sanction.SLASH and rules.jail_epochs > 0 else 0.0
        missed = 0
        weights = np.zeros(state.sequencers.size)
        for i in range(weights.size):
            node = state.sequencers[i]
            turn[:] = 0.0
            if node.assigned > 0:
                _play(node, node.assigned, node.reservation, rules, ends, scale, stream, turn)
            made += turn[0]
            offended += turn[3 : 3 + OFFENCES].sum()
            missed += node.assigned - int(turn[0])
            weights[i] = node.weight if turn[3 + OFFENCES] == 0.0 else 0.0
        made += _substitute(state, rules, weights, missed, ends, scale, stream, turn)
    return made, offended


@numba.njit(cache=True, error_model="numpy")
def _play(node, blocks, reservation, rules, ends, scale, stream, turn):
    play_blocks(
        stream, blocks, reservation, node.kept, rules.sequencer_precision, rules.choice, ends, rules.opportunity,
        rules.opportunity_sigma, rules.tail_weight, rules.tail_index, rules.tail_start, rules.tail_end, scale, turn,
    )  # fmt: skip


@numba.njit(cache=True, error_model="numpy")
def _substitute(state, rules, weights, missed, ends, scale, stream, turn):
    total = weights.sum()
    moved = round_half_up(rules.failover * missed) if total > 0.0 else 0
    if moved > 0:
        blocks = np.empty(weights.size, np.int64)
        multinomial(stream, moved, weights, total, blocks)
        for i in range(weights.size):
            node = state.sequencers[i]
            _play(node, blocks[i], np.full(OFFENCES, np.inf), rules, ends, scale, stream, turn)
    return moved


def mornings(scenario: Scenario, seed: int) -> tuple[Engine, list[State]]:
    """Return an engine, and its states between selection and conduct, once a month for a year."""
    engine, states = Engine(scenario, seed), []
    for _ in range(MORNINGS):
        engine.advance(DAYS_BETWEEN)
        state = copy.deepcopy(engine.state)
        state.market.epoch = engine.epoch
        market(state, engine.rules, engine.streams.market, engine.streams.luck)
        selection(state, engine.rules, engine.streams.selection, engine.streams.overlap)
        states.append(state)
    return engine, states


def against_blocks(laps: int) -> Chapter:
    """Time the conduct phase of twelve days of a year of Metis."""
    scenario = Scenario.preset("metis")
    engine, states = mornings(scenario, 1)
    unit = engine.shape.constants.unit
    stream = np.random.default_rng(2)

    def core(lap: int, times: int = 200) -> float:
        def work() -> None:
            for state in states:
                conduct_often(state, engine.rules, engine.shape, engine.streams, times)

        return cpu_seconds(work) / (times * MORNINGS)

    def blocks(lap: int, times: int = 10) -> float:
        def work() -> None:
            for state in states:
                blocks_often(state, engine.rules, state.market.mean_opportunity / unit, stream, times)

        return cpu_seconds(work) / (times * MORNINGS)

    costs = race({"core": core, "blocks": blocks}, laps)
    line = Line("Conduct of an epoch, a loop over blocks", costs["blocks"], "the core's", costs["core"])
    return Chapter(
        "Blocks",
        [line],
        f"The conduct phase alone, over {MORNINGS} days of a year of `metis` ({scenario.blocks_per_epoch:,} blocks "
        "each): reservation values, turns, substitutes. The loop draws every block's opportunity and choice, and is "
        "compiled by the same compiler; it costs in proportion to blocks, the core to sequencers.",
    )
