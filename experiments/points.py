"""Points as CSV: a column per parameter under its name, a row per point; numbers keep every digit."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError, suggestion
from experiments.ranges import declaration, is_whole

EXAMPLE = "write names of parameters, then a point per row, separated by commas"
FLAGS = {"true": True, "false": False}


def read(path: Path) -> dict[str, list[Any]]:
    """Return the columns of a file of points: parameter to values, as the parameter holds them.

    Raises ExperimentError naming file, row and column if the file is unreadable or empty, a column is no parameter or
    is there twice, a row is too short or too long, or a cell is not of its parameter's type.
    """
    header, *points = rows(path, EXAMPLE)
    _check_header(path, header)
    return {name: _column(path, name, [cells[place] for cells in points]) for place, name in enumerate(header)}


def write(path: Path, axes: Sequence[str], points: Iterable[Mapping[str, Any]]) -> None:
    """Write points so that `read` returns them exactly. Raises ExperimentError if the disk refuses."""
    from experiments import files

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(axes)
    writer.writerows([_cell(point[name]) for name in axes] for point in points)
    files.write_bytes(path, text.getvalue().encode())


def rows(path: Path, advice: str) -> list[list[str]]:
    """Return the stripped cells of a CSV file: its header, then its rows, all as long; lines without any are left out.

    Raises ExperimentError, which ends in the advice, if it cannot be read, has no rows, or has one of another length.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = [[cell.strip() for cell in cells] for cells in csv.reader(text.splitlines())]
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror}; give the path of a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ExperimentError(f"{path} is not CSV text ({error}); {advice}") from None
    found = [cells for cells in lines if any(cells)]
    if len(found) < 2:
        raise ExperimentError(f"{path} {'has no rows under its header' if found else 'is empty'}; {advice}")
    for row, cells in enumerate(found[1:], start=1):
        if len(cells) != len(found[0]):
            raise ExperimentError(
                f"{path}, row {row}: {len(cells)} fields under {len(found[0])} in the header; {advice}"
            )
    return found


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        try:
            declaration(name)
        except ValueError as error:
            raise ExperimentError(f"{path}, header: {error}; {EXAMPLE}") from None
        if header.count(name) > 1:
            raise ExperimentError(f"{path} has two columns {name!r}; give every parameter once")


def _column(path: Path, name: str, cells: list[str]) -> list[Any]:
    value = _reader(name)
    values = []
    for row, cell in enumerate(cells, start=1):
        try:
            values.append(value(cell))
        except ValueError as error:
            raise ExperimentError(f"{path}, row {row}: {name} = {cell!r}: {error}") from None
    return values


def _reader(name: str) -> Callable[[str], Any]:
    if name == "stakes":
        return _stakes
    declared = declaration(name)
    if "low" in declared:
        return _whole if is_whole(name) else _number
    return partial(_option, {option: option for option in declared.get("options", ())} or FLAGS)


def _stakes(cell: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, json.loads(cell)))
    except (TypeError, ValueError):
        raise ValueError("give a list of tokens per sequencer, such as [30000, 25000]") from None


def _option(known: Mapping[str, Any], cell: str) -> Any:
    """Read a name in any case, as spreadsheets write TRUE."""
    if cell.lower() not in known:
        raise ValueError(f"allowed are {', '.join(known)}{suggestion(cell, known)}")
    return known[cell.lower()]


def _whole(cell: str) -> int:
    number = _number(cell)
    if not number.is_integer():
        raise ValueError("give a whole number")
    return int(number)


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("give a number")
    return number


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else value
