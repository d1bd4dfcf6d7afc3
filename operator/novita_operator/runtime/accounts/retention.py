"""What people have chosen to leave at Novita, as a ConfigMap of the operator's namespace holds it. Pure.

An object that is deleted with `deletionPolicy` Retain or Stop, or given up, leaves an instance that no object claims.
This record is all that tells it from an orphan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from novita_operator.api import meta
from novita_operator.kube.cache import Body
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming

MOST = 1000
"""Entries of one account: at 350 bytes each, a third of what a ConfigMap takes."""
MOST_PER_NAMESPACE = 200
"""Of these, no namespace takes more than a fifth: the others can still retain theirs."""
_NAME_CHARS = 253
LABELS = {"app.kubernetes.io/managed-by": meta.FIELD_MANAGER, "app.kubernetes.io/component": "retained-instances"}
_DESCRIPTION = (
    "Instances that people have left at Novita: the orphan collector never deletes them. It belongs in the backup. "
    "Without it, nothing is deleted as an orphan any more."
)

Reason = Literal["Retain", "Stop", "GivenUp"]


class Damaged(Exception):
    """An entry of the record cannot be read. The message names it."""


@dataclass(frozen=True, slots=True)
class Left:
    """One object that left its instance. `key`: the fingerprint of the key with which it was last shown."""

    uid: str
    namespace: str
    name: str
    instance_name: str
    instance_id: str | None
    adopted: bool
    """The instance was taken over, so that its id stands for it, and not its name."""
    reason: Reason
    at: str
    key: str | None = None

    def is_of(self, instance: Instance) -> bool:
        """Whether this instance is what it left."""
        if self.adopted:
            return self.instance_id is not None and instance.id.casefold() == self.instance_id.casefold()
        return naming.resembles(self.instance_name, instance.name)

    def to_text(self) -> str:
        """The entry of a ConfigMap; its key is the UID."""
        raw = {
            "namespace": self.namespace,
            "name": self.name,
            "instanceName": self.instance_name,
            "instanceId": self.instance_id,
            "adopted": self.adopted,
            "reason": self.reason,
            "at": self.at,
            "key": self.key,
        }
        return json.dumps({name: value for name, value in raw.items() if value is not None}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Record:
    """All of one account, by the UID of the object."""

    left: Mapping[str, Left] = field(default_factory=dict)

    def holds(self, instance: Instance) -> bool:
        """Whether a person chose to leave this instance."""
        return any(each.is_of(instance) for each in self.left.values())


def config_map_name(account: str) -> str:
    """What the ConfigMap of an account is called."""
    name = f"novita-retained-{account}"
    if len(name) <= _NAME_CHARS:
        return name
    digest = hashlib.sha256(account.encode()).hexdigest()[:16]
    return f"{name[: _NAME_CHARS - len(digest) - 1]}-{digest}"


def new(account: str, namespace: str, incomplete_since: str | None) -> Body:
    """A ConfigMap without entries. `incomplete_since`: the one before it is lost, with what it held."""
    annotations = {"kubernetes.io/description": _DESCRIPTION}
    if incomplete_since is not None:
        annotations[meta.INCOMPLETE] = incomplete_since
    at = {"name": config_map_name(account), "namespace": namespace, "labels": LABELS, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": at}


def labelled(body: Body) -> Body:
    """The same with our labels: a person who has made it by hand gave it none."""
    at = body["metadata"]
    return body | {"metadata": at | {"labels": (at.get("labels") or {}) | LABELS}}


def is_incomplete(body: Body) -> bool:
    """Whether an operator made it again, and nobody has said since that it is whole."""
    return meta.INCOMPLETE in (body["metadata"].get("annotations") or {})


def read(body: Body) -> Record:
    """What the ConfigMap holds. Raises Damaged."""
    return Record({uid: _entry(uid, text) for uid, text in (body.get("data") or {}).items()})


def readable(bodies: Iterable[Body]) -> Record:
    """What can be read of several ConfigMaps."""
    left: dict[str, Left] = {}
    for uid, text in ((uid, text) for body in bodies for uid, text in (body.get("data") or {}).items()):
        with suppress(Damaged):
            left[uid] = _entry(uid, text)
    return Record(left)


def count_of(namespace: str, entries: Mapping[str, str]) -> int:
    """How many entries are of this namespace; those that cannot be read are of none."""
    return sum(1 for text in entries.values() if _namespace(text) == namespace)


def _namespace(text: str) -> object:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return raw.get("namespace") if isinstance(raw, dict) else None


def _entry(uid: str, text: str) -> Left:
    try:
        raw: dict[str, Any] = json.loads(text)
        known = {"Retain": "Retain", "Stop": "Stop", "GivenUp": "GivenUp"}
        left = Left(
            uid=uid,
            namespace=str(raw["namespace"]),
            name=str(raw["name"]),
            instance_name=str(raw["instanceName"]),
            instance_id=None if raw.get("instanceId") is None else str(raw["instanceId"]),
            adopted=bool(raw.get("adopted", False)),
            reason=known[raw["reason"]],  # type: ignore[arg-type]
            at=str(raw["at"]),
            key=None if raw.get("key") is None else str(raw["key"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged(f"its entry {uid[:64]} cannot be read") from None
    return left


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a cluster has kept its record: what the account says of it, which outlives the ConfigMap."""

    cluster: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.namespace}"


def marks(at: meta.Meta) -> tuple[Mark, ...]:
    """Those on an account; what is no mark is passed over."""
    said = at.annotations.get(meta.RETAINED_IN, "").split(",")
    return tuple(Mark(cluster, namespace) for cluster, _, namespace in (one.partition("/") for one in said) if cluster)


def marked(at: meta.Meta, mark: Mark) -> str:
    """The annotation with this mark beside the others."""
    return ",".join(str(each) for each in dict.fromkeys([*marks(at), mark]))


def ours(found: Iterable[Mark], names: naming.Names) -> Mark | None:
    """The first mark of a cluster whose instances carry a mark of ours."""
    return next((each for each in found if each.cluster in {names.cluster, *names.former}), None)
