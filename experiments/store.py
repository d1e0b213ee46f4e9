"""Where results go: each file is written under a temporary name and then renamed, so none is ever seen half written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.design import ExperimentError

if TYPE_CHECKING:
    import pandas as pd


def prepare(folder: Path) -> Path:
    """Create the folder if need be and prove that it can be written to. Raises ExperimentError if not."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from None
    return folder


def write(path: Path, writer: Callable[[Path], Any]) -> Path:
    """Let `writer` fill a temporary file beside `path`, then rename it. Raises ExperimentError if the disk refuses."""
    partial = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        writer(partial)
        os.replace(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as Parquet or CSV, by the suffix of the path; CSV keeps every digit."""
    if path.suffix == ".parquet":
        return write(path, lambda partial: table.to_parquet(partial, index=False))
    return write(path, lambda partial: table.to_csv(partial, index=False, lineterminator="\n"))


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a mapping as indented JSON."""
    text = json.dumps(content, indent=2) + "\n"
    return write(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _unwritable(path: Path, error: OSError) -> ExperimentError:
    return ExperimentError(f"cannot write to {path}: {error.strerror}; give a folder you can write to with --out")
