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
    properties = {value.path[-1]: _value(value) for value in values}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _value(value: Value) -> Schema:
    about = {"description": value.description} if value.description else {}
    if value.children:
        return _group(value.children) | about | value.said
    if value.settings:
        return about | {"type": "object", "additionalProperties": False, "properties": settings.schemas()}
    return about | {"type": value.type, "default": value.default} | value.said
