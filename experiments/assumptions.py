"""docs/assumptions.md: every parameter and every value of a design, written from the declarations.

`python -m experiments.assumptions` (or `make docs`) writes the file; a test fails when it is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from experiments.explain import entries, is_assumption, purpose, range_of, shown, studied_of, summary, unit_of
from model.parameters import GROUPS, Scenario, designs, parameter_names
from model.parameters.declaration import facts

PAGE = Path(__file__).parent.parent / "docs" / "assumptions.md"

CHOICES = """\
# Assumptions

Written by `make docs` from `model/parameters/` and `model/designs/`; edit those. The rules are in [odd.md](odd.md).

## Choices of the model

What the rules leave out, or settle one way where another was possible.

- **Every block, none in particular.** Blocks differ in the opportunity they offer and in nothing else; who trades,
  and what, is not modelled. Harm is a multiple of what the offender gains.
- **Opportunity is heavy-tailed.** Its shape is fitted to Ethereum's proposer payments; no quantiles of a rollup are
  public. A few blocks hold much of the value, so honesty is reported by blocks and by value.
- **Counting replaces drawing, exactly.** Blocks whose fate their opportunity settles are counted, the rest and the
  most valuable (eight per node and epoch on average) are drawn. Only the sum of more than twelve counted blocks is
  approximated, by a gamma variate of the same mean and variance; 6,000 turns of each of 144 cases show no difference
  from a loop over all blocks.
- **Choice is log-logit**, unless `choice` says `logit` or `best_response`. An offence is weighed by opportunity over
  reservation value, to a power: at the default 4, twice the reservation value means 16 : 1 for the offence. Best
  response is the limit of high precision, with one offence. Logit weighs differences in USD: a precision suits one
  scale of payoffs, and where stakes are of many sizes it is sharp for the large and blunt for the small.
- **Policies learnt from payoffs are coarse.** Imitators and the reinforced choose among 33 ways to offend, in one kind
  above one of eleven multiples of the mean opportunity, and never to. Imitators see a peer's average profit per block
  that its stake entitles it to and judge its policy by that, whatever else made it rich. The reinforced know the
  detection of the epoch, played or not, and play a mixture anew in every block.
- **A sequencer reckons with one offence at a time.** The loss it fears is the slashed stake and a franchise of at
  most `planning_horizon` epochs of its average income. It plans neither a career of offences nor a last one before it
  leaves.
- **Detection is sampling.** Rangers find independently, each with the probability that it is assigned the block,
  really checks and can prove it. Imposed sampling scales with the number of Rangers; voluntary checking does not.
- **Rumour is fair.** A sequencer learns of others' offences with the same probability whether they were caught or
  not. If only convictions were public, everybody would believe in more detection than there is.
- **Jail is at once, the slash can wait.** A conviction ends the turn in the epoch itself; the stake is taken
  `slash_delay` epochs later, and what left in between can escape only if `unbonding_slashable` is off. Blocks that a
  convict leaves behind are ordered by its substitutes, by the rules.
- **Rangers do not coordinate.** Each takes the mean diligence of the last epoch for what the others will do.
- **Peers report without reward.** Their software executes every block anyway and reports what it finds, also where a
  scandal costs all sequencers alike and silence would spare them.
- **A scandal is reckoned with as if it were one's own alone.** A node expects to lose its part of the volume that a
  single scandal costs, whether or not others make one in the same epoch, and per offence, though there is one an epoch.
- **What is found out is booked at once**, known or not: a gain that will be taken back never counts as income. Only
  verdicts, scandals and what is learnt of them wait until the offence has come to light.
- **Leaving does not escape a decision, but a case.** The council votes on who serves when a case comes to light. Nobody
  leaves because a case may come.
- **A vote is a coin.** `enforcement`, `wrongful_conviction`, `admission_probability` and the council are independent
  draws; voters have no interest of their own.
- **The rule of order decides what is theft.** Where there is none, reordering is lawful: it harms users as much, counts
  as no offence, and is reported apart. Who orders then earns by its own skill; where blocks are sold to builders it
  earns the price, whatever its skill, and does not build itself.
- **Forced inclusion bounds delay, not loss.** The part of censorship's harm above its gain shrinks with the delay; an
  opportunity that lives for minutes is gone when a transaction is included after hours.
- **Auctions are of the second price, truthful, and fair on average.** Values differ by a Fréchet luck, so who wins and
  what the price leaves have closed forms; the price is set once a day at its mean, and order flow follows shares of
  blocks. Sequencers that bid for the right to order value it by what they would honestly earn and by what they would
  steal; they know that the winner is the optimist and pay a part of their own valuation.
- **Liability is limited.** Nobody loses more than its stake; a node below the minimum refills from its wallet or is
  removed for good.
- **Delegators have inertia.** They reconsider seldom, see present yields and average slashes, and choose by logit;
  none reckons with its own weight.
- **Delegation is a vault.** Rewards and slashes move the value of a share, alike for all members. Moving between
  pools is immediate, leaving waits.
- **The token price is exogenous** unless `price_process` is reflexive. Nobody trades strategically; no stake is lent
  or wrapped.
- **Restaked stake is counted for every service it backs, and lost once.** Other services are alike and do not answer:
  they pay for stake by the token, are struck by shocks of their own, and are corrupted as soon as a third of the stake
  behind them is worth less than that brings, each alone: that one coalition takes several at once is measured
  (`profit_from_corruption`), not played. All their backers lose alike, whoever attacked. Nobody chooses which services
  to back, none reckons with a fall before it happens, and delegators fear what was lost elsewhere like a slash.
- **The reward curve is a price that nobody makes.** Who stakes takes the announced rate as it is, and does not reckon
  that it falls with the root of what all stake.
- **An authority appoints in order and at once.** Seats go to the next candidate that can bond its stake, whoever it
  is and whatever it expects to earn; who sits in jail keeps its seat. So jail stops a chain with a single sequencer,
  and only expulsion replaces it.
- **A handover follows its plan to the day**, and nobody looks ahead: others enter when what the plan leaves them today
  pays for it, and who waits without blocks leaves like anybody who loses money.
- **Outages fall anywhere.** Under consensus they begin at a time of the epoch that is uniform and independent of all
  others, and one that outlasts the epoch is put at its beginning: at any time a node is down with the probability
  that is its share. Nodes that fail together, as they share a cloud or a client, halt the chain more often.
- **Agreement is one block at a time.** Its latency is a constant and the messages of all members in a row; pipelining
  and aggregated signatures are a smaller `message_time`. Users answer latency with less volume, not with other apps.
- **A node is an operator**, save that the nodes of an attacker are one. Common owners of real nodes are not public by
  node.
- **A stack is a name.** What sister chains share is trust; capital, users and stake are their own. A member owes the
  name a part of its revenue that falls with the trust in it, and with the member's own share. Leaving costs those who
  stay no trust: that the OP token fell by 28 % in two days when the big member announced its exit
  (<https://gateex.org/tr/post/status/19709847>, a single page) is a price, not the trust of users. What the others pay
  is a share of their fees; the share of net income that a stack may take instead would need their costs.
- **A chain of its own is software.** An app leaves when its fees and the harm it remembers exceed what such a chain
  costs to run. That its users might not follow is left out; it is in `own_chain_cost` if anywhere.
- **The token price is exogenous** unless `price_process` is reflexive. Nobody but a takeover trades; no stake is lent,
  wrapped or restaked.
- **A node is an operator**, save that the nodes of an attacker are one. Common owners of real nodes are not public by
  node.
- **What delay costs.** A day's delay of a victim's trade is taken to lose it `harm_censor` times the MEV that trade
  carries on average. Who pays for censoring, and what for, is outside the model.
- **An embargo is one case.** Who leaves a victim out of all its blocks for a fee is convicted once in an epoch, and
  not by the block: else one day would be worth more slashes than there is stake, and honesty by blocks would say
  little else. It comes to light by any of the blocks, so that in a day it is nearly sure to, where anybody looks.
- **A buyer of stake moves the price for good**, by the share of the circulating tokens it buys; nobody else trades
  upon it, no holder refuses to sell, and delegated tokens are not for sale. What it holds is valued by selling it
  again as slowly, so that to buy and sell brings nothing. After a strike nobody forks it away.
- **Luck is common.** Market, outages and faults are drawn alike under every policy, so that designs are compared
  under the same luck.

Where the model is known to err, and which way:

- **The outside option is one alternative among many.** By the logit's independence of irrelevant alternatives more
  sequencers mean more delegation, whatever the yield: at no yield at all 60 % of delegated wealth stays with five.
- **Commissions drift up** over years, beyond the 5 to 10 % observed: at a delegator precision of 0.5 per percentage
  point and yields of a few per cent, the closed form of the commission game itself asks for more than half.
- **Of several offences the best ratio is chosen, not the best gain**: the odds are in opportunity over reservation
  value. With one offence, or any at all deterred, the difference is small; a riskless thief takes less than it could.
- **Beliefs have floors.** Without proof of checking nobody discovers that nobody checks as long as nobody offends:
  in `metis` at a constant price `proof_of_check = false` lowers diligence from 0.93 to 0.06, yet in the fifth year
  honesty by value is 0.994 as with proof (0.993; 16 seeds, standard errors 0.001), because some four offences a year
  teach nothing to sequencers who trust the advertised detection like 20 trials (`prior_weight`) and forget in 90 epochs
  (`memory`); honesty then measures the prior, and is 0.94 if that is worth one trial.
- **Delegators read one slash as a rate**: a single honest fault looks like several per cent a year for a month.
- **Incumbents stay until they lose money, entrants ask for the return on their capital**: the number of sequencers
  settles between the two.
- **Removal is final, and the candidates are given.** Over decades of falling prices they run out.
- **Builders are one or many, seldom two.** The index of concentration is calibrated to 3,892, but what reaches it is
  one builder at 0.55 and others far behind, on average, where in March 2025 two had 0.445 and 0.425: order flow that
  follows shares at this precision drives two equals apart. The index moves from 2,200 to 7,300 as `exclusive_flow`
  moves from 0.5 to 0.7, and from 1,500 to 6,600 between populations of builders.
- **False accusations by the rational are left out**; only griefing Rangers accuse falsely.

Why the behavioural defaults have their order of size: beliefs start as if from 20 trials, so that a few observed
offences move them and one does not overturn them; evidence halves in 90 epochs, a quarter; a horizon of 180 is two
funding rounds of a small operator; attention of 0.02 is a look every 50 days; at 0.5 per percentage point, four
points of yield outweigh taste e² : 1; five Rangers who sample 0.05 cover nominally 0.23 of blocks; pay per check
above its cost is the design as promised, and the verifier's dilemma appears when it falls below.
"""

STUDIED = """\
The *range* is what is allowed: a guard against slips. *Studied* is where a design looks that names the parameter
without bounds of its own, evenly or on a log scale; empty if that is all that is allowed. Where to look is an
*assumption* too. What has been seen lies inside:

- prices of 66 USD per METIS in April 2024 (14.6 million USD for 220,000,
  <https://thedefiant.io/news/blockchains/metis-introduces-decentralized-sequencer-mining-with-phase-2-rollout>) and 3.3
  two years later;
- blocks of 0.25 s (OffchainLabs/arbitrum-docs, how-arbitrum-works/deep-dives/sequencer.mdx) to a minute;
- opportunities of 3 to 25 bps of volume (<https://zhuanzhi.ai/paper/bbb21af4353cab30548a785a7200f040>), of which
  sequencers capture 0.4 to 1.3 (<https://threadreaderapp.com/scrolly/1919082554952384560>);
- slashes of 0.0001 of the stake for downtime
  (<https://docs.scrt.network/secret-network-documentation/infrastructure/secret-cli/slashing>), 0.01 on Aztec
  (<https://docs.aztec.network/nightly/the_aztec_network/operation/sequencer_management/slashing_and_offenses>), 0.05 on
  the Cosmos Hub, and up to the whole stake, taken after 3 days (Aztec) or 18 (Ethereum's correlation penalty);
- exits that take 2 days (<https://docs.polygon.technology/pos/reference/contracts/stakingmanager/>) to 36 (of the
  slashed, on Ethereum);
- emissions of 2 to 21 % of the stake a year
  (<https://docs.espressosys.com/network/concepts/the-espresso-network/internal-functionality/stake-table/staking-rewards-calculation>);
- nodes that cost 100 USD a month
  (<https://defi-daily.com/the-economics-of-solana-validators-earnings-costs-and-network-impact>) to 4,000
  (<https://chaincatcher.com/en/article/2142428>).

Where nothing is known they are mostly a tenth to ten times the default on a log scale, and zero to a few times the
default on a linear one: about a pool like that of Metis, and not about all designs. Of `metis_deployed` six values lie
outside: it has no delegators, no Rangers, no slash, and a council of one, the owner, who nearly never acts. That leaves
no room for Rangers, nor for more votes, unless `possible_rangers` or `council_size` is changed too.

Every combination of studied values is a scenario: any number of parameters, all of them if need be, can be varied
together by name. Where one bounds another their ranges meet for that: `number_of_sequencers` and `possible_sequencers`
at 40, `number_of_rangers` and `possible_rangers` at 10, `min_stake` and `max_stake` at 50,000, `commission_low` and
`commission_high` at 0.08, `commission_high` and `max_commission` at 0.25. The shares of a slash that are not burned,
and the kinds of Rangers that are not rational, sum to one at most; half of six nodes byzantine and three more of one
owner are all there are. When everything is varied, agents own more tokens than there are at about one point in a
hundred; such runs fail and say so.
"""


def render() -> str:
    """Return the page."""
    parts = [CHOICES, _count(), *(_group(group) for group in GROUPS), *(_design(name) for name in designs())]
    return "\n".join(parts)


def _count() -> str:
    sources = [facts(Scenario.model_fields[name])["source"] for name in parameter_names()]
    assumed = sum(map(is_assumption, sources))
    return (
        "## Parameters\n\n"
        f"{len(sources)} parameters; the default of {assumed} is an *assumption*: nobody knows it, vary it. "
        "Repositories named as owner/name are on github.com.\n\n"
        f"{STUDIED}"
    )


def _group(group: type[BaseModel]) -> str:
    rows = [_parameter(name, field) for name, field in group.model_fields.items()]
    heading = f"### {group.__name__}\n\n{purpose(group)}\n\n"
    return heading + _table(("name", "default", "studied", "range", "unit", "meaning", "source"), rows)


def _parameter(name: str, field: FieldInfo) -> tuple[str, ...]:
    known = facts(field)
    ranges = (studied_of(known), range_of(known))
    meaning, source = str(field.description), _cited(known["source"])
    return (f"`{name}`", shown(field.default), *ranges, unit_of(known), meaning, source)


def _design(name: str) -> str:
    rows = [
        (f"`{parameter}`", shown(value), _default(parameter, value), confidence, _cited(source))
        for parameter, (value, source, confidence) in entries(name).items()
    ]
    heading = f"## Design `{name}`\n\n{summary(name)}\n\n"
    return heading + _table(("name", "value", "default", "confidence", "source"), rows)


def _default(parameter: str, value: Any) -> str:
    default = Scenario.model_fields[parameter].default
    return "the same" if value == default else shown(default)


def _cited(source: str) -> str:
    """Return a source with its addresses as links and assumptions in italics."""
    text = re.sub(r"https://[^\s;,]+", r"<\g<0>>", source)
    return re.sub("^assumption", "*assumption*", text)


def _table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
