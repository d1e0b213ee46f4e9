"""A case: a closed form, and the economy in which the engine must reproduce it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.history import History
from model.parameters import Scenario, check_names
from model.theory import ConditionError

Measure = Callable[[History], float]
Setting = Mapping[str, Any]

QUICK_POINTS = 2
FEW = 6


@dataclass(frozen=True)
class Case:
    """What theory claims, where, and how the engine is asked.

    `theory` is a function of the history as well, of which it reads the scenario and, where what happens depends on who
    was drawn, the first snapshot. `base` has all features off that the closed form leaves out, and `points` change the
    parameters in it that the closed form reads: others cannot be set. `effect` is what the mechanism does to the
    outcome, on which errors are judged; the outcome itself if not given. A `tolerance` (of the effect) makes the case
    deterministic: every run must come that close.
    """

    name: str
    claim: str
    theory: Measure
    measure: Measure
    base: Scenario
    points: tuple[Setting, ...]
    epochs: int
    record_every: int
    replicates: int
    effect: Measure | None
    tolerance: float | None

    def scenarios(self, settings: Setting | None = None, quick: bool = False) -> dict[str, Scenario]:
        """Return the scenario of every point, or of the first few, with the user's settings, by what tells it apart.

        Raises ConditionError for a setting that the closed form does not read, ScenarioError for an impossible value.
        """
        chosen = dict(settings or {})
        check_names(chosen)
        for name, value in chosen.items():
            self._require(name, value)
        points = self.points[:QUICK_POINTS] if quick else self.points
        changed = [{**point, **chosen} for point in points]
        return {_words(point): _changed(self.base, point) for point in changed}

    def _require(self, name: str, value: Any) -> None:
        varied = sorted({parameter for point in self.points for parameter in point})
        assumed = getattr(self.base, name)
        if name not in varied and value != assumed:
            raise ConditionError(
                f"{name} = {value!r}: case {self.name} assumes {assumed!r}; it can be asked at other values of "
                f"{', '.join(varied)}"
            )


CASES: dict[str, Case] = {}


def case(
    base: Scenario,
    points: Sequence[Setting],
    measure: Measure,
    epochs: int = 1,
    record_every: int | None = None,
    replicates: int = 64,
    effect: Measure | None = None,
    tolerance: float | None = None,
) -> Callable[[Measure], Measure]:
    """Register a function of a history as the theory of a case: its name is the case's, its docstring the claim."""

    def register(theory: Measure) -> Measure:
        name = theory.__name__
        every = epochs if record_every is None else record_every
        CASES[name] = Case(
            name, " ".join((theory.__doc__ or "").split()), theory, measure, base, tuple(points), epochs, every,
            1 if tolerance is not None else replicates, effect, tolerance,
        )  # fmt: skip
        return theory

    return register


def grid(names: str, *rows: tuple[Any, ...]) -> list[Setting]:
    """Return settings, one per row of values of the same parameters (names separated by spaces)."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def _changed(base: Scenario, changes: dict[str, Any]) -> Scenario:
    """Return the scenario with changes; stakes bring the number of sequencers with them, and all Rangers have seats."""
    if "stakes" in changes:
        count = len(changes["stakes"])
        changes = {"number_of_sequencers": count, "possible_sequencers": count, **changes}
    if "number_of_rangers" in changes:
        changes = {"possible_rangers": changes["number_of_rangers"], **changes}
    return base.replace(**changes)


def _plain(value: Any) -> str:
    """Return a value in few characters: of many stakes the first and how many there are."""
    if isinstance(value, tuple):
        few = " ".join(f"{part:g}" for part in value)
        return few if len(value) <= FEW else f"{len(value)} from {min(value):g} to {max(value):g}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(point: Setting) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in point.items())
