"""The parts of a table: Parquet files that are whole or not there, named by the runs they hold.

A part is the same runs in each table of the store: `diagnostics` and, if kept, `series` are written first, `runs` last,
so a run that is in `runs` is in all of them. Pages carry checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from experiments import files

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.worker import Outcome

RUNS, DIAGNOSTICS, SERIES = "runs", "diagnostics", "series"
TABLES = (SERIES, DIAGNOSTICS, RUNS)
"""Tables of a store in the order in which a part is written."""

PARTIAL = "partial"
TAG = b"rangefinder.sweep"
NAME_BYTES = 10
ORDER = [("point", "ascending"), ("replicate", "ascending")]


ROUNDING = np.uint32(1 << 14)
"""Half of the last bit that is kept of a diagnostic: 8 of 23 bits of a float32's fraction."""


class DamagedPart(ValueError):
    """A part that is not what its name says, with the reason."""


def tables(plan: Plan, tasks: list[Task], outcome: Outcome) -> dict[str, pa.Table]:
    """Return the rows of some runs, a table per name."""
    keys = {
        "key": pa.array([task.key for task in tasks]),
        "point": pa.array([task.point for task in tasks], pa.int32()),
        "replicate": pa.array([task.replicate for task in tasks], pa.int32()),
    }
    runs = {
        **keys,
        **{
            name: _axis(name, [plan.values[task.point][place] for task in tasks])
            for place, name in enumerate(plan.design.axes)
        },
        "seed": pa.array([task.seed for task in tasks], pa.int64()),
        **_columns(plan.metrics, outcome.value, pa.float64()),
        "error": pa.array(outcome.error),
        **_columns([f"{name}_stationary" for name in plan.metrics], outcome.stationary, pa.bool_()),
    }
    diagnostics = {
        **keys,
        **{
            f"{name}_{kind}": column
            for kind, values, dtype in (
                ("start", outcome.start, pa.int32()),
                ("effective", _brief(outcome.effective), pa.float32()),
                ("drift", _brief(outcome.drift), pa.float32()),
                ("deviation", _brief(outcome.deviation), pa.float32()),
            )
            for name, column in _columns(plan.metrics, values, dtype).items()
        },
    }
    found = {RUNS: pa.table(runs), DIAGNOSTICS: pa.table(diagnostics)}
    if outcome.series is not None:
        found[SERIES] = _series(plan, keys, outcome)
    return found


def _series(plan: Plan, keys: dict[str, pa.Array], outcome: Outcome) -> pa.Table:
    assert outcome.series is not None
    good = [row for row, error in enumerate(outcome.error) if error == ""]
    rows = np.repeat(np.array(good, int), [len(epochs) for epochs, _ in outcome.series])
    epochs = np.concatenate([np.empty(0), *(epochs for epochs, _ in outcome.series)])
    values = np.concatenate([np.empty((0, len(plan.metrics))), *(values for _, values in outcome.series)])
    repeated = {name: column.take(pa.array(rows)) for name, column in keys.items()}
    columns = _columns(plan.metrics, values, pa.float64())
    return pa.table({**repeated, "epoch": pa.array(epochs).cast(pa.int32()), **columns})


def _brief(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return numbers to about three significant digits: enough for a diagnosis, and half the room."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + ROUNDING) & ~np.uint32(2 * ROUNDING - 1)).view(np.float32)


def _columns(names: Iterable[str], values: Any, dtype: pa.DataType) -> dict[str, pa.Array]:
    """Return a column per name from (rows, names); nan becomes null, which every reader leaves out of a mean."""
    return {name: pa.array(values[:, place], from_pandas=True).cast(dtype) for place, name in enumerate(names)}


def _axis(name: str, values: list[Any]) -> pa.Array:
    from model.parameters import Scenario

    kinds: dict[Any, pa.DataType] = {float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    kind = kinds.get(Scenario.model_fields[name].annotation)
    if kind is None:
        return pa.array([value if isinstance(value, str) else json.dumps(value) for value in values], pa.string())
    return pa.array(values, kind)


def write_part(store: Path, identity: str, tables: dict[str, pa.Table]) -> str:
    """Write the same runs into every table of a store and return the name of the part."""
    name = part_name(tables[RUNS])
    for table in TABLES:
        if table in tables:
            content = _encoded(tables[table], identity)
            files.write_bytes(store / table / f"{name}.parquet", content, beside=store / PARTIAL)
    return name


def part_name(runs: pa.Table) -> str:
    """Return the name of a part: a digest of the keys of its runs, in their order."""
    text = "".join(runs.column("key").to_pylist())
    return hashlib.blake2b(text.encode(), digest_size=NAME_BYTES).hexdigest()


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
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedPart(str(error).splitlines()[0]) from None


def verified(store: Path, name: str, identity: str, series: bool) -> pa.Table:
    """Read the runs of a part after holding every table of it against its name. Raises as `read_part`."""
    runs = read_part(store, RUNS, name)
    _check_tag(runs, identity)
    if part_name(runs) != name:
        raise DamagedPart("its runs are not those of its name")
    keys = runs.column("key").unique()
    for table in (DIAGNOSTICS, SERIES)[: 1 + series]:
        other = read_part(store, table, name)
        _check_tag(other, identity)
        found = other.column("key").unique()
        expected = keys.filter(pc.equal(runs.column("error").combine_chunks(), "")) if table == SERIES else keys
        if not found.equals(expected):
            raise DamagedPart(f"its {table} are of other runs")
    return runs


def _check_tag(table: pa.Table, identity: str) -> None:
    found = (table.schema.metadata or {}).get(TAG, b"").decode()
    if found != identity:
        raise DamagedPart("it is from another sweep" if found else "it was not written by a sweep")


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
