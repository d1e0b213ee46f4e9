"""What a deviation is: a way to write a change into a private copy of a world, found anew in every world."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from experiments.equilibrium.payoff import Members
from experiments.equilibrium.world import Change, World


class Move(NamedTuple):
    """A deviation in one world: who shares its payoff, and the change.

    `otherwise` is the change it is compared with; None compares it with the world as it is.
    """

    members: Members
    change: Change
    otherwise: Change | None = None


class Deviation(NamedTuple):
    """A deviation of a role, in words; `needs` is a parameter that rules it out for everybody where it is zero."""

    role: str
    words: str
    move: Callable[[World], Move | None]
    needs: str = ""

    def made_in(self, world: World) -> Move | None:
        """Return how it is made in a world, None where nobody can make it."""
        if self.needs and getattr(world.scenario, self.needs) == 0:
            return None
        return self.move(world)
