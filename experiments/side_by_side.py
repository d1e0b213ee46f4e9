"""The answer to a question with arms: how each fares at home, over time and along what varies, beside theory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments import lines, plots
from experiments.paths import paths, restless, rhythm
from experiments.question import Question
from experiments.theories import expected, pay_threshold
from model.metrics import METRICS

THRESHOLD = "pay = cost of a check"
MATERIAL = 0.02
"""Distance from theory that is told, at least."""

FINE = 60
"""Values of a parameter at which theory is drawn."""


def at_home(question: Question, points: pd.DataFrame) -> pd.DataFrame:
    """Return the points of the arms where they are at home, in the order of the question; the index has their names."""
    rows = [_where(points, home) for home in question.arms.values()]
    return pd.concat(rows).set_axis(pd.Index(question.arms, name="arm"))


def over_time(question: Question, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the runs of every arm at home over time, as `paths.paths` has them."""
    return {
        arm: paths(
            question.scenario.replace(**home), _where(runs, home)["seed"], question.outcomes, question.epochs,
            question.record_every,
        )
        for arm, home in question.arms.items()
    }  # fmt: skip


def figure(
    question: Question, points: pd.DataFrame, moving: Mapping[str, pd.DataFrame], how: Mapping[str, Any], path: Path
) -> list[Path]:
    """Draw the arms, and write figure and data; `how` has caption and labels. Returns the paths."""
    along = {name: _along(question, points, name) for name in _varied(question)}
    curves = {name: _curves(question, name) for name in along}
    drawn = lines.arms(
        moving, along, question.outcomes, title=question.title, together=_by_unit(question), levels=_levels(question),
        curves={name: table for name, table in curves.items() if len(table)},
        marks={name: _marks(question, name) for name in along}, **how,
    )  # fmt: skip
    together = pd.concat(moving, names=["arm"]).reset_index("arm")
    data = {"": points, "_over_time": together, "_theory": pd.concat([pd.DataFrame(), *curves.values()])}
    return plots.save(drawn, path, {suffix: table for suffix, table in data.items() if len(table)})


def in_words(question: Question, points: pd.DataFrame, moving: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a line per arm, of its levels beside theory's and of its rhythm, and per parameter, of where they part."""
    home, found = at_home(question, points), []
    for arm, levels in _levels(question).items():
        told = (_told(home.loc[arm], moving[arm], name, levels) for name in question.outcomes)
        found.append(f"{_capital(arm)}: {'; '.join(told)}.")
    for name in _varied(question):
        marks = (f"{_capital(label)} at {_word(name)} {value:.3g}." for label, value in _marks(question, name).items())
        along = _along(question, points, name).groupby("arm", sort=False)
        found += [*marks, *filter(None, (_departure(question, str(arm), line, name) for arm, line in along))]
    return found


def _departure(question: Question, arm: str, line: pd.DataFrame, parameter: str) -> str:
    """Return where along a parameter an arm is farthest from the last of the theories, if by more than its interval."""
    outcome, farthest, told = question.outcomes[0], 0.0, ""
    for _, point in line.iterrows():
        home = {**question.arms[arm], parameter: point[parameter]}
        for theory, values in list(expected(question.scenario.replace(**home)).items())[-1:]:
            level, width = point[outcome], point[f"{outcome}_half_width"]
            if outcome in values and abs(level - values[outcome]) > max(farthest, width, MATERIAL):
                farthest = abs(level - values[outcome])
                told = (f"{_capital(arm)} is farthest from the {theory} at {_word(parameter)} {point[parameter]:.3g}: "
                        f"{_word(outcome)} {level:.3f} ± {width:.2g}, not {values[outcome]:.3f}.")  # fmt: skip
    return told


def _told(point: pd.Series, runs: pd.DataFrame, outcome: str, levels: pd.DataFrame) -> str:
    level = point[outcome]
    told = f"{_word(outcome)} {level:.3f} ± {point[f'{outcome}_half_width']:.2g}"
    if outcome in levels and len(levels):
        told += f" ({', '.join(f'{name} {value:.3f}' for name, value in levels[outcome].items())})"
    found = rhythm(runs, outcome)
    if restless(found, level):
        period = "" if np.isnan(found.period) else f", up and down every {found.period:.0f} epochs"
        told += f", which never rests: ±{found.swing:.2f} over time{period}"
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _word(name: str) -> str:
    return name.replace("_", " ")


def _by_unit(question: Question) -> list[list[str]]:
    units = dict.fromkeys(METRICS[name].unit for name in question.outcomes)
    return [[name for name in question.outcomes if METRICS[name].unit == unit] for unit in units]


def _varied(question: Question) -> list[str]:
    homes = pd.DataFrame(question.arms.values())
    return [
        name for name in question.design.axes if {point[name] for point in question.design.points} > set(homes[name])
    ]


def _where(table: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a table that have all of the settings."""
    same = np.ones(len(table), bool)
    for name, value in settings.items():
        same &= (table[name] == value).to_numpy()
    return table[same]


def _along(question: Question, points: pd.DataFrame, parameter: str) -> pd.DataFrame:
    """Return the points of every arm along a parameter, all else being at home, with a column `arm`."""
    parts = []
    for arm, home in question.arms.items():
        rest = {name: value for name, value in home.items() if name != parameter}
        parts.append(_where(points, rest).assign(arm=arm).sort_values(parameter))
    return pd.concat(parts, ignore_index=True)


def _levels(question: Question) -> dict[str, pd.DataFrame]:
    scenarios = {arm: question.scenario.replace(**home) for arm, home in question.arms.items()}
    return {arm: pd.DataFrame.from_dict(expected(scenario), orient="index") for arm, scenario in scenarios.items()}


def _curves(question: Question, parameter: str) -> pd.DataFrame:
    tried = [float(point[parameter]) for point in question.design.points]
    space = np.geomspace if plots.scale_of(tried) == "log" else np.linspace
    rows = []
    for arm, home in question.arms.items():
        for value in space(min(tried), max(tried), FINE).clip(min(tried), max(tried)):
            scenario = question.scenario.replace(**{**home, parameter: float(value)})
            rows += [
                {"arm": arm, "theory": name, parameter: value, **values} for name, values in expected(scenario).items()
            ]
    return pd.DataFrame(rows)


def _marks(question: Question, parameter: str) -> dict[str, float]:
    """Return where theory says that checking becomes dominant, if the arms agree on it."""
    scenarios = (question.scenario.replace(**home) for home in question.arms.values())
    found = {value for scenario in scenarios if (value := pay_threshold(scenario, parameter)) is not None}
    return {THRESHOLD: found.pop()} if len(found) == 1 else {}
