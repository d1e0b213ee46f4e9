"""The command line: `python -m experiments COMMAND`, installed as `rangefinder`.

Every mistake of the user ends in one line on standard error and exit status 2, an interrupt in status 130. Heavy
imports wait until a run needs them.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from experiments.commands import (
    asking,
    certifying,
    comparing,
    fitting,
    remembering,
    revisiting,
    running,
    stores,
    verifying,
)
from experiments.errors import ExperimentError
from model.parameters import ScenarioError

USAGE_ERROR: Any = typer.BadParameter.__base__
USER_ERRORS = (ScenarioError, ExperimentError, USAGE_ERROR)


class _Commands(TyperGroup):
    """The commands. An interrupt says what it interrupted, which typer would leave out."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            typer.echo(str(interrupt) or "interrupted", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands, add_completion=False, help="Ask questions of the staking economy of rollup sequencers."
)
app.command("list")(asking.list_questions)
app.command("explain")(asking.explain_name)
app.command("run")(running.run_question)
app.command("compare")(comparing.compare_scenarios)
app.command("facts")(remembering.check_facts)
app.command("fit")(fitting.fit_stakes)
app.command("verify")(verifying.verify_theory)
app.command("equilibrium")(certifying.certify_scenario)
app.command("basins")(revisiting.find_basins)
app.command("merge")(stores.merge_stores)
app.command("export")(stores.export_table)


def main() -> None:
    """Run the command line, turning every mistake of the user into one line and exit status 2."""
    warnings.showwarning = _warn
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="rangefinder", standalone_mode=False)
    except USER_ERRORS as error:
        shown = error.format_message() if isinstance(error, USAGE_ERROR) else str(error)
        typer.echo(f"error: {' '.join(shown.split())}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(status or 0)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"warning: {' '.join(str(message).split())}", err=True)


if __name__ == "__main__":
    main()
