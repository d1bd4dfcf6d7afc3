"""README.md of the chart: its head by hand, the two tables from values.yaml and from the settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chart_tools import settings
from chart_tools.values import Value

_BOUNDS = (("minimum", "≥ {}"), ("maximum", "≤ {}"), ("minLength", "≥ {} characters"), ("maxLength", "≤ {} characters"))


def text(template: Path, values: Iterable[Value]) -> str:
    """The file, from README.md.in with its two placeholders replaced."""
    leaves = [leaf for value in values for leaf in value.leaves()]
    return (
        template.read_text()
        .replace("{{values}}", _table(("Value", "Default", "What it does"), map(_value_row, leaves)))
        .replace("{{settings}}", _table(("Setting", "Default", "Range", "What it is"), _setting_rows()))
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _value_row(value: Value) -> tuple[str, ...]:
    choices = value.said.get("enum")
    allowed = f" One of: {', '.join(f'`{json.dumps(choice)}`' for choice in choices)}." if choices else ""
    return f"`{value.name}`", f"`{json.dumps(value.default)}`", value.description + allowed


def _setting_rows() -> Iterable[tuple[str, ...]]:
    for name, schema in settings.schemas().items():
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        yield f"`settings.{name}`", default, _range(schema), schema.get("description", "")


def _range(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    said = [form.format(schema[key]) for key, form in _BOUNDS if key in schema]
    if "pattern" in schema:
        said.append(f"`{schema['pattern']}`")
    return ", ".join(said) or schema["type"]
