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
    name: Annotated[str, typer.Argument(help="A parameter, a design, a metric, or metrics.")] = "",
) -> None:
    """Explain a parameter, a design or a metric in plain words; without a name, list them."""
    from experiments.explain import explain, overview

    typer.echo(explain(name) if name else overview())
