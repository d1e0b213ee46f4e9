"""The table of facts: on a terminal, as files, and as a page of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import files
from experiments.facts.fact import FACTS

if TYPE_CHECKING:
    import pandas as pd

LEAST_WIDTH = 120
HEAD = """\
# Stylised facts

Written by `make facts` from `experiments/facts/`; edit those. What was observed of real systems, beside the mean of the
model's runs with its 95 % interval. A *calibrated* fact is one that a parameter was set by, or that follows from such
parameters by arithmetic: it tests that arithmetic, and what else acts on the outcome. A *predicted* one was used for
nothing. A fact *agrees* if the mean lies in the observed range, widened by the tolerance that is stated for what its
source rounds; it is *unclear* if only the interval reaches that range. What misses stays, with what is known of the
reason; what agrees and says little has a note.
"""


def show(table: pd.DataFrame) -> None:
    """Print the facts, why those miss that do, and what there is to note."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=max(LEAST_WIDTH, Console().width))
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    drawn.add_column("fact", no_wrap=True)
    drawn.add_column("kind")
    for column in ("observed", "simulated"):
        drawn.add_column(column, justify="right", no_wrap=True)
    drawn.add_column("unit")
    drawn.add_column("verdict", no_wrap=True)
    for row in table.itertuples():
        drawn.add_row(row.fact, row.kind, _observed(row), _simulated(row), row.unit, row.verdict)
    console.print(drawn)
    for row, remark in _remarks(table):
        console.print(f"[bold]{row.fact}[/bold] {row.verdict}: {remark}")


def in_words(table: pd.DataFrame) -> str:
    """Return how many facts agree, by kind."""
    parts = []
    for kind, rows in table.groupby("kind"):
        agree = int((rows["verdict"] == "agrees").sum())
        parts.append(f"{agree} of {len(rows)} {kind}")
    return f"Of {len(table)} facts agree: {', '.join(parts)}."


def write(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the table as CSV and Parquet into a folder, made if need be; return the paths."""
    files.prepare(folder)
    parquet = files.write(folder / "facts.parquet", lambda path: table.to_parquet(path, index=False))
    return [files.write_table(folder / "facts.csv", table), parquet]


def page(table: pd.DataFrame) -> str:
    """Return the facts as a page of Markdown."""
    lines = [HEAD, in_words(table), ""]
    for design, rows in table.groupby("design", sort=False):
        lines += [f"## {design}", "", "| fact | observed | simulated | unit | | verdict | source |",
                  "| --- | ---: | ---: | --- | --- | --- | --- |"]  # fmt: skip
        for row in rows.itertuples():
            source = f"{row.source} ({row.confidence})"
            words = f"{row.statement} (`{row.fact}`)"
            lines.append(f"| {words} | {_observed(row)} | {_simulated(row)} | {row.unit} | {row.kind} | {row.verdict} "
                         f"| {source} |")  # fmt: skip
        lines += ["", *(f"- `{row.fact}` {row.verdict}: {remark}" for row, remark in _remarks(rows)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _remarks(rows: pd.DataFrame) -> Iterator[tuple[Any, str]]:
    """Yield the rows of which there is something to say, with why they miss and what was noted when declared."""
    for row in rows.itertuples():
        note = FACTS[row.fact].note if row.fact in FACTS else ""
        if row.why or note:
            yield row, f"{row.why} {note}".strip()


def _observed(row: Any) -> str:
    low, high = row.observed_low, row.observed_high
    shown = _number(low) if low == high else f"{_number(low)} to {_number(high)}"
    return f"{shown} ± {100 * row.tolerance:.3g} %" if row.tolerance else shown


def _simulated(row: Any) -> str:
    width = f"{row.half_width:.1g}" if row.half_width < 10 else f"{row.half_width:,.0f}"
    return f"{_number(row.simulated)} ± {width}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
