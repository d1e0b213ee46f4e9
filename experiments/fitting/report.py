"""A fit in a table, a figure and words: what was observed beside what the fitted market does, and how sure that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments import files
from experiments.fitting.market import STATISTICS, statistics
from experiments.fitting.search import RANGES, WITHIN, Fit
from experiments.plots import LINE, RESOLUTION, THEORY, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POOR = 4.0
"""Loss above which the fit is called poor: one of the four terms is off by two of its scales."""


def table(found: Fit) -> pd.DataFrame:
    """Return a row per statistic: observed, simulated (mean), and the standard deviation of a run."""
    runs = found.best.statistics
    return pd.DataFrame(
        {
            "statistic": [name.replace("_", " ") for name in STATISTICS],
            "observed": statistics(found.observed),
            "simulated": runs.mean(axis=0),
            "deviation": runs.std(axis=0, ddof=1),
        }
    )


def ranks(found: Fit) -> pd.DataFrame:
    """Return a row per rank: share of the stake, observed, and simulated: mean, and the 5 to 95 % band of runs."""
    low, high = np.quantile(found.ranks, [0.05, 0.95], axis=0)
    return pd.DataFrame(
        {
            "rank": np.arange(1, found.observed.size + 1),
            "observed": found.observed / found.observed.sum(),
            "simulated": found.ranks.mean(axis=0),
            "low": low,
            "high": high,
        }
    )


def trials(found: Fit) -> pd.DataFrame:
    """Return a row per trial: the free parameters, the loss, and whether the observed vector could be its run."""
    plausible = {id(trial) for trial in found.plausible()}
    rows = pd.DataFrame([trial.values for trial in found.trials], columns=list(found.free))
    return rows.assign(
        loss=[trial.loss for trial in found.trials], plausible=[id(trial) in plausible for trial in found.trials]
    )


def figure(shares: pd.DataFrame, title: str, caption: str) -> Figure:
    """Draw shares by rank, observed and simulated with the band of runs, and the Lorenz curves of both."""
    drawn = canvas(11.5, 5.2, title, caption)
    by_rank, lorenz = drawn.subplots(1, 2)
    seen = shares[shares["observed"] > 0]
    by_rank.fill_between(shares["rank"], shares["low"].clip(lower=1e-9), shares["high"], color=LINE, alpha=0.25,
                         linewidth=0, label="simulated, 5 to 95 % of runs")  # fmt: skip
    by_rank.plot(shares["rank"], shares["simulated"], color=LINE, label="simulated, mean of runs")
    by_rank.plot(seen["rank"], seen["observed"], "o", color=THEORY, markersize=3, label="observed")
    by_rank.set(xscale="log", yscale="log", xlabel="Rank of the sequencer", ylabel="Share of the stake")
    by_rank.set_ylim(seen["observed"].min() / 3, 1.5 * shares[["observed", "high"]].max().max())
    by_rank.legend(fontsize=8, loc="lower left")
    part = np.linspace(0, 1, len(shares) + 1)
    for name, style, colour in (("simulated", "-", LINE), ("observed", "--", THEORY)):
        lorenz.plot(
            part, np.concatenate([[0], shares[name].to_numpy()[::-1].cumsum()]), style, color=colour, label=name
        )
    lorenz.plot([0, 1], [0, 1], color="#777777", linewidth=0.8, label="all equal")
    lorenz.set(xlabel="Part of the sequencers, the smallest first", ylabel="Their share of the stake")
    lorenz.legend(fontsize=8, loc="upper left")
    return drawn


def write(found: Fit, source: str, folder: Path) -> list[Path]:
    """Write figure, tables and the fitted scenario into a folder, made if need be; return the paths."""
    files.prepare(folder)
    shares = ranks(found)
    told = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in _fitted(found))
    caption = (f"{source}: {found.observed.size} sequencers. {len(found.ranks)} runs of {found.epochs} epochs from "
               f"equal stakes; {told}.")  # fmt: skip
    drawn = figure(shares, "Does the delegation market end as concentrated as a real one?", caption)
    return [
        files.write(folder / "fit.png", lambda path: drawn.savefig(path, dpi=RESOLUTION)),
        files.write_table(folder / "fit.csv", table(found)),
        files.write_table(folder / "fit_ranks.csv", shares),
        files.write_table(folder / "fit_trials.csv", trials(found)),
        files.write_bytes(folder / "fitted.toml", as_toml(found, source).encode()),
    ]


def as_toml(found: Fit, source: str) -> str:
    """Return the fitted market as a file of which `Scenario.from_toml` makes it again: what was fitted comes first."""
    changed = {
        name: value for name, value in found.scenario.model_dump().items()
        if value != type(found.scenario).model_fields[name].default
    }  # fmt: skip
    fitted = [f"{name} = {value!r}" for name, value in _fitted(found)]
    rest = [f"{name} = {json.dumps(value)}" for name, value in changed.items() if name not in found.free]
    head = f"# Delegation market fitted to {source}."
    return "\n".join([head, *fitted, "", "# What else it takes: nothing but delegation.", *rest, ""])


def _fitted(found: Fit) -> list[tuple[str, float]]:
    return list(zip(found.free, found.best.values, strict=True))


def in_words(found: Fit) -> str:
    """Return the fitted values, how well they fit, and which others could have brought the same vector about."""
    from model.parameters import Scenario

    words = [
        f"{name} = {value:.3g} (default {Scenario.model_fields[name].default:g})" for name, value in _fitted(found)
    ]
    lines = [f"Best of {len(found.trials)} trials: {', '.join(words)}; loss {found.best.loss:.2g}."]
    alike = found.plausible()
    if found.best.loss > POOR:
        lines.append("That is a poor fit: on average no behaviour that was tried comes near"
                     f"{', though single runs do' if alike else ''}; see fit.csv for what differs.")  # fmt: skip
    for name, value in _fitted(found):
        low, high = RANGES[name]
        if min(value - low, high - value) < 0.02 * (high - low):
            lines.append(f"{name} is at the edge of what was tried, {low:g} to {high:g}: the optimum may lie beyond.")
    if not alike:
        return "\n".join([*lines, "At no trial could the observed vector be one of the runs."])
    for place, name in enumerate(found.free):
        values = [trial.values[place] for trial in alike]
        lines.append(f"{name}: from {min(values):.3g} to {max(values):.3g} there are {len(alike)} trials of which "
                     f"the observed vector could be a run (all within {WITHIN:g} deviations).")  # fmt: skip
    if {"brand_dispersion", "delegator_precision"} & set(found.free):
        lines.append("Brand counts times precision: stakes identify hardly more than the product of brand_dispersion "
                     "and delegator_precision; fit one and hold the other.")  # fmt: skip
    return "\n".join(lines)
