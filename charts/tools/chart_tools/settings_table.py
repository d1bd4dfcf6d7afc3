"""The settings as Markdown tables: those that people set first, and behind them those for fine tuning."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from novita_operator.settings import Settings

# Defaults that are found out when the process starts.
_FOUND_OUT = {"operator_namespace": "the pod's, else `novita-system`"}


def everyday() -> str:
    """One row for each setting that people set, in the order of the settings."""
    return _table({name: field for name, field in Settings.model_fields.items() if not is_advanced(field)})


def advanced() -> str:
    """One row for each setting that is seldom set."""
    return _table({name: field for name, field in Settings.model_fields.items() if is_advanced(field)})


def is_advanced(field: FieldInfo) -> bool:
    """Whether the setting is one for fine tuning."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("advanced"))


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = ["| variable | default | range | what |", "|---|---|---|---|"]
    rows += [_row(name, field) for name, field in fields.items()]
    return "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{name.upper()}`", _default(name, field.default), _range(field.metadata), field.description or "")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(name: str, value: object) -> str:
    if value is PydanticUndefined:
        return _FOUND_OUT[name]
    if value in (None, ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _range(metadata: list[Any]) -> str:
    lowest = next((rule.ge for rule in metadata if isinstance(rule, Ge)), None)
    highest = next((rule.le for rule in metadata if isinstance(rule, Le)), None)
    return "" if lowest is None and highest is None else f"{lowest} to {highest}"
