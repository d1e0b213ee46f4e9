"""A real stake distribution: a CSV file with the header `tokens` and one sequencer per row."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from experiments.design import ExperimentError

COLUMN = "tokens"
EXAMPLE = f"write the header {COLUMN} and one stake per row"


def read_stakes(path: Path, total: float | None = None) -> tuple[float, ...]:
    """Return the stakes in a CSV file, in tokens, rescaled to sum to `total` if given.

    Raises ExperimentError naming file and row if the file is unreadable or empty, has no column `tokens`, or has a
    stake that is not a finite number above zero.
    """
    rows = _rows(path)
    if not rows:
        raise ExperimentError(f"{path} is empty; {EXAMPLE}")
    header = [name.strip() for name in rows[0]]
    if COLUMN not in header:
        raise ExperimentError(f"{path} has no column {COLUMN!r} (found {', '.join(header)[:60]}); {EXAMPLE}")
    if len(rows) == 1:
        raise ExperimentError(f"{path} has no rows under its header; {EXAMPLE}")
    column = header.index(COLUMN)
    stakes = tuple(_stake(path, row, cells, column, len(header)) for row, cells in enumerate(rows[1:], start=1))
    return stakes if total is None else _rescaled(stakes, total)


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return [cells for cells in csv.reader(text.splitlines()) if any(cell.strip() for cell in cells)]
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror}; give the path of a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExperimentError(f"{path} is not CSV text ({error}); {EXAMPLE}") from None


def _stake(path: Path, row: int, cells: list[str], column: int, width: int) -> float:
    if len(cells) != width:
        raise ExperimentError(f"{path}, row {row}: {len(cells)} fields under {width} in the header; use no separators")
    shown = cells[column].strip()
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
