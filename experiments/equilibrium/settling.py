"""Whether what agents do has settled, drifts or goes round in a cycle; a certificate is only given of what has settled.

Looked at are policies, not their luck: whether Rangers check, what sequencers think they risk, the commissions they
ask. Replicates are pooled, so a cycle is told from noise although their phases differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, stdtrit

from model.core.hindsight import beliefs
from model.core.options import Conduct, Learning, Offence, Status, Verification
from model.core.recording import Snapshots

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-4
"""Probability that a policy without a cycle, or without a drift, is said to have one."""

MATERIAL = 0.05
"""Amplitude of a cycle, or drift between halves, that matters: a part of the policy's level; of commissions, of all."""

LEAST_LEVEL = 0.1
"""Level below which less of a movement does not matter, either."""

FEWEST_ROUNDS = 3
"""Rounds that the observed time must hold for a cycle to be told from a drift."""


DETECTION, COMMISSION = "detection that sequencers reckon with", "commission"


class Finding(NamedTuple):
    """What is found of a policy: `kind` is settled, drift or cycle; `level` its mean.

    `period` (epochs) and `amplitude` are those of the cycle, `drift` the mean of the later half less the earlier's.
    """

    policy: str
    kind: str
    level: float
    period: float
    amplitude: float
    drift: float

    def __str__(self) -> str:
        if self.kind == "cycle":
            return (
                f"{self.policy} goes round in {self.period:.0f} epochs by ±{self.amplitude:.2g} about {self.level:.2g}"
            )
        if self.kind == "drift":
            return f"{self.policy} still drifts: by {self.drift:+.2g} from {self.level:.2g}"
        return f"{self.policy} has settled at {self.level:.2g}"


def policies(rules: np.record, snapshots: Snapshots) -> dict[str, Floats]:
    """Return the mean policy of every role at each snapshot of the later half of a run, (T,)."""
    later = Snapshots(*(part[len(snapshots.epoch) // 2 :] for part in snapshots))
    nodes, rangers = later.sequencers, later.rangers
    rational = (nodes["status"] == Status.ACTIVE) & (nodes["conduct"] == Conduct.RATIONAL)
    name, stance = _stance(rules, later)
    found = {name: _mean(stance, rational), COMMISSION: _mean(nodes["commission"], rational)}
    if rules.verification == Verification.RANGERS:
        found["diligence"] = _mean(rangers["diligence"], rangers["status"] == Status.ACTIVE)
    return found


def findings(paths: Sequence[Mapping[str, Floats]]) -> list[Finding]:
    """Judge the policies of some replicates, of which there is a value for every epoch."""
    pooled = {name: np.array([path[name] for path in paths]) for name in paths[0]}
    pooled = {name: _filled(values) for name, values in pooled.items() if np.isfinite(values).any()}
    return [
        judged(name, values, MATERIAL * (1.0 if name == COMMISSION else max(float(values.mean()), LEAST_LEVEL)))
        for name, values in pooled.items()
    ]


def _stance(rules: np.record, snapshots: Snapshots) -> tuple[str, Floats]:
    """Return by what sequencers are held back, in words, and its value, (T, S)."""
    nodes = snapshots.sequencers
    if rules.learning not in (Learning.BELIEF, Learning.FIXED):
        return "share of sequencers' propensity to order by the rules", 1 - nodes["mix"].sum(axis=(2, 3))
    believed = np.zeros(nodes.shape)
    beliefs(snapshots, rules, int(Offence.REORDER), believed)
    return DETECTION, believed


def _mean(values: Floats, counts: NDArray[np.bool_]) -> Floats:
    total = counts.sum(axis=1)
    return np.divide((values * counts).sum(axis=1), total, out=np.full(total.shape, np.nan), where=total > 0)


def _filled(paths: Floats) -> Floats:
    """Return paths with the mean of what is known where nobody has the policy."""
    return np.where(np.isfinite(paths), paths, np.nanmean(paths))


def judged(policy: str, paths: Floats, material: float = MATERIAL) -> Finding:
    """Judge a policy from its paths in replicates, (R, T), a value for every epoch.

    A cycle is a peak of the mean periodogram above what red noise of the same autocorrelation leaves to chance, of
    material amplitude; a drift is a material difference between halves, alike in all replicates.
    """
    level = float(paths.mean())
    period, amplitude = _cycle(paths)
    halves = np.array_split(paths, 2, axis=1)
    moved = halves[1].mean(axis=1) - halves[0].mean(axis=1)
    drift = float(moved.mean())
    kind = "settled"
    if amplitude > material:
        kind = "cycle"
    elif abs(drift) > material and abs(drift) > _noise(moved):
        kind = "drift"
    return Finding(policy, kind, level, period, amplitude, drift)


def _noise(values: Floats) -> float:
    """Return how far the mean of some values strays by chance, but for a false alarm."""
    if values.size < 2:
        return np.inf
    return float(stdtrit(values.size - 1, 1 - FALSE_ALARM / 2) * values.std(ddof=1) / np.sqrt(values.size))


def _cycle(paths: Floats) -> tuple[float, float]:
    """Return the period (epochs) and the amplitude of the cycle in paths (R, T); nan and 0 if there is none."""
    replicates, size = paths.shape
    around = paths - paths.mean(axis=1, keepdims=True)
    variance = float((around**2).mean())
    if size < 4 * (FEWEST_ROUNDS + 1) or variance <= 1e-18 * max(1.0, float(paths.mean()) ** 2):
        return np.nan, 0.0
    power = 2 * (np.abs(np.fft.rfft(around, axis=1)) ** 2).mean(axis=0) / size**2
    if size % 2 == 0:
        power[-1] /= 2
    frequency = np.fft.rfftfreq(size)
    memory = float(np.clip((around[:, 1:] * around[:, :-1]).mean() / variance, 0.0, 0.999))
    red = (1 - memory**2) / (1 + memory**2 - 2 * memory * np.cos(2 * np.pi * frequency))
    red *= variance / red[1:].sum()
    places = np.arange(FEWEST_ROUNDS, power.size)
    peak = places[np.argmax(power[places] / red[places])]
    # The fastest frequency of an even number of values has no phase, and so half as many degrees of freedom.
    freedom = replicates / 2 if size % 2 == 0 and peak == power.size - 1 else replicates
    chance = gammaincc(freedom, freedom * power[peak] / red[peak]) * places.size
    if chance > FALSE_ALARM:
        return np.nan, 0.0
    band = slice(max(1, int(0.7 * peak)), int(1.4 * peak) + 2)
    return 1.0 / frequency[peak], float(np.sqrt(2 * power[band].sum()))
