"""facts: what was observed of real systems, beside what the model does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.options import Workers


def check_facts(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME ...]", help="Facts; all if none is named.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the facts.")] = False,
    workers: Workers = None,
    out: Annotated[Path, typer.Option(help="Folder for the table as CSV and Parquet.")] = Path("results/facts"),
    page: Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write the table as a document too.")] = None,
) -> None:
    """Set observed facts beside simulated ones: a table, with what is known of the reason for every miss."""
    from experiments.facts.catalog import FACTS, chosen_facts

    if listed:
        for fact in FACTS.values():
            typer.echo(f"{fact.name:<34} {fact.statement}")
        return
    from experiments import files
    from experiments.checks import check_counts
    from experiments.facts.running import check
    from experiments.facts.table import in_words, show, write
    from experiments.facts.table import page as document
    from experiments.terminal import counting

    chosen = chosen_facts(names or [])
    check_counts(workers=workers)
    if page is not None:
        files.prepare_file(page, "--page")
    files.prepare(out)
    with counting("runs of facts (the first compiles)") as tell:
        table = check(chosen, workers, tell)
    show(table)
    typer.echo(f"{in_words(table)}\n")
    for path in write(table, out):
        typer.echo(path)
    if page is not None:
        typer.echo(files.write_bytes(page, document(table).encode()))
