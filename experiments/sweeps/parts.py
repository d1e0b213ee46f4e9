"""The parts of a table: Parquet files that are whole or not there, named by what they hold.

A part is the same runs in each table of the store, under one name: a digest of the keys of the runs, and a checksum of
the bytes of all its files, so whatever changes a byte of them is noticed. Its `diagnostics` and, if kept, `series` are
there before its `runs` and go after them, so a run that is in `runs` is in all of them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments import files

RUNS, DIAGNOSTICS, SERIES = "runs", "diagnostics", "series"
TABLES = (SERIES, DIAGNOSTICS, RUNS)
"""Tables of a store in the order in which a part is written."""

PARTIAL = "partial"
TAG = b"rangefinder.sweep"
NAME_BYTES, CHECKSUM_BYTES = 10, 6
NAME = re.compile(f"[0-9a-f]{{{2 * NAME_BYTES}}}-[0-9a-f]{{{2 * CHECKSUM_BYTES}}}")
ORDER = [("point", "ascending"), ("replicate", "ascending")]


class DamagedPart(ValueError):
    """A part that is not what its name says, with the reason."""


def write_part(store: Path, identity: str, tables: dict[str, pa.Table]) -> str:
    """Write the same runs into every table of a store and return the name of the part."""
    contents = {table: _encoded(tables[table], identity) for table in TABLES if table in tables}
    name = f"{runs_digest(tables[RUNS])}-{_checksum(contents.values())}"
    _put(store, name, contents)
    return name


def copy_part(source: Path, store: Path, name: str, tables: Iterable[str]) -> None:
    """Copy what there is of a part from another store. Raises FileNotFoundError if there are no runs."""
    (source / RUNS / f"{name}.parquet").stat()
    paths = {table: source / table / f"{name}.parquet" for table in tables}
    _put(store, name, {table: path.read_bytes() for table, path in paths.items() if path.exists()})


def delete_part(store: Path, name: str) -> None:
    """Delete a part, if it is there."""
    with _changing(store, name):
        (store / RUNS / f"{name}.parquet").unlink(missing_ok=True)


def set_aside(store: Path, name: str, aside: Path) -> None:
    """Move what there is of a part to another folder of the same disk."""
    with _changing(store, name):
        for table in reversed(TABLES):
            path = store / table / f"{name}.parquet"
            if path.exists():
                with suppress(FileNotFoundError):
                    os.replace(path, aside / f"{table}-{name}.parquet")


def _put(store: Path, name: str, contents: dict[str, bytes]) -> None:
    with _changing(store, name):
        for table, content in contents.items():
            files.write_bytes(store / table / f"{name}.parquet", content, beside=store / PARTIAL)


@contextmanager
def _changing(store: Path, name: str) -> Iterator[None]:
    """Leave no other table of a part without its runs; a claim tells who comes after a crash which part to look at."""
    claim = store / PARTIAL / f".{files.own_name()}.{name}"
    try:
        claim.touch()
    except OSError as error:
        raise files.unwritable(claim, error) from None
    try:
        yield
    finally:
        drop_half(store, name)
        claim.unlink(missing_ok=True)


def drop_half(store: Path, name: str) -> None:
    """Delete what there is of a part that has no runs."""
    if not (store / RUNS / f"{name}.parquet").exists():
        for table in (SERIES, DIAGNOSTICS):
            (store / table / f"{name}.parquet").unlink(missing_ok=True)


def runs_digest(runs: pa.Table) -> str:
    """Return what the name of a part begins with: a digest of the keys of its runs, in their order."""
    text = "".join(runs.column("key").to_pylist())
    return hashlib.blake2b(text.encode(), digest_size=NAME_BYTES).hexdigest()


def _checksum(contents: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def _encoded(table: pa.Table, identity: str) -> bytes:
    """Return a table as Parquet: floats by the streams of their bytes, for their mantissas are noise."""
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    others = [field.name for field in table.schema if field.name not in (*floats, "key")]
    sink = pa.BufferOutputStream()
    tagged = table.replace_schema_metadata({TAG: identity.encode()})
    pq.write_table(
        tagged, sink, compression="zstd", use_dictionary=others, use_byte_stream_split=floats,
        write_page_checksum=True, write_statistics=["point", "replicate"],
    )  # fmt: skip
    return sink.getvalue().to_pybytes()


def read_part(
    store: Path, table: str, name: str, columns: list[str] | None = None, points: tuple[int, int] | None = None
) -> pa.Table:
    """Read a part, or the rows of some points. Raises FileNotFoundError if it is gone, DamagedPart if it is broken."""
    path = store / table / f"{name}.parquet"
    rows = None if points is None else [("point", ">=", points[0]), ("point", "<=", points[1])]
    try:
        return pq.read_table(path, columns=columns, filters=rows, partitioning=None, page_checksum_verification=True)
    except FileNotFoundError:
        raise _gone(store, table, name) from None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedPart(str(error).splitlines()[0]) from None


def verified(store: Path, name: str, identity: str, tables: Iterable[str]) -> pa.Table:
    """Return key and error of the runs of a part whose files, all of them, are what they were. Raises as `read_part`.

    Nothing is made of a file before its checksum is right, for damaged Parquet may read as if it were not.
    """
    if not NAME.fullmatch(name):
        raise DamagedPart("it was not written by a sweep")
    if _checksum(_contents(store, name, tables)) != name.partition("-")[2]:
        raise DamagedPart("its bytes are not those that were written")
    runs = read_part(store, RUNS, name, ["key", "error"])
    if runs.schema.metadata[TAG].decode() != identity:
        raise DamagedPart("it is from another sweep")
    return runs


def _contents(store: Path, name: str, tables: Iterable[str]) -> Iterator[bytes]:
    for table in tables:
        try:
            yield (store / table / f"{name}.parquet").read_bytes()
        except FileNotFoundError:
            raise _gone(store, table, name) from None


def _gone(store: Path, table: str, name: str) -> Exception:
    """Return the error of a file that is not there: the part is gone, or, if it has runs, damaged."""
    runs = store / RUNS / f"{name}.parquet"
    return DamagedPart(f"its {table} are missing") if runs.exists() else FileNotFoundError(str(runs))


def in_order(table: pa.Table) -> pa.Table:
    """Return rows by point, replicate and, if there is one, epoch; rows that are there twice once."""
    order = [*ORDER, *([("epoch", "ascending")] if "epoch" in table.column_names else [])]
    places = [np.asarray(table.column(name)) for name, _ in order]
    packed = np.lexsort(places[::-1])
    ordered = [place[packed] for place in places]
    new = np.ones(len(packed), bool)
    if len(packed):
        new[1:] = np.any([place[1:] != place[:-1] for place in ordered], axis=0)
    rows = packed[new]
    if len(rows) == table.num_rows and (rows == np.arange(len(rows))).all():
        return table
    return table.take(pa.array(rows))
