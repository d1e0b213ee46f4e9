"""Scenario: everything that can be set, declared once, validated once, never changed in place."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from model.parameters.attacks import Attackers
from model.parameters.behaviour import Beliefs, Delegators, Rangers, Sequencers, Users
from model.parameters.declaration import facts
from model.parameters.design import Agreement, Income, Order, Restaking
from model.parameters.society import Stack, Watchers
from model.parameters.system import Market, Protocol, Scale

DESIGNS = Path(__file__).parent.parent / "designs"
GROUPS: tuple[type[BaseModel], ...] = (
    Scale, Market, Protocol, Order, Income, Agreement, Restaking, Watchers, Stack,
    Sequencers, Rangers, Beliefs, Delegators, Attackers, Users,
)  # fmt: skip


class ScenarioError(ValueError):
    """A scenario that cannot be: says field, value, what is allowed and what to do, in one line."""


class Scenario(
    Users, Attackers, Delegators, Beliefs, Rangers, Sequencers,
    Stack, Watchers, Restaking, Agreement, Income, Order, Protocol, Market, Scale,
):  # fmt: skip
    """A frozen description of an economy. Its defaults are close to the design `metis`, which adds sources."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    name: str = Field("custom", description="What the scenario is called in tables and figures.")
    stakes: tuple[float, ...] = Field(
        (), description="Own stake of each starting sequencer, in tokens; empty draws them from `stake_index`."
    )

    def __init__(self, **values: Any) -> None:
        """Validate all values at once; raise ScenarioError with one line per problem."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ScenarioError("; ".join(_explain(problem) for problem in error.errors())) from None

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: Any) -> Any:
        if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
            value = value.item()
        known = _declared(info.field_name)
        if "options" in known and value not in known["options"]:
            raise ValueError(f"allowed are {', '.join(known['options'])}{_nearest(str(value), known['options'])}")
        if known.get("scale") == "flag" and not isinstance(value, bool):
            raise ValueError("give true or false")
        if "low" in known and (isinstance(value, bool | str) or value is None):
            raise ValueError(f"give a number from {known['low']:g} to {known['high']:g} ({known['unit']})")
        return value

    @field_validator("stakes")
    @classmethod
    def _positive(cls, stakes: tuple[float, ...]) -> tuple[float, ...]:
        for row, stake in enumerate(stakes, start=1):
            if stake <= 0:
                raise ValueError(f"stake {stake:g} in row {row} is not above zero; give tokens per sequencer")
        return stakes

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        for test, message in (
            (self.possible_sequencers < self.number_of_sequencers,
             f"possible_sequencers = {self.possible_sequencers} is below number_of_sequencers = "
             f"{self.number_of_sequencers}; raise it or lower the other"),
            (self.possible_rangers < self.number_of_rangers,
             f"possible_rangers = {self.possible_rangers} is below number_of_rangers = {self.number_of_rangers}; "
             "raise it or lower the other"),
            (self.bounty_share + self.compensation_share + self.treasury_share > 1 + 1e-12,
             "bounty_share + compensation_share + treasury_share = "
             f"{self.bounty_share + self.compensation_share + self.treasury_share:g} is above 1; lower one of them"),
            (self.commission_low > self.commission_high,
             f"commission_low = {self.commission_low:g} is above commission_high = {self.commission_high:g}; swap"),
            (self.commission_high > self.max_commission,
             f"commission_high = {self.commission_high:g} is above max_commission = {self.max_commission:g}; "
             "lower it or raise the ceiling"),
            (self.min_stake > self.max_stake,
             f"min_stake = {self.min_stake:g} is above max_stake = {self.max_stake:g}; lower it"),
            (self.tail_start >= self.tail_end,
             f"tail_start = {self.tail_start:g} is not below tail_end = {self.tail_end:g}; lower it"),
            (math.log(self.tail_start) < -4.5 * self.opportunity_sigma,
             f"tail_start = {self.tail_start:g} leaves no body below it at opportunity_sigma = "
             f"{self.opportunity_sigma:g}; raise either"),
            (math.floor(self.byzantine_share * self.number_of_sequencers + 0.5) + self.sybil_nodes
             + self.hit_and_run_nodes > self.number_of_sequencers,
             f"byzantine_share = {self.byzantine_share:g}, sybil_nodes = {self.sybil_nodes} and hit_and_run_nodes = "
             f"{self.hit_and_run_nodes} need more than the {self.number_of_sequencers} starting sequencers; lower one "
             "of them"),
            (self.council_threshold > self.council_size,
             f"council_threshold = {self.council_threshold} is above council_size = {self.council_size}; lower it"),
            (self.diligent_share + self.colluding_share + self.griefing_share > 1 + 1e-12,
             "diligent_share + colluding_share + griefing_share is above 1; lower one of them"),
            (bool(self.stakes) and len(self.stakes) != self.number_of_sequencers,
             f"stakes has {len(self.stakes)} rows but number_of_sequencers = {self.number_of_sequencers}; "
             "make them equal"),
            (bool(self.stakes) and min(self.stakes, default=math.inf) < self.min_stake,
             f"min_stake = {self.min_stake:g} is above the smallest stake {min(self.stakes, default=0):g}; "
             "lower min_stake or rescale the stakes"),
        ):  # fmt: skip
            if test:
                raise ValueError(message)
        return self

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Scenario:
        """Return a named design, with changes. Raises ScenarioError for an unknown name or value."""
        if name not in designs():
            raise ScenarioError(f"unknown design {name!r}{_nearest(name, designs())}; known: {', '.join(designs())}")
        return cls.from_toml(DESIGNS / f"{name}.toml", **changes)

    @classmethod
    def from_toml(cls, path: str | Path, **changes: Any) -> Scenario:
        """Return the scenario in a TOML file of `name = value` lines under any [headings], with changes.

        A value may be written with its provenance: `slash_fraction = {value = 0.05, source = "..."}`. A key `base`
        names the design it starts from. Raises ScenarioError when the file cannot be read or is empty.
        """
        values = read_values(Path(path))
        base = values.pop("base", None)
        start = cls() if base is None else cls.preset(str(base))
        values.setdefault("name", Path(path).stem)
        return start.replace(**{**values, **changes})

    def replace(self, **changes: Any) -> Scenario:
        """Return a new scenario with changes; this one stays as it is."""
        return type(self)(**{**self.model_dump(), **changes})


def designs() -> list[str]:
    """List the named designs."""
    return sorted(path.stem for path in DESIGNS.glob("*.toml"))


def read_values(path: Path) -> dict[str, Any]:
    """Read `name -> value` from a TOML file, dropping headings and provenance."""
    values = {}
    for name, entry in read_entries(path).items():
        if isinstance(entry, dict) and "value" not in entry:
            raise ScenarioError(f"{path}: {name} has no value; write {name} = {{value = ..., source = ...}}")
        values[name] = entry["value"] if isinstance(entry, dict) else entry
    return values


def read_entries(path: Path) -> dict[str, Any]:
    """Read `name -> value or {value, source}` from a TOML file, dropping headings."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}; give the path of a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not valid TOML: {error}; write lines like slash_fraction = 0.05") from None
    entries: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict) and "value" not in value:
            entries |= value
        else:
            entries[name] = value
    if not entries:
        raise ScenarioError(f"{path} is empty; write lines like slash_fraction = 0.05")
    return entries


def parameter_names() -> list[str]:
    """List the names of all parameters that have a unit: everything but name and stakes, in order of declaration."""
    return [name for group in GROUPS for name in group.model_fields]


def check_names(names: Mapping[str, Any] | list[str]) -> None:
    """Raise ScenarioError if one of the names is no parameter, suggesting the nearest."""
    for name in names:
        if name not in Scenario.model_fields:
            raise ScenarioError(_unknown(str(name)))


@cache
def _declared(name: str) -> dict[str, Any]:
    return facts(Scenario.model_fields[name])


def _unknown(name: str) -> str:
    hint = _nearest(name, list(Scenario.model_fields))
    return f"unknown parameter {name!r}{hint or '; `rangefinder explain` lists them'}"


def _nearest(name: str, known: list[str]) -> str:
    match = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {match[0]!r}?" if match else ""


def _explain(problem: Any) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden":
        return _unknown(field)
    message = problem["msg"].removeprefix("Value error, ")
    if not field:
        return message
    known = _declared(field)
    if "low" in known and not message.startswith("give"):
        message = f"give a number from {known['low']:g} to {known['high']:g} ({known['unit']})"
        if problem["type"].startswith("int_"):
            message = message.replace("a number", "a whole number")
    if problem["type"] == "tuple_type":
        message = "give a list of tokens per sequencer"
    if problem["type"] == "string_type":
        message = "give a name in quotes"
    if field == "stakes" and len(problem["loc"]) > 1:
        message = f"row {int(problem['loc'][1]) + 1} is not a number; give tokens per sequencer"
    shown = repr(problem["input"])
    return f"{field} = {shown if len(shown) <= 60 else shown[:57] + '...'}: {message}"
