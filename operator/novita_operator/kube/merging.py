"""JSON merge patches (RFC 7386): the smallest body that turns one object into another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from `old` to `new`: changed keys with their new value, vanished keys as None."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := difference(before, value):
                patch[key] = inner
        elif value != before or key not in old:
            patch[key] = value
    return patch


def missing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that lays `wanted` over `found`: what only `found` has, such as a server's defaults, stays."""
    patch: dict[str, Any] = {}
    for key, value in wanted.items():
        before = found.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := missing(before, value):
                patch[key] = inner
        elif value != before:
            patch[key] = value
    return patch
