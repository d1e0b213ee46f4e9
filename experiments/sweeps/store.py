"""A store: the folder of one sweep, which survives whatever happens to the processes that write it.

    manifest.json   what the runs are runs of
    points.csv      the points of the design
    runs/           Parquet parts: a row per run
    diagnostics/    Parquet parts: how each metric of each run settled
    series/         Parquet parts, if asked for: a row per record
    rejected/       parts that were found damaged or foreign, set aside

Nothing is changed in place: a part is written whole under a temporary name and renamed, and small parts are joined into
large ones before they are deleted. What exists is decided by what the parts hold, never by clocks or locks, so any
number of processes may work on one store at once. What a process was at when it was killed lies in partial/, for the
next one to clear away.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from experiments import files
from experiments.sweeps import manifest, parts
from experiments.sweeps.parts import PARTIAL, RUNS, TABLES, DamagedPart
from experiments.sweeps.plan import digest
from experiments.sweeps.rows import tables
from experiments.sweeps.worker import DIED

if TYPE_CHECKING:
    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.worker import Outcome

REJECTED = "rejected"
RUNS_PER_PART = 2**16
VALUES_PER_PART = 2**23
"""Runs of a joined part, at most, and values of its series: joining them takes under a gigabyte."""

SMALL = 2**13
MOST_SMALL_PARTS = 128
"""Parts of fewer runs than SMALL are joined when there are more, so that no sweep ends in a hundred thousand files.

Into parts of less than twice as many, so that a sweep under way holds no more of them at once.
"""

ATTEMPTS = 20


class Store:
    """The runs of a sweep on disk.

    `done` holds the keys of the runs that are there, `forgotten` those that `forget_the_dead` dropped, `rejected` what
    was set aside and why.
    """

    def __init__(self, folder: Path, content: dict[str, Any]) -> None:
        """Take stock of a folder that has a manifest; `content` is that manifest."""
        self.folder = folder
        self.identity = digest(content["identity"])
        self.tables = TABLES if content["identity"]["series"] else TABLES[1:]
        self._runs_per_part = _runs_per_part(content["identity"])
        self._enough = min(SMALL, self._runs_per_part)
        self.done: set[str] = set()
        self.forgotten: set[str] = set()
        self.failed = 0
        self.rejected: list[str] = []
        self._known: dict[str, int] = {}
        self._died: dict[str, set[str]] = {}
        for table in (*self.tables, PARTIAL):
            files.make(folder / table)
        self._clear_away()

    def refresh(self) -> None:
        """Take note of parts that have appeared or gone, setting aside those that are not what their names say."""
        names = self._names()
        for name in sorted(names - set(self._known)):
            try:
                runs = parts.verified(self.folder, name, self.identity, self.tables)
            except FileNotFoundError:
                continue
            except DamagedPart as reason:
                parts.set_aside(self.folder, name, files.make(self.folder / REJECTED))
                self.rejected.append(f"part {name}: {reason}")
                continue
            self._note(name, runs)
        for name in set(self._known) - names:
            self._unnote(name)

    def report_rejected(self, then: str) -> None:
        """Warn of parts that were set aside and say what `then` becomes of it."""
        if self.rejected:
            warnings.warn(
                f"{len(self.rejected)} damaged or foreign parts were set aside in {self.folder / REJECTED}; {then}: "
                f"{'; '.join(self.rejected[:3])}",
                stacklevel=4,
            )  # fmt: skip

    def recount(self) -> None:
        """Take stock anew: what was done and is not there any more is not done."""
        self._known, self._died, self.done, self.failed = {}, {}, set(), 0
        self.refresh()

    def add(self, plan: Plan, tasks: list[Task], outcome: Outcome) -> None:
        """Write the outcome of some runs as a new part. Raises ExperimentError if the disk refuses."""
        found = tables(plan, tasks, outcome)
        self._note(parts.write_part(self.folder, self.identity, found), found[RUNS])
        if len(self._small()) > MOST_SMALL_PARTS:
            self._join_small()

    def forget_the_dead(self) -> None:
        """Drop the runs whose worker died, so that they are run again."""
        for name, dead in sorted(self._died.items()):
            self.failed -= len(dead & self.done)
            self.done -= dead
            self.forgotten |= dead
            with suppress(FileNotFoundError):
                whole = {table: parts.read_part(self.folder, table, name) for table in self.tables}
                kept = {table: _without(dead, found) for table, found in whole.items()}
                if kept[RUNS].num_rows:
                    self._note(parts.write_part(self.folder, self.identity, kept), kept[RUNS])
                self._delete(name)

    def join(self) -> None:
        """Join all parts into few, in the order of the plan: the same bytes whatever wrote the runs, and when."""
        for _ in range(ATTEMPTS):
            self.refresh()
            try:
                if self._known:
                    self._join(set(self._known), self._runs_per_part)
                return
            except FileNotFoundError:
                continue
            except DamagedPart:
                self.recount()

    def adopt(self, source: Path) -> None:
        """Copy the parts of another store, but for those that are here unharmed: the others' may be damaged.

        Raises FileNotFoundError if one is gone by now.
        """
        self.refresh()
        for path in sorted((source / RUNS).glob("*.parquet")):
            if path.stem not in self._known:
                parts.copy_part(source, self.folder, path.stem, self.tables)

    def _small(self) -> list[str]:
        return sorted(name for name, rows in self._known.items() if rows < self._enough)

    def _join_small(self) -> None:
        """Join small parts, a few at a time, into parts that are small no more, and one of the rest."""
        groups: list[set[str]] = [set()]
        for name in self._small():
            if sum(self._known[member] for member in groups[-1]) >= self._enough:
                groups.append(set())
            groups[-1].add(name)
        try:
            for group in groups:
                self._join(group, 2 * self._enough)
        except FileNotFoundError:
            return
        except DamagedPart:
            self.recount()

    def _join(self, names: set[str], most: int) -> None:
        """Join some parts into parts of so many runs at most, and delete them.

        Raises FileNotFoundError, having lost nothing, if one is gone by now.
        """
        index = self._rows(RUNS, names, ["key", "point", "replicate"])
        slices = [index.slice(first, most) for first in range(0, index.num_rows, most)]
        joined = {self._joined(piece, names) for piece in slices}
        for name in names - joined:
            self._delete(name)

    def _joined(self, index: pa.Table, names: set[str]) -> str:
        """Write some rows of some parts as one, or choose the part that is them: of two, every process the same."""
        digest = parts.runs_digest(index)
        for name in sorted(names - set(self._died)):
            if name.startswith(digest):
                return name
        points = index.column("point")
        near = {table: self._rows(table, names, None, (points[0].as_py(), points[-1].as_py())) for table in self.tables}
        found = {table: rows.filter(pc.is_in(rows["key"], index["key"])) for table, rows in near.items()}
        name = parts.write_part(self.folder, self.identity, found)
        self._note(name, found[RUNS])
        return name

    def _rows(
        self, table: str, names: set[str], columns: list[str] | None, points: tuple[int, int] | None = None
    ) -> pa.Table:
        replaced = self._replaced(names)
        pieces = [
            _without(replaced & self._died.get(name, set()), parts.read_part(self.folder, table, name, columns, points))
            for name in sorted(names)
        ]
        return parts.in_order(pa.concat_tables(pieces)).combine_chunks()

    def _replaced(self, names: set[str]) -> set[str]:
        """Return the runs whose worker died by one part, but not by another."""
        dead = set().union(*(self._died.get(name, set()) for name in names))
        alive = set()
        for name in names if dead else ():
            keys = parts.read_part(self.folder, RUNS, name, ["key"]).column("key").to_pylist()
            alive |= dead.intersection(keys) - self._died.get(name, set())
        return alive

    def _names(self) -> set[str]:
        return {path.stem for path in (self.folder / RUNS).glob("*.parquet")}

    def _note(self, name: str, runs: pa.Table) -> None:
        self._known[name] = runs.num_rows
        keys, errors = (runs.column(column).to_pylist() for column in ("key", "error"))
        failures = {key: error for key, error in zip(keys, errors, strict=True) if error}
        self.failed += len(failures.keys() - self.done)
        self.done.update(keys)
        if died := {key for key, error in failures.items() if error.startswith(DIED)}:
            self._died[name] = died

    def _unnote(self, name: str) -> None:
        self._known.pop(name, None)
        self._died.pop(name, None)

    def _delete(self, name: str) -> None:
        parts.delete_part(self.folder, name)
        self._unnote(name)

    def _clear_away(self) -> None:
        """Delete what processes of this machine that are no more were at."""
        for path in (*self.folder.glob(".*"), *(self.folder / PARTIAL).glob(".*")):
            if files.abandoned(path):
                if parts.NAME.fullmatch(path.suffix[1:]):
                    parts.drop_half(self.folder, path.suffix[1:])
                path.unlink(missing_ok=True)


def _runs_per_part(identity: dict[str, Any]) -> int:
    """Return how many runs a joined part holds: fewer if their series are long."""
    if not identity["series"]:
        return RUNS_PER_PART
    values = len(identity["metrics"]) * -(-identity["epochs"] // identity["record_every"])
    return max(1, min(RUNS_PER_PART, VALUES_PER_PART // values))


def _without(keys: set[str], table: pa.Table) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["key"], pa.array(sorted(keys))))) if keys else table


def clear(folder: Path) -> None:
    """Delete the parts of a store, then its manifest, so that it is a store until nothing is left; other files stay."""
    if not (folder / manifest.MANIFEST).exists():
        return
    for table in (*reversed(TABLES), REJECTED):
        for path in (folder / table).glob("*.parquet"):
            if parts.NAME.search(path.stem):
                path.unlink(missing_ok=True)
    for path in (folder / PARTIAL).glob(".*"):
        path.unlink(missing_ok=True)
    (folder / manifest.POINTS).unlink(missing_ok=True)
    (folder / manifest.MANIFEST).unlink(missing_ok=True)
