"""Parameters of the people: costs, beliefs, tastes. Nobody knows these; vary them."""

from pydantic import BaseModel

from model.core.options import Choice, Learning
from model.parameters.declaration import number, option

ARTEMIS = (
    "https://medium.com/artemisfinance/understanding-liquid-staking-with-artemis-finance-and-artmetis-760a8e525ea3"
)
GINI = "stake Gini 0.66 to 0.81 on proof-of-stake chains, https://tanisha-katara.github.io/validator-paper-academic/"
ETH_YIELD = "staking ETH, https://blog.web3wagmi.com/how-to-stake-eth-guide"
SSV = "under 500 of 1.2 million Ethereum validators ever slashed, https://thenewsrelay.com/?p=3824; small sets err more"
DATASHEET = "sequencers capture 0.4 of 4 bps, https://threadreaderapp.com/scrolly/1919082554952384560"


class Sequencers(BaseModel):
    """Who the sequencers are and how they weigh honesty against an offence."""

    stake_index: float = number(
        3.0,
        "-",
        0.2,
        50,
        "Pareto index of own stakes above the minimum, cut at the maximum.",
        scale="log",
        studied=(1, 12),
    )
    sequencer_cost: float = number(
        500, "USD per month", 0, 1e7, "Mean running cost of a node.", scale="log", studied=(100, 10_000)
    )
    cost_dispersion: float = number(
        0.5, "-", 0, 3, "Log standard deviation of running costs (mean kept).", studied=(0, 1)
    )
    skill_dispersion: float = number(
        0.25, "-", 0, 3, "Log standard deviation of MEV skill (unit mean).", studied=(0, 1)
    )
    honest_share: float = number(0.0, "share", 0, 1, "Share of sequencers that never offend.")
    sequencer_precision: float = number(
        4.0,
        "-, or per USD",
        1e-6,
        1e6,
        "How sharply it chooses to offend and to enter: exponent of the odds (luce), or of e per USD (logit).",
        scale="log",
        studied=(0.4, 40),
    )
    planning_horizon: float = number(180, "epochs", 0, 100_000, "Future income that weighs, at most.", studied=(0, 730))
    stake_alignment: float = number(0.0, "share", 0, 1, "Part of delegated stake a sequencer minds as its own.")
    honest_capture: float = number(
        0.1, "share", 0, 1, "Opportunity earned by ordering by the rules.", DATASHEET, studied=(0, 0.5)
    )
    gain_reorder: float = number(
        1.0, "share", 0, 10, "Opportunity gained by reordering, at full exposure.", studied=(0, 2)
    )
    gain_insert: float = number(
        1.5, "share", 0, 10, "Opportunity gained by insertion, at full exposure.", studied=(0, 3)
    )
    gain_censor: float = number(
        0.5, "share", 0, 10, "Opportunity gained by censoring, at full exposure.", studied=(0, 1)
    )
    exposure_reorder: float = number(1.0, "share", 0, 1, "Part of the opportunity open to reordering.")
    exposure_insert: float = number(1.0, "share", 0, 1, "Part of the opportunity open to insertion.")
    exposure_censor: float = number(1.0, "share", 0, 1, "Part of the opportunity open to censoring.")
    harm_reorder: float = number(1.0, "-", 0, 100, "Harm to users per dollar gained by reordering.", studied=(0, 5))
    harm_insert: float = number(1.0, "-", 0, 100, "Harm to users per dollar gained by insertion.", studied=(0, 5))
    harm_censor: float = number(
        2.0, "-", 0, 100, "Harm to users per dollar gained by censoring (delay included).", studied=(0, 5)
    )
    downtime: float = number(0.002, "share", 0, 0.5, "Mean share of time a node is down.", studied=(0, 0.02))
    outage_length: float = number(0.1, "epochs", 1e-4, 1, "Mean length of an outage.", scale="log", studied=(0.01, 1))
    honest_fault_rate: float = number(
        0.05, "per sequencer-year", 0, 100, "Slashable faults of honest nodes.", SSV, studied=(0, 0.5)
    )
    fault_correlation: float = number(0.3, "share", 0, 1, "Part of honest faults that strike a whole client.")
    number_of_clients: int = number(
        2, "clients", 1, 100, "Client implementations among the sequencers.", studied=(1, 5)
    )
    restake_share: float = number(0.0, "share", 0, 1, "Own token income a sequencer adds to its stake.")
    income_memory: float = number(
        30, "epochs", 0.1, 10_000, "Half-life of income and yield averages.", scale="log", studied=(7, 180)
    )
    entry_rate: float = number(
        0.01, "per epoch", 0, 1, "Most a candidate's chance to enter can be.", scale="log", studied=(0.001, 0.1)
    )
    exit_rate: float = number(
        0.03, "per epoch", 0, 1, "Chance to leave while average profit is negative.", scale="log", studied=(0.003, 0.3)
    )


class Rangers(BaseModel):
    """Who the Rangers are and how they weigh checking against shirking."""

    cost_per_check: float = number(
        0.01, "USD", 1e-6, 1e4, "Cost of really checking a block.", scale="log", studied=(0.001, 0.1)
    )
    ranger_cost_dispersion: float = number(
        0.2, "-", 0, 3, "Log standard deviation of checking costs (mean kept).", studied=(0, 1)
    )
    ranger_precision: float = number(
        4.0,
        "-, or per USD",
        1e-6,
        1e6,
        "How sharply it chooses to check, and a seat: exponent of the odds (luce), or of e per USD (logit).",
        scale="log",
        studied=(0.4, 40),
    )
    diligent_share: float = number(0.0, "share", 0, 1, "Share of Rangers that always check.", studied=(0, 0.4))
    prior_misconduct: float = number(
        1e-4, "share", 0, 1, "Rangers' prior belief in misconduct per checked block.", scale="log", studied=(1e-6, 0.01)
    )


class Beliefs(BaseModel):
    """How sequencers and Rangers choose and learn."""

    choice: str = option(Choice.LUCE, "How sequencers and Rangers choose between acts, given what they expect.")
    learning: str = option(Learning.BELIEF, "How sequencers and Rangers come to a policy.")
    revision_rate: float = number(
        1.0, "per epoch", 0, 1, "Chance that a sequencer or Ranger revises its policy.", studied=(0.01, 1), scale="log"
    )
    mutation: float = number(
        0.001, "share", 0, 1, "Revisions in which an imitator tries any policy.", scale="log", studied=(1e-4, 0.1)
    )
    foregone: float = number(0.5, "share", 0, 1, "Reinforcement: weight of payoffs of policies that were not played.")
    accumulation: float = number(
        0.0, "share", 0, 1, "Reinforcement: attractions add up payoffs (1) or average them (0)."
    )
    prior_weight: float = number(20, "trials", 1e-3, 1e9, "Weight of the prior.", scale="log", studied=(2, 200))
    memory: float = number(90, "epochs", 0.1, 100_000, "Half-life of evidence.", scale="log", studied=(14, 730))
    publicity: float = number(0.25, "share", 0, 1, "Part of others' offences whose outcome a sequencer learns.")
    transparency: float = number(
        50, "trials", 0, 1e9, "Weight per epoch of published coverage (proof of check).", studied=(0, 200)
    )


class Delegators(BaseModel):
    """Where other people's stake goes."""

    delegated_wealth: float = number(
        0.1, "share of supply", 0, 1, "Tokens that delegators own in all.", studied=(0, 0.5)
    )
    wealth_gini: float = number(
        0.7, "-", 0, 0.95, "Gini coefficient of delegators' wealth (Pareto).", GINI, studied=(0.4, 0.9)
    )
    initial_delegation: float = number(0.3, "share", 0, 1, "Share of delegators that start with a sequencer.")
    attention: float = number(
        0.02, "per epoch", 0, 1, "Chance that a delegator reconsiders.", scale="log", studied=(0.002, 0.2)
    )
    delegator_precision: float = number(
        0.5, "per percentage point", 0, 1e4, "Logit precision in net yield.", scale="log", studied=(0.05, 5)
    )
    opportunity_yield: float = number(
        0.03, "per year", 0, 1, "Yield of the outside option.", ETH_YIELD, studied=(0, 0.1)
    )
    risk_aversion: float = number(
        1.0, "-", 0, 100, "Yield points a point of expected slashing must earn (median).", studied=(0, 5)
    )
    risk_dispersion: float = number(0.5, "-", 0, 3, "Log standard deviation of risk aversion.", studied=(0, 1))
    brand_dispersion: float = number(
        1.0, "percentage points", 0, 100, "Standard deviation of taste for a name.", studied=(0, 5)
    )
    commission_low: float = number(0.05, "share", 0, 1, "Lowest commission at the start.", ARTEMIS, studied=(0, 0.08))
    commission_high: float = number(
        0.10, "share", 0, 1, "Highest commission at the start.", ARTEMIS, studied=(0.08, 0.25)
    )
    max_commission: float = number(0.5, "share", 0, 1, "Ceiling on commissions.", studied=(0.25, 1))
    commission_step: float = number(0.01, "share", 0, 1, "Step of the commission search.", studied=(0, 0.05))
    commission_period: int = number(30, "epochs", 1, 10_000, "Epochs between commission changes.", studied=(7, 90))


class Users(BaseModel):
    """How users answer harm."""

    number_of_apps: int = number(20, "agents", 0, 10_000, "Apps; shares of volume follow Zipf's law.", studied=(1, 100))
    app_tolerance: float = number(
        2, "bps of volume", 0, 1e4, "Median remembered harm at which an app may leave.", scale="log", studied=(0.2, 20)
    )
    app_exit_rate: float = number(
        0.01, "per epoch", 0, 1, "Chance to leave while harm exceeds tolerance.", scale="log", studied=(0.001, 0.1)
    )
    harm_memory: float = number(
        30, "epochs", 0.1, 10_000, "Half-life of apps' memory of harm.", scale="log", studied=(7, 180)
    )
    trust_elasticity: float = number(1.0, "-", 0, 10, "Elasticity of volume to trust.", studied=(0, 3))
    trust_loss: float = number(
        0.002, "per bps", 0, 1, "Trust lost per epoch and basis point of harm.", studied=(0, 0.01)
    )
    outage_loss: float = number(0.1, "per share", 0, 1, "Trust lost per epoch of full outage.", studied=(0, 0.5))
    trust_recovery: float = number(
        0.01, "per epoch", 0, 1, "Part of lost trust regained per epoch.", scale="log", studied=(0.001, 0.1)
    )
