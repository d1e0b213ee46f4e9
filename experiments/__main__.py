"""The command line: `python -m experiments list | run | explain`, installed as `rangefinder`.

Every mistake of the user ends in one line on standard error and exit status 2. Heavy imports wait until a run needs
them.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.design import ExperimentError
from model.parameters import ScenarioError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from experiments.question import Question
    from experiments.report import Answer

USAGE_ERROR: Any = typer.BadParameter.__base__
USER_ERRORS = (ScenarioError, ExperimentError, USAGE_ERROR)
app = typer.Typer(add_completion=False, help="Ask questions of the staking economy of rollup sequencers.")


@app.command("list")
def list_questions() -> None:
    """List the questions of the catalog and the named designs."""
    from experiments.explain import summary
    from experiments.question import catalog
    from model.parameters import designs

    typer.echo("Questions (run NAME)")
    for name, title in catalog().items():
        typer.echo(f"  {name:<16} {title}")
    typer.echo("Designs (explain NAME)")
    for name in designs():
        typer.echo(f"  {name:<16} {summary(name)}")


@app.command("explain")
def explain_name(name: Annotated[str, typer.Argument(help="A parameter or a design; none lists both.")] = "") -> None:
    """Explain a parameter or a design in plain words."""
    from experiments.explain import explain, overview

    typer.echo(explain(name) if name else overview())


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}; give a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}; give a number") from None


def _count(meaning: str) -> Any:
    return typer.Option(help=meaning, parser=_whole, metavar="N")


@app.command("run")
def run_question(
    name: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A question of the catalog, or a TOML file.")],
    epochs: Annotated[int | None, _count("Epochs per run.")] = None,
    replicates: Annotated[int | None, _count("Runs per point.")] = None,
    workers: Annotated[int | None, _count("Runs at a time; all processors if not given.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter.")] = None,
    stakes: Annotated[Path | None, typer.Option(help="CSV of real stakes: header tokens, one row each.")] = None,
    stakes_total: Annotated[
        float | None, typer.Option(help="Rescale the stakes to sum to this.", parser=_number, metavar="TOKENS")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/NAME if not given.")] = None,
    seed: Annotated[int | None, _count("Root of all seeds.")] = None,
) -> None:
    """Run a question: table, Parquet, CSV, figure, and the answer in words."""
    from experiments.question import load
    from experiments.sweep import check_counts

    question = load(name)
    check_counts(workers=workers)
    changes = {**_stakes(question, stakes, stakes_total), **_parsed(settings or [])}
    question = question.changed(changes, epochs=epochs, replicates=replicates, seed=seed)
    from experiments.report import answer

    try:
        with _progress() as progress:
            result = answer(question, out or Path("results") / question.name, workers, progress)
    except KeyboardInterrupt:
        typer.echo("error: interrupted", err=True)
        raise typer.Exit(130) from None
    _show(question, result)


def main() -> None:
    """Run the command line, turning every mistake of the user into one line and exit status 2."""
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="rangefinder", standalone_mode=False)
    except USER_ERRORS as error:
        shown = error.format_message() if isinstance(error, USAGE_ERROR) else str(error)
        typer.echo(f"error: {' '.join(shown.split())}", err=True)
        sys.exit(2)
    sys.exit(status or 0)


def _parsed(settings: list[str]) -> dict[str, Any]:
    """Return `name -> value` from NAME=VALUE; values are TOML literals, or bare words."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, sign, text = (part.strip() for part in setting.partition("="))
        if not sign or not name or not text:
            raise ExperimentError(f"--set {setting}: write NAME=VALUE, such as --set slash_fraction=0.05")
        try:
            values[name] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[name] = text
    return values


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


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Give a callback that draws a progress bar on standard error, or nothing if that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("compiling on first use", total=None, rate="")

        def advance(done: int, total: int) -> None:
            speed = bar.tasks[task].speed
            rate = f"{speed:.0f} runs/s" if speed else ""
            bar.update(task, completed=done, total=total, description="running", rate=rate)

        yield advance


def _show(question: Question, result: Answer) -> None:
    from rich.console import Console

    from experiments.report import boundary_table, compact

    console = Console(highlight=False)
    outcome = question.outcomes[0].replace("_", " ")
    means = compact(question, result.points)
    console.print(f"\n[bold]{question.title}[/bold]\n")
    console.print(_drawn(means, outcome if means.columns.name else "means over replicates", _plain))
    if result.boundary is not None and (result.boundary["side"] == "inside").any():
        title = f"where {outcome} reaches {question.boundary:g}"
        console.print(_drawn(boundary_table(question, result.boundary), title, lambda value: f"{value:.2g}"))
    typer.echo(f"{result.words}\n" if result.words else "")
    for path in result.files:
        typer.echo(path)


def _drawn(table: pd.DataFrame, title: str, form: Callable[[float], str]) -> Table:
    from rich.table import Table

    down, across = (" / ".join(filter(None, index.names)).replace("_", " ") for index in (table.index, table.columns))
    drawn = Table(title=f"{title}: {down} down, {across} across" if across else title, title_justify="left")
    drawn.add_column("" if across else down)
    for column in table.columns:
        drawn.add_column(_place(column).replace("_", " "), justify="right")
    for place, row in table.iterrows():
        drawn.add_row(_place(place), *("-" if value != value else form(value) for value in row))
    return drawn


def _place(value: Any) -> str:
    if isinstance(value, tuple):
        return " / ".join(_place(part) for part in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _plain(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
