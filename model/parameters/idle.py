"""Settings without effect: what is idle in a scenario, and what would make it matter.

No combination is changed silently. A rule is about parameters that were set to something other than their default, and
not to zero or false, which ask for nothing; see `plights` for what a combination leaves without force.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

from model.parameters import Scenario
from model.parameters.plights import PLIGHTS, State, no_rangers, unslashed


class IdleWarning(UserWarning):
    """Something that was set has no effect."""


class Rule(NamedTuple):
    """Parameters that have no effect in some scenarios: which, when, why, and what would make them matter."""

    names: tuple[str, ...]
    when: State
    why: str
    remedy: str


def unowned(s: Scenario) -> bool:
    """Tell whether no attacker owns a node."""
    return s.byzantine_share == 0 and s.sybil_nodes == 0 and s.hit_and_run_nodes == 0 and s.takeover_budget == 0


def unsold(s: Scenario) -> bool:
    """Tell whether builders get no part of any block."""
    bound = s.ordering not in ("discretion", "random")
    return s.revenue != "auction_to_proposer" or s.ordering == "random" or (bound and s.auctioned_share == 0)


def unseen(s: Scenario) -> bool:
    """Tell whether who orders can tell nobody's transactions from others'."""
    hidden = s.visibility == "encrypted" and s.encrypted_share == 1 and s.leak_probability == s.metadata_exposure == 0
    return s.exposure_censor == 0 or hidden or (s.visibility == "lazy" and s.lazy_exposure == 0)


def _rule(names: str, when: State, why: str, remedy: str) -> Rule:
    return Rule(tuple(names.split()), when, why, remedy)


def _unless(parameter: str, options: str) -> State:
    return lambda s: getattr(s, parameter) not in options.split()


def _without(parameter: str) -> State:
    return lambda s: getattr(s, parameter) == 0


RANGERS = 'verification = "rangers" with number_of_rangers above 0'
BUILDERS = 'revenue = "auction_to_proposer" with something sold by ordering and auctioned_share'
SLASHING = 'sanction = "slash"'
MULTIPLIERS = "slash_multiplier_reorder slash_multiplier_insert slash_multiplier_censor"

RULES: tuple[Rule, ...] = (
    # market
    _rule("price_drift price_volatility", lambda s: s.price_process == "constant", "the price is constant",
          'price_process = "gbm"'),
    _rule("price_volume_elasticity price_issuance_elasticity", _unless("price_process", "reflexive"),
          "the price answers to nothing", 'price_process = "reflexive"'),
    _rule("opportunity_sigma tail_weight tail_index tail_start tail_end", _unless("opportunity", "heavy_tailed"),
          "opportunities have another shape", 'opportunity = "heavy_tailed"'),
    _rule("storm_multiplier storm_length", _without("storm_share"), "there are no storms", "storm_share above 0"),
    _rule("data_cost_epoch", _without("data_cost_cut"), "data becomes no cheaper", "data_cost_cut above 0"),
    # order, sight, proof
    _rule("evidence_reorder", _unless("ordering", "first_come"), "the order is not that of arrival",
          'ordering = "first_come"'),
    _rule("honest_capture", lambda s: s.ordering in ("priority_fee", "random"), "what order earns has another measure",
          'ordering = "first_come"'),
    _rule("honest_capture priority_capture", lambda s: s.revenue == "auction_to_proposer" and s.auctioned_share == 1
          and s.ordering != "discretion", "all of a bound order is sold", "auctioned_share below 1"),
    _rule("priority_capture", _unless("ordering", "priority_fee"), "the highest fee does not go first",
          'ordering = "priority_fee"'),
    _rule("lazy_exposure", _unless("visibility", "lazy"), "who orders executes too", 'visibility = "lazy"'),
    _rule("encrypted_share leak_probability metadata_exposure encryption_delay", _unless("visibility", "encrypted"),
          "nothing is encrypted", 'visibility = "encrypted"'),
    _rule("fault_proof_success", _unless("proof_system", "fault"), "there are no fault proofs",
          'proof_system = "fault"'),
    # who looks
    _rule("watch watch_delay", _unless("verification", "social"), "the public does not watch",
          'verification = "social"'),
    _rule("peer_sampling", _unless("verification", "peers"), "sequencers do not re-execute",
          'verification = "peers"'),
    _rule("peer_sampling", lambda s: s.verification == "peers" and s.possible_sequencers == 1,
          "the only sequencer has no peers", "possible_sequencers above 1"),
    _rule("colluding_share griefing_share accusation_rate bounty_share", no_rangers, "no Ranger looks for offences",
          RANGERS),
    _rule("transparency", lambda s: no_rangers(s) or not s.proof_of_check, "no proofs of checking are published",
          f"proof_of_check = true and {RANGERS}"),
    _rule("trap_penalty", _without("trap_rate"), "no tests are planted", "trap_rate above 0"),
    # what follows
    _rule(f"slash_fraction {MULTIPLIERS} slash_delay jail_epochs expel correlation_penalty correlation_window "
          "bounty_share compensation_share treasury_share stake_alignment honest_fault_rate honest_fault_slash "
          "fault_correlation accusation_rate false_accusation_slash wrongful_conviction",
          unslashed, "no stake is ever taken", SLASHING),
    _rule("enforcement", lambda s: s.sanction in ("none", "reputation"), "nobody is ever convicted", SLASHING),
    _rule(MULTIPLIERS, _without("slash_fraction"), "they multiply nothing", "slash_fraction above 0"),
    _rule("bounty_share stake_alignment slash_delay correlation_penalty correlation_window",
          _without("slash_fraction"), "a conviction costs no stake", "slash_fraction above 0"),
    _rule("jail_epochs", lambda s: s.expel, "a convict is removed for good", "expel = false"),
    _rule("correlation_window", _without("correlation_penalty"), "slashes are not correlated",
          "correlation_penalty above 0"),
    _rule("council_size council_threshold council_capture removal_delay", _unless("sanction", "removal"),
          "no council votes", 'sanction = "removal"'),
    _rule("services", _unless("sanction", "restaked_slash"), "stake backs this service alone",
          'sanction = "restaked_slash"'),
    _rule("service_overlap service_income service_profit external_shock_rate external_shock_size",
          lambda s: s.sanction != "restaked_slash" or s.services == 1, "stake backs no other service",
          'sanction = "restaked_slash" and services above 1'),
    _rule("external_shock_size", _without("external_shock_rate"), "no other service is struck",
          "external_shock_rate above 0"),
    # rewards and income
    _rule("reward_per_block", _unless("reward_rule", "per_block"), "rewards are not by block",
          'reward_rule = "per_block"'),
    _rule("target_rate", _unless("reward_rule", "target_rate"), "rewards have no target rate",
          'reward_rule = "target_rate"'),
    _rule("admission_probability", _unless("admission", "vote"), "nobody votes on admission", 'admission = "vote"'),
    _rule("protocol_gross_share", lambda s: s.revenue != "share_with_protocol" and s.sister_chains == 0,
          "nobody pays a share of fees", 'revenue = "share_with_protocol", or sister_chains above 0,'),
    _rule("protocol_fee_share", _unless("revenue", "share_with_protocol"),
          "the protocol takes no share of fees", 'revenue = "share_with_protocol"'),
    _rule("number_of_builders builder_dispersion exclusive_flow flow_memory resale", unsold,
          "nothing is sold to builders", BUILDERS),
    _rule("auction_precision", lambda s: unsold(s) and s.selection != "auction", "nothing is auctioned",
          f'{BUILDERS}, or selection = "auction",'),
    _rule("auctioned_share", lambda s: s.revenue != "auction_to_proposer" or s.ordering in ("discretion", "random"),
          "no part of a bound order is sold", 'revenue = "auction_to_proposer" with an order that binds and earns'),
    _rule("appointed_seats", _unless("selection", "appointed"), "nobody is appointed", 'selection = "appointed"'),
    _rule("handover_start handover_end", lambda s: s.incumbent_nodes >= s.possible_sequencers,
          "there is nobody to hand over to", "possible_sequencers above incumbent_nodes"),
    _rule("handover_start handover_end", _without("incumbent_nodes"), "there is no incumbent to hand over",
          "incumbent_nodes above 0"),
    # agreement
    _rule("consensus_round message_time", lambda s: s.consensus == "none", "nobody has to agree",
          'consensus = "bft_linear"'),
    # people
    _rule("wealth_gini initial_delegation attention delegator_precision risk_aversion risk_dispersion "
          "brand_dispersion stake_alignment", lambda s: s.number_of_delegators == 0, "there are no delegators",
          "number_of_delegators above 0"),
    _rule("risk_dispersion", _without("risk_aversion"), "nobody minds risk", "risk_aversion above 0"),
    _rule("mutation", _unless("learning", "imitation"), "nobody imitates", 'learning = "imitation"'),
    _rule("foregone accumulation", _unless("learning", "reinforcement"), "nobody learns from own payoffs",
          'learning = "reinforcement"'),
    _rule("publicity transparency", _unless("learning", "belief"), "beliefs are not updated", 'learning = "belief"'),
    _rule("honest_fault_slash fault_correlation", _without("honest_fault_rate"),
          "there are no honest faults", "honest_fault_rate above 0"),
    _rule("honest_fault_rate fault_correlation", _without("honest_fault_slash"), "honest faults cost nothing",
          "honest_fault_slash above 0"),
    _rule("outage_length", _without("downtime"), "nobody is ever down", "downtime above 0"),
    _rule("app_tolerance app_exit_rate harm_memory own_chain_cost", _without("number_of_apps"), "there are no apps",
          "number_of_apps above 0"),
    # chains that share a name
    _rule("big_member_share stack_revenue contagion sister_scandal_rate brand_value control_value member_exit_rate",
          _without("sister_chains"), "there are no sister chains", "sister_chains above 0"),
    # attackers
    _rule("bribe bribery_budget", lambda s: no_rangers(s) or s.colluding_share == 0,
          "no Ranger takes bribes", f"colluding_share above 0 and {RANGERS}"),
    _rule("bribe bribery_budget colluding_share", unowned, "no attacker owns a node to be silent about",
          "byzantine_share or sybil_nodes above 0"),
    _rule("bribery_budget colluding_share", _without("bribe"), "nobody offers a bribe", "bribe above 0"),
    _rule("accusation_rate false_accusation_slash wrongful_conviction",
          lambda s: s.griefing_share == 0 or no_rangers(s), "no Ranger accuses falsely",
          f"griefing_share above 0 and {RANGERS}"),
    _rule("censor_budget victim_share", _without("censor_fee"), "nobody pays for censorship", "censor_fee above 0"),
    _rule("censor_fee censor_budget victim_share", unseen, "who orders cannot tell the victim's transactions",
          "exposure_censor, and what is seen of lazy or encrypted orders, above 0"),
    _rule("hit_after hit_length", _without("hit_and_run_nodes"), "nobody hits and runs",
          "hit_and_run_nodes above 0"),
    _rule("takeover_target takeover_pace price_impact halt_gain", _without("takeover_budget"), "nobody buys stake",
          "takeover_budget above 0"),
    _rule("takeover_budget takeover_target takeover_pace price_impact halt_gain",
          lambda s: s.possible_sequencers == s.number_of_sequencers, "there is no candidate to buy stake for",
          "possible_sequencers above number_of_sequencers"),
    _rule("takeover_budget takeover_target takeover_pace price_impact halt_gain",
          lambda s: s.selection in ("single", "appointed"), "stake buys no seat", 'selection = "stake"'),
    _rule("halt_gain", lambda s: s.takeover_target >= 2 / 3, "the strike takes all instead of halting",
          "takeover_target below two thirds"),
)  # fmt: skip


def idle(scenario: Scenario) -> list[str]:
    """Return a sentence per rule that something which was set has no effect, and what would make it matter."""
    chosen = {name for name in type(scenario).model_fields if _asked_for(scenario, name)}
    found = [plight.words for plight in PLIGHTS if plight.when(scenario)]
    told: set[str] = set()
    for rule in RULES:
        names = [name for name in rule.names if name in chosen and name not in told]
        if names and rule.when(scenario):
            told.update(names)
            found.append(f"{_listed(names)} no effect, for {rule.why}; {rule.remedy} would make a difference")
    return found


def without_effect(scenario: Scenario, parameter: str) -> bool:
    """Tell whether a rule says that a parameter, set or not, has no effect in a scenario."""
    return any(parameter in rule.names and rule.when(scenario) for rule in RULES)


def _asked_for(scenario: Scenario, name: str) -> bool:
    value = getattr(scenario, name)
    return value != 0 and value != type(scenario).model_fields[name].default


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last} have" if others else f"{last} has"


def warn(scenario: Scenario, stacklevel: int) -> None:
    """Issue an IdleWarning per sentence of `idle`; the texts name no values, so Python shows each once per place."""
    for words in idle(scenario):
        warnings.warn(words, IdleWarning, stacklevel=stacklevel + 1)
