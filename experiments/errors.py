"""What an experiment that cannot be asked for says, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class ExperimentError(ValueError):
    """A question that cannot be asked: says what is wrong, what is allowed and what to do, in one line."""


def suggestion(name: Any, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' for the nearest known name, or nothing if none is near."""
    match = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
