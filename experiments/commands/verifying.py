"""verify: closed forms beside the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import options
from experiments.commands.options import Settings, Workers
from experiments.errors import ExperimentError


def verify_theory(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE ...]", help="Cases; all if none is named.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer points of each case.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the cases and what they claim.")] = False,
    settings: Settings = None,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table with all scenarios.")] = None,
) -> None:
    """Verify that the engine, with everything else off, does what theory says: a table; status 1 if it does not."""
    from experiments.verify.catalog import CASES, chosen_cases

    if listed:
        for case in CASES.values():
            typer.echo(f"{case.name:<24} {case.claim}")
        return
    from experiments import files
    from experiments.checks import check_counts
    from experiments.terminal import counting
    from experiments.verify.running import failures, verify
    from experiments.verify.table import in_words, show, write
    from model.theory import ConditionError

    changes = options.parsed("--set", settings or [])
    if changes and not names:
        raise ExperimentError("--set changes the points of a case; name it: verify detection --set number_of_rangers=7")
    check_counts(workers=workers)
    if out is not None:
        files.prepare_file(out, "--out")
    try:
        with counting("runs of cases (the first compiles)") as progress:
            table = verify(chosen_cases(names or []), changes, quick, workers, progress)
    except ConditionError as error:
        raise ExperimentError(str(error)) from None
    show(table)
    typer.echo(in_words(table))
    if out is not None:
        typer.echo(write(table, out))
    if len(failures(table)):
        raise typer.Exit(1)
