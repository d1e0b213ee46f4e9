"""Coordinators: sweeps in processes of their own, to be killed and interrupted."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments import ExperimentError, sweep
from experiments.sweeps.interrupts import SweepInterrupted
from tests.faults import DESIGN, PATIENCE, PLAN, ROOT, SMALL, hasten

PRELOADED = [
    "tests.coordinators",
    "experiments.sweeps.reading",
    "experiments.sweeps.sweeping",
    "model.simulation",
    "loky",
]
"""What coordinators are forked with, so that twenty of them take no longer to start than one."""

STOPPED = 130
"""Exit status of a coordinator that was asked to stop and did."""

_numbers = itertools.count()
_started: list[Coordinator] = []


class Coordinator:
    """A process that sweeps into a store, at the head of its own group, as a command in a terminal is."""

    def __init__(self, store: Path, prepare: Callable[[], None] | None = None, **how: Any) -> None:
        """Start it; `prepare` is called in it first, `how` goes to `sweep`."""
        self._said = store.with_name(f"{store.name}-said-{next(_numbers)}.txt")
        self._said.touch()
        os.environ["PYTHONPATH"] = str(ROOT)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._process = context.Process(target=_coordinate, args=(store, self._said, prepare, how))
        self._process.start()
        self.number = int(self._process.pid or 0)
        _started.append(self)

    def wait(self, seconds: float = PATIENCE) -> int | None:
        """Return its exit status, less the signal if one killed it, or None if it still runs after so many seconds."""
        self._process.join(seconds)
        return self._process.exitcode

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is the case, or it has ended."""
        end = time.monotonic() + PATIENCE
        while not condition() and self.wait(0.005) is None and time.monotonic() < end:
            pass

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and, as a terminal does, to all its group."""
        os.killpg(self.number, number)

    def kill(self) -> list[psutil.Process]:
        """Kill it alone, at once, and return the processes it had started."""
        family = self.family()
        os.kill(self.number, signal.SIGKILL)
        return family

    def kill_one(self, word: str) -> bool:
        """Kill one of the processes that it has started as soon as there is one; return False if it ends first."""
        killed: list[psutil.Process] = []
        self.until(lambda: any(_kill(process, killed) for process in self.family(word)))
        return bool(killed)

    def family(self, word: str = "") -> list[psutil.Process]:
        """Return the processes that it has started, and they in turn, with a word in their command lines."""
        try:
            found = psutil.Process(self.number).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [process for process in found if word in _command(process)]

    @property
    def said(self) -> str:
        """What it wrote to standard output and error."""
        return self._said.read_text()


def end_all() -> None:
    """Kill every coordinator that still runs."""
    while _started:
        coordinator = _started.pop()
        if coordinator.wait(0) is None:
            coordinator.kill()
            coordinator.wait()


def _coordinate(store: Path, said: Path, prepare: Callable[[], None] | None, how: dict[str, Any]) -> None:
    os.setsid()
    with said.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    hasten(pytest.MonkeyPatch())
    if prepare is not None:
        prepare()
    try:
        sweep(SMALL, DESIGN, store=store, **{**PLAN, **how})
    except SweepInterrupted as interrupt:
        print(interrupt)
        sys.exit(STOPPED)
    except ExperimentError as error:
        print(f"error: {error}")
        sys.exit(2)


def _command(process: psutil.Process) -> str:
    """Return the command line of a process, without words if it is gone or on its way out."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def _kill(process: psutil.Process, killed: list[psutil.Process]) -> bool:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    killed.append(process)
    return True


def all_gone(processes: Iterable[psutil.Process]) -> bool:
    """Wait for processes to end, and return whether they did."""
    end = time.monotonic() + PATIENCE
    left = list(processes)
    while left and time.monotonic() < end:
        left = [process for process in left if _runs(process)]
        time.sleep(0.05)
    return not left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
