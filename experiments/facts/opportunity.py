"""Facts of what a block is worth to who orders it: the shape of opportunities beside Ethereum's proposer payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.facts.fact import fact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.results import Run

AUBURY = "https://aubury.org/blog/proposer-reward-lottery"
BLOCKS = 100_000
TOP = 0.0046
SHAPE: dict[str, Any] = {
    "design": "metis", "epochs": 2, "source": AUBURY, "confidence": "medium", "kind": "calibrated", "replicates": 16,
}  # fmt: skip


def blocks(run: Run) -> NDArray[np.float64]:
    """Return what so many blocks are worth by the scenario's shape, the least first; luck from the run's seed."""
    from model.core.opportunity import draw_in, new_shape
    from model.parameters.rules import rules_of

    shape = new_shape(rules_of(run.history.scenario))
    luck = np.random.default_rng(run.provenance["seed"])
    mass = np.asarray(shape.strata.mass, float)
    strata = luck.choice(mass.size, BLOCKS, p=mass / mass.sum())
    return np.sort([draw_in(luck, shape, int(stratum)) for stratum in strata])


@fact(observed=0.47, tolerance=0.1, unit="share", **SHAPE)
def value_of_the_dearest_blocks(run: Run) -> float:
    """The dearest 0.46 % of blocks hold 47 % of the value."""
    values = blocks(run)
    return float(values[-round(TOP * BLOCKS) :].sum() / values.sum())


@fact(observed=0.050 / 0.011, tolerance=0.1, unit="medians", **SHAPE)
def mean_of_a_block(run: Run) -> float:
    """The mean payment is 0.050 ETH where the median is 0.011."""
    values = blocks(run)
    return float(values.mean() / np.median(values))


@fact(observed=0.427 / 0.011, tolerance=0.1, unit="medians", **SHAPE)
def hundredth_block(run: Run) -> float:
    """One block in a hundred pays 0.427 ETH or more."""
    values = blocks(run)
    return float(np.quantile(values, 0.99) / np.median(values))


@fact(
    observed=2.26 / 0.011, tolerance=0.1, unit="medians",
    why="One Pareto tail was fitted to the mean and to the dearest 0.46 %; between the two it is too heavy.", **SHAPE,
)  # fmt: skip
def thousandth_block(run: Run) -> float:
    """One block in a thousand pays 2.26 ETH or more."""
    values = blocks(run)
    return float(np.quantile(values, 0.999) / np.median(values))
