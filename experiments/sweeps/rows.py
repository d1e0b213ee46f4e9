"""The rows of a part: what came of some runs, as Arrow tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from experiments.sweeps.parts import DIAGNOSTICS, RUNS, SERIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.sweeps.plan import Plan, Task
    from experiments.sweeps.worker import Outcome

ROUNDING = np.uint32(1 << 14)
"""Half of the last bit that is kept of a diagnostic: 8 of 23 bits of a float32's fraction."""


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
            for kind in ("effective", "drift", "deviation")
            for name, column in _columns(plan.metrics, _brief(getattr(outcome, kind)), pa.float32()).items()
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
