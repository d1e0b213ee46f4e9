"""equilibrium: what anybody could gain by deviating, once the economy has settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands import options
from experiments.commands.options import Seed, Settings

if TYPE_CHECKING:
    from experiments.equilibrium.certificate import Certificate


def certify_scenario(
    scenario: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A design, or a TOML file.")],
    settings: Settings = None,
    epochs: Annotated[int | None, options.count("Epochs to settle.")] = None,
    horizon: Annotated[int | None, options.count("Epochs that a deviation lasts.")] = None,
    worlds: Annotated[int | None, options.count("Worlds in which the best deviations are measured.")] = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV for the table of roles.")] = None,
) -> None:
    """Search the most profitable deviation from where a scenario settles: how far is that from an equilibrium?"""
    from experiments import files
    from experiments.equilibrium.certificate import certify
    from experiments.terminal import counting

    asked = options.scenario_of(scenario, settings)
    options.tell_idle(asked)
    given = {"epochs": epochs, "horizon": horizon, "worlds": worlds, "seed": seed}
    counts = {name: value for name, value in given.items() if value is not None}
    if out is not None:
        files.prepare_file(out, "--out")
    with counting("worlds") as tell:
        certificate = certify(asked, tell=tell, **counts)
    _show(certificate)
    if out is not None and not certificate.roles.empty:
        typer.echo(files.write_table(out, certificate.roles))


def _show(certificate: Certificate) -> None:
    from rich.console import Console

    from experiments.equilibrium.words import in_words
    from experiments.terminal import drawn

    console = Console(highlight=False)
    for finding in certificate.findings:
        typer.echo(str(finding))
    if not certificate.roles.empty:
        table = certificate.roles.set_index("role")
        shown = table[["deviation"]].assign(
            income=table["income"].map("{:.2f}".format),
            gain=[f"{gain:+.2f} ± {width:.2f}" for gain, width in zip(table["gain"], table["half_width"], strict=True)],
            share=["" if role == "outsider" else f"{own:+.1%}" for role, own in table["own"].items()],
        )
        shown.columns = ["best deviation", "income", "gain", "of its income"]
        console.print(drawn(shown, "USD per epoch; 95 % intervals hold for all roles at once", str))
    typer.echo(in_words(certificate))
