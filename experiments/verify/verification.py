"""Cases of verification: who finds an offence, who shares its bounty, and when checking pays."""

from __future__ import annotations

from scipy.optimize import brentq

from experiments.verify.case import case, grid
from experiments.verify.economies import MEAN_OPPORTUNITY, detection_of, mean_diligence, quiet, stake_value, total
from model import theory
from model.history import History

LAWLESS = quiet(20_000, byzantine_share=1.0, sanction="none")
CHEAP = 1e-6
"""USD; what a check costs where the cost must not matter to anybody's balance."""

ONE_AMONG_OTHERS = quiet(
    2_000, byzantine_share=1.0, slash_fraction=1e-9, trap_rate=1.0, cost_per_check=CHEAP, ranger_precision=1.0,
    prior_misconduct=0.0,
)  # fmt: skip
WATCHFUL = quiet(1, honest_share=1.0, diligent_share=0.0, slash_fraction=0.01, prior_misconduct=1e-3)
TESTED = quiet(20_000, honest_share=1.0, diligent_share=0.0, prior_misconduct=0.0, sampling_probability=0.5)


@case(
    LAWLESS,
    grid(
        "number_of_rangers sampling_probability evidence_reorder",
        (5, 0.05, 1.0), (10, 0.02, 0.5), (1, 0.2, 1.0), (20, 0.01, 1.0), (3, 0.3, 0.7), (50, 0.01, 0.5),
    ),
    lambda h: total(h, "detected") / total(h, "offences"),
)  # fmt: skip
def detection(h: History) -> float:
    """Rangers who check independently find an offence with probability 1 - (1 - p e)^n."""
    return detection_of(h.scenario)


@case(
    quiet(200_000, byzantine_share=1.0, stakes=(1e6,) * 200, number_of_sequencers=200, possible_sequencers=200,
          selection="equal", slash_fraction=0.0, jail_epochs=1, failover=0.0),
    grid(
        "number_of_rangers sampling_probability enforcement",
        (5, 0.02, 1.0), (2, 0.2, 0.3), (1, 0.1, 0.5), (10, 0.01, 0.8), (3, 0.05, 1.0),
    ),
    lambda h: total(h, "blocks_made") / h.scenario.number_of_sequencers,
    replicates=128,
)  # fmt: skip
def incapacitation(h: History) -> float:
    """Who offends in every block makes 1 / (q enforcement) of them before jail ends the turn."""
    return 1.0 / (detection_of(h.scenario) * h.scenario.enforcement)


@case(
    ONE_AMONG_OTHERS,
    grid(
        "number_of_rangers diligent_share sampling_probability trap_penalty",
        (3, 0.34, 0.3, CHEAP), (5, 0.2, 0.4, CHEAP), (2, 0.5, 0.5, CHEAP / 3), (4, 0.25, 0.2, 3 * CHEAP),
        (10, 0.1, 0.2, CHEAP / 2),
    ),
    lambda h: float(h.stock("rangers", "tokens")[-1, 0] / h.stock("rangers", "tokens")[-1].sum()),
)  # fmt: skip
def bounty_split(h: History) -> float:
    """Finders share equally: among n - 1 others who find with probability p one expects (1-(1-p)^n)/(np) each time."""
    s = h.scenario
    others = s.sampling_probability * s.trap_penalty / (s.trap_penalty + s.cost_per_check)
    found = 1.0 - (1.0 - s.sampling_probability) * (1.0 - others) ** (s.number_of_rangers - 1)
    share = float(theory.bounty_per_checker(1.0, others, s.number_of_rangers))
    return s.sampling_probability * share / found


def _worth(h: History, checking: float) -> float:
    s = h.scenario
    bounty = s.bounty_share * s.enforcement * s.slash_fraction * stake_value(h)
    return s.prior_misconduct * float(theory.bounty_per_checker(bounty, checking, s.number_of_rangers))


@case(
    WATCHFUL,
    grid(
        "number_of_rangers sampling_probability cost_per_check",
        (5, 0.05, 3.5), (20, 0.05, 2.0), (1, 0.5, 4.0), (10, 0.2, 3.0), (3, 0.5, 2.0), (50, 0.02, 5.0),
    ),
    mean_diligence,
    epochs=500,
    tolerance=1e-6,
)  # fmt: skip
def checking(h: History) -> float:
    """Rangers check with odds (m b / c)^precision, b a finder's expected share: even where they are indifferent."""
    s = h.scenario

    def excess(diligence: float) -> float:
        worth = _worth(h, s.sampling_probability * diligence)
        return float(theory.willingness(worth, s.cost_per_check, s.ranger_precision, s.choice)) - diligence

    return float(brentq(excess, 0.0, 1.0, xtol=1e-15))


@case(
    TESTED.replace(choice="best_response", blocks_per_epoch=100),
    [
        {"cost_per_check": cost, "trap_penalty": penalty, "trap_rate": side * cost / penalty}
        for cost, penalty in ((0.01, 1.0), (0.05, 0.2), (10.0, 1_000.0))
        for side in (0.98, 1.02)
    ],
    lambda h: total(h, "checks") / total(h, "checks_assigned"),
    effect=lambda h: 1.0,
    tolerance=0.0,
)
def attention_tests(h: History) -> float:
    """A Ranger who gains nothing else checks if and only if tests at rate a with penalty D pay for it: a D >= c."""
    s = h.scenario
    return float(s.trap_rate >= theory.required_test_rate(s.cost_per_check, s.trap_penalty))


def _fines(h: History) -> float:
    bonds = h.path("rangers", "bond").sum(axis=1)
    return float(bonds[0] - bonds[-1]) * h.scenario.token_price


@case(
    TESTED,
    grid("trap_rate trap_penalty", (0.05, 1e-3), (0.5, 0.02), (0.1, 0.01), (0.9, 0.005), (0.2, 0.1)),
    lambda h: _fines(h) / (total(h, "checks_assigned") - total(h, "checks")),
)
def planted_tests(h: History) -> float:
    """A Ranger who shirks an assigned block loses a D on average: what a check saves."""
    return h.scenario.trap_rate * h.scenario.trap_penalty


def _sampled(challenge: float, rangers: int) -> dict[str, float | int]:
    return {
        "number_of_rangers": rangers,
        "sampling_probability": challenge / rangers,
        "diligent_share": 1.0 / rangers,
        "colluding_share": 1.0 - 1.0 / rangers,
    }


@case(
    quiet(20_000, sybil_nodes=1, bribe=CHEAP, bounty_share=0.0, slash_fraction=1e-2, sequencer_precision=20.0),
    [_sampled(challenge, rangers) for challenge, rangers in ((0.021, 2), (0.05, 5), (0.019, 2), (0.1, 10), (0.04, 4))],
    lambda h: total(h, "offending_blocks") / total(h, "blocks_made"),
)
def proof_of_sampling(h: History) -> float:
    """If a share r of checkers colludes, cheating pays below a challenge rate g / ((1 - r) L): odds are even there."""
    s = h.scenario
    challenge = s.sampling_probability * s.number_of_rangers
    required = theory.proof_of_sampling(MEAN_OPPORTUNITY, s.colluding_share, 0.0, s.slash_fraction * stake_value(h))
    return 1.0 / (1.0 + (challenge / required) ** s.sequencer_precision)
