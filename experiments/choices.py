"""The prose of docs/assumptions.md: what the rules leave out or settle, and where the model is known to err."""

CHOICES = """\
# Assumptions

Written by `make docs` from `model/parameters/`, `model/designs/` and `experiments/choices.py`; edit those. The rules
are in [odd.md](odd.md).

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
- **The token price is exogenous** unless `price_process` is reflexive. Nobody but a takeover trades; no stake is lent
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
- **A node is an operator**, save that an attacker's nodes, and the incumbent's, are one. Common owners of real nodes
  are not public by node.
- **A stack is a name.** What sister chains share is trust; capital, users and stake are their own. A member owes the
  name a part of its revenue that falls with the trust in it, and with the member's own share. Leaving costs those who
  stay no trust: that the OP token fell by 28 % in two days when the big member announced its exit
  (<https://gateex.org/tr/post/status/19709847>, a single page) is a price, not the trust of users. What the others pay
  is a share of their fees; the share of net income that a stack may take instead would need their costs.
- **A chain of its own is software.** An app leaves when its fees and the harm it remembers exceed what such a chain
  costs to run. That its users might not follow is left out; it is in `own_chain_cost` if anywhere.
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
- **3M is read as tokens.** What is set aside for decentralising the sequencer of Metis (`reserve`) may be dollars: with
  3 million tokens the 7.35 million that circulate are more than the 10 million there can be
  (<https://crypto.techguide.org/metis-crypto>). As dollars it would last about a third as long, decades all the same.

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
- **Corruption means MEV.** `security_ratio` sets stake against what ordering can take. What the bridge holds, 129
  million USD at Metis (October 2025, <https://l2beat.com/scaling/projects/metis>) behind a stake of some 0.7 million at
  the design's price, is not in it; and it presumes that others convict two thirds of the stake, which whoever holds two
  thirds, like a takeover here, never meets. So chains look safer than they are.
- **Attackers that strike do what harms users most, not what earns most.** In `metis` they insert: a runner risks half
  its stake each time, where a thief would reorder at a tenth of that risk. Its profit is understated, the harm is not.
- **Bids for the right to order are valuations by assumption.** What a bidder pays depends on its own bid, so the truth
  is no best reply: to bid an eighth more would gain a small one about 7 % of its margin at an `auction_precision` of 3.
  Payments are understated, if anything; that slots are paid about two thirds of what they bring is 1 − 1 /
  `auction_precision`, and no finding.
- **Auctions pay who orders.** `auction_to_proposer` leaves the protocol nothing of the proceeds. Timeboost pays 97 % of
  them to its DAO (<https://forum.arbitrum.foundation/t/constitutional-aip-automate-timeboost-proceeds-split/30920>),
  and Radius promises rollups a share (<https://docs.theradius.xyz/learn/atomic-composability>): the protocol's income
  of `l2_pbs` and `radius` is understated by design, the sequencers' overstated.
- **An owner who ejects judges its own nodes like others'.** In `metis_deployed` the foundation's three fear the
  foundation: what deters them is overstated.
- **Returned stake is idle.** Removal is feared for the whole profit that it ends; what the stake that comes back would
  earn elsewhere is not taken off. Deterrence by removal is overstated, in `metis_deployed` by about a quarter at the
  start (6 of 25 USD a day).
- **Emission by rate is paid for being bonded, not for being online.** Who halts the chain with a third of the stake
  goes on earning it: a halt, and downtime, cost less than where absence is fined.
- **The correlation penalty comes as a surprise.** Who offends does not reckon with it, and honest faults do not bear
  it, however many strike at once: what it deters is understated, and what it costs the honest too.
- **Metis agrees without messages, and proves nothing.** More than two thirds must take part in signing batches
  (MetisProtocol/gitbook-docs, decentralized-sequencers/system-architecture.md) and in agreeing on blocks
  (content/docs/andromeda/sequencer of MetisProtocol/docs). `metis` and `metis_deployed` have `consensus = "none"`, for
  by assumption the messages take under a second beside blocks of 10 s and more; but so a third of the nodes going down
  costs no blocks either, and a takeover of a third halts nothing: liveness is overstated. And `metis_deployed` has no
  fault proofs, which Metis has had since May 2025
  (<https://www.metis.io/blog/the-andromeda-upgrade-increased-network-decentralization-and-enhanced-security>): its
  honesty is understated, as far as these can be relied on.

Why the behavioural defaults have their order of size: beliefs start as if from 20 trials, so that a few observed
offences move them and one does not overturn them; evidence halves in 90 epochs, a quarter; a horizon of 180 is two
funding rounds of a small operator; attention of 0.02 is a look every 50 days; at 0.5 per percentage point, four
points of yield outweigh taste e² : 1; five Rangers who sample 0.05 cover nominally 0.23 of blocks; pay per check
above its cost is the design as promised, and the verifier's dilemma appears when it falls below.
"""
