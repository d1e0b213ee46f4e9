"""The agents as Mesa knows them: what each role knows, owns and decides, in the words of the field.

An agent is a live view of one row of the state, every field of which is an attribute. Its methods call the same scalar
rules that the compiled phases call, so a rule is written once. For a behaviour of your own, subclass a role, override
`decide`, and hand it over: `Economy(agent_classes={Sequencer: Mine})`.
"""

from model.agents.app import App
from model.agents.attacker import Attacker
from model.agents.delegator import Delegator
from model.agents.ranger import Ranger
from model.agents.sequencer import Sequencer
from model.agents.view import View

__all__ = ["ROLES", "App", "Attacker", "Delegator", "Ranger", "Sequencer", "View"]

ROLES: tuple[type[View], ...] = (Sequencer, Ranger, App, Attacker, Delegator)
"""In the order in which agents are made: the many come last, so that they are not made for the sake of the few."""
