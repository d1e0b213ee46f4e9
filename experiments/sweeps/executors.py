"""Where batches are run: in this process, in worker processes of this machine, or on a Dask cluster.

Processes, not threads: the compiled epochs release the interpreter lock, but the population and the metrics around them
do not. Two threads come to 1.65 times one at the default run, most of which is epochs, and to less than one at short
runs; two processes to 1.60 and 1.54, and to 1.85 at the pace of a long sweep (`make bench`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any, Protocol

from experiments.errors import ExperimentError

WORTH_WORKERS = 4.0
"""Seconds of work below which starting worker processes takes longer than it saves."""

LOCAL = "local"
ADVICE = (
    "give the address of a running Dask scheduler that has workers, such as tcp://10.0.0.1:8786, or local "
    "(in a script, call sweep under if __name__ == '__main__')"
)

DASK = {
    "distributed.comm.timeouts.connect": "10s",
    "distributed.admin.tick.limit": "30s",
    "distributed.deploy.lost-worker-timeout": "365 days",
}
"""The last, 15 s if not set, is how long after the death of a worker a local cluster gives up what starts it again."""

DEFAULT_PORT, KNOCK_SECONDS = 8786, 10.0

GONE = "the scheduler of the cluster is gone; start one and give the same command again"


class Executor(Protocol):
    """Runs a function on arguments somewhere."""

    @property
    def slots(self) -> int:
        """Calls that are worth having under way at once."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a call and return its future."""

    def revive(self) -> None:
        """Be ready for calls again after a worker has died."""

    def close(self) -> None:
        """End the workers, whatever they are at."""


def died(error: BaseException) -> bool:
    """Return whether a call failed because its worker died, not because of what it did."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


class Here:
    """Runs every call at once in this process."""

    slots = 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run the call and return its finished future; an interrupt goes through."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def revive(self) -> None:
        """Do nothing: if this process dies nobody is left to ask."""

    def close(self) -> None:
        """Do nothing."""


class Processes:
    """Worker processes of this machine; those that die are replaced. Scripts need no `__main__` guard."""

    def __init__(self, workers: int) -> None:
        """Start the workers."""
        self._workers = workers
        self.slots = 2 * workers
        self.revive()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Queue a call."""
        return self._pool.submit(function, *arguments)

    def revive(self) -> None:
        """Start a fresh set of workers."""
        from loky import ProcessPoolExecutor

        from experiments.sweeps.worker import prepare_worker

        self._pool = ProcessPoolExecutor(self._workers, initializer=prepare_worker, initargs=(os.getpid(),))

    def close(self) -> None:
        """Kill the workers: they have nothing to put away, and one left to end by itself takes half a second."""
        self._pool.shutdown(wait=True, kill_workers=True)


class Cluster:
    """A Dask cluster: one that is there, by the address of its scheduler, or a `local` one of worker processes."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """Connect. Raises ExperimentError if no scheduler answers, or if it has no workers."""
        from distributed import Client, LocalCluster

        from experiments.sweeps.worker import leave_interrupts

        self._cluster: Any = None
        self._client: Any = None
        try:
            if address == LOCAL:
                self._cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
            else:
                _knock(address)
            self._client = Client(self._cluster or address, set_as_default=False)
            self._client.wait_for_workers(1, timeout=30)
            if self._cluster is not None:
                self._client.register_worker_callbacks(leave_interrupts)
        except (OSError, ValueError, TimeoutError, RuntimeError) as error:
            self.close()
            reason = str(error).splitlines()[0].rstrip(".")
            raise ExperimentError(f"scheduler = {address!r}: {reason}; {ADVICE}") from None

    @property
    def slots(self) -> int:
        """Two calls per thread of the cluster as it is now. Raises ExperimentError if it has lost its scheduler."""
        with _scheduled():
            return 2 * max(1, sum(self._client.nthreads().values()))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Queue a call. Raises ExperimentError, or the call does, if the cluster has lost its scheduler.

        Dask's own `get_executor` would leave a call for ever undone whose result was lost with its worker.
        """
        future: Future[Any] = Future()
        with _scheduled():
            call = self._client.submit(function, *arguments, pure=False)
            loop: Any = self._client.loop
            loop.add_callback(_settle, future, call)
        return future

    def revive(self) -> None:
        """Do nothing: the scheduler replaces workers and moves their calls by itself."""

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        for end in (self._client, self._cluster):
            if end is not None:
                end.close()


def _knock(address: str) -> None:
    """Raise OSError or ValueError if nobody listens there: a client of Dask that cannot connect takes long to end."""
    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    if scheme in ("tcp", "tls"):
        socket.create_connection(parse_host_port(place, DEFAULT_PORT), KNOCK_SECONDS).close()


async def _settle(future: Future[Any], call: Any) -> None:
    """Hand what a call in a cluster came to over to a future that waits for it."""
    from distributed.comm.core import CommClosedError

    try:
        future.set_result(await call)
    except (CancelledError, asyncio.CancelledError, CommClosedError, TimeoutError):
        future.set_exception(ExperimentError(GONE))
    except BaseException as error:
        future.set_exception(error)


@contextmanager
def _scheduled() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TimeoutError, RuntimeError):
        raise ExperimentError(GONE) from None


@contextmanager
def connected(scheduler: str | None, workers: int | None) -> Iterator[Executor | None]:
    """Give the cluster of a scheduler, or None if none is named. Raises ExperimentError if it is of no use."""
    if scheduler is None:
        yield None
        return
    from dask import config

    # What it sets by itself must be there before, or it would go with what is set here, and not come back.
    import_module("distributed")
    with config.set(DASK), _quiet(), closing(Cluster(scheduler, workers)) as cluster:
        yield cluster


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask: what becomes of its workers and scheduler is in the table or in one error, not in its logs."""
    import distributed

    loggers = [logging.getLogger(name) for name in (distributed.__name__, distributed.client.__name__)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def executor_for(seconds: float | None, workers: int | None, cluster: Executor | None) -> Iterator[Executor]:
    """Give the cluster if there is one, or so many workers; if that is not said, as many as pay for so much work.

    Work of None seconds must not be done in this process.
    """
    if cluster is not None:
        yield cluster
    elif seconds is not None and (workers == 1 or (workers is None and seconds < WORTH_WORKERS)):
        yield Here()
    else:
        from loky import cpu_count

        with closing(Processes(workers or cpu_count())) as processes:
            yield processes
