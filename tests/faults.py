"""Sweeps small enough to be broken a hundred times, what their stores come to, and coordinators to kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from experiments import Design, files, sweep
from experiments.sweeps import manifest
from experiments.sweeps.store import REJECTED
from model.parameters import Scenario

SMALL = Scenario(
    number_of_sequencers=3, possible_sequencers=4, number_of_delegators=20, number_of_rangers=2, possible_rangers=3,
    number_of_apps=3, blocks_per_epoch=200,
)  # fmt: skip
DESIGN = Design.grid(sampling_probability=[0.001, 0.1], slash_fraction=[0.01, 0.5])
METRICS = ("honesty_by_value", "detected_share", "price")
"""The second is undefined in many of these runs."""

PLAN: dict[str, Any] = {
    "replicates": 10, "epochs": 6, "record_every": 2, "seed": 11, "metrics": METRICS, "series": True,
}  # fmt: skip
RUNS = 40

HASTE = {
    "experiments.sweeps.dispatch.BATCH_SECONDS": 0.02,
    "experiments.sweeps.executors.WORTH_WORKERS": 0.0,
    "experiments.sweeps.sweeping.FLUSH_SECONDS": 0.0,
    "experiments.sweeps.store.ROWS_PER_PART": 16,
    "experiments.sweeps.store.SMALL": 8,
    "experiments.sweeps.store.MOST_SMALL_PARTS": 5,
}
"""With these a sweep of forty runs writes as many parts, and joins them as often, as one of a million."""


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Make sweeps of this process write and join often, and leave it to the system when that reaches the disk."""
    for name, value in HASTE.items():
        patch.setattr(name, value)
    patch.setattr(files, "_to_disk", lambda path: None)


def undisturbed(folder: Path) -> Path:
    """Sweep into a folder with one worker and return it."""
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        sweep(SMALL, DESIGN, store=folder, workers=1, **PLAN)
    return folder


def contents(store: Path) -> dict[str, Any]:
    """Return every file of a store by its path, but for what was set aside, and for when and where it was begun."""
    found: dict[str, Any] = {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and REJECTED not in path.parts
    }
    found[manifest.MANIFEST] = {**json.loads(found[manifest.MANIFEST]), "written_by": None}
    return found


def part_names(store: Path) -> list[str]:
    """Return the names of the parts of a store."""
    return sorted(path.stem for path in (store / "runs").glob("*.parquet"))


def alive(process: int) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
