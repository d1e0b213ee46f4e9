"""How files are written: under a temporary name, to the disk, then renamed; so none is ever seen half written."""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import ExperimentError

if TYPE_CHECKING:
    import pandas as pd

_numbers = itertools.count()


def prepare(folder: Path, option: str = "--out") -> Path:
    """Create the folder, which `option` names, if need be, and prove that it can be written to.

    Raises ExperimentError if not.
    """
    probe = folder / f".{own_name()}.probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(folder, error, option) from None
    return folder


def prepare_file(path: Path, option: str) -> Path:
    """Prove that a file, which `option` names, can be written. Raises ExperimentError if not, or if it is a folder."""
    if path.is_dir():
        raise ExperimentError(f"{option} {path}: that is a folder; give a file")
    prepare(path.parent, option)
    return path


def make(folder: Path) -> Path:
    """Create the folder if need be. Raises ExperimentError if the disk refuses."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def own_name() -> str:
    """Return a file name that no other process and no earlier call uses: host, process, number."""
    return f"{socket.gethostname()}-{os.getpid()}-{next(_numbers)}"


def abandoned(path: Path) -> bool:
    """Return whether a file is temporary, by its name, and of a process of this machine that is no more."""
    host, _, process = path.stem[1:].rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def write(path: Path, writer: Callable[[Path], Any], beside: Path | None = None) -> Path:
    """Let `writer` fill a temporary file, then rename it to `path`. Raises ExperimentError if the disk refuses.

    The temporary file lies beside `path`, or in the folder `beside`, which must be on the same disk.
    """
    partial = (beside or path.parent) / f".{own_name()}{path.suffix}"
    try:
        writer(partial)
        _to_disk(partial)
        os.replace(partial, path)
        _to_disk(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_bytes(path: Path, content: bytes, beside: Path | None = None) -> Path:
    """Write bytes."""
    return write(path, lambda partial: partial.write_bytes(content), beside)


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV that keeps every digit."""
    return write(path, lambda partial: table.to_csv(partial, index=False, lineterminator="\n"))


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a mapping as indented JSON."""
    return write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def unwritable(path: Path, error: OSError, option: str = "--out") -> ExperimentError:
    """Return the error of a path that could not be written."""
    words = f"cannot write to {path}: {error.strerror}; make room there, or give another folder ({option})"
    return ExperimentError(words)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
