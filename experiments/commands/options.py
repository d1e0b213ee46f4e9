"""Options that several commands share, and what their texts mean."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.errors import ExperimentError

if TYPE_CHECKING:
    from experiments.design import Design
    from model.parameters import Scenario


def whole(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}; give a whole number") from None


def number(text: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}; give a number") from None


def shard(text: str) -> tuple[int, int]:
    """Return (k, n) from k/n."""
    place, slash, shards = text.partition("/")
    if not slash or not place.strip().isdigit() or not shards.strip().isdigit():
        raise typer.BadParameter(f"{text!r}; give k/n, such as 1/4")
    return int(place), int(shards)


def count(meaning: str) -> Any:
    """Return the option of a whole number."""
    return typer.Option(help=meaning, parser=whole, metavar="N")


Epochs = Annotated[int | None, count("Epochs per run.")]
Replicates = Annotated[int | None, count("Runs per point.")]
Seed = Annotated[int | None, count("Root of all seeds.")]
Workers = Annotated[int | None, count("Worker processes; as many as pay if not given.")]
Scheduler = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster of this scheduler.")]
Dask = Annotated[str | None, typer.Option(metavar="local", help="Run on a Dask cluster started for the purpose.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the results; results/NAME if not given.")]
Force = Annotated[bool, typer.Option("--force", help="Start over in a folder that holds a sweep.")]


def scenario_of(name_or_file: str, settings: list[str] | None) -> Scenario:
    """Return the design of that name, or the scenario in a TOML file, with settings."""
    from model.parameters import Scenario

    changes = parsed("--set", settings or [])
    read = Scenario.from_toml if name_or_file.endswith(".toml") else Scenario.preset
    return read(name_or_file, **changes)


def tell_idle(scenario: Scenario, design: Design | None = None, *, named: bool = False) -> None:
    """Say on standard error what has no effect in a scenario, or at any point of a design that starts from it."""
    from experiments.idleness import idle_throughout
    from model.parameters.idle import idle

    for words in idle(scenario) if design is None else idle_throughout(scenario, design):
        typer.echo(f"warning: {f'{scenario.name}: ' if named else ''}{words}", err=True)


def cluster(address: str | None, dask: str | None) -> str | None:
    """Return the scheduler that --scheduler or --dask names, None for none."""
    if dask not in (None, "local"):
        raise ExperimentError(f"--dask {dask}: only --dask local starts a cluster; name one with --scheduler ADDRESS")
    if address is not None and dask is not None:
        raise ExperimentError("--scheduler and --dask are two clusters; give one of them")
    return address or dask


def widths(precision: list[str] | None) -> dict[str, float] | None:
    """Return `metric -> half-width` from METRIC=WIDTH; several may stand in one, separated by commas."""
    if not precision:
        return None
    return parsed("--precision", [part for text in precision for part in text.split(",")])


def parsed(option: str, settings: list[str]) -> dict[str, Any]:
    """Return `name -> value` from NAME=VALUE; values are TOML literals, or bare words."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, sign, text = (part.strip() for part in setting.partition("="))
        if not sign or not name or not text:
            example = "--set slash_fraction=0.05" if option == "--set" else "--precision honesty_by_value=0.01"
            raise ExperimentError(f"{option} {setting}: write NAME=VALUE, such as {example}")
        if name in values:
            raise ExperimentError(f"{option} {setting}: {name} is given twice; give it once")
        if option == "--set" and name == "name":
            raise ExperimentError(f"{option} {setting}: a scenario has the name of its design or file; leave it out")
        try:
            values[name] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[name] = text
    return values
