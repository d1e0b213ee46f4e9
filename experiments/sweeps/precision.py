"""Precision: replicates are added to a point until its 95 % intervals are as narrow as was asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from experiments.errors import ExperimentError, suggestion

if TYPE_CHECKING:
    import numpy as np

GROWTH = 2.0
"""Replicates of a point at most double at once, for an early deviation is a poor guide."""

LEAST = 4
"""Replicates before a half-width is believed."""


class Precision(NamedTuple):
    """Half-widths that are wanted, by metric, and the replicates that a point may have at most."""

    half_widths: Mapping[str, float]
    most: int

    def replicates(self, values: np.ndarray, first: int) -> int:
        """Return how many replicates a point should have, given those it has: `values` (runs, metrics) in their order.

        A pure function of the first runs, so a resumed sweep comes to the same number. At most as many more are asked
        for as there are now; if what is asked is not there yet, that is the answer. Runs without a value do not count.
        """
        count = max(first, LEAST)
        while count <= len(values) and count < self.most:
            needed = self._needed(values[:count])
            if needed <= count:
                break
            count = min(self.most, needed, math.ceil(GROWTH * count))
        return min(count, self.most)

    def met(self, values: np.ndarray) -> bool:
        """Return whether every half-width of a point is as narrow as asked."""
        return len(values) > 0 and self._needed(values) <= len(values)

    def _needed(self, values: np.ndarray) -> int:
        from experiments.estimates import half_width

        count, needed = len(values), 0
        for column, wanted in zip(values.T, self.half_widths.values(), strict=True):
            known = column[column == column]
            if known.size == 0:
                continue
            if known.size == 1:
                return count + 1
            width = float(half_width(known.std(ddof=1), known.size))
            if width > wanted:
                needed = max(needed, count + 1, math.ceil(count * (width / wanted) ** 2))
        return needed


def precision_of(
    given: Mapping[str, float] | None, most: int | None, metrics: tuple[str, ...], replicates: int
) -> Precision | None:
    """Return what is asked for, or None. Raises ExperimentError for an unknown metric or a width that cannot be."""
    if given is None:
        if most is not None:
            raise ExperimentError(f"most_replicates = {most}: it caps what precision adds; give precision as well")
        return None
    for name, width in given.items():
        if name not in metrics:
            raise ExperimentError(f"precision of {name!r}: no such metric is measured{suggestion(name, metrics)}")
        if isinstance(width, bool) or not isinstance(width, int | float) or not 0 < width < math.inf:
            raise ExperimentError(
                f"precision of {name} = {width!r}: give a half-width above zero, in the metric's unit"
            )
    if most is not None and most < replicates:
        raise ExperimentError(f"most_replicates = {most} is below replicates = {replicates}; raise it")
    return Precision(dict(given), most if most is not None else 16 * replicates)
