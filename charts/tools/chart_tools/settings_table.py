"""The settings as a table in the README, between two marks."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from novita_operator.settings import Settings

_BEGIN = "<!-- settings: written by `make generate` -->\n"
_END = "<!-- end of settings -->\n"
# Defaults that are found out when the process starts.
_FOUND_OUT = {"operator_namespace": "the pod's, else `novita-system`", "identity": "host and process"}


def laid_into(readme: str) -> str:
    """The README with the table as it has to be. Raises ValueError where it has no place for it."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"README.md lacks the line {(_BEGIN if not begin else _END).strip()}")
    return before + begin + table() + end + after


def table() -> str:
    """Markdown, one row for each setting, in the order of the settings."""
    rows = ["| variable | default | range | what |", "|---|---|---|---|"]
    rows += [_row(name, field) for name, field in Settings.model_fields.items()]
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
