"""Reading what the API server sends, and asking for it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

Body = dict[str, Any]


def selector(values: Mapping[str, str]) -> str:
    """Labels or fields that must have these values, as a list call asks for them."""
    return ",".join(f"{key}={value}" for key, value in sorted(values.items()))


def decoded(body: Body) -> dict[str, str]:
    entries: dict[str, str] = {}
    for key, value in (body.get("data") or {}).items():
        try:
            entries[key] = base64.b64decode(value).decode()
        except ValueError:
            continue
    return entries


def same_owner(found: Body, wanted: Body) -> bool:
    return not owner_uids(found).isdisjoint(owner_uids(wanted))


def owner_uids(body: Body) -> frozenset[str]:
    return frozenset(owner["uid"] for owner in body["metadata"].get("ownerReferences") or ())
