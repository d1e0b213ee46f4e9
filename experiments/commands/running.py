"""run: a question, its answer, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands import options
from experiments.commands.options import (
    Dask,
    Epochs,
    Force,
    Out,
    Replicates,
    Scheduler,
    Seed,
    Settings,
    Workers,
)  # fmt: skip
from experiments.errors import ExperimentError

if TYPE_CHECKING:
    from experiments.question import Question
    from experiments.report import Answer


def run_question(
    name: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A question of the catalog, or a TOML file.")],
    epochs: Epochs = None,
    replicates: Replicates = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=WIDTH", help="Add runs until the 95 % interval is +- this, at every point."),
    ] = None,
    most_replicates: Annotated[int | None, options.count("Most runs per point under --precision.")] = None,
    settings: Settings = None,
    stakes: Annotated[Path | None, typer.Option(help="CSV of real stakes: header tokens, one row each.")] = None,
    stakes_total: Annotated[
        float | None, typer.Option(help="Rescale the stakes to sum to this.", parser=options.number, metavar="TOKENS")
    ] = None,
    seed: Seed = None,
    series: Annotated[bool, typer.Option("--series", help="Keep every record of every run.")] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    dask: Dask = None,
    shard: Annotated[
        Any, typer.Option(parser=options.shard, metavar="K/N", help="Run the k-th of n parts; merge later.")
    ] = None,
    out: Out = None,
    force: Force = False,
    exploitability: Annotated[
        bool, typer.Option("--exploitability", help="Certify every point: how far from an equilibrium is it?")
    ] = False,
) -> None:
    """Run a question, or go on with it: table, Parquet, CSV, figure, and the answer in words."""
    from experiments.question import load

    question = load(name)
    place = options.cluster(scheduler, dask)
    if exploitability and shard is not None:
        raise ExperimentError("--exploitability is about every point: leave out --shard; merge, and run with it then")
    changes = {**_stakes(question, stakes, stakes_total), **options.parsed("--set", settings or [])}
    question = question.changed(changes, epochs=epochs, replicates=replicates, seed=seed)
    options.tell_idle(question.scenario, question.design)
    from experiments.report import answer
    from experiments.terminal import progress_bar

    folder = out or Path("results") / question.name
    with progress_bar() as progress:
        result = answer(
            question, folder, progress=progress, workers=workers, scheduler=place,
            force=force, series=series, shard=shard,
            precision=options.widths(precision), most_replicates=most_replicates,
        )  # fmt: skip
    _show(question, _certified(question, result, folder) if exploitability else result)


def _certified(question: Question, result: Answer, folder: Path) -> Answer:
    from experiments.equilibrium.points import certified
    from experiments.terminal import counting

    with counting("points certified") as tell:
        return certified(question, result, folder, tell=tell)


def _stakes(question: Question, path: Path | None, total: float | None) -> dict[str, Any]:
    from experiments.stakes import read_stakes

    if path is None:
        if total is not None:
            raise ExperimentError("--stakes-total rescales the file given with --stakes; give both")
        return {}
    stakes = read_stakes(path, total)
    typer.echo(f"{len(stakes)} sequencers with {sum(stakes):,.0f} tokens from {path}")
    possible = max(question.scenario.possible_sequencers, len(stakes))
    return {"stakes": stakes, "number_of_sequencers": len(stakes), "possible_sequencers": possible}


def _show(question: Question, result: Answer) -> None:
    from rich.console import Console

    from experiments.report import boundary_table, compact
    from experiments.terminal import drawn, plain

    console = Console(highlight=False)
    outcome = question.outcomes[0].replace("_", " ")
    means = compact(question, result.points, question.outcomes)
    console.print(f"\n[bold]{question.title}[/bold]\n")
    console.print(drawn(means, outcome if means.columns.name else "means over replicates", plain))
    cells = means.size if means.columns.name else len(means)
    if cells < len(result.points):
        typer.echo(f"{cells} of {len(result.points)} points; all are in {question.name}.csv")
    if "exploitability" in result.points:
        shown = compact(question, result.points, ("exploitability", "exploitability_half_width"))
        console.print(drawn(shown, "exploitability, as a part of a sequencer's income", plain))
    if result.boundary is not None and (result.boundary["side"] == "inside").any():
        title = f"where {outcome} reaches {question.boundary:g}"
        console.print(drawn(boundary_table(question, result.boundary), title, lambda value: f"{value:.2g}"))
    typer.echo(f"{result.words}\n" if result.words else "")
    for path in result.files:
        typer.echo(path)
