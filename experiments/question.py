"""A question: one TOML file that says which economy, what varies, how often it is run, and what is looked at.

Under `[vary]` a parameter has a list of values, or a table with any of low, high, scale and, unless points are drawn,
points. `design` says how the points are laid out, in a grid by default; `points` says how many are drawn or, instead of
`[vary]`, which they are: the name of a CSV file beside the question, or `[[points]]` one by one. `[[arms]]`, each with
a `name` and what it sets, are compared side by side, over time and along each parameter that varies.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from experiments.arms import Arms, arms_of
from experiments.checks import check_counts, check_metrics, check_seed
from experiments.design import Design
from experiments.errors import ExperimentError, suggestion
from experiments.sampling import SAMPLERS
from model.parameters import Scenario, check_names

CATALOG = Path(__file__).parent / "catalog"
TAKEN = ("points", "runs", "diagnostics", "series", "certificates")
"""Names of a question whose table of means would be written over a table of its store, or over what is exported."""

CHECKED_POINTS = 1_000
"""Points that are validated when a question is read; the sweep validates all before anything runs."""

FIGURES = ("phase_map", "curve", "arms", "none")
DESIGNS = ("grid", "one_at_a_time", *SAMPLERS)
DEFAULTS: dict[str, Any] = {
    "title": "", "question": "", "base": "metis", "set": {}, "design": None, "vary": {}, "points": None, "arms": [],
    "outcomes": ["honesty_by_value"], "boundary": None, "figure": None,
    "replicates": 8, "epochs": 364, "record_every": 7, "seed": 1,
}  # fmt: skip
TYPES: dict[str, tuple[type, str]] = {
    "title": (str, "a text"), "question": (str, "a text"), "base": (str, "the name of a design or a TOML file"),
    "set": (dict, "a table of name = value"), "design": (str, f"one of {', '.join(DESIGNS)}"),
    "vary": (dict, "a table of name = values"), "arms": (list, "[[arms]] one by one"),
    "outcomes": (list, "a list of metrics"), "boundary": (float, "a number"), "figure": (str, "the name of a figure"),
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is asked: points of a design around a scenario, runs per point, outcomes and the figure that shows them.

    `boundary` is the level of the first outcome that parts the plane in two; None if nothing is parted. `arms` are the
    points of the design that have names.
    """

    name: str
    title: str
    text: str
    scenario: Scenario
    design: Design
    outcomes: tuple[str, ...]
    boundary: float | None
    figure: str
    replicates: int
    epochs: int
    record_every: int
    seed: int
    arms: Arms = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ExperimentError if name, outcomes, counts or figure cannot be; whether the points can, sweeps say."""
        if self.name.lower() in TAKEN:
            raise ExperimentError(f"a question cannot be named {self.name!r}, which is a table of its store; rename it")
        check_metrics("outcomes", self.outcomes)
        check_counts(replicates=self.replicates, epochs=self.epochs, record_every=self.record_every)
        check_seed(self.seed)
        if 2 * self.record_every > self.epochs:
            raise ExperimentError(
                f"record_every = {self.record_every} leaves fewer than two records in epochs = {self.epochs}; "
                "lower it or raise epochs"
            )
        _check_figure(self.figure, self.design, self.arms)

    def changed(self, settings: Mapping[str, Any], **changes: Any) -> Question:
        """Return the question with other settings of its scenario and other counts; a count of None changes nothing.

        If fewer epochs leave no room for two records, records are taken more often. The points stay, whatever the seed.
        Raises ScenarioError or ExperimentError if a setting is unknown, impossible, or varied by the question.
        """
        check_names(settings)
        for name in settings:
            if name in self.design.axes:
                raise ExperimentError(f"{name} is what {self.name!r} varies; set another or write your own question")
        counts = {name: value for name, value in changes.items() if value is not None}
        often = min(self.record_every, max(1, counts.get("epochs", self.epochs) // 2))
        return dataclasses.replace(self, scenario=self.scenario.replace(**settings), record_every=often, **counts)


def catalog() -> dict[str, str]:
    """Return the title of every question in the catalog, by name."""
    return {path.stem: str(_read(path).get("title", "")) for path in sorted(CATALOG.glob("*.toml"))}


def load(name_or_file: str) -> Question:
    """Return a question of the catalog by name, or one from a user's TOML file.

    Raises ExperimentError or ScenarioError, in one line, for whatever is wrong with the file.
    """
    path = _find(name_or_file)
    try:
        return _parse(path, _read(path))
    except ValueError as error:
        raise type(error)(f"{path.name}: {error}") from None


def _find(name_or_file: str) -> Path:
    known = [path.stem for path in sorted(CATALOG.glob("*.toml"))]
    if name_or_file in known:
        return CATALOG / f"{name_or_file}.toml"
    if name_or_file.endswith(".toml"):
        return Path(name_or_file)
    hint = suggestion(name_or_file, known)
    raise ExperimentError(f"unknown question {name_or_file!r}{hint}; known: {', '.join(known)}, or give a TOML file")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror}; give the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{path} is not valid TOML: {error}") from None
    if not content:
        raise ExperimentError(f"{path} is empty; write a question like those in experiments/catalog")
    return content


def _parse(path: Path, content: dict[str, Any]) -> Question:
    for key, value in content.items():
        if key not in DEFAULTS:
            raise ExperimentError(f"unknown key {key!r}{suggestion(key, DEFAULTS)}; allowed are {', '.join(DEFAULTS)}")
        kind, wanted = TYPES.get(key, (object, ""))
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not isinstance(value, kind) and not number:
            raise ExperimentError(f"{key} = {value!r}: give {wanted}")
    given = {**DEFAULTS, **content}
    for name in given["set"]:
        if name in given["vary"]:
            raise ExperimentError(f"{name} stands under [set] and under [vary]; keep one of them")
    scenario = _base(path, given["base"]).replace(**given["set"])
    arms, design = _arms(given, scenario) if given["arms"] else ({}, _design(path, given, scenario))
    for _ in islice(design.scenarios(scenario), CHECKED_POINTS):
        pass
    return Question(
        name=path.stem,
        title=given["title"] or path.stem,
        text=given["question"].strip(),
        scenario=scenario,
        design=design,
        outcomes=tuple(given["outcomes"]),
        boundary=given["boundary"],
        figure=given["figure"] or natural_figure(design, arms),
        arms=arms,
        **{name: given[name] for name in ("replicates", "epochs", "record_every", "seed")},
    )


def _base(path: Path, base: str) -> Scenario:
    return Scenario.from_toml(path.parent / base) if base.endswith(".toml") else Scenario.preset(base)


def _arms(given: Mapping[str, Any], scenario: Scenario) -> tuple[Arms, Design]:
    if given["design"] or given["points"] is not None:
        raise ExperimentError("arms are laid out along each parameter that varies; leave out design and points")
    return arms_of(given["arms"], given["vary"], scenario)


def _design(path: Path, given: Mapping[str, Any], scenario: Scenario) -> Design:
    vary, kind, points = given["vary"], given["design"], given["points"]
    if isinstance(points, str | list):
        if vary or kind:
            raise ExperimentError("points lists every point; leave out design and [vary]")
        return Design.from_csv(path.parent / points) if isinstance(points, str) else Design.listed(points)
    if not vary:
        raise ExperimentError("nothing varies; name at least one parameter under [vary], or list points")
    check_names(vary)
    kind = kind or "grid"
    if kind not in DESIGNS:
        raise ExperimentError(f"design = {kind!r}: allowed are {', '.join(DESIGNS)}{suggestion(kind, DESIGNS)}")
    if kind in SAMPLERS and points is None:
        raise ExperimentError(f"design = {kind!r} needs to know how many points to draw, such as points = 256")
    if kind in SAMPLERS:
        return getattr(Design, kind)(points, seed=given["seed"], **vary)
    if points is not None:
        raise ExperimentError(f"points = {points!r}: for a {kind}, give points to each parameter under [vary]")
    return Design.grid(**vary) if kind == "grid" else Design.one_at_a_time(scenario, **vary)


def natural_figure(design: Design, arms: Arms) -> str:
    """Return the figure that a design has if none is named."""
    if arms:
        return "arms"
    if not all(_is_numeric(design, name) for name in design.axes):
        return "none"
    if len(design.axes) == 2:
        return "phase_map" if design.is_grid else "none"
    return "curve" if len(design.axes) == 1 else "none"


def _check_figure(figure: str, design: Design, arms: Arms) -> None:
    if figure not in FIGURES:
        raise ExperimentError(f"figure = {figure!r}: allowed are {', '.join(FIGURES)}{suggestion(figure, FIGURES)}")
    if figure not in ("none", natural_figure(design, arms)):
        needed = {
            "curve": "one parameter with numeric values",
            "phase_map": "a grid over two parameters with numeric values",
            "arms": "[[arms]]",
        }
        raise ExperimentError(f"figure = {figure!r} needs {needed[figure]}; change either")


def _is_numeric(design: Design, name: str) -> bool:
    return all(isinstance(point[name], int | float) and not isinstance(point[name], bool) for point in design.points)
