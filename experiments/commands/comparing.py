"""compare: economies side by side under the same luck."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from experiments.errors import ExperimentError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.landscape import Landscape
    from model.parameters import Scenario

LISTED = 24
TOGETHER = 5
LEGEND = "+- each by itself; ( ) not clear, all metrics judged together; luck x: runs without common luck worth one"
WIDTH = 150
REPLICATES = 32


def compare_scenarios(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="A B", help="Names of designs, or TOML files.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All named designs, and those given, on a few outcomes: which does none beat?")
    ] = False,
    reference: Annotated[
        str | None, typer.Option(metavar="DESIGN", help="With --all: whom all are compared with; metis if not given.")
    ] = None,
    goals: Annotated[
        list[str] | None, typer.Option("--goal", metavar="METRIC", help="With --all: what they compete on; repeat it.")
    ] = None,
    epochs: Epochs = 364,
    replicates: Replicates = REPLICATES,
    settings: Settings = None,
    seed: Seed = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    dask: Dask = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; results/A-B, or results/designs, if not given.")
    ] = None,
    force: Force = False,
) -> None:
    """Compare designs, pair by pair: differences of all metrics with intervals, as table, CSV and figure."""
    place = options.cluster(scheduler, dask)
    how: dict[str, Any] = {
        "replicates": replicates, "epochs": epochs, "seed": seed, "force": force, "workers": workers,
        "scheduler": place,
    }  # fmt: skip
    if every:
        _compare_all(_every(scenarios or [], settings), reference, goals, out, how)
        return
    if reference is not None or goals:
        raise ExperimentError("--reference and --goal belong to --all; add it, or leave them out")
    chosen = [_read(name, settings) for name in scenarios or []]
    from experiments.compare import compare, in_words, write
    from experiments.terminal import progress_bar

    folder = out or Path("results") / "-".join(scenario.name for scenario in chosen)
    _tell_idle(chosen)
    with progress_bar() as progress:
        result = compare(chosen, store=folder, progress=progress, **how)
    for pair, table in result.differences.items():
        _show(pair, table)
        typer.echo(f"{in_words(pair, table)}\n")
    for path in (folder / "runs", *write(result, folder)):
        typer.echo(path)


def _every(names: list[str], settings: list[str] | None) -> list[Scenario]:
    from model.parameters import designs

    return [_read(name, settings) for name in dict.fromkeys((*designs(), *names))]


def _read(name: str, settings: list[str] | None) -> Scenario:
    """Return a design with settings; what is wrong with them there is said of it by name."""
    from model.parameters import ScenarioError

    plain = options.scenario_of(name, None)
    try:
        return options.scenario_of(name, settings)
    except ScenarioError as error:
        raise ExperimentError(f"{plain.name}: {error}") from None


def _tell_idle(chosen: list[Scenario]) -> None:
    for scenario in chosen:
        options.tell_idle(scenario, named=True)


def _compare_all(
    chosen: list[Scenario], reference: str | None, goals: list[str] | None, out: Path | None, how: dict[str, Any]
) -> None:
    from experiments.landscape import GOALS, NAME, REFERENCE, in_words, landscape, write
    from experiments.terminal import progress_bar

    folder = out or Path("results") / NAME
    _tell_idle(chosen)
    with progress_bar() as progress:
        found = landscape(chosen, reference or REFERENCE, goals or GOALS, store=folder, progress=progress, **how)
    _show_all(found)
    typer.echo(f"{in_words(found)}\n")
    for path in (folder / "runs", *write(found, folder)):
        typer.echo(path)


def _show_all(found: Landscape) -> None:
    """Print the outcomes of all designs, a few designs at a time, the reference first in each table."""
    from rich.console import Console
    from rich.table import Table

    cells = found.table.set_index(["outcome", "design"])
    others = [name for name in found.front if name != found.reference]
    for first in range(0, len(others), TOGETHER):
        names = [found.reference, *others[first : first + TOGETHER]]
        drawn = Table(
            caption=f"mean +- 95 %; ( ) not clearly another than {found.reference}, all judged together",
            title_justify="left",
        )
        drawn.add_column("outcome")
        for name in names:
            drawn.add_column(name, justify="right", no_wrap=True)
        for outcome in dict.fromkeys(found.table["outcome"]):
            drawn.add_row(outcome.replace("_", " "), *(_cell(cells.loc[(outcome, name)], name == found.reference)
                                                       for name in names))  # fmt: skip
        drawn.add_row("dominated", *(_dominated(found.front[name]) for name in names))
        Console(highlight=False, width=WIDTH).print(drawn)


def _cell(row: pd.Series, plain: bool) -> str:
    if math.isnan(row["mean"]):
        return "-"
    shown = f"{row['mean']:.3g} +- {row['half_width']:.1g}"
    return shown if plain or row["clear"] else f"({shown})"


def _dominated(by: list[str] | None) -> str:
    return "-" if by is None else f"by {len(by)}" if by else "no"


def _show(pair: tuple[str, str], table: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    from experiments.compare import shown_first

    drawn = Table(title=f"{pair[1]} less {pair[0]}", caption=LEGEND, title_justify="left")
    drawn.add_column("metric")
    for column in (*pair, "difference", "95 % +-", "luck x"):
        drawn.add_column(column, justify="right")
    for name, row in shown_first(table, LISTED).iterrows():
        a, b, difference, width = (f"{row[column]:.4g}" for column in ("mean_a", "mean_b", "difference", "half_width"))
        gain = "-" if math.isnan(row["gain"]) else f"{row['gain']:.2g}"
        shown = difference if row["clear"] else f"({difference})"
        drawn.add_row(str(name).replace("_", " "), a, b, shown, width, gain)
    Console(highlight=False).print(drawn)
