"""How exploitable the points of a design are: a small certificate each, kept in a folder so that none is made twice."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import files
from experiments.checks import check_counts, check_seed
from experiments.design import Design
from experiments.equilibrium.certificate import Certificate, certify
from experiments.errors import ExperimentError
from experiments.question import Question
from experiments.report import Answer
from experiments.sweeps.interrupts import SweepInterrupted, interrupts
from experiments.sweeps.plan import NO_PARAMETER, digest, engine
from model.core.compiled import digest as sources
from model.parameters import Scenario

CERTIFICATES = "certificates.csv"

WORLDS, SCREENED = 24, 6
"""Worlds of a point: a quarter of those of a certificate by itself, so its intervals are twice as wide."""

MEASURED = ("exploitability", "exploitability_half_width", "settled")
FOUND = (*MEASURED, "role", "deviation", "error")


def exploitability(
    scenario: Scenario,
    design: Design,
    *,
    store: str | Path | None = None,
    seed: int = 1,
    epochs: int = 728,
    horizon: int = 180,
    worlds: int = WORLDS,
    screened: int = SCREENED,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Certify every point of a design and return a row each; equal points are certified once.

    Columns: the axes; `exploitability` and its half-width, the epsilon of `certify` as a part of a sequencer's income,
    nan if there is none; `settled`; the `role` that gains it and its `deviation`; `error`, empty unless the point
    raised. Counts are those of `certify`. With `store`, a folder, rows are kept there, in `CERTIFICATES`, and the same
    call goes on where it was left. `tell` hears how many points are done, of how many.
    Raises ScenarioError or ExperimentError before anything runs if a point or a count cannot be; SweepInterrupted,
    with the point that was under way written, after Ctrl-C.
    """
    counts = {"epochs": epochs, "horizon": horizon, "worlds": worlds, "screened": screened}
    check_counts(**counts)
    check_seed(seed)
    how: dict[str, Any] = {**counts, "seed": seed}
    points = {_key(point, how): point for point in design.scenarios(scenario)}
    with _file(store) as path, interrupts() as asked:
        known = _read(path)
        for key in [key for key in points if key not in known]:
            tell(sum(key in known for key in points), len(points))
            row = {**_place(points[key], design), **_certified(points[key], how)}
            # Read again: another process may have certified other points of the same store meanwhile.
            known = {**known, **_read(path), key: row}
            files.write_table(path, pd.DataFrame.from_dict(known, orient="index").rename_axis("key").reset_index())
            if asked.asked:
                raise SweepInterrupted(_how_to_resume(store, len(known)))
    tell(len(points), len(points))
    rows = [{**known[key], **_place(point, design)} for key, point in points.items()]
    return pd.DataFrame(rows, columns=[*design.axes, *FOUND])


def certified(question: Question, answer: Answer, folder: Path, **how: Any) -> Answer:
    """Return the answer to a question, whose store is the folder, with `MEASURED` in its points, there and in words.

    `how` goes to `exploitability`, which says what is raised.
    """
    found = exploitability(question.scenario, question.design, store=folder, seed=question.seed, **how)
    axes = list(question.design.axes)
    points = answer.points.merge(found[[*axes, *MEASURED]], on=axes, how="left", validate="one_to_one")
    files.write_table(folder / f"{question.name}.csv", points)
    words = "\n".join([answer.words, *in_words(found)]).strip()
    return replace(answer, points=points, words=words, files=(*answer.files, folder / CERTIFICATES))


def in_words(found: pd.DataFrame) -> Iterator[str]:
    """Yield a line each on how exploitable points are, on those that have not settled, and on those that raised."""
    of_all, known = f"of {len(found)} points", found[found["exploitability"].notna()]
    for end, place in {"Least": known["exploitability"].argmin, "Most": known["exploitability"].argmax}.items():
        if len(known):
            row = known.iloc[place()]
            where = ", ".join(f"{name.replace('_', ' ')} {_brief(row[name])}" for name in found if name not in FOUND)
            gain = f"{row['exploitability']:.1%} ± {row['exploitability_half_width']:.1%} of a sequencer's income"
            yield f"{end} exploitable: at {where}, by {gain} (the {row['role']} {row['deviation']})."
    raised = found[found["error"] != ""]
    if moving := int((~found["settled"]).sum()) - len(raised):
        yield f"At {moving} {of_all} policies have not settled, so there is no exploitability."
    if idle := len(found) - len(known) - len(raised) - moving:
        yield f"At {idle} {of_all} no sequencer earns anything by which a gain could be measured."
    if len(raised):
        yield f"At {len(raised)} {of_all} there is no certificate: {raised['error'].iloc[0]}"


def _certified(scenario: Scenario, how: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _row(certify(scenario, **how))
    except ExperimentError:
        raise
    except Exception as error:
        nothing = dict.fromkeys(FOUND, "") | dict.fromkeys(MEASURED, np.nan)
        return nothing | {"settled": False, "error": " ".join(f"{type(error).__name__}: {error}".split())}


def _row(certificate: Certificate) -> dict[str, Any]:
    roles, role, deviation = certificate.roles, "", ""
    if not np.isnan(certificate.epsilon):
        role, deviation = roles.loc[roles["kind"] == "alone", ["role", "deviation"]].iloc[0]
    numbers = certificate.epsilon, certificate.half_width, certificate.settled
    return dict(zip(FOUND, (*numbers, role, deviation, ""), strict=True))


def _key(point: Scenario, how: Mapping[str, int]) -> str:
    """Return a digest of all that decides the certificate of a point: its values, the counts, and the code."""
    values = {name: value for name, value in point.model_dump().items() if name not in NO_PARAMETER}
    return digest([values, how, engine(), sources(Path(__file__).parent)])


def _place(point: Scenario, design: Design) -> dict[str, Any]:
    """Return where a point is, as the table of a sweep has it."""
    values = {name: getattr(point, name) for name in design.axes}
    return {name: json.dumps(value) if isinstance(value, tuple) else value for name, value in values.items()}


@contextmanager
def _file(store: str | Path | None) -> Iterator[Path]:
    if store is not None:
        yield files.prepare(Path(store)) / CERTIFICATES
        return
    with tempfile.TemporaryDirectory(prefix="rangefinder-") as folder:
        yield Path(folder) / CERTIFICATES


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a file by key, numbers to the last digit; none if there is no such file."""
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return {row.pop("key"): {**row, **_measured(row)} for row in csv.DictReader(lines)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ExperimentError(f"cannot read {path} ({error!r}); delete it, and all is certified again") from None


def _measured(row: Mapping[str, str]) -> dict[str, Any]:
    numbers = {name: float(row[name] or "nan") for name in MEASURED[:2]}
    return {**numbers, "settled": {"True": True, "False": False}[row["settled"]]}


def _how_to_resume(store: str | Path | None, done: int) -> str:
    if store is None:
        return "interrupted; nothing was kept, for no store was given"
    return f"interrupted; {done} certificates are kept in {store}: give the same command again to go on"


def _brief(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
