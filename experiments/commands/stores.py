"""merge and export: what is done with stores after their sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge_stores(
    stores: Annotated[list[Path], typer.Argument(help="Folders of the same sweep, from other machines or shards.")],
    out: Annotated[Path, typer.Option(help="Folder that they are joined into.")],
) -> None:
    """Join the stores of one sweep; damaged parts are left out."""
    from experiments.sweeps.reading import merge

    typer.echo(f"{len(merge(stores, out)):,} runs in {out}")


def export_table(
    store: Annotated[Path, typer.Argument(help="Folder of a sweep.")],
    table: Annotated[str, typer.Option(help="runs, diagnostics or series.")] = "runs",
    out: Annotated[Path | None, typer.Option(help="The CSV file; STORE/TABLE.csv if not given.")] = None,
) -> None:
    """Write a table of a sweep as CSV."""
    from experiments.sweeps.reading import export

    typer.echo(export(store, out or store / f"{table}.csv", table))
