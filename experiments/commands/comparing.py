"""compare: economies side by side under the same luck."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands import options
from experiments.commands.options import (
    Dask,
    Epochs,
    Force,
    Replicates,
    Scheduler,
    Seed,
    Settings,
    Workers,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

LISTED = 24
REPLICATES = 32


def compare_scenarios(
    scenarios: Annotated[list[str], typer.Argument(metavar="A B", help="Names of designs, or TOML files.")],
    epochs: Epochs = 364,
    replicates: Replicates = REPLICATES,
    settings: Settings = None,
    seed: Seed = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    dask: Dask = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/A-B if not given.")] = None,
    force: Force = False,
) -> None:
    """Compare designs, pair by pair: differences of all metrics with intervals, as table, CSV and figure."""
    chosen = [options.scenario_of(name, settings) for name in scenarios]
    place = options.cluster(scheduler, dask)
    from experiments.compare import compare, in_words, write
    from experiments.terminal import progress_bar

    folder = out or Path("results") / "-".join(scenario.name for scenario in chosen)
    with progress_bar() as progress:
        result = compare(
            chosen, replicates=replicates, epochs=epochs, seed=seed, store=folder, force=force, workers=workers,
            scheduler=place, progress=progress,
        )  # fmt: skip
    for pair, table in result.differences.items():
        _show(pair, table)
        typer.echo(f"{in_words(pair, table)}\n")
    for path in (folder / "runs", *write(result, folder)):
        typer.echo(path)


def _show(pair: tuple[str, str], table: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    from experiments.compare import shown_first

    drawn = Table(title=f"{pair[1]} less {pair[0]}", caption="( ) within chance", title_justify="left")
    drawn.add_column("metric")
    for column in (*pair, "difference", "95 % +-", "gain"):
        drawn.add_column(column, justify="right")
    for name, row in shown_first(table, LISTED).iterrows():
        a, b, difference, width = (f"{row[column]:.4g}" for column in ("mean_a", "mean_b", "difference", "half_width"))
        gain = "-" if math.isnan(row["gain"]) else f"{row['gain']:.2g}"
        shown = difference if row["clear"] else f"({difference})"
        drawn.add_row(str(name).replace("_", " "), a, b, shown, width, gain)
    Console(highlight=False).print(drawn)
