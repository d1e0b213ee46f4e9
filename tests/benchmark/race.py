"""Ratios that a drifting machine bends little: contestants take turns, and every lap gives a ratio of its own."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)
Contestant = Callable[[int], float | tuple[float, ...]]
"""Does its work for the lap of that number (usable as a seed) and returns what a unit of it cost, or several costs."""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time this thread spends on some work: other programs and Python's rubbish do not count."""
    gc.disable()
    start = time.thread_time()
    work()
    spent = time.thread_time() - start
    gc.enable()
    return spent


def race(contestants: Mapping[Name, Contestant], laps: int, *, warm_up: bool = True) -> dict[Name, np.ndarray]:
    """Return what each contestant cost in every lap, (laps,) or (laps, costs), run in turn: A B C, A B C, ...

    The warming lap, which compiles and fills caches, is not counted.
    """
    costs: dict[Name, list[float | tuple[float, ...]]] = {name: [] for name in contestants}
    for lap in range(-int(warm_up), laps):
        for name, contestant in contestants.items():
            cost = contestant(max(lap, 0))
            if lap >= 0:
                costs[name].append(cost)
    return {name: np.array(values) for name, values in costs.items()}


@dataclass(frozen=True)
class Line:
    """One ratio: cost of `subject` over cost of `reference`, by lap, and what it must not exceed or fall below."""

    subject: str
    cost: np.ndarray
    reference: str
    reference_cost: np.ndarray
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratios(self) -> np.ndarray:
        """The ratio of every lap."""
        return self.cost / self.reference_cost

    @property
    def target(self) -> str:
        """The target as text, empty if there is none."""
        if self.at_most is not None:
            return f"≤ {plain(self.at_most)}"
        return f"≥ {plain(self.at_least)}" if self.at_least is not None else ""

    @property
    def met(self) -> bool:
        """Whether the median ratio reaches the target; a line without one always does."""
        ratio = float(np.median(self.ratios))
        return (self.at_most is None or ratio <= self.at_most) and (self.at_least is None or ratio >= self.at_least)

    def cells(self) -> list[str]:
        """Return the line as cells of the table."""
        low, middle, high = np.quantile(self.ratios, [0, 0.5, 1])
        return [
            self.subject,
            quantity(float(np.median(self.cost)), self.unit),
            self.reference,
            quantity(float(np.median(self.reference_cost)), self.unit),
            plain(middle),
            f"{plain(low)} to {plain(high)}",
            self.target,
            ("yes" if self.met else "**no**") if self.target else "",
        ]


@dataclass(frozen=True)
class Chapter:
    """Lines that belong together, and how they were measured."""

    title: str
    lines: list[Line]
    note: str


def plain(value: float) -> str:
    """Write a number to three figures, without an exponent."""
    digits = max(0, 2 - int(np.floor(np.log10(value)))) if value > 0 else 0
    return f"{value:,.{min(digits, 4)}f}"


def quantity(value: float, unit: str) -> str:
    """Write a quantity to three figures with the prefix that suits it."""
    if unit == "s":
        for prefix, factor in (("", 1.0), ("m", 1e-3), ("µ", 1e-6), ("n", 1e-9)):
            if value >= factor:
                return f"{plain(value / factor)} {prefix}{unit}"
    return f"{plain(value)} {unit}"
