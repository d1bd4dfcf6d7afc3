"""The CRDs as they were while items of lists had defaults, before a record named the spec that it was made of."""

from __future__ import annotations

from typing import Any

from tests.support.kube import Body

_DEFAULTS = {"protocol": "HTTP", "optional": False, "adoption": "Deny", "retention": "Deny", "matchLabels": {}}
_SIGNING_KEY = "secret"
_KEYS_OF_PORTS = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]}
_UNKNOWN = "specDigest"


def as_it_was(schema: Any) -> Any:
    """A CRD, or a part of it, with the defaults in lists, and the keys, of 0.1.0."""
    if not isinstance(schema, dict):
        return [as_it_was(each) for each in schema] if isinstance(schema, list) else schema
    before: Body = {key: as_it_was(value) for key, value in schema.items() if key != _UNKNOWN}
    for name, child in before.get("properties", {}).items():
        if name in _DEFAULTS and "type" in child:
            child["default"] = _DEFAULTS[name]
        if name == "secretRef" and "key" in child.get("properties", {}):
            child["properties"]["key"]["default"] = _SIGNING_KEY
        if name == "ports" and child.get("items", {}).get("type") == "object":
            child.update(_KEYS_OF_PORTS)
    return before
