"""Combinations that leave a mechanism without force, each with the sentence that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from model.parameters import Scenario

State = Callable[[Scenario], bool]


class Plight(NamedTuple):
    """A combination in which a mechanism has no force, and the sentence that says so."""

    when: State
    words: str


def no_rangers(s: Scenario) -> bool:
    """Tell whether no Ranger looks for offences."""
    return s.verification != "rangers" or s.number_of_rangers == 0


def unslashed(s: Scenario) -> bool:
    """Tell whether no stake is ever taken."""
    return s.sanction not in ("slash", "restaked_slash")


def unpaid(s: Scenario) -> bool:
    """Tell whether a rational Ranger gets nothing for a check: no pay, no fine saved, no bounty."""
    bounty = 0.0 if unslashed(s) else s.bounty_share * s.enforcement * s.slash_fraction * s.slash_multiplier_reorder
    return not (s.proof_of_check and s.reward_per_check) and s.trap_rate * s.trap_penalty == 0 and bounty == 0


def gainless(s: Scenario) -> bool:
    """Tell whether no offence gains anything."""
    kinds = ("reorder", "insert", "censor")
    return all(getattr(s, f"gain_{kind}") * getattr(s, f"exposure_{kind}") == 0 for kind in kinds)


PLIGHTS: tuple[Plight, ...] = (
    Plight(
        lambda s: s.verification == "rangers" and s.number_of_rangers == 0,
        "Rangers are to verify, but they have no seats and nobody looks; number_of_rangers above 0 would fill them",
    ),
    Plight(
        lambda s: not no_rangers(s) and s.learning in ("belief", "fixed") and s.choice != "logit" and unpaid(s)
        and s.diligent_share + s.griefing_share == 0,
        "Rangers get nothing for a check, so none checks; reward_per_check with proof_of_check, planted tests "
        "(trap_rate, trap_penalty) or a bounty (bounty_share of a slash) would make it worth their while",
    ),
    Plight(
        lambda s: not no_rangers(s) and s.sampling_probability == 0,
        "Rangers are assigned no block, so nobody looks; sampling_probability above 0 would give them some",
    ),
    Plight(
        lambda s: s.verification == "none" and s.proof_system == "none" and s.sanction != "none",
        "nobody looks for offences, so the sanction never strikes; set verification, or a fault proof",
    ),
    Plight(
        lambda s: not unslashed(s) and s.slash_fraction == 0 and s.jail_epochs == 0 and not s.expel,
        "a conviction takes no stake, jails nobody and removes nobody; set slash_fraction, jail_epochs or expel",
    ),
    Plight(
        lambda s: s.takeover_budget > 0 and s.admission == "vote" and s.admission_probability == 0,
        "a takeover can buy stake, but nobody is ever admitted, so it never strikes; admission_probability above 0 "
        "would let it in",
    ),
    Plight(
        gainless,
        "no offence gains anything, so nobody commits one; set a gain and its exposure above 0",
    ),
)  # fmt: skip
