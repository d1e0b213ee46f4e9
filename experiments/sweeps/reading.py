"""Reading stores: tables from parts, stores joined into one, tables as CSV."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from experiments import files
from experiments.errors import ExperimentError
from experiments.sweeps import manifest, parts
from experiments.sweeps.parts import DIAGNOSTICS, RUNS, SERIES, DamagedPart
from experiments.sweeps.store import ATTEMPTS, Store
from experiments.sweeps.table import Table

if TYPE_CHECKING:
    import pandas as pd


def read_table(folder: str | Path, table: str = RUNS, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a table of a store, or some columns of it, by point, replicate and epoch.

    Raises ExperimentError if there is no such store, table or column, or if a part is damaged.
    """
    folder = Path(folder)
    known = tables_of(folder)
    if table not in known:
        raise ExperimentError(f"table = {table!r}: {folder} has {', '.join(known)}")
    for _ in range(ATTEMPTS):
        try:
            rows = _rows(folder, table, columns)
        except FileNotFoundError:
            continue
        frame = rows.to_pandas(split_blocks=True, self_destruct=True)
        return frame if columns is None else frame[list(columns)]
    raise _unsteady(folder)


def read(folder: str | Path, columns: Sequence[str] | None = None) -> Table:
    """Return the runs of a store as the table that `sweep` returned, or some columns of it."""
    table = Table(read_table(folder, RUNS, columns))
    identity = manifest.read(Path(folder))["identity"]
    table.swept, table.epochs, table.source = tuple(identity["axes"]), identity["epochs"], Path(folder)
    return table


def tables_of(folder: Path) -> tuple[str, ...]:
    """Return the names of the tables of a store. Raises ExperimentError if there is no such store."""
    return (RUNS, DIAGNOSTICS, SERIES)[: 2 + bool(manifest.read(folder)["identity"]["series"])]


def _unsteady(folder: Path) -> ExperimentError:
    return ExperimentError(f"{folder} changes all the time; wait until its sweep is done")


def _rows(folder: Path, table: str, columns: Sequence[str] | None) -> pa.Table:
    order = [name for name, _ in parts.ORDER] + ["epoch"] * (table == SERIES)
    wanted = None if columns is None else list(dict.fromkeys([*columns, *order]))
    pieces = []
    for path in sorted((folder / RUNS).glob("*.parquet")):
        try:
            pieces.append(parts.read_part(folder, table, path.stem, wanted))
        except DamagedPart as reason:
            raise ExperimentError(
                f"part {path.stem} of {folder} is damaged ({reason}); run the sweep again to compute it anew"
            ) from None
    if not pieces:
        raise ExperimentError(f"{folder} has no {table} yet; run its sweep first")
    return parts.in_order(pa.concat_tables(pieces))


def merge(sources: Sequence[str | Path], into: str | Path) -> Table:
    """Join stores of the same sweep, run on different machines or in shards, into one folder, and return its runs.

    Damaged parts are left out, with a warning. Raises ExperimentError if there are none, or if one is of another
    sweep, naming what differs.
    """
    if not sources:
        raise ExperimentError("there are no stores to merge; give at least one")
    folders, target = [Path(source) for source in sources], Path(into)
    contents = [manifest.read(folder) for folder in folders]
    if (target / manifest.MANIFEST).exists():
        folders, contents = [target, *folders], [manifest.read(target), *contents]
    for folder, content in zip(folders[1:], contents[1:], strict=True):
        manifest.same(folders[0], contents[0], folder, content)
    files.prepare(target)
    for name in (manifest.POINTS, manifest.MANIFEST):
        if not (target / name).exists():
            files.write(target / name, partial(shutil.copyfile, folders[0] / name))
    store = Store(target, contents[0])
    for folder in folders:
        if folder != target:
            _copy(folder, store)
    store.join()
    store.report_rejected("resume the sweep to compute their runs again")
    return read(target)


def _copy(source: Path, store: Store) -> None:
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError):
            store.adopt(source)
            return
    raise _unsteady(source)


def export(folder: str | Path, path: str | Path, table: str = RUNS) -> Path:
    """Write a table of a store as CSV that keeps every digit, and return its path."""
    return files.write_table(Path(path), read_table(folder, table))
