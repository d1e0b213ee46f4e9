"""The benchmark as text: the table, the machine, the notes."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

from tests.benchmark.race import Chapter

HEAD = ("measured", "cost", "against", "cost", "ratio", "lowest to highest", "target", "met")
NUMBERS = (1, 3, 4, 5)
PACKAGES = ("numpy", "numba", "mesa", "dask", "loky", "joblib", "ema_workbench")
TITLE = """# Benchmarks

Written by `make bench`, one run of everything. Every line is a ratio of two costs measured in turn (A B A B ...), so
that a machine that drifts bends both alike: medians over laps, and the lowest and highest ratio of a lap.
"""


def table(chapters: list[Chapter]) -> str:
    """Return all lines as one Markdown table, columns aligned so that it reads in a terminal too."""
    rows = [list(HEAD)] + [line.cells() for chapter in chapters for line in chapter.lines]
    widths = [max(len(row[j]) for row in rows) for j in range(len(HEAD))]
    rule = ["-" * (width - 1) + ":" if j in NUMBERS else "-" * width for j, width in enumerate(widths)]
    padded = [
        [
            cell.rjust(width) if j in NUMBERS else cell.ljust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (rows[0], rule, *rows[1:])
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in padded) + "\n"


def machine() -> str:
    """Return what the benchmark ran on, and when."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    software = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}; "
        f"Python {platform.python_version()}, {software}; {datetime.date.today():%Y-%m-%d}.\n"
    )


def _processor() -> str:
    """Return the model of the processor, or its architecture where that is not known."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def document(chapters: list[Chapter]) -> str:
    """Return the whole of docs/benchmarks.md."""
    notes = "\n\n".join(f"**{chapter.title}.** {chapter.note}" for chapter in chapters)
    return f"{TITLE}\n{machine()}\n{table(chapters)}\n## How each line is measured, and what limits it\n\n{notes}\n"
