"""Reading what the API server sends, and asking for it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

Body = dict[str, Any]


class MetadataChanges(TypedDict, total=False):
    """Finalizers and owners replace those that there are; annotations and labels lie beside them, None removes one."""

    finalizers: Sequence[str]
    annotations: Mapping[str, str | None] | None
    labels: Mapping[str, str]
    owner_references: Sequence[Mapping[str, Any]]


def wire_names(changes: MetadataChanges) -> Body:
    """The same as the API server reads it; what is None is left as it is."""
    named = {"ownerReferences" if name == "owner_references" else name: value for name, value in changes.items()}
    return {name: value for name, value in named.items() if value is not None}


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
