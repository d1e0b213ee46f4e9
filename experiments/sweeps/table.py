"""The table of a sweep: a pandas DataFrame, a row per run, that knows what was swept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from experiments.errors import ExperimentError

if TYPE_CHECKING:
    import xarray as xr

INDEX = "replicate"
NO_RUN = "there is no such run"
"""Stands for the error of a run that is missing in an array."""


class Table(pd.DataFrame):
    """Runs: a row each. `swept` names the parameters that vary; the DataFrame is otherwise like any other.

    `imprecise` names the points that did not reach the precision asked for. Every run has as many `epochs`.
    `diagnostics` and `series` are read when they are asked for, from `source`: a store, or tables by name.
    """

    _metadata = ["swept", "epochs", "imprecise", "source"]
    swept: tuple[str, ...] = ()
    epochs: int = 0
    imprecise: str = ""
    source: Path | Mapping[str, pd.DataFrame | None] | None = None

    @property
    def _constructor(self) -> Any:
        return Table

    @property
    def diagnostics(self) -> pd.DataFrame | None:
        """How each metric of each run of the table settled, a row per run."""
        return self._other("diagnostics")

    @property
    def series(self) -> pd.DataFrame | None:
        """Every record of the runs of the table, a row each; None if they were not kept."""
        return self._other("series")

    def _other(self, name: str) -> pd.DataFrame | None:
        from experiments.sweeps.reading import read_table, tables_of

        if isinstance(self.source, Path):
            rows = read_table(self.source, name) if name in tables_of(self.source) else None
        else:
            rows = (self.source or {}).get(name)
        return rows if rows is None else rows[rows["key"].isin(self["key"])].reset_index(drop=True)

    def to_xarray(self) -> xr.Dataset:
        """Return all columns, with units, on the grid of the swept parameters and the replicates, which have the seeds.

        Of runs that are missing metrics are nan, flags are false, and the error says so. Raises ExperimentError if the
        points do not form a grid, or if the columns that span it are not in the table.
        """
        names = [*self.swept, INDEX]
        self._check_grid(names)
        plain = pd.DataFrame(self).drop(columns=["key", "point", "seed"], errors="ignore")
        grid = plain.set_index(names).to_xarray()
        for name in plain.columns.difference(names):
            if plain[name].dtype == bool:
                grid[name] = grid[name].fillna(False).astype(bool)
        if "error" in grid:
            grid["error"] = grid["error"].fillna(NO_RUN).astype(object)
        if "seed" in self:
            seeds = pd.DataFrame(self).drop_duplicates(INDEX).set_index(INDEX)["seed"]
            grid = grid.assign_coords(seed=(INDEX, seeds[grid[INDEX].to_numpy()].to_numpy()))
        for name, unit in _units(grid).items():
            grid[name].attrs["units"] = unit
        return grid

    def _check_grid(self, names: list[str]) -> None:
        missing = [name for name in names if name not in self]
        if missing:
            raise ExperimentError(f"the table has no column {missing[0]!r}, which spans the grid; keep it")
        if self.duplicated(names).any():
            raise ExperimentError(f"several runs share {', '.join(names)}: only the table of a sweep can be an array")
        cells = math.prod(self[name].nunique() for name in self.swept)
        points = len(self[list(self.swept)].drop_duplicates())
        if points < cells:
            raise ExperimentError(
                f"{points} points in a grid of {cells} cells: the design is no grid; use the table as it is"
            )


def _units(grid: xr.Dataset) -> dict[str, str]:
    """Return the units of the metrics and parameters in an array."""
    from model.metrics import METRICS
    from model.parameters import Scenario
    from model.parameters.declaration import facts

    metrics = {name: metric.unit for name, metric in METRICS.items() if name in grid}
    fields = {name: facts(Scenario.model_fields[name]) for name in grid.dims if name in Scenario.model_fields}
    return metrics | {name: declared["unit"] for name, declared in fields.items() if declared}
