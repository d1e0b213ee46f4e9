"""The manifest of a store: what its runs are runs of. Only the same sweep may continue a store."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments import files
from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.sweeps.plan import NO_PARAMETER, Plan, digest

MANIFEST = "manifest.json"
POINTS = "points.csv"
OWN = (POINTS, "partial", "rejected", "runs", "diagnostics", "series")
"""Names in a store beside the manifest, which may be there before it if another process is just creating the store."""

SHOWN = 6
"""Differences that an error names, at most."""


def identity(plan: Plan) -> dict[str, Any]:
    """Return all that decides the table of a plan but the number of replicates; equal plans have equal identities."""
    known = plan.scenario.model_dump(mode="json")
    scenario = {name: value for name, value in known.items() if name not in (*NO_PARAMETER, *plan.design.axes)}
    return {
        "scenario": scenario,
        "axes": list(plan.design.axes),
        "points": len(plan.values),
        "points_digest": digest(plan.values),
        "seed": plan.seed,
        "epochs": plan.epochs,
        "record_every": plan.record_every,
        "metrics": list(plan.metrics),
        "series": plan.series,
        **plan.engine,
    }


def check_folder(folder: Path) -> None:
    """Raise ExperimentError for a folder that holds something, but no store: a sweep would spread among it."""
    if folder.is_dir() and not (folder / MANIFEST).exists():
        others = sorted(
            path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name not in OWN
        )
        if others:
            raise ExperimentError(
                f"{folder} holds other things ({', '.join(others[:3])}); give a new or empty folder (--out, store=)"
            )


def create(folder: Path, plan: Plan) -> dict[str, Any]:
    """Write the manifest if there is none yet, and return the one that is there then."""
    path = folder / MANIFEST
    if not path.exists():
        design = dict(plan.design.provenance)
        content = {"identity": identity(plan), "design": design, "sources": sources(), "written_by": _machine()}
        _write_once(path, content)
    return read(folder)


def write_points(folder: Path, plan: Plan) -> None:
    """Write the points if they are not there yet."""
    if not (folder / POINTS).exists():
        points = Design(plan.design.axes, tuple(plan.changes(point) for point in range(len(plan.values))))
        files.write(folder / POINTS, points.to_csv)


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest of a store. Raises ExperimentError if there is none or it cannot be read."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["identity"]["axes"]
    except OSError as error:
        raise ExperimentError(f"{folder} is no store of a sweep ({MANIFEST}: {error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise ExperimentError(
            f"{path} cannot be read as a manifest; restore it, or start over (--force, force=True)"
        ) from None
    return dict(content)


def check(folder: Path, found: dict[str, Any], plan: Plan) -> None:
    """Raise ExperimentError, naming what differs, if a store holds the runs of another sweep."""
    here = {"identity": identity(plan), "sources": sources()}
    _refuse(compared(found, here), f"{folder} holds another sweep than the one asked for",
            "give another folder (--out, store=), or start over (--force, force=True)")  # fmt: skip


def same(first: Path, one: dict[str, Any], second: Path, other: dict[str, Any]) -> None:
    """Raise ExperimentError, naming what differs, if two stores hold the runs of different sweeps."""
    _refuse(compared(one, other), f"{second} holds another sweep than {first}", "merge only stores of the same sweep")


def _refuse(differences: Iterator[str], what: str, advice: str) -> None:
    found = list(differences)
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise ExperimentError(f"{what}: {'; '.join(found[:SHOWN])}{more}; {advice}")


def compared(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between two manifests, a phrase each; of the code, the files."""
    old, new = before["identity"], after["identity"]
    for name in new:
        if old.get(name) == new[name]:
            continue
        if name == "scenario":
            yield from _changes(old["scenario"], new["scenario"], {*old["axes"], *new["axes"]})
        elif name == "code":
            changed = set(before.get("sources", {}).items()) ^ set(after.get("sources", {}).items())
            yield f"the model's code ({', '.join(sorted({path for path, _ in changed})) or 'in an unknown place'})"
        elif name == "points_digest":
            yield f"the points (see {POINTS})"
        else:
            yield f"{name}: {_brief(old.get(name))} before, {_brief(new[name])} now"


def _changes(before: dict[str, Any], after: dict[str, Any], varied: set[str]) -> Iterator[str]:
    """Yield the parameters that differ, but for those that vary in one: the axes tell of them."""
    for name in dict.fromkeys((*after, *before)):
        if before.get(name) != after.get(name) and name not in varied:
            yield f"{name}: {_brief(before.get(name))} before, {_brief(after.get(name))} now"


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def sources() -> dict[str, str]:
    """Return a digest of every source file of the model, so that a difference of code can be named."""
    import model

    root = Path(model.__file__).parent
    return {str(path.relative_to(root.parent)): digest(path.read_text()) for path in sorted(root.rglob("*.py"))}


def _machine() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"time": now, "python": platform.python_version(), "machine": platform.platform(), "cpus": os.cpu_count()}


def _write_once(path: Path, content: dict[str, Any]) -> None:
    """Write the manifest unless another process was faster; its manifest then stands."""
    offer = files.write_json(path.with_name(f".{files.own_name()}.json"), content)
    try:
        os.link(offer, path)
    except FileExistsError:
        pass
    except OSError:
        os.replace(offer, path)
    finally:
        offer.unlink(missing_ok=True)
