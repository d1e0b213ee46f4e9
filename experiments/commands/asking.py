"""list and explain: what can be asked and what words mean. Loads nothing heavy."""

from __future__ import annotations

from typing import Annotated

import typer


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


def explain_name(
    name: Annotated[str, typer.Argument(help="A parameter, a design or its TOML file, a metric, or metrics.")] = "",
    against: Annotated[
        str | None, typer.Option(metavar="DESIGN", help="Show where a design differs from this one, side by side.")
    ] = None,
) -> None:
    """Explain a parameter, a design or a metric in plain words; without a name, list them."""
    from experiments.contrast import contrast
    from experiments.errors import ExperimentError
    from experiments.explain import explain, overview

    if against is not None:
        if not name:
            raise ExperimentError(f"--against {against}: name the design to set beside it: explain NAME --against ...")
        typer.echo(contrast(name, against))
        return
    typer.echo(explain(name) if name else overview())
