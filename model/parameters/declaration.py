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
) -> Any:
    """Declare a numeric parameter with inclusive bounds; `scale` is how a sweep spaces it (linear or log)."""
    return Field(
        default,
        ge=low,
        le=high,
        description=meaning,
        json_schema_extra={"unit": unit, "low": low, "high": high, "source": source, "scale": scale},
    )


def flag(default: bool, meaning: str, source: str = ASSUMPTION) -> Any:
    """Declare a yes-or-no parameter."""
    return Field(default, description=meaning, json_schema_extra={"unit": "yes/no", "source": source, "scale": "flag"})


def choice(default: IntEnum, meaning: str, source: str = ASSUMPTION) -> Any:
    """Declare a parameter that takes one of an enumeration's lower-case names."""
    extra: Any = {"unit": "choice", "source": source, "scale": "category", "options": names(type(default))}
    extra["enum_class"] = type(default)
    return Field(default.name.lower(), description=meaning, json_schema_extra=extra)


def names(options: type[IntEnum]) -> list[str]:
    """List what a user may write for an enumeration."""
    return [member.name.lower() for member in options]


def facts(field: FieldInfo) -> dict[str, Any]:
    """Return unit, source, scale, bounds or options of a declared parameter."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}
