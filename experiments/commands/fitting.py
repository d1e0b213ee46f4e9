"""fit: behaviour under which the delegation market ends as concentrated as a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands import options
from experiments.commands.options import Seed, Settings, Workers


def fit_stakes(
    stakes: Annotated[Path, typer.Argument(metavar="STAKES.csv", help="Header tokens, one sequencer per row.")],
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What to fit; repeat it. brand_dispersion and wealth_gini if not given."),
    ] = None,
    settings: Settings = None,
    epochs: Annotated[int, options.count("Epochs that delegators have (three years if not given).")] = 1_095,
    replicates: Annotated[int, options.count("Runs per trial.")] = 8,
    seed: Seed = 1,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/STAKES_fit if not given.")] = None,
) -> None:
    """Fit delegators' behaviour to real stakes: the market from equal stakes, until Gini and Nakamoto agree."""
    from experiments import files
    from experiments.stakes import read_stakes

    observed, changes = read_stakes(stakes), options.parsed("--set", settings or [])
    from rich.console import Console

    from experiments.fitting import report
    from experiments.fitting.search import FREE, checked, fit
    from experiments.terminal import counting, drawn

    luck = 1 if seed is None else seed
    checked(observed, free or FREE, changes, replicates, epochs, luck, workers)
    folder = files.prepare(out or Path("results") / f"{stakes.stem}_fit")
    with counting("trials (the first compiles)") as tell:
        found = fit(
            observed, free or FREE, changes, epochs=epochs, replicates=replicates, seed=luck, workers=workers,
            tell=tell,
        )  # fmt: skip
    title = f"{len(observed)} sequencers of {stakes.name}"
    Console(highlight=False).print(drawn(report.table(found).set_index("statistic"), title, "{:.4g}".format))
    typer.echo(f"{report.in_words(found)}\n")
    for path in report.write(found, stakes.stem, folder):
        typer.echo(path)
