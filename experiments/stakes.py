"""A real stake distribution: a CSV file with the header `tokens` and one sequencer per row."""

from __future__ import annotations

import math
from pathlib import Path

from experiments.errors import ExperimentError
from experiments.points import rows

COLUMN = "tokens"
EXAMPLE = f"write the header {COLUMN} and one stake per row"


def read_stakes(path: Path, total: float | None = None) -> tuple[float, ...]:
    """Return the stakes in a CSV file, in tokens, rescaled to sum to `total` if given.

    Raises ExperimentError naming file and row if the file is unreadable or empty, has no column `tokens`, or has a
    stake that is not a finite number above zero.
    """
    header, *found = rows(path, EXAMPLE)
    if COLUMN not in header:
        raise ExperimentError(f"{path} has no column {COLUMN!r} (found {', '.join(header)[:60]}); {EXAMPLE}")
    column = header.index(COLUMN)
    stakes = tuple(_stake(path, row, cells[column]) for row, cells in enumerate(found, start=1))
    return stakes if total is None else _rescaled(stakes, total)


def _stake(path: Path, row: int, shown: str) -> float:
    try:
        stake = float(shown)
    except ValueError:
        raise ExperimentError(f"{path}, row {row}: {shown!r} is not a number; give tokens above zero") from None
    if not 0 < stake < math.inf:
        raise ExperimentError(f"{path}, row {row}: {shown} is not a stake; give tokens above zero")
    return stake


def _rescaled(stakes: tuple[float, ...], total: float) -> tuple[float, ...]:
    if not 0 < total < math.inf:
        raise ExperimentError(f"stakes-total = {total:g}: give tokens above zero")
    factor = total / math.fsum(stakes)
    return tuple(stake * factor for stake in stakes)
