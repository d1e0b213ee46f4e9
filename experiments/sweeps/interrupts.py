"""Ctrl-C and the polite end of a process: finish what is under way, write it, say how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class SweepInterrupted(KeyboardInterrupt):
    """A sweep that was asked to stop, after what was under way had been written; the message says how to go on."""


class Interrupts:
    """Whether this process was asked to stop. The second time it stops at once."""

    asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal. Raises KeyboardInterrupt if there was one before."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Take note of SIGINT and SIGTERM instead of ending; outside the main thread, where none arrive, do nothing."""
    asked = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
