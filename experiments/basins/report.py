"""What is left in a folder by basins and loops: tables and a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments import files, lines, plots
from experiments.basins.ends import OUTCOMES, Basins
from experiments.basins.loop import Loop
from experiments.report import label
from experiments.theories import expected

FINE = 60
"""Values of a parameter at which theory is drawn."""


def write_basins(found: Basins, folder: Path) -> list[Path]:
    """Write the ends, their differences, and a figure of the way there from each start; return the paths."""
    theory = pd.DataFrame.from_dict(expected(found.scenario), orient="index")
    ends = pd.concat(found.ends, names=["start"]).reset_index("start")
    replicates = len(found.ends["honest beliefs"])
    figure = lines.arms(
        {f"from {start}": runs for start, runs in found.paths.items()}, {}, OUTCOMES,
        levels={f"from {start}": theory for start in found.paths}, title=f"Where does {found.scenario.name} end?",
        caption=f"{replicates} pairs of runs under the same luck.", labels={name: label(name) for name in OUTCOMES},
    )  # fmt: skip
    files.prepare(folder)
    tables = {"": found.differences.reset_index(), "_ends": ends}
    return plots.save(figure, folder / "basins.png", tables)


def write_loop(found: Loop, folder: Path) -> list[Path]:
    """Write visits and branches of a loop, and a figure of them with theory over it; return the paths."""
    names = (found.parameter, *found.outcomes)
    figure = lines.loop(
        found.branches, found.parameter, found.outcomes, curves=_curves(found),
        title=f"{label(found.parameter).partition(' (')[0]} up and back in {found.scenario.name}",
        caption=f"Means and 95 % intervals of {found.visits['replicate'].nunique()} economies; later half of "
        f"{found.epochs} epochs at each value.",
        labels={name: label(name) for name in names},
    )  # fmt: skip
    files.prepare(folder)
    return plots.save(figure, folder / "loop.png", {"": found.branches, "_visits": found.visits})


def _curves(found: Loop) -> pd.DataFrame | None:
    """Return what theory expects along the parameter, None where it is silent."""
    places = found.branches[found.parameter]
    space = np.geomspace if plots.scale_of(places) == "log" else np.linspace
    rows = [
        {"theory": name, found.parameter: value, **values}
        for value in space(places.min(), places.max(), FINE).clip(places.min(), places.max())
        for name, values in expected(found.scenario.replace(**{found.parameter: float(value)})).items()
    ]
    table = pd.DataFrame(rows)
    return table if len(table) else None
