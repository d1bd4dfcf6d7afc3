"""The operator's settings as chart values: names, ranges and descriptions come from the settings themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.alias_generators import to_camel

from novita_operator.settings import Settings

Schema = dict[str, Any]

# What the chart decides by itself, from other values or from the pod.
NOT_VALUES = frozenset(
    {"novita_api_key", "novita_api_key_file", "health_host", "health_port", "health_port_file", "operator_namespace",
     "watch_namespaces", "class_name", "leader_election", "lease_name", "default_account_secret",
     "default_account_secret_key", "webhook_url", "webhook_secret"}
)  # fmt: skip
# What a validator says and pydantic's schema cannot; tests/packaging asks the settings whether it is true.
_CHOICES = {"log_level": ["DEBUG", "INFO", "WARNING", "ERROR"], "log_format": ["text", "json"]}
_KEPT = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "description")


def schemas() -> dict[str, Schema]:
    """Name of the value -> its JSON schema, with the default of the settings."""
    properties = Settings.model_json_schema()["properties"]
    return {to_camel(name): _schema(name, raw) for name, raw in _chosen(properties)}


def _chosen(properties: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    for name, raw in properties.items():
        if name not in NOT_VALUES:
            yield name, raw


def _schema(name: str, raw: Schema) -> Schema:
    # `anyOf: [X, null]` is an optional X.
    inner: Schema = next((choice for choice in raw.get("anyOf", []) if choice.get("type") != "null"), {})
    merged = {**inner, **raw}
    schema = {key: merged[key] for key in _KEPT if key in merged}
    if name in _CHOICES:
        schema["enum"] = _CHOICES[name]
    if merged.get("default") is not None:
        schema["default"] = merged["default"]
    return schema
