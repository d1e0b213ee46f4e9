"""A store: the folder of one sweep, which survives whatever happens to the processes that write it.

    manifest.json   what the runs are runs of
    points.csv      the points of the design
    runs/           Parquet parts: a row per run
    diagnostics/    Parquet parts: how each metric of each run settled
    series/         Parquet parts, if asked for: a row per record
    rejected/       parts that were found damaged or foreign, set aside

Nothing is changed in place: a part is written whole under a temporary name and renamed, and small parts are joined into
large ones before they are deleted. What exists is decided by what the parts hold, never by clocks or locks, so any
number of processes may work on one store at once.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from experiments import files
from experiments.sweeps import manifest, parts
from experiments.sweeps.parts import PARTIAL, RUNS, TABLES, DamagedPart
from experiments.sweeps.plan import digest
from experiments.sweeps.worker import DIED

if TYPE_CHECKING:
    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.worker import Outcome

REJECTED = "rejected"
ROWS_PER_PART = 2**16
SMALL = 2**13
MOST_SMALL_PARTS = 128
"""Parts of fewer rows than SMALL are joined when there are more, so that no sweep ends in a hundred thousand files."""

ATTEMPTS = 20


class Store:
    """The runs of a sweep on disk. `done` holds the keys of the runs that are there, `rejected` what was set aside."""

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        """Take stock of a folder that has a manifest; `content` is that manifest."""
        self.folder = folder
        self.identity = digest(content["identity"])
        self.series = bool(content["identity"]["series"])
        self.tables = TABLES[1 - self.series :]
        self.done: set[str] = set()
        self.failed = 0
        self.rejected: list[str] = []
        self._known: dict[str, int] = {}
        for table in (*self.tables, PARTIAL):
            files.prepare(folder / table)
        self._sweep_away_partial()

    def refresh(self, verify: bool = False) -> None:
        """Take note of parts that have appeared; with `verify`, set aside those that are not what their names say."""
        for name in sorted(self._names() - set(self._known)):
            try:
                if verify:
                    runs = parts.verified(self.folder, name, self.identity, self.series)
                else:
                    runs = parts.read_part(self.folder, RUNS, name, ["key", "error"])
            except FileNotFoundError:
                continue
            except DamagedPart as reason:
                self._set_aside(name, str(reason))
                continue
            self._note(name, runs)

    def add(self, plan: Plan, tasks: list[Task], outcome: Outcome) -> None:
        """Write the outcome of some runs as a new part. Raises ExperimentError if the disk refuses."""
        tables = parts.tables(plan, tasks, outcome)
        self._note(parts.write_part(self.folder, self.identity, tables), tables[RUNS])
        small = {name for name, rows in self._known.items() if rows < SMALL}
        if len(small) > MOST_SMALL_PARTS:
            self._join(small)

    def forget_the_dead(self) -> None:
        """Drop the runs whose worker died, so that they are run again."""
        for name in sorted(self._known):
            runs = parts.read_part(self.folder, RUNS, name, ["key", "error"])
            lost = runs.column("key").filter(pc.starts_with(runs.column("error"), DIED))
            if len(lost):
                tables = {table: parts.read_part(self.folder, table, name) for table in self.tables}
                kept = {
                    table: rows.filter(pc.invert(pc.is_in(rows["key"], lost.combine_chunks())))
                    for table, rows in tables.items()
                }
                if kept[RUNS].num_rows:
                    self._note(parts.write_part(self.folder, self.identity, kept), kept[RUNS])
                self._delete(name)
                self.done -= set(lost.to_pylist())
                self.failed -= len(lost)

    def join(self) -> None:
        """Join all parts into few, in the order of the plan: the same bytes whatever wrote the runs, and when."""
        for _ in range(ATTEMPTS):
            if self._join(self._names()):
                return

    def _join(self, names: set[str]) -> bool:
        """Join some parts and delete them. Return False, having lost nothing, if another process did so meanwhile."""
        try:
            index = self._rows(RUNS, names, ["key", "point", "replicate"])
            joined = {self._joined(index.slice(first, ROWS_PER_PART), names): min(ROWS_PER_PART, index.num_rows - first)
                      for first in range(0, index.num_rows, ROWS_PER_PART)}  # fmt: skip
        except FileNotFoundError:
            return False
        self._known |= joined
        for name in names - set(joined):
            self._delete(name)
        return True

    def _joined(self, index: pa.Table, names: set[str]) -> str:
        name = parts.part_name(index)
        if name not in names:
            points = index.column("point")
            tables = {table: self._rows(table, names, None, (points[0].as_py(), points[-1].as_py()))
                      for table in self.tables}  # fmt: skip
            tables = {table: rows.filter(pc.is_in(rows["key"], index["key"])) for table, rows in tables.items()}
            parts.write_part(self.folder, self.identity, tables)
        return name

    def _rows(
        self, table: str, names: set[str], columns: list[str] | None, points: tuple[int, int] | None = None
    ) -> pa.Table:
        pieces = [parts.read_part(self.folder, table, name, columns, points) for name in sorted(names)]
        return parts.in_order(pa.concat_tables(pieces)).combine_chunks()

    def _names(self) -> set[str]:
        return {path.stem for path in (self.folder / RUNS).glob("*.parquet")}

    def _note(self, name: str, runs: pa.Table) -> None:
        self._known[name] = runs.num_rows
        keys, errors = (runs.column(column).to_pylist() for column in ("key", "error"))
        self.failed += sum(key not in self.done and error != "" for key, error in zip(keys, errors, strict=True))
        self.done |= set(keys)

    def _set_aside(self, name: str, reason: str) -> None:
        aside = files.prepare(self.folder / REJECTED)
        for table in reversed(self.tables):
            path = self.folder / table / f"{name}.parquet"
            if path.exists():
                os.replace(path, aside / f"{table}-{name}.parquet")
        self.rejected.append(f"part {name}: {reason}")

    def _delete(self, name: str) -> None:
        for table in reversed(self.tables):
            (self.folder / table / f"{name}.parquet").unlink(missing_ok=True)
        self._known.pop(name, None)

    def _sweep_away_partial(self) -> None:
        """Delete temporary files of processes of this machine that are no more."""
        for path in (self.folder / PARTIAL).iterdir():
            host, _, process = path.stem.removeprefix(".").rpartition("-")[0].rpartition("-")
            if host == socket.gethostname() and not _alive(int(process)):
                path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear(folder: Path) -> None:
    """Delete what a store consists of, its manifest first; other files in the folder stay."""
    (folder / manifest.MANIFEST).unlink(missing_ok=True)
    (folder / manifest.POINTS).unlink(missing_ok=True)
    for name in (*reversed(TABLES), REJECTED, PARTIAL):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
