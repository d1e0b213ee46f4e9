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

from experiments.choices import CHOICES
from experiments.explain import entries, is_assumption, purpose, range_of, shown, studied_of, summary, unit_of
from model.parameters import GROUPS, Scenario, designs, parameter_names
from model.parameters.declaration import facts

PAGE = Path(__file__).parent.parent / "docs" / "assumptions.md"

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
