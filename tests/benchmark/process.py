"""Python processes of their own, for what a running process cannot measure: starts, peaks, and uncompiled code."""

from __future__ import annotations

import os
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
