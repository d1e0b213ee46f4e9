"""Python processes of their own, for what a running process cannot measure: starts, peaks, and uncompiled code."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python(*arguments: str, given: str = "", **environment: str) -> str:
    """Run Python from the top of the repository and return what it printed; raise if it failed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def peak_memory() -> int:
    """Return the peak of resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    # On Linux this would be the peak of the parent, if that is higher.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
