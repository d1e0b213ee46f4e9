"""Honesty and its enforcement: what was stolen, what was found, who looked."""

from __future__ import annotations

from model.core.options import Offence, Status
from model.history import History
from model.metrics.registry import Series, flow, per_year, ratio, stock


@flow("share", "higher")
def honesty_by_blocks(h: History) -> Series:
    """Blocks that were ordered honestly, of those made."""
    return 1 - ratio(h.flow("offending_blocks"), h.flow("blocks_made"))


@flow("share", "higher")
def honesty_by_value(h: History) -> Series:
    """Opportunity (MEV value) in blocks that were ordered honestly, of all that came by."""
    return 1 - ratio(h.flow("stolen"), h.flow("opportunity"))


@flow("per epoch", "lower")
def offences_reorder(h: History) -> Series:
    """Blocks reordered against the rules."""
    return h.flow("offences")[:, Offence.REORDER] / h.epochs


@flow("per epoch", "lower")
def offences_insert(h: History) -> Series:
    """Blocks with malicious transactions inserted."""
    return h.flow("offences")[:, Offence.INSERT] / h.epochs


@flow("per epoch", "lower")
def offences_censor(h: History) -> Series:
    """Blocks from which transactions were censored."""
    return h.flow("offences")[:, Offence.CENSOR] / h.epochs


@flow("share", "higher")
def detected_share(h: History) -> Series:
    """Offences that were found out, or will be once they have come to light."""
    return ratio(h.flow("detected").sum(axis=1), h.flow("offences").sum(axis=1))


@flow("per epoch", "neither")
def insertions_refuted(h: History) -> Series:
    """Insertions that a fault proof found and reversed."""
    return h.flow("refuted") / h.epochs


@flow("per year", "lower")
def scandals(h: History) -> Series:
    """Epochs in which misconduct came to light that the chain answers for with its name."""
    return per_year(h, h.flow("scandals"))


@flow("per year", "neither")
def removal_votes(h: History) -> Series:
    """Votes of the council on the removal of a sequencer."""
    return per_year(h, h.flow("removal_votes"))


@flow("per year", "neither")
def removals(h: History) -> Series:
    """Sequencers removed for good: by the council, expelled, or left with too little stake."""
    return per_year(h, h.flow("removals"))


@flow("per year", "lower")
def wrongful_slashes(h: History) -> Series:
    """Slashes for no offence found: honest faults and false accusations upheld."""
    return per_year(h, h.flow("wrongful"))


@flow("bps of volume", "lower")
def user_harm(h: History) -> Series:
    """Harm to users by offences, after what was taken back."""
    return 1e4 * ratio(h.flow("harm"), h.flow("volume"))


@flow("share", "higher")
def coverage(h: History) -> Series:
    """Probability that a block is really checked by some Ranger."""
    return h.flow("coverage") / h.epochs


@stock("share", "higher")
def diligence(h: History) -> Series:
    """Mean probability that a seated Ranger really checks a block assigned to it."""
    seated = h.stock("rangers", "status") == Status.ACTIVE
    return ratio((h.stock("rangers", "diligence") * seated).sum(axis=1), seated.sum(axis=1))


@stock("agents", "neither")
def rangers_seated(h: History) -> Series:
    """Rangers with a seat."""
    return (h.stock("rangers", "status") == Status.ACTIVE).sum(axis=1).astype(float)


@flow("USD per epoch", "neither")
def ranger_profit(h: History) -> Series:
    """Profit of all Rangers."""
    return h.flow("ranger_usd") / h.epochs
