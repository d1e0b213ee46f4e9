"""What a parameter means and what a design is, in plain words. Imports nothing heavy."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from experiments.axes import AXES
from model.parameters import DESIGNS, GROUPS, Scenario, ScenarioError, designs, parameter_names, read_entries
from model.parameters.declaration import ASSUMPTION, facts

WIDTH = 28
TOML = ".toml"
INDENT = 20
ALL_METRICS = "metrics"
STAKES = "stakes"


class Entry(NamedTuple):
    """A value of a design with its provenance."""

    value: Any
    source: str = ""
    confidence: str = ""


def explain(name: str) -> str:
    """Return a few lines on a parameter, a design, a metric, or all metrics. Raises ScenarioError for another name.

    The model is loaded only for a name that is neither parameter nor design.
    """
    if name in designs() or name.endswith(TOML):
        return explain_design(name)
    if name in Scenario.model_fields:
        return explain_parameter(name)
    from model.metrics import METRICS

    if name == ALL_METRICS:
        return "\n".join(f"{metric:<44} {METRICS[metric].meaning.splitlines()[0]}" for metric in METRICS)
    if name in METRICS:
        return explain_metric(name)
    near = difflib.get_close_matches(name, [*designs(), *Scenario.model_fields, *METRICS], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`rangefinder explain` lists parameters and designs"
    raise ScenarioError(f"unknown name {name!r}; {hint}")


def explain_metric(name: str) -> str:
    """Return meaning, unit, kind and direction of a metric."""
    from model.metrics import METRICS

    metric = METRICS[name]
    meaning = [f"  {line.strip()}".rstrip() for line in metric.meaning.splitlines()]
    told = {"metric": metric.kind, "unit": metric.unit, "better": metric.better}
    return "\n".join([name, *meaning, *(f"  {label:<8} {text}" for label, text in told.items())])


def overview() -> str:
    """Return one line per design and per parameter, by group."""
    lines = [
        f"Metrics: explain {ALL_METRICS}",
        "",
        "Designs",
        *(f"  {name:<{WIDTH}} {summary(name)}" for name in designs()),
    ]
    for group in GROUPS:
        lines += ["", f"{group.__name__}: {purpose(group)}"]
        lines += [f"  {name:<{WIDTH}} {field.description}" for name, field in group.model_fields.items()]
    return "\n".join(lines)


def explain_parameter(name: str) -> str:
    """Return meaning, default, unit, ranges and source of a parameter, and the designs that set it."""
    field = Scenario.model_fields[name]
    known = facts(field)
    lines = [name, f"  {field.description}"]
    if name in AXES:
        lines += [f"    {option:<{INDENT}} {meaning}" for option, meaning in AXES[name].options.items()]
    if name in parameter_names():
        group = next(group for group in GROUPS if name in group.model_fields)
        told = {
            "group": group.__name__,
            "default": f"{shown(field.default)} {unit_of(known)}".rstrip(),
            "range": range_of(known),
            "studied": studied_of(known),
            "source": known["source"],
        }
        lines += [f"  {label:<8} {text}" for label, text in told.items() if text]
    for design in designs():
        if entry := listed(design).get(name):
            lines.append(f"  {design}: {shown(entry.value)} ({entry.confidence} confidence: {entry.source})")
    return "\n".join(lines)


def explain_design(name: str) -> str:
    """Return a design's place on the axes, then its values by group, with sources; what is not the default is marked.

    The name is that of a design, or the path of a TOML file.
    """
    scenario, known = scenario_of(name), listed(name)
    lines = [scenario.name, *([f"  {words}"] if (words := summary(name)) else []), "", "Axes"]
    lines += [_place(axis, getattr(scenario, axis)) for axis in AXES]
    for group in GROUPS:
        names = [parameter for parameter in group.model_fields if parameter in known]
        if names:
            lines += ["", group.__name__, *(_design_line(parameter, known[parameter]) for parameter in names)]
    if STAKES in known:
        lines += ["", "Stakes", _design_line(STAKES, known[STAKES])]
    unlisted = len(parameter_names()) - len(known.keys() - {STAKES})
    return "\n".join([*lines, "", f"  * not the default. The other {unlisted} parameters have their defaults."])


def _place(axis: str, option: str) -> str:
    return f"  {axis:<{INDENT}} {option:<{INDENT}} {AXES[axis].options[option]}"


def _design_line(parameter: str, entry: Entry) -> str:
    mark = "*" if entry.value != Scenario.model_fields[parameter].default else " "
    source = f"{entry.confidence}: {entry.source}" if entry.source else ""
    return f" {mark}{parameter:<{WIDTH}} {measured(parameter, entry.value):<{WIDTH}} {source}".rstrip()


def scenario_of(name: str) -> Scenario:
    """Return the design of that name, or the scenario in a TOML file."""
    return Scenario.from_toml(name) if name.endswith(TOML) else Scenario.preset(name)


def entries(design: str) -> dict[str, Entry]:
    """Return the listed values of a design's parameters, its base's included, in the order of declaration."""
    return {name: entry for name, entry in listed(design).items() if name != STAKES}


def listed(design: str) -> dict[str, Entry]:
    """Return what `entries` does, and then the stakes, if they are listed."""
    own = {name: _entry(entry) for name, entry in read_entries(_file(design)).items()}
    base = own.pop("base", None)
    known = (listed(base.value) if base else {}) | own
    return {name: known[name] for name in (*parameter_names(), STAKES) if name in known}


def _entry(given: Any) -> Entry:
    """Return a value as a file gives it, alone or with provenance; whatever else a file notes is its own affair."""
    if not isinstance(given, dict):
        return Entry(given)
    return Entry(given["value"], str(given.get("source", "")), str(given.get("confidence", "")))


def summary(design: str) -> str:
    """Return the first comment line of a design's file, empty if it has none."""
    first, *_ = _file(design).read_text(encoding="utf-8").splitlines() or [""]
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _file(design: str) -> Path:
    return Path(design) if design.endswith(TOML) else DESIGNS / f"{design}.toml"


def purpose(group: type[BaseModel]) -> str:
    """Return what a group of parameters says of itself."""
    return str(group.__doc__).splitlines()[0]


def shown(value: Any) -> str:
    """Return a value as a reader would write it: 4,937, 0.05, yes, stake; stakes by their number, sum and largest."""
    if isinstance(value, list | tuple):
        total = sum(value)
        return f"{len(value)} nodes, {total:,.6g} tokens, largest share {max(value) / total:.3g}" if value else "drawn"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,.12g}".replace("e-0", "e-").replace("e+", "e")


def measured(parameter: str, value: Any) -> str:
    """Return a value of a parameter, or of the stakes, with its unit."""
    if parameter == STAKES:
        return shown(value)
    return f"{shown(value)} {unit_of(facts(Scenario.model_fields[parameter]))}".rstrip()


def unit_of(known: dict[str, Any]) -> str:
    """Return the unit of a parameter, empty where there is nothing to measure."""
    return "" if known["unit"] in ("-", "yes/no", "choice") else known["unit"]


def range_of(known: dict[str, Any]) -> str:
    """Return what a parameter may be."""
    if "options" in known:
        return ", ".join(known["options"])
    return f"{shown(known['low'])} to {shown(known['high'])}" if "low" in known else "yes or no"


def studied_of(known: dict[str, Any]) -> str:
    """Return the range over which a design varies a parameter named alone, empty if it is all that is allowed."""
    if "low" not in known or known["studied"] == (known["low"], known["high"]):
        return ""
    low, high = map(shown, known["studied"])
    return f"{low} to {high}{', log' if known['scale'] == 'log' else ''}"


def is_assumption(source: str) -> bool:
    """Return whether a source says that nobody knows."""
    return source.startswith(ASSUMPTION)
