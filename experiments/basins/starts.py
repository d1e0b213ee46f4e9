"""Economies that start from beliefs of their own, and economies whose rules change while they go on."""

from __future__ import annotations

from experiments.errors import ExperimentError
from experiments.ranges import declaration
from model.core.learning import choose_diligence
from model.core.opportunity import new_shape
from model.core.options import Offence
from model.core.recording import new_snapshots
from model.core.reinforcement import begin as begin_policies
from model.history import History
from model.parameters import Scenario
from model.parameters.rules import rules_of
from model.population import populate
from model.simulation import Engine

HONEST, DISHONEST = "honest beliefs", "dishonest beliefs"
STARTS = (HONEST, DISHONEST)

TRIALS = 1_000.0
"""Weight of the evidence that beliefs start from, in trials: fifty times the prior's, and forgotten like any other."""

SIZES = (
    "number_of_sequencers", "possible_sequencers", "number_of_delegators", "number_of_rangers", "possible_rangers",
    "number_of_apps", "number_of_builders", "services", "sister_chains", "exit_delay", "slash_delay", "watch_delay",
    "correlation_window",
)  # fmt: skip
"""Parameters that say how large the state is."""

OPENING = (
    "token_price", "token_supply", "reserve", "stake_index", "honest_share", "diligent_share", "delegated_wealth",
    "wealth_gini", "initial_delegation", "commission_low", "commission_high", "byzantine_share", "sybil_nodes",
    "colluding_share", "bribery_budget", "griefing_share", "censor_budget", "hit_and_run_nodes", "takeover_budget",
    "incumbent_nodes", "builder_dispersion", "service_overlap", "big_member_share",
)  # fmt: skip
"""Parameters that say how an economy opens and nothing after."""

TRAITS = {
    "sequencers": ("client", "skill", "cost", "downtime", "brand"),
    "rangers": ("cost",),
    "delegators": ("risk_aversion",),
    "apps": ("tolerance",),
}
"""What agents are born with and keep: drawn from parameters once, so it is drawn again when these change."""


def begin(scenario: Scenario, seed: int, start: str, trials: float = TRIALS) -> Engine:
    """Return an economy before its first epoch whose agents hold evidence of so many trials.

    Honest beliefs: sequencers have always been caught, and Rangers have never found anything. Dishonest beliefs: they
    never were, and every check found an offence. Who is reinforced starts from what is attractive under these beliefs;
    who imitates, from the policy that follows: never to offend and never to check, or always. With no trials both are
    the economy as it is.
    """
    engine = Engine(scenario, seed)
    if trials > 0.0:
        persuade = _tell if scenario.learning == "imitation" else _show
        persuade(engine, start == HONEST, trials)
    return engine


def _tell(engine: Engine, honest: bool, trials: float) -> None:
    """Give everybody the policy that all others have."""
    nodes, rangers = engine.state.sequencers, engine.state.rangers
    nodes.mix[:] = 0.0
    nodes.mix[:, Offence.REORDER, 0] = 0.0 if honest else 1.0
    rangers.diligence[:] = 0.0 if honest else 1.0


def _show(engine: Engine, honest: bool, trials: float) -> None:
    """Give everybody the same evidence, and let them draw their conclusions."""
    nodes, rangers = engine.state.sequencers, engine.state.rangers
    (nodes.caught if honest else nodes.uncaught)[:] = trials
    rangers.checks[:] = trials
    rangers.found[:] = 0.0 if honest else trials
    rangers.diligence[:] = 0.0
    rangers.experience[:] = 0.0
    choose_diligence(nodes, rangers, engine.rules, engine.state.market)
    if engine.scenario.learning == "reinforcement":
        begin_policies(engine.state, engine.rules)
        for evidence in (nodes.caught, nodes.uncaught, rangers.checks, rangers.found):
            evidence[:] = 0.0


def adopt(engine: Engine, scenario: Scenario) -> None:
    """Let an economy go on under other rules, with all it has and believes; only inborn traits are drawn again.

    The same luck gives agents the same place among the new traits. Sizes and what opens an economy must not differ.
    """
    engine.scenario, engine.rules = scenario, rules_of(scenario)
    engine.shape = new_shape(engine.rules)
    born = populate(scenario, engine.seed, engine.rules)
    engine.state.attackers.active = born.attackers.active
    for group, names in TRAITS.items():
        for name in names:
            getattr(engine.state, group)[name] = getattr(born, group)[name]


def watch(engine: Engine, epochs: int, record_every: int) -> History:
    """Run an economy on and return its history from where it was."""
    first, last = engine.epoch, engine.epoch + epochs
    snapshots = new_snapshots(engine.state, [*range(first, last, record_every), last])
    engine.advance(epochs, snapshots)
    return History(engine.scenario, snapshots)


def check_adoptable(parameter: str) -> None:
    """Raise ExperimentError unless a parameter is a number that can change while an economy goes on."""
    declared = declaration(parameter)
    if "low" not in declared:
        raise ExperimentError(f"{parameter} is no number; lead a number up and back")
    if parameter in SIZES:
        raise ExperimentError(
            f"{parameter} sets how large an economy is, which cannot change while it goes on; vary it in a question"
        )
    if parameter in OPENING:
        raise ExperimentError(
            f"{parameter} sets how an economy opens and nothing after; vary it in a question, with runs of its own"
        )
