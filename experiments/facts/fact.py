"""What a fact is: an observation with its source, how the model is asked for it, and when the two agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from model.parameters import Scenario
    from model.results import Run

Kind = Literal["calibrated", "predicted"]
Measure = Callable[..., float]
MARKET = "delegation_market"


@dataclass(frozen=True)
class Fact:
    """An observation: where it is from, whether parameters were set by it, and how it is simulated.

    `measure` reads the same quantity off the runs, one per arm of `arms`, which are changes in the design; its
    docstring is the statement. The model agrees if its mean over replicates lies within `observed` (low, high), which a
    `tolerance`, a share, may widen for what the source rounds. `why` is what is known of the reason for a miss, `note`
    what agreement hangs on, or how little it says.
    """

    name: str
    statement: str
    measure: Measure
    design: str
    observed: tuple[float, float]
    unit: str
    source: str
    confidence: str
    kind: Kind
    tolerance: float = 0.0
    arms: tuple[Mapping[str, Any], ...] = field(default=({},))
    epochs: int = 364
    replicates: int = 8
    why: str = ""
    note: str = ""

    @property
    def range(self) -> tuple[float, float]:
        """What counts as agreement: the observed range, widened by the tolerance."""
        low, high = self.observed
        return low - self.tolerance * abs(low), high + self.tolerance * abs(high)

    def scenarios(self) -> list[Scenario]:
        """Return the scenario of each arm."""
        from experiments.fitting.market import market
        from model.parameters import Scenario

        if self.design == MARKET:
            rows = [dict(arm) for arm in self.arms]
            return [market(arm.pop("sequencers"), **arm) for arm in rows]
        return [Scenario.preset(self.design, **arm) for arm in self.arms]


FACTS: dict[str, Fact] = {}
"""All facts by name, in the order of declaration."""


def fact(**how: Any) -> Callable[[Measure], Measure]:
    """Declare a fact: the function's name is its own, its docstring the statement, and it measures one run per arm."""

    def register(measure: Measure) -> Measure:
        observed = how.pop("observed")
        if not isinstance(observed, tuple):
            observed = (float(observed), float(observed))
        statement = " ".join((measure.__doc__ or "").split())
        FACTS[measure.__name__] = Fact(
            name=measure.__name__, statement=statement, measure=measure, observed=observed, **how
        )
        return measure

    return register


def settled(run: Run, metric: str) -> float:
    """Return a metric over the later half of a run."""
    return float(run.settled([metric]).value[0])


def total(run: Run, name: str) -> float:
    """Return a cumulative total over the whole run, over all kinds if it is kept by kind of offence."""
    return float(run.history.flow(name).sum())
