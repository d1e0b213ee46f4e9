"""Facts of how stake concentrates: a delegation market of equal sequencers beside proof-of-stake chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.facts.fact import MARKET, fact
from experiments.fitting.market import stakes_of
from model import decentralization

if TYPE_CHECKING:
    from model.results import Run

KATARA = "https://tanisha-katara.github.io/validator-paper-academic/"
COSMOS = "envoylabs/cosmos_data, commit bfcfa04, node_dumps/voting_power, 20 February 2024"
SQRT = "https://arxiv.org/html/2504.14351v1"
YEARS = 1_095
TASTE = (
    "What delegators are like (brand_dispersion 1, wealth_gini 0.7, number_of_delegators 2,000) is assumed, and one "
    "assumption does not suit all chains; `rangefinder fit` finds what suits one."
)


def _chain(sequencers: int, **changes: Any) -> dict[str, Any]:
    return {
        "design": MARKET, "arms": ({"sequencers": sequencers, **changes},), "epochs": YEARS, "kind": "predicted",
        "why": TASTE,
    }  # fmt: skip


@fact(observed=(0.66, 0.81), unit="0 to 1", source=KATARA, confidence="medium", **_chain(100))
def gini_of_stake(run: Run) -> float:
    """After years of delegation the Gini coefficient of stake lies between 0.66 and 0.81 (five chains)."""
    return decentralization.gini(stakes_of(run))


@fact(observed=0.688, tolerance=0.05, unit="0 to 1", source=COSMOS, confidence="high", **_chain(180))
def gini_of_cosmos_hub(run: Run) -> float:
    """The Gini coefficient of stake on the Cosmos Hub, 180 validators, is 0.69."""
    return decentralization.gini(stakes_of(run))


@fact(observed=7, tolerance=0.15, unit="validators", source=COSMOS, confidence="high", **_chain(180))
def third_of_cosmos_hub(run: Run) -> float:
    """Seven validators of the Cosmos Hub have a third of the stake."""
    return decentralization.nakamoto(stakes_of(run), 1 / 3)


@fact(observed=0.717, tolerance=0.05, unit="0 to 1", source=COSMOS, confidence="high", **_chain(60))
def gini_of_dydx(run: Run) -> float:
    """The Gini coefficient of stake on dYdX, 60 validators, is 0.72."""
    return decentralization.gini(stakes_of(run))


@fact(observed=2, tolerance=0.25, unit="validators", source=COSMOS, confidence="high", **_chain(60))
def third_of_dydx(run: Run) -> float:
    """Two validators of dYdX have a third of the stake."""
    return decentralization.nakamoto(stakes_of(run), 1 / 3)


@fact(observed=0.602, tolerance=0.05, unit="0 to 1", source=COSMOS, confidence="high", **_chain(100))
def gini_of_akash(run: Run) -> float:
    """The Gini coefficient of stake on Akash, 100 validators, is 0.60."""
    return decentralization.gini(stakes_of(run))


@fact(observed=0.695, tolerance=0.05, unit="0 to 1", source=COSMOS, confidence="high", **_chain(148))
def gini_of_juno(run: Run) -> float:
    """The Gini coefficient of stake on Juno, 148 validators, is 0.69."""
    return decentralization.gini(stakes_of(run))


@fact(observed=0.287, tolerance=0.05, unit="0 to 1", source=COSMOS, confidence="high", **_chain(39))
def gini_of_sei(run: Run) -> float:
    """The Gini coefficient of stake on Sei, 39 validators, is 0.29."""
    return decentralization.gini(stakes_of(run))


@fact(
    design=MARKET, arms=({"sequencers": 100},), epochs=YEARS, observed=1.51, tolerance=0.1, unit="times", source=SQRT,
    confidence="medium", kind="predicted", replicates=16,
    why="The source averages several measures of ten chains, this is one measure of one market.",
)  # fmt: skip
def square_root_of_stake(run: Run) -> float:
    """To weigh stake by its square root raises decentralisation by half: here, the Nakamoto coefficient of a third."""
    stakes = stakes_of(run)
    return decentralization.nakamoto(np.sqrt(stakes), 1 / 3) / decentralization.nakamoto(stakes, 1 / 3)
