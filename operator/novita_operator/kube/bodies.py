"""Reading what the API server sends, and asking for it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from novita_operator.api import meta

Body = dict[str, Any]
_INSTANCE_ID = "instance-id"  # the entry of a connection Secret that names its instance


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


@dataclass(frozen=True, slots=True)
class Content:
    """The entries of a Secret or a ConfigMap that are text, and the names of those that are not.

    `exists`: false where it stands for one that there is not.
    """

    entries: Mapping[str, str] = field(default_factory=dict)
    binary: frozenset[str] = frozenset()
    type: str = ""
    exists: bool = True


def content_of_secret(body: Body) -> Content:
    entries, binary = {}, set()
    for key, value in (body.get("data") or {}).items():
        try:
            entries[key] = base64.b64decode(value or "").decode()  # null is an empty one
        except ValueError:
            binary.add(key)
    return Content(entries, frozenset(binary), str(body.get("type", "")))


def same_owner(found: Body, wanted: Body) -> bool:
    return not owner_uids(found).isdisjoint(owner_uids(wanted))


def is_ours(found: Body, wanted: Body) -> bool:
    """Whether what is found was made for the owner of what is wanted; somebody may have removed its ownerReference."""
    if same_owner(found, wanted):
        return True
    if any(owner.get("controller") for owner in found["metadata"].get("ownerReferences") or ()):
        return False
    said = notes_of(found).get(meta.OWNER_UID)
    instance = (wanted.get("data") or {}).get(_INSTANCE_ID)
    same_instance = instance is not None and (found.get("data") or {}).get(_INSTANCE_ID) == instance
    return said in owner_uids(wanted) or same_instance


def is_of_an_earlier_owner(found: Body, wanted: Body) -> bool:
    """Whether its owner had the name and kind of this one: of two objects of one name, only one is left."""
    known = {(owner["kind"], owner["name"]) for owner in wanted["metadata"]["ownerReferences"]}
    owners = found["metadata"].get("ownerReferences") or ()
    return any((owner["kind"], owner["name"]) in known for owner in owners)


def notes_of(body: Body) -> Mapping[str, str]:
    notes: Mapping[str, str] = body["metadata"].get("annotations") or {}
    return notes


def owner_uids(body: Body) -> frozenset[str]:
    return frozenset(owner["uid"] for owner in body["metadata"].get("ownerReferences") or ())
