"""How a parameter is declared: once, with everything that anything else needs to know about it."""

from enum import IntEnum
from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo

ASSUMPTION = "assumption"


def number(
    default: float,
    unit: str,
    low: float,
    high: float,
    meaning: str,
    source: str = ASSUMPTION,
    *,
    scale: str = "linear",
    studied: tuple[float, float] | None = None,
) -> Any:
    """Declare a numeric parameter with inclusive bounds, which only guard against slips.

    A design that names it alone varies it over `studied` (low, high), by default all that is allowed, evenly on `scale`
    (linear, or log, where a factor matters and zero does not). Where to look is an assumption too.
    """
    extra: Any = {"unit": unit, "low": low, "high": high, "source": source, "scale": scale}
    extra["studied"] = (low, high) if studied is None else studied
    return Field(default, ge=low, le=high, description=meaning, json_schema_extra=extra)


def flag(default: bool, meaning: str, source: str = ASSUMPTION) -> Any:
    """Declare a yes-or-no parameter."""
    return Field(default, description=meaning, json_schema_extra={"unit": "yes/no", "source": source, "scale": "flag"})


def option(default: IntEnum, meaning: str, source: str = ASSUMPTION) -> Any:
    """Declare a parameter that takes one of an enumeration's lower-case names."""
    extra: Any = {"unit": "choice", "source": source, "scale": "category", "options": names(type(default))}
    extra["enum_class"] = type(default)
    return Field(default.name.lower(), description=meaning, json_schema_extra=extra)


def names(options: type[IntEnum]) -> list[str]:
    """List what a user may write for an enumeration."""
    return [member.name.lower() for member in options]


def facts(field: FieldInfo) -> dict[str, Any]:
    """Return unit, source, scale, and bounds and studied range, or options, of a declared parameter."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}
