"""basins: the same economy from other beliefs, or led up and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.commands import options
from experiments.commands.options import Replicates, Seed, Settings
from experiments.errors import ExperimentError

EXAMPLE = "write NAME=LOW:HIGH:POINTS, such as --loop slash_fraction=0.001:0.1:7"


def find_basins(
    scenario: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A design, or a TOML file.")],
    loop: Annotated[
        str | None, typer.Option(metavar="NAME=LOW:HIGH:POINTS", help="Lead a parameter up and back instead.")
    ] = None,
    epochs: Annotated[
        int | None, options.count("Epochs per run (1456 if not given), or at each value of a loop (182).")
    ] = None,
    replicates: Replicates = 16,
    settings: Settings = None,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; results/NAME_basins if not given.")] = None,
) -> None:
    """See where an economy ends from honest and dishonest beliefs, or what it remembers of a way up and back."""
    chosen = options.scenario_of(scenario, settings)
    options.tell_idle(chosen)
    led = None if loop is None else led_through(loop)
    folder = out or Path("results") / f"{Path(chosen.name).name}_basins"
    given = {"epochs": epochs, "replicates": replicates, "seed": seed}
    counts: dict[str, Any] = {name: count for name, count in given.items() if count is not None}
    from experiments.basins import ends, report
    from experiments.basins import loop as hysteresis

    if led is None:
        found = ends.basins(chosen, **counts)
        words, paths = ends.in_words(found), report.write_basins(found, folder)
    else:
        turned = hysteresis.loop(chosen, *led, **counts)
        words, paths = hysteresis.in_words(turned), report.write_loop(turned, folder)
    typer.echo(f"{words}\n")
    for path in paths:
        typer.echo(path)


def led_through(text: str) -> tuple[str, float, float, int]:
    """Return parameter, low, high and points from NAME=LOW:HIGH:POINTS."""
    name, sign, rest = (part.strip() for part in text.partition("="))
    parts = rest.split(":")
    try:
        if not name or not sign:
            raise ValueError
        low, high, points = parts
        return name, float(low), float(high), int(points)
    except ValueError:
        raise ExperimentError(f"--loop {text}: {EXAMPLE}") from None
