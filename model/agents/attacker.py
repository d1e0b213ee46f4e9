"""The attacker: whoever stands behind nodes or Rangers to break the rules with them."""

from __future__ import annotations

from model.agents.field import Field
from model.agents.ranger import Ranger
from model.agents.sequencer import Sequencer
from model.agents.view import View
from model.core.options import Tactic
from model.core.rows import ATTACKER


class Attacker(View, group="attackers", kind=ATTACKER):
    """Follows one tactic, with what it owns or with what it pays; one row per tactic."""

    active = Field(0, 1)
    budget = Field(0)

    @property
    def tactic(self) -> Tactic:
        """What it does; its row says so."""
        return Tactic(self.row)

    @property
    def budget_left(self) -> float:
        """USD it can still spend."""
        return self.budget - self.spent

    @property
    def sequencers(self) -> list[Sequencer]:
        """The sequencers it owns."""
        return [node for node in self.model.views(Sequencer) if node.owner == self.row]

    @property
    def rangers(self) -> list[Ranger]:
        """The Rangers it owns."""
        return [ranger for ranger in self.model.views(Ranger) if ranger.owner == self.row]
