"""What theory expects of a scenario, by outcome, to be drawn over what was simulated; silent outside its conditions."""

from __future__ import annotations

from typing import NamedTuple

from model import theory
from model.core.options import Offence
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.theory.conditions import ConditionError
from model.theory.inspection import inspection_equilibrium
from model.theory.quantal import quantal_response

INSPECTION = {
    "verification": "rangers", "sanction": "slash", "opportunity": "constant", "price_process": "constant",
    "volume_volatility": 0, "storm_share": 0, "gain_insert": 0, "gain_censor": 0,
    "skill_dispersion": 0, "ranger_cost_dispersion": 0, "honest_share": 0, "byzantine_share": 0, "sybil_nodes": 0,
    "diligent_share": 0, "colluding_share": 0, "griefing_share": 0, "jail_epochs": 0, "expel": False,
    "clawback": 1, "correlation_penalty": 0, "number_of_delegators": 0, "entry_rate": 0,
    "exit_rate": 0, "restake_share": 0, "honest_fault_rate": 0, "trust_loss": 0, "app_exit_rate": 0, "volume_growth": 0,
    "consensus": "none", "handover_start": 0, "handover_end": 0, "sister_chains": 0, "hit_and_run_nodes": 0,
    "censor_fee": 0, "takeover_budget": 0,
}  # fmt: skip
"""Under these values an economy is an inspection game, repeated block by block: nothing else is to be won or lost, if
besides a check proves every reordering, ordering by the rules brings nothing, and nothing of it is sold."""

MIXED = "mixed equilibrium"
QUANTAL = "quantal response"
Lines = dict[str, dict[str, float]]
"""Name of a theory to what it expects, by outcome."""


class Game(NamedTuple):
    """An inspection game, in USD per block: temptation, fine, bounty, cost of a check and what it earns for sure."""

    gain: float
    loss: float
    bounty: float
    cost: float
    pay: float
    rangers: int
    sampling: float


def game_of(scenario: Scenario) -> Game | None:
    """Return the inspection game that a scenario is, if sequencers are equal and all else is off, or None."""
    plain = all(getattr(scenario, name) == value for name, value in INSPECTION.items())
    if not plain or len(set(scenario.stakes)) != 1 or scenario.number_of_rangers == 0:
        return None
    rules = rules_of(scenario)
    sold = rules.sold != 0.0 or scenario.selection == "auction"
    if sold or rules.evidence[Offence.REORDER] != 1.0 or rules.capture != 0.0:
        return None
    loss = scenario.enforcement * rules.slash[Offence.REORDER] * scenario.stakes[0] * scenario.token_price
    proven = scenario.reward_per_check if scenario.proof_of_check else 0.0
    return Game(
        gain=float(rules.gain[Offence.REORDER]) * theory.mean_opportunity(scenario),
        loss=loss,
        bounty=scenario.bounty_share * loss,
        cost=scenario.cost_per_check,
        pay=proven + scenario.trap_rate * scenario.trap_penalty,
        rangers=scenario.number_of_rangers,
        sampling=scenario.sampling_probability,
    )


def expected(scenario: Scenario) -> Lines:
    """Return what the inspection game's theories expect of a scenario; nothing if it is no such game.

    The mixed equilibrium is that of players who err never and know each other, the quantal response that of players
    who err as the scenario's do, if they choose by what they believe.
    """
    game = game_of(scenario)
    if game is None:
        return {}
    lines = {}
    for name, solve in ((MIXED, _mixed), (QUANTAL, _quantal)):
        try:
            deviating, checking = solve(game, scenario)
        except ConditionError:
            continue
        covered = float(theory.detection_probability(game.sampling, 1.0, game.rangers, checking))
        honest = 1.0 - deviating
        lines[name] = {
            "honesty_by_blocks": honest, "honesty_by_value": honest, "coverage": covered, "diligence": checking,
        }  # fmt: skip
    return lines


def pay_threshold(scenario: Scenario, name: str) -> float | None:
    """Return the value of a parameter at which what a check earns for sure is what it costs, None if it moves neither.

    From there on checking is dominant, and the dilemma gone: pay for proven checks, or the rate of tests times their
    penalty, against the cost of a check.
    """
    game = game_of(scenario)
    if game is None or game.pay == 0.0:
        return None
    if name == "cost_per_check":
        return game.pay
    if name in ("trap_rate", "trap_penalty") and not scenario.proof_of_check:
        other = scenario.trap_penalty if name == "trap_rate" else scenario.trap_rate
        return game.cost / other
    if name == "reward_per_check" and scenario.proof_of_check and scenario.trap_rate == 0:
        return game.cost
    return None


def _mixed(game: Game, scenario: Scenario) -> tuple[float, float]:
    """Return how often a sequencer deviates, and a Ranger checks what it is assigned, if nobody errs."""
    found = inspection_equilibrium(game.gain, game.loss, game.bounty, game.cost, game.rangers, game.pay)
    if game.pay < game.cost and found.checking <= game.sampling:
        return found.deviating, found.checking / game.sampling
    covered = float(theory.detection_probability(game.sampling, 1.0, game.rangers, 1.0))
    return float(game.gain * (1.0 - covered) > game.loss * covered), 1.0


def _quantal(game: Game, scenario: Scenario) -> tuple[float, float]:
    if scenario.learning != "belief":
        raise ConditionError(f"learning = {scenario.learning!r}: quantal response is what beliefs come to")
    return quantal_response(
        game.gain, game.loss, game.bounty, game.cost, scenario.sequencer_precision, scenario.ranger_precision,
        scenario.choice, game.rangers,
        sampling=game.sampling, pay=game.pay,
    )  # fmt: skip
