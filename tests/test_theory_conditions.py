"""Outside its conditions a closed form says which one, the value, and what to do; every condition is violated once."""

import ast
import importlib
import math
import re
from pathlib import Path

import numpy as np
import pytest

from model import theory
from model.parameters import Scenario
from model.simulation import Engine

GAME = {"gain": 500.0, "loss": 2000.0, "bounty": 600.0, "cost": 10.0}
CHOICE = {**GAME, "sequencer_precision": 0.002, "ranger_precision": 0.2}
REPEATED = {"detection": 0.1, "loss": 2000.0, "reward": 10.0, "discount": 0.9}
ENTRY = {"reward": 1000.0, "cost": 10.0, "opportunity_rate": 2e-4, "stake": 2e4}
POOLS = {"stakes": np.full(4, 0.25), "costs": np.full(4, 0.01), "pools": 3, "pledge_influence": 0.3}
GRAPH = {"stakes": [0.6, 0.4], "profits": [0.1], "thresholds": [0.5], "secures": [[True], [True]]}
PROOF = {"cost": 1.0, "collusion": 0.1, "reward": 1.0, "slash": 100.0}
MIXERS = {
    "reward": 10.0, "stake": 2000.0, "value": 2500.0, "bounty": 600.0, "cost": 10.0, "validators": 5, "mixers": 2,
}  # fmt: skip

CASES = [
    # a valid call, then, for each quantity that the error names, arguments that violate its condition
    ("deterred_gain", {"detection": 0.1, "loss": 1.0, "reward": 1.0, "returned": 0.5},
     {"detection": {"detection": 1.1}, "loss": {"loss": -1.0}, "reward": {"reward": -1.0},
      "returned": {"returned": 2.0}}),
    ("required_detection", {"gain": 5.0, "loss": 10.0, "reward": 1.0},
     {"gain": {"gain": 0.0}, "loss": {"loss": -1.0}, "reward": {"reward": -1.0}, "returned": {"returned": -0.1}}),
    ("required_detection", {"gain": 5.0, "loss": 10.0, "reward": 1.0}, {"gain": {"gain": 50.0, "returned": 0.0}}),
    ("required_sampling", {"gain": 5.0, "loss": 10.0, "reward": 1.0, "rangers": 3}, {"rangers": {"rangers": 2.5}}),
    ("required_stake", {"gain": 5.0, "detection": 0.1, "slash": 0.1, "reward": 1.0},
     {"gain": {"gain": 0.0}, "slash": {"slash": 0.0}, "reward": {"reward": -1.0}, "detection": {"detection": -0.1}}),
    ("required_stake", {"gain": 5.0, "detection": 0.1, "slash": 0.1, "reward": 1.0}, {"slash": {"slash": 1.5}}),
    ("deterred_gain_repeated", REPEATED,
     {"discount": {"discount": 1.0}, "loss": {"loss": -1.0}, "reward": {"reward": math.nan}, "blocks": {"blocks": 0}}),
    ("deterred_gain_before_exit", {**REPEATED, "blocks": 3},
     {"discount": {"discount": 1.0, "blocks": math.inf}, "detection": {"detection": 2.0}, "blocks": {"blocks": 1.5}}),
    ("random_gain", {**REPEATED, "mean_gain": 100.0},
     {"detection": {"detection": 1.0}, "discount": {"discount": 1.0}, "mean_gain": {"mean_gain": 0.0}}),
    ("required_unbonding", {"detection": 0.5, "required": 0.2, "hazard": 0.01},
     {"detection": {"detection": 1.5}, "required": {"required": 0.0}, "hazard": {"hazard": 0.0}}),
    ("required_unbonding", {"detection": 0.5, "required": 0.2, "hazard": 0.01}, {"hazard": {"hazard": 1.0}}),
    ("expected_checks", {"gain": 5.0, "loss": 5.0, "rangers": 3},
     {"gain": {"gain": 0.0}, "loss": {"loss": math.inf}, "rangers": {"rangers": 0}}),
    ("bounty_per_checker", {"bounty": 5.0, "checking": 0.5, "rangers": 3},
     {"bounty": {"bounty": -1.0}, "checking": {"checking": 1.5}, "rangers": {"rangers": 0}}),
    ("inspection_equilibrium", {**GAME, "rangers": 3},
     {"gain": {"gain": 0.0}, "loss": {"loss": 0.0}, "cost": {"cost": 0.0}, "bounty": {"bounty": -1.0},
      "pay": {"pay": -1.0}, "harm": {"harm": -1.0}, "rangers": {"rangers": 0.5}, "cost - pay": {"bounty": 9.0}}),
    ("asymmetric_equilibrium", {**GAME, "rangers": 3, "mixers": 2},
     {"mixers": {"mixers": 4}, "rangers": {"rangers": 0}}),
    ("outsider_gain", {**GAME, "rangers": 3, "mixers": 2}, {"mixers": {"mixers": 3}}),
    ("exogenous_checking", {"deviating": 0.1, "bounty": 600.0, "cost": 10.0, "pay": 0.0, "rangers": 3},
     {"deviating": {"deviating": 1.1}, "bounty": {"bounty": -1.0}, "cost": {"cost": -1.0}, "pay": {"pay": -1.0},
      "rangers": {"rangers": 0}}),
    ("volunteers_dilemma", {"cost": 10.0, "harm": 50.0, "players": 3},
     {"cost": {"cost": 50.0}, "harm": {"harm": 0.0}, "players": {"players": 1}}),
    ("failure_probability", {"checkers": 3, "gain": 500.0, "loss": 2000.0, "bounty_share": 0.3, "cost": 10.0},
     {"cost": {"cost": 600.0}, "bounty_share": {"bounty_share": 0.0}, "gain": {"gain": 0.0},
      "checkers": {"checkers": 0}}),
    ("required_test_rate", {"cost": 10.0, "penalty": 1000.0}, {"cost": {"cost": 0.0}, "penalty": {"penalty": 9.0}}),
    ("tested_deviation", {"deviating": 0.1, "rate": 0.1, "penalty": 10.0, "cost": 10.0},
     {"deviating": {"deviating": 2.0}, "rate": {"rate": 2.0}, "penalty": {"penalty": -1.0}, "cost": {"cost": 0.0}}),
    ("required_pay_budget", {"gain": 5.0, "loss": 5.0, "cost": 1.0, "rangers": 3}, {"cost": {"cost": 0.0}}),
    ("willingness", {"benefit": 1.0, "cost": 1.0, "precision": 1.0},
     {"benefit": {"benefit": -1.0}, "cost": {"cost": -1.0}, "precision": {"precision": 0.0},
      "choice": {"choice": "best_response"}}),
    ("quantal_response", CHOICE,
     {"gain": {"gain": 0.0}, "loss": {"loss": 0.0}, "cost": {"cost": 0.0}, "sampling": {"sampling": 0.0},
      "bounty": {"bounty": -1.0}, "pay": {"pay": -1.0}, "returned": {"returned": 2.0}, "rangers": {"rangers": 0}}),
    ("quantal_response", {**CHOICE, "choice": "luce"}, {"bounty": {"bounty": 0.0}, "sampling": {"sampling": 1.5}}),
    ("stability", CHOICE, {"gain": {"gain": 0.0}, "precision": {"ranger_precision": 0.0}}),
    ("largest_revision", {"omega_squared": 1.0, "sharing": 0.0},
     {"omega_squared": {"omega_squared": -1.0}, "sharing": {"sharing": -1.0}}),
    ("imitated_share", {"share": 0.2, "advantage": 1.0, "precision": 1.0, "revising": 0.5, "rounds": 3},
     {"share": {"share": 1.1}, "precision": {"precision": 0.0}, "revising": {"revising": -0.1},
      "rounds": {"rounds": 1.5}}),
    ("replicator_period", GAME, {"cost - pay": {"bounty": 9.0}}),
    ("replicator_invariant", {"deviating": 0.1, "checking": 0.1, **GAME},
     {"deviating": {"deviating": -0.1}, "checking": {"checking": 1.1}, "gain": {"gain": 0.0}, "loss": {"loss": 0.0},
      "cost": {"bounty": 9.0}}),
    ("attraction_precision", {"precision": 1.0, "memory": 0.9, "accumulation": 0.5},
     {"precision": {"precision": -1.0}, "memory": {"memory": 1.0}, "accumulation": {"accumulation": 1.5}}),
    ("attraction_is_stable", {"omega_squared": 1.0, "memory": 0.9},
     {"omega_squared": {"omega_squared": -1.0}, "memory": {"memory": 1.0}}),
    ("pro_rata_shares", {"precision": 1.0, "rate": 0.1, "commissions": [0.1, 0.2]},
     {"precision": {"precision": -1.0}, "rate": {"rate": -0.1}, "commissions": {"commissions": [0.1, 1.2]}}),
    ("rotation_shares", {"precision": 1.0, "reward": 0.1, "stake": 1.0, "commissions": [0.1, 0.2]},
     {"precision": {"precision": -1.0}, "reward": {"reward": -0.1}, "stake": {"stake": 0.0},
      "commissions": {"commissions": [-0.1, 0.2]}}),
    ("nash_commission", {"sequencers": 2, "precision": 10.0, "rate": 0.1},
     {"sequencers": {"sequencers": 1}, "precision": {"precision": 0.0}, "rate": {"rate": 0.0}}),
    ("stake_pools", POOLS,
     {"stakes": {"pools": 4 - 1, "stakes": np.array([0.4, 0.2, 0.2, 0.2])}, "costs": {"costs": np.full(4, -0.1)},
      "pledge_influence": {"pledge_influence": -1.0}, "pools": {"pools": 4},
      "sum of stakes": {"stakes": np.full(4, 0.2)}, "potential profit of player k + 1": {"costs": np.full(4, 0.5)}}),
    ("free_entry_own_stake", ENTRY,
     {"reward": {"reward": 0.0}, "stake": {"stake": 0.0}, "cost": {"cost": -1.0},
      "opportunity_rate": {"opportunity_rate": -1.0},
      "cost + opportunity_rate stake": {"cost": 0.0, "opportunity_rate": 0.0}}),
    ("free_entry_delegated", {**ENTRY, "delegated": 1e6, "commission": 0.1},
     {"reward": {"reward": 0.0}, "delegated": {"delegated": -1.0}, "commission": {"commission": 1.1}}),
    ("free_entry_elastic", {**ENTRY, "commission": 0.1, "delegators_rate": 2e-4},
     {"delegators_rate": {"delegators_rate": 0.0}, "commission": {"commission": 1.0}, "cost": {"cost": -1.0},
      "cost + (opportunity_rate - delegators_rate) stake": {"delegators_rate": 1e-3}}),
    ("share_variance", {"share": 0.3, "blocks": 10, "ratio": 10.0},
     {"share": {"share": 1.3}, "blocks": {"blocks": -1}, "ratio": {"ratio": 0.0}}),
    ("limiting_share", {"shares": [0.3, 0.7], "ratio": 10.0},
     {"shares": {"shares": [0.0, 1.0]}, "ratio": {"ratio": 0.0}, "sum of shares": {"shares": [0.3, 0.3]}}),
    ("expected_herfindahl", {"initial": 0.5, "dilution": [0.1]},
     {"initial": {"initial": 1.5}, "dilution": {"dilution": [0.1, -0.1]}}),
    ("constant_equitability", {"growth": 1.0, "blocks": 10}, {"growth": {"growth": -1.0}, "blocks": {"blocks": 0}}),
    ("geometric_equitability", {"growth": 1.0, "blocks": 10}, {"growth": {"growth": -1.0}, "blocks": {"blocks": 0}}),
    ("halving_blocks", {"inflation": 0.1}, {"inflation": {"inflation": 0.0}}),
    ("shock_bound", {"shock": 0.1, "slack": 0.1}, {"shock": {"shock": 1.1}, "slack": {"slack": 0.0}}),
    ("local_slack", GRAPH,
     {"stakes": {"stakes": [0.6, 0.0]}, "thresholds": {"thresholds": [1.5]}, "profits": {"profits": [-0.1]},
      "shape of secures": {"secures": [[True]]}, "stake behind a service": {"secures": [[False], [False]]}}),
    ("is_overcollateralised", GRAPH, {"slack": {"slack": -1.0}}),
    ("cascade_bound", {"shock": 0.1, "slack": 0.1, "smallest": 0.01},
     {"shock": {"shock": 0.0}, "slack": {"slack": 0.0}, "smallest": {"smallest": 1.1}, "depth": {"depth": 0}}),
    ("cost_of_corruption", {"stake": 1e6, "threshold": 0.5, "slash": 0.1},
     {"stake": {"stake": -1.0}, "threshold": {"threshold": 1.1}, "slash": {"slash": 1.1}}),
    ("proof_of_sampling", PROOF,
     {"cost": {"cost": 0.0}, "collusion": {"collusion": 1.1}, "reward": {"reward": -1.0},
      "slash": {"slash": 0.0, "reward": 0.0}, "gain": {"gain": -1.0}}),
    ("proof_of_diligence", {"cost": 1.0, "finding": 0.1}, {"cost": {"cost": 0.0}, "finding": {"finding": 1.1}}),
    ("required_altruism", {"gain": 1.0, "loss": 1.0}, {"gain": {"gain": 0.0}, "loss": {"loss": 0.0}}),
    ("single_bounty", {"validators": 2, "highest": 10.0, "cost": 1.0},
     {"validators": {"validators": 1}, "highest": {"highest": 0.0}, "cost": {"cost": 0.0}}),
    ("mixers_equilibrium", MIXERS,
     {"stake": {"stake": 0.0}, "bounty": {"bounty": 0.0}, "cost": {"cost": 600.0}, "reward": {"reward": -1.0},
      "fine": {"fine": -1.0}, "pay": {"pay": -1.0}, "validators": {"validators": 0}, "mixers": {"mixers": 6},
      "value": {"value": 10.0}}),
    ("frechet_auction", {"strengths": [1.0, 2.0], "precision": 3.0},
     {"strengths": {"strengths": [1.0, -1.0]}, "highest strength": {"strengths": [0.0]},
      "precision": {"precision": 1.0}}),
    ("tipping_precision", {"builders": 10, "exclusive": 0.6},
     {"builders": {"builders": 1}, "exclusive": {"exclusive": 0.0}}),
    ("gini_pareto", {"index": 2.0}, {"index": {"index": 1.0}}),
    ("theil_pareto", {"index": 2.0}, {"index": {"index": 0.5}}),
    ("gini_lognormal", {"sigma": 1.0}, {"sigma": {"sigma": 0.0}}),
    ("theil_lognormal", {"sigma": 1.0}, {"sigma": {"sigma": -1.0}}),
]  # fmt: skip
VIOLATIONS = [(name, valid, quantity, broken) for name, valid, cases in CASES for quantity, broken in cases.items()]
PACKAGE = Path(theory.__file__).parent


@pytest.mark.parametrize(("name", "valid"), [(name, valid) for name, valid, _ in CASES])
def test_within_its_conditions_it_answers(name, valid):
    assert getattr(theory, name)(**valid) is not None


@pytest.mark.parametrize(("name", "valid", "quantity", "broken"), VIOLATIONS)
def test_outside_a_condition_it_names_quantity_value_and_what_to_do(name, valid, quantity, broken):
    with pytest.raises(theory.ConditionError, match=rf"^{re.escape(quantity)} = \S.*: \w{{2,}}.*") as raised:
        getattr(theory, name)(**{**valid, **broken})
    assert "\n" not in str(raised.value)


def conditions_in(module):
    """The names of all quantities that a module of the package makes conditions on."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        if call.func.id.startswith("require_"):
            yield from (keyword.arg for keyword in call.keywords if keyword.arg != "least")
        elif call.func.id == "require" and isinstance(call.args[1], ast.Constant):
            yield call.args[1].value


@pytest.mark.parametrize(
    "module", [path.stem for path in PACKAGE.glob("*.py") if path.stem not in ("__init__", "conditions", "prediction")]
)
def test_every_condition_is_violated_above(module):
    own = vars(importlib.import_module(f"model.theory.{module}"))
    home = {name for name, value in own.items() if getattr(value, "__module__", "") == f"model.theory.{module}"}
    violated = {quantity for name, _, quantity, _ in VIOLATIONS if name in home}
    assert set(conditions_in(module)) <= violated


def test_the_first_value_that_fails_is_shown():
    with pytest.raises(theory.ConditionError, match="^share = -0.25: give a share from 0 to 1$"):
        theory.share_variance(np.array([0.1, -0.25, -3.0]), 10, 10.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verification", "none"),
        ("sanction", "none"),
        ("choice", "logit"),
        ("learning", "imitation"),
        ("storm_share", 0.1),
        ("honest_share", 0.1),
        ("byzantine_share", 0.5),
        ("selection", "auction"),
        ("revenue", "auction_to_proposer"),
        ("proof_system", "fault"),
        ("consensus", "bft_linear"),
        ("shards", 2),
        ("handover_start", 10),
        ("handover_end", 10),
        ("hit_and_run_nodes", 1),
        ("bribe", 5.0),
    ],  # fmt: skip
)
def test_a_scenario_outside_the_conditions_of_a_prediction_is_named(name, value):
    with pytest.raises(theory.ConditionError, match=f"^{name} = .*the closed form of deterrence needs"):
        theory.honesty_by_value(Scenario(**{name: value}))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("consensus", {"consensus": "bft_quadratic"}),
        ("selection", {"selection": "auction"}),
        ("revenue", {"revenue": "auction_to_proposer"}),
        ("services", {"sanction": "restaked_slash", "services": 5}),
    ],
)
def test_what_the_closed_form_of_income_leaves_out_is_named(name, changes):
    with pytest.raises(theory.ConditionError, match=f"^{name} = "):
        theory.expected_income(Scenario(**changes), 0.1, 1e5)


def test_a_mean_opportunity_is_that_of_the_engine_or_refused():
    """Agreement takes time, and users answer latency: the engine starts with 4.7 USD where there would be 8.0."""
    busy = Scenario(blocks_per_epoch=50, daily_volume_usd=1e6, latency_loss=0.05)
    slow = busy.replace(consensus="bft_quadratic", message_time=0.1)
    assert theory.mean_opportunity(busy) == pytest.approx(Engine(busy, 1).state.market.mean_opportunity)
    assert Engine(slow, 1).state.market.mean_opportunity < 0.6 * theory.mean_opportunity(busy)
    with pytest.raises(theory.ConditionError, match="^consensus = 'bft_quadratic'"):
        theory.mean_opportunity(slow)


def test_all_public_functions_are_listed():
    """Whatever a module of the package defines without underscore can be had from the package."""
    for path in PACKAGE.glob("*.py"):
        if path.stem not in ("__init__", "conditions"):
            names = [node.name for node in ast.parse(path.read_text()).body if hasattr(node, "name")]
            assert {name for name in names if not name.startswith("_")} <= set(theory.__all__)
    assert all(hasattr(theory, name) for name in theory.__all__)


def test_the_page_lists_every_closed_form():
    page = (PACKAGE.parents[1] / "docs" / "theory.md").read_text(encoding="utf-8")
    functions = {name for name in theory.__all__ if name.islower()}
    assert functions <= set(re.findall(r"`(\w+)`", page))
