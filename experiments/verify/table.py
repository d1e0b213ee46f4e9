"""The table of cases: on a terminal and as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments.verify.catalog import CASES
from experiments.verify.running import failures

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

HUGE = 1_000.0
LEAST_WIDTH = 110


def show(table: pd.DataFrame) -> None:
    """Print the cases one by one, what each claims above its points; the scenarios in full are in the CSV alone."""
    from rich.console import Console

    console = Console(highlight=False, width=max(LEAST_WIDTH, Console().width))
    for case, rows in table.groupby("case", sort=False):
        console.print(f"\n[bold]{case}[/bold]: {CASES[str(case)].claim}")
        console.print(_drawn(rows))


def _drawn(rows: pd.DataFrame) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names, points = _split(list(rows["point"]))
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    drawn.add_column(names, min_width=24)
    for column in ("theory", "simulation", "difference", "s.e.", "z", "power"):
        drawn.add_column(column, justify="right", no_wrap=True)
    drawn.add_column("verdict", no_wrap=True)
    for point, row in zip(points, rows.itertuples(), strict=True):
        statistical = row.z == row.z
        drawn.add_row(
            point, f"{row.theory:.5g}", f"{row.simulation:.5g}", f"{row.difference:.2g}",
            f"{row.standard_error:.2g}" if statistical else "-", f"{row.z:+.2f}" if statistical else "-",
            f"{row.power:.0f}" if row.power < HUGE else f"> {HUGE:.0f}", row.verdict,
        )  # fmt: skip
    return drawn


def _split(points: list[str]) -> tuple[str, list[str]]:
    """Return what all points name, once, and the values of each."""
    pairs = [[part.partition(" ") for part in point.split(", ")] for point in points]
    names = ", ".join(name.replace("_", " ") for name, _, _ in pairs[0])
    return names, [", ".join(value for _, _, value in parts) for parts in pairs]


def in_words(table: pd.DataFrame) -> str:
    """Return the result in a sentence or two."""
    bad = failures(table)
    cases, points = table["case"].nunique(), len(table)
    if len(bad):
        places = (f"{row.case} ({row.point}) {row.verdict}" for row in bad.itertuples())
        return f"{len(bad)} of {points} points of {cases} cases fail: {'; '.join(places)}"
    words = f"{cases} cases at {points} points: theory is recovered at all of them."
    noisy = table[table["z"].notna()]
    if noisy.empty:
        return words
    return (
        f"{words} The largest |z| of {len(noisy)} is {noisy['z'].abs().max():.1f}; an error of 5 % in a mechanism "
        f"would be {noisy['power'].min():.1f} standard errors at least."
    )


def write(table: pd.DataFrame, path: Path) -> Path:
    """Write the table as CSV. Raises ExperimentError if the disk refuses."""
    from experiments.files import prepare, write_table

    prepare(path.parent)
    return write_table(path, table)
