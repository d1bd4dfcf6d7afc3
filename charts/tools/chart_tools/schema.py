"""values.schema.json: what Helm refuses before it renders anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from chart_tools import settings
from chart_tools.values import Value

Schema = dict[str, Any]


def text(values: Iterable[Value]) -> str:
    """The file. Keys that nobody knows are refused at every level: one that is ignored may cost money."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of novita-operator"}
    return json.dumps(schema | _group(values), indent=2) + "\n"


def _group(values: Iterable[Value]) -> Schema:
    inside = tuple(values)
    properties = {value.path[-1]: _value(value) for value in inside}
    group: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [value.path[-1] for value in inside if _is_needed(value)]
    return group | ({"required": required} if required else {})


def _is_needed(value: Value) -> bool:
    """Whether null, by which Helm takes a default away, would mean something else than the empty value."""
    if isinstance(value.default, list | dict) and not value.children:
        return "minItems" in value.said
    return bool(value.children or value.default)


def _value(value: Value) -> Schema:
    about = {"description": value.description} if value.description else {}
    if value.children:
        return _group(value.children) | about | value.said
    if value.settings:
        properties = {name: _or_null(schema) for name, schema in settings.schemas().items()}
        return about | {"type": "object", "additionalProperties": False, "properties": properties}
    return about | {"type": value.type, "default": value.default} | value.said


def _or_null(schema: Schema) -> Schema:
    """Null means the operator's own default. Helm takes away, before it validates, only what values.yaml names."""
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | choices
