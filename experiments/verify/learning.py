"""Cases of learning: what evidence makes of a belief, and where players who learn from each other come to rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from experiments.verify.case import case, grid
from experiments.verify.economies import MEAN_OPPORTUNITY, quiet, stake_value, total
from model import theory
from model.core.ladder import RUNG, RUNGS
from model.core.options import OFFENCES
from model.history import History
from model.parameters import Scenario

Solution = TypeVar("Solution")

PUBLISHED = quiet(
    10, mev_bps=0.0, learning="belief", proof_of_check=True, prior_misconduct=0.0, slash_fraction=0.01
)  # fmt: skip
TRIALS = 30


def _kept(s: Scenario, epochs: int) -> tuple[float, float]:
    """Return what is left of evidence after some epochs, and what one unit of it per epoch has added up to."""
    keep = 0.5 ** (1.0 / s.memory)
    return keep**epochs, (1.0 - keep**epochs) / (1.0 - keep)


@case(
    PUBLISHED,
    grid(
        "prior_weight transparency memory number_of_rangers diligent_share",
        (20.0, 50.0, 90.0, 5, 0.4), (200.0, 1.0, 7.0, 10, 0.1), (1.0, 10.0, 1e4, 4, 0.75), (50.0, 5.0, 2.0, 20, 0.5),
        (500.0, 20.0, 30.0, 3, 1 / 3),
    ),
    lambda h: float(h.stock("sequencers", "reservation")[-1, 0, 0]) / (h.scenario.slash_fraction * stake_value(h)),
    epochs=TRIALS + 1,
    tolerance=1e-12,
)  # fmt: skip
def belief(h: History) -> float:
    """Detection believed after T epochs of published coverage is the mean of a beta law whose evidence fades."""
    s = h.scenario
    advertised = float(theory.detection_probability(s.sampling_probability, 1.0, s.number_of_rangers))
    diligent = math.floor(s.diligent_share * s.number_of_rangers + 0.5)
    published = float(theory.detection_probability(s.sampling_probability, 1.0, diligent))
    _, trials = _kept(s, TRIALS)
    evidence = s.transparency * trials
    return (s.prior_weight * advertised + evidence * published) / (s.prior_weight + evidence)


@case(
    quiet(2_000, selection="equal", stakes=(1e6, 1e6), number_of_sequencers=2, possible_sequencers=2, mev_bps=0.0,
          byzantine_share=0.5, learning="belief", proof_of_check=False, slash_fraction=1e-9),
    grid(
        "publicity memory number_of_rangers sampling_probability",
        (0.25, 90.0, 5, 0.05), (1.0, 7.0, 2, 0.1), (0.5, 30.0, 10, 0.02), (0.1, 365.0, 1, 0.5), (0.75, 3.0, 3, 0.2),
    ),
    lambda h: float(h.stock("sequencers", "caught")[-1, 0, 0]),
    epochs=TRIALS,
)  # fmt: skip
def hearsay(h: History) -> float:
    """Others' offences that are found out count as far as they are public, and fade with memory."""
    s = h.scenario
    found = float(theory.detection_probability(s.sampling_probability, 1.0, s.number_of_rangers))
    _, epochs = _kept(s, TRIALS)
    return s.publicity * found * s.blocks_per_epoch / 2 * epochs


GAME = quiet(
    20_000, learning="belief", proof_of_check=True, diligent_share=0.0, prior_weight=1e-3, clawback=1.0,
    prior_misconduct=0.05, slash_fraction=1e-12, token_price=4e8, memory=13.5,
)  # fmt: skip
"""Stakes so large and slashes so small a part of them that what is at stake does not change; evidence fades by 1/20."""

GAMES = grid(
    "choice sequencer_precision ranger_precision cost_per_check number_of_rangers sampling_probability",
    ("logit", 0.02, 0.2, 5.0, 1, 1.0),
    ("luce", 4.0, 2.0, 2.0, 5, 0.1),
    ("logit", 0.01, 0.5, 8.0, 5, 0.2),
    ("luce", 2.0, 4.0, 4.0, 1, 0.6),
    ("logit", 0.03, 0.1, 10.0, 3, 0.3),
    ("luce", 3.0, 1.0, 1.0, 10, 0.05),
)  # fmt: skip
SETTLED = 30
"""Records, of ten epochs each, after which the start is forgotten."""


def solve(solver: Callable[..., Solution], s: Scenario, stake: float) -> Solution:
    """Return what theory says of the inspection game that a scenario plays with a stake (USD) at risk."""
    loss = s.slash_fraction * stake
    return solver(
        MEAN_OPPORTUNITY, loss, s.bounty_share * loss, s.cost_per_check, s.sequencer_precision, s.ranger_precision,
        s.choice, s.number_of_rangers, sampling=s.sampling_probability, returned=s.clawback,
    )  # fmt: skip


def _settled(h: History) -> History:
    return h.part(slice(SETTLED, None))


@case(
    GAME,
    GAMES,
    lambda h: total(_settled(h), "offending_blocks") / total(_settled(h), "blocks_made"),
    epochs=500,
    record_every=10,
    replicates=16,
)  # fmt: skip
def quantal_deviation(h: History) -> float:
    """Players who learn settle at the quantal response equilibrium of the inspection game: offences."""
    return solve(theory.quantal_response, h.scenario, stake_value(h)).deviating


@case(
    GAME,
    GAMES,
    lambda h: float(_settled(h).stock("rangers", "diligence")[:, : h.scenario.number_of_rangers].mean()),
    epochs=500,
    record_every=10,
    replicates=16,
)  # fmt: skip
def quantal_checking(h: History) -> float:
    """Players who learn settle at the quantal response equilibrium of the inspection game: checks."""
    return solve(theory.quantal_response, h.scenario, stake_value(h)).checking


ONE_RANGER = GAME.replace(
    choice="logit", number_of_rangers=1, sampling_probability=1.0, blocks_per_epoch=200_000,
    daily_volume_usd=MEAN_OPPORTUNITY * 200_000, transparency=1e6,
)  # fmt: skip


def _largest_rate(s: Scenario, stake: float) -> float:
    return float(theory.largest_revision(*solve(theory.stability, s, stake)))


def beside_limit(side: float, sequencer: float, ranger: float, cost: float) -> dict[str, float]:
    """Return a game in which evidence fades at `side` times the largest rate that is stable."""
    settings = {"sequencer_precision": sequencer, "ranger_precision": ranger, "cost_per_check": cost}
    rate = side * _largest_rate(ONE_RANGER.replace(**settings), ONE_RANGER.stakes[0] * ONE_RANGER.token_price)
    return {**settings, "memory": math.log(0.5) / math.log1p(-rate)}


@case(
    ONE_RANGER,
    [
        beside_limit(side, *game)
        for game in ((0.02, 0.2, 5.0), (0.05, 0.5, 5.0), (0.02, 0.5, 2.0))
        for side in (0.85, 1.15)
    ],
    lambda h: float(np.ptp(h.stock("rangers", "diligence")[-100:, 0]) > 0.1),
    epochs=800,
    record_every=1,
    tolerance=0.0,
    effect=lambda h: 1.0,
)  # fmt: skip
def stability_limit(h: History) -> float:
    """Replies to fading evidence come to rest if it fades slower than 2 / (1 + omega^2) per epoch, and else cycle."""
    fading = 1.0 - 0.5 ** (1.0 / h.scenario.memory)
    return float(fading > _largest_rate(h.scenario, stake_value(h)))


NODES, GAIN = 3_000, 0.5
IMITATED = quiet(
    10_000 * NODES, learning="imitation", mutation=0.0, income_memory=0.1, selection="equal", verification="none",
    stakes=(), number_of_sequencers=NODES, possible_sequencers=NODES, gain_reorder=GAIN, gain_insert=GAIN,
    gain_censor=GAIN,
)  # fmt: skip
"""Policies offend in every block or in none, at first six of 34 the former, and blocks enough that luck evens out."""

OFFENDING = int((RUNG < 1.0).sum())
"""Rungs that every block exceeds where blocks are alike: a policy on one of them offends in all."""


def _offenders(h: History, t: int) -> float:
    """Return the share of sequencers whose policy is to offend."""
    return float(h.path("sequencers", "mix")[t, :, :, :OFFENDING].sum(axis=(1, 2)).mean())


@case(
    IMITATED,
    grid(
        "honest_capture sequencer_precision revision_rate",
        (0.0, 0.02, 0.5), (0.9, 0.05, 0.5), (0.25, 0.04, 0.75), (0.0, 0.1, 0.25), (0.4, 0.1, 1.0),
    ),
    lambda h: _offenders(h, -1),
    epochs=8,
    effect=lambda h: _offenders(h, -1) - _offenders(h, 0),
)  # fmt: skip
def imitation(h: History) -> float:
    """Who is richer is copied: the share of those who offend moves by eta s (1 - s) tanh(lambda u / 2) per epoch."""
    s = h.scenario
    advantage = (GAIN - s.honest_capture) * MEAN_OPPORTUNITY
    return float(
        theory.imitated_share(_offenders(h, 0), advantage, s.sequencer_precision, s.revision_rate, int(h.epoch[-1]))
    )


REINFORCED = quiet(
    20_000, learning="reinforcement", diligent_share=0.0, foregone=1.0, slash_fraction=1e-12, token_price=4e8,
    slash_multiplier_insert=1e4, slash_multiplier_censor=1e4, number_of_rangers=1, sampling_probability=1.0,
    cost_per_check=5.0, prior_misconduct=0.05,
)  # fmt: skip
"""Where all blocks are alike, the policies of a ladder either reorder every block, or offend in none, or do not pay."""

IDLE = 1 + OFFENCES * (RUNGS - OFFENDING)


@case(
    REINFORCED,
    grid(
        "accumulation sequencer_precision ranger_precision memory",
        (0.0, 0.05, 0.2, 13.5), (1.0, 0.0025, 0.01, 13.5), (0.0, 0.1, 0.1, 13.5), (1.0, 0.004, 8e-3, 9.0),
        (0.5, 0.005, 0.02, 13.5),
    ),
    lambda h: float(_settled(h).stock("rangers", "diligence")[:, 0].mean()),
    epochs=900,
    record_every=10,
    replicates=16,
)  # fmt: skip
def reinforcement(h: History) -> float:
    """Attractions rest at quantal response: precision lambda if they average payoffs, lambda / (1-phi) if they add."""
    s = h.scenario
    kept = 0.5 ** (1.0 / s.memory)
    sequencer, ranger = (
        float(theory.attraction_precision(precision, kept, s.accumulation))
        for precision in (s.sequencer_precision, s.ranger_precision)
    )
    gain = MEAN_OPPORTUNITY - math.log(IDLE / OFFENDING) / sequencer
    loss = s.slash_fraction * stake_value(h)
    bounty = s.bounty_share * loss
    return theory.quantal_response(gain, loss, bounty, s.cost_per_check, sequencer, ranger, returned=0.0).checking
