"""The part of a payoff that was luck: what chance brought beyond its mean, given what was known before.

A conviction is rare and dear, a fat opportunity rarer still, and blocks are dealt in long spans: the mean of a hundred
runs says little of any of them. But what each draw comes to on average is known (`model.core.expectation`), and the
difference times anything that was known before has mean zero, so a payoff less these differences has the same mean and
much less variance: a martingale control variate (Henderson & Glynn 2002, doi:10.1287/moor.27.2.253.329). The weights
below are about what each draw is worth, all known before it; were they wrong, the certificate would be less precise,
not biased. What is left of chance are its consequences: less stake, epochs in jail, who comes and goes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.equilibrium.world import World
from model.core.expectation import TURN, expected_turns
from model.core.hindsight import detections, lawful_parts
from model.core.options import OFFENCES, Conduct, Offence, RewardRule, Status
from model.core.penalty import takes_stake
from model.core.recording import Snapshots

Floats = NDArray[np.float64]
NODES, WEIGHTS = 0.5 * np.array(np.polynomial.legendre.leggauss(16)) + np.array([[0.5], [0.0]])
"""Of a quadrature on the unit interval that is exact for up to 32 Rangers."""


class Luck:
    """The luck in a run of a world of which there is a snapshot of every epoch; T epochs, O offences."""

    def __init__(self, world: World, rules: np.record, seen: Snapshots) -> None:
        """Look at a run under some rules."""
        self._rules, self._shape, self._seen = rules, world.shape, seen
        self._epochs = len(seen.epoch) - 1
        self._before, self._after = seen.sequencers[:-1], seen.sequencers[1:]
        self._price = seen.market["price"][1:]
        self._turns: dict[int, np.recarray] = {}
        self._chances: dict[int, tuple[Floats, Floats]] = {}
        self._lawful: dict[int, tuple[Floats, Floats]] = {}

    def of_sequencer(self, i: int) -> float:
        """Return what chance brought sequencer i (USD): blocks dealt, value stolen, honest value, convictions."""
        rules, rows, turns, cost = self._rules, self._after[:, i], self._turn(i), self._conviction_cost(i)
        gain = rules.gain * rows["skill"][0]
        mean = self._seen.market["mean_opportunity"][1:]
        stolen = rows["stolen"] - turns["stolen"]
        # Every honest block is worth the mean, but for what is tempting, which an offence takes.
        honest = rows["honest_value"] - mean * (rows["made"] - rows["offences"].sum(axis=1))
        honest -= mean * turns["offences"].sum(axis=1) - turns["stolen"].sum(axis=1)
        convicted = (rows["convicted"] - turns["convicted"]) * cost
        a_turn = turns["stolen"] @ gain - (turns["convicted"] * cost).sum(axis=1)
        dealt = (rows["assigned"] - rows["due"]) * (self._margin(i) + _before(a_turn / (rows["assigned"] + 1.0)))
        earned = (stolen @ gain).sum() + self._parts(i)[1] @ honest
        return float(earned - convicted.sum() + dealt.sum())

    def of_pool(self, i: int) -> Floats:
        """Return what chance brought the pool of sequencer i in each epoch (tokens): blocks dealt, convictions."""
        before, rules = self._before[:, i], self._rules
        emitted = self._emission() * _ratio(before["pool"], before["self_stake"] + before["pool"])
        dealt = (self._after["assigned"][:, i] - self._after["due"][:, i]) * emitted * (1 - before["commission"])
        return dealt - (self._convictions(i) @ rules.slash) * before["pool"]

    def of_ranger(self, k: int) -> float:
        """Return what chance brought Ranger k (USD): convictions, who had reported them, and what it accused."""
        rules = self._rules
        if not takes_stake(rules):
            return 0.0
        accused = self._of_accuser(k) if self._seen.rangers["conduct"][0, k] == Conduct.GRIEFING else 0.0
        total, zero = 0.0, np.zeros(self._epochs)
        expected, detected, pots = zero, zero, zero
        for i in map(int, np.flatnonzero((self._after["assigned"] > 0).any(axis=0))):
            reports, share = self._reports(i, k)
            pot = self._pot(i)
            total += ((self._convictions(i) * reports * share) @ rules.slash) @ pot
            expected = expected + (self._after["detected"][:, i] * reports).sum(axis=1)
            detected = detected + self._after["detected"][:, i].sum(axis=1)
            pots = pots + (self._after["convicted"][:, i] * share) @ rules.slash * pot
        reported = self._seen.rangers["reported"][1:, k] - expected
        return accused + float(rules.bounty_share * (total + reported @ _ratio(pots, detected)))

    def _of_accuser(self, k: int) -> float:
        """Return what chance brought Ranger k (USD) in false accusations: how many there were, and how many held."""
        rules, seen, before = self._rules, self._seen, self._seen.rangers[:-1]
        griefing = (before["conduct"] == Conduct.GRIEFING) & (before["status"] == Status.ACTIVE)
        made = np.diff(seen.totals["accusations"])
        faults = np.diff(seen.totals["faults"]) if rules.honest_fault_slash > 0 else 0.0
        upheld = np.diff(seen.totals["wrongful"]) - faults
        active = self._before["status"] == Status.ACTIVE
        stake = _ratio(((self._before["self_stake"] + self._before["pool"]) * active).sum(axis=1), active.sum(axis=1))
        win = rules.bounty_share * rules.slash[Offence.REORDER] * stake * self._price
        loss = rules.false_accusation_slash * before["bond"][:, k] * self._price
        mean = rules.wrongful_conviction * win - (1 - rules.wrongful_conviction) * loss
        luck = (upheld - rules.wrongful_conviction * made) * (win + loss)
        luck += (made - rules.accusation_rate * griefing.sum(axis=1)) * mean
        return float((luck * griefing[:, k] / np.maximum(griefing.sum(axis=1), 1)).sum())

    def _turn(self, i: int) -> np.recarray:
        if i not in self._turns:
            self._turns[i] = np.zeros(self._epochs, TURN).view(np.recarray)
            expected_turns(self._seen, self._rules, self._shape, i, self._detections(i)[0], self._turns[i])
        return self._turns[i]

    def _convictions(self, i: int) -> Floats:
        """Return the convictions of sequencer i beyond their mean, (T, O)."""
        return np.asarray(self._after["convicted"][:, i] - self._turn(i)["convicted"], float)

    def _conviction_cost(self, i: int) -> Floats:
        """Return about what a conviction costs sequencer i (USD): slash, and income until it is back, (T, O)."""
        rules, before, left = self._rules, self._before[:, i], np.arange(self._epochs)[::-1, None]
        kept = np.multiply.outer(before["self_stake"], 1 - rules.slash)
        refilled = kept + (before["wallet"][:, None] if rules.top_up else 0.0)
        removed = (refilled < rules.min_stake) | bool(rules.expel)
        away = np.where(removed, left, np.minimum(left, rules.jail_epochs))
        lost = np.maximum(before["income_average"], 0.0)[:, None] * away
        return np.multiply.outer(before["self_stake"] * self._price, rules.slash) + lost

    def _margin(self, i: int) -> Floats:
        """Return about what a block ordered by the rules brings sequencer i (USD), (T,)."""
        market, (own, capture) = self._seen.market, self._parts(i)
        fees = market["net_fee"][:-1] + capture * market["mean_opportunity"][1:]
        fees = fees - self._after["payment"][:, i]
        return np.asarray(self._emission() * own * self._price + fees, float)

    def _parts(self, i: int) -> tuple[Floats, Floats]:
        """Return the parts of an honest block that sequencer i has: emission, opportunity, (T,) each; known before."""
        if i not in self._lawful:
            self._lawful[i] = np.zeros(self._epochs), np.zeros(self._epochs)
            lawful_parts(self._seen, self._rules, i, *self._lawful[i])
        return self._lawful[i]

    def _emission(self) -> Floats:
        """Return the tokens emitted for a block, (T,)."""
        per_block = self._rules.reward_per_block if self._rules.reward_rule == RewardRule.PER_BLOCK else 0.0
        return np.asarray(per_block * self._seen.market["pay_scale"][:-1], float)

    def _pot(self, i: int) -> Floats:
        """Return what sequencer i and its pool have at stake (USD), (T,)."""
        return np.asarray((self._before["self_stake"][:, i] + self._before["pool"][:, i]) * self._price, float)

    def _detections(self, i: int) -> tuple[Floats, Floats]:
        """Return the chance that an offence of sequencer i is found out, (T, O), and by each Ranger, (T, O, K)."""
        if i not in self._chances:
            found = np.zeros((self._epochs, OFFENCES))
            reports = np.zeros((*found.shape, self._seen.rangers.shape[1]))
            detections(self._seen, self._rules, i, found, reports)
            self._chances[i] = found, reports
        return self._chances[i]

    def _reports(self, i: int, k: int) -> tuple[Floats, Floats]:
        """Return the chance that Ranger k is among those who report an offence of i, and its mean share then, (T, O).

        Each reports with a chance f of its own. The mean of 1 / (1 + others) is the integral of prod(1 - f_j (1 - x))
        over x from 0 to 1.
        """
        found, reports = self._detections(i)
        missed = 1 - np.multiply.outer(1 - NODES, np.delete(reports, k, axis=2))
        return _ratio(reports[:, :, k], found), np.tensordot(WEIGHTS, missed.prod(axis=3), 1)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)


def _before(path: Floats) -> Floats:
    """Return what a path was an epoch earlier, zero at first."""
    return np.append(0.0, path[:-1])
