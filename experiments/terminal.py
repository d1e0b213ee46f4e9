"""What the command line draws on a terminal: progress while it runs, tables when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.progress import Progress as Bar
    from rich.table import Table

    from experiments.sweeps.progress import Progress

SIZES = ("B", "kB", "MB", "GB", "TB")


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """Give a callback that draws progress on standard error, or nothing if that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("{task.fields[note]}"))  # fmt: skip
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("first run (compiles on first use)", total=None, note="")
        told = False

        def show(progress: Progress) -> None:
            nonlocal told
            if not told and console.is_terminal:
                told = True
                _estimate(bar, progress)
            bar.update(task, completed=progress.done, total=progress.total, description="running", note=note(progress))

        yield show


@contextmanager
def counting(things: str) -> Iterator[Callable[[int, int], None]]:
    """Give a callback (done, of all) that draws how many things are done on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(things, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _estimate(bar: Bar, progress: Progress) -> None:
    runs = progress.total - progress.done
    bar.console.print(f"{runs:,} runs: about {duration(progress.seconds_left)} and {size(progress.bytes_left)} of disk")


def note(progress: Progress) -> str:
    """Return rate, time left, failures and precision in a few words."""
    words = [f"{progress.rate:.0f} runs/s" if progress.rate >= 10 else f"{progress.rate:.2g} runs/s"]
    words.append(f"{duration(progress.seconds_left)} left")
    if progress.precise is not None:
        words.append(f"{progress.precise} of {progress.points} points precise")
    if progress.failed:
        words.append(f"{progress.failed} failed")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Return a time in the two largest units that matter: 45 s, 12 min, 3 h 20 min, 2 d 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def size(count: float) -> str:
    """Return a number of bytes: 512 B, 1.4 MB, 31 GB."""
    place = 0
    while count >= 999.5 and place < len(SIZES) - 1:
        count, place = count / 1000, place + 1
    return f"{count:.1f} {SIZES[place]}" if place and count < 9.95 else f"{count:.0f} {SIZES[place]}"


def drawn(table: pd.DataFrame, title: str, form: Callable[[float], str]) -> Table:
    """Return a pandas table for a terminal, its index as the first column, nan as a dash."""
    from rich.table import Table

    down, across = (" / ".join(filter(None, index.names)).replace("_", " ") for index in (table.index, table.columns))
    drawn = Table(title=f"{title}: {down} down, {across} across" if across else title, title_justify="left")
    drawn.add_column("" if across else down)
    for column in table.columns:
        drawn.add_column(_place(column).replace("_", " "), justify="right")
    for place, row in table.iterrows():
        drawn.add_row(_place(place), *("-" if value != value else form(value) for value in row))
    return drawn


def _place(value: Any) -> str:
    if isinstance(value, tuple):
        return " / ".join(_place(part) for part in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def plain(value: float) -> str:
    """Return a number with three decimals, or whole if it is large."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
