"""GPUInstances that a set or a job owns: whose they are, and what their owner sees of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from novita_operator.api import kinds, meta, money
from novita_operator.kube.cache import Key

Body = Mapping[str, Any]

PLURALS: Mapping[str, str] = {kind.name: kind.plural for kind in kinds.OWNERS}
"""The kinds that own GPUInstances, with their plural names."""


LABELS: Mapping[str, str] = {
    meta.SET_LABEL: "GPUInstanceSet",
    meta.TEMPLATE_HASH_LABEL: "GPUInstanceSet",
    meta.JOB_LABEL: "GPUJob",
    meta.ATTEMPT_LABEL: "GPUJob",
}
"""The labels that an owner of each kind puts on its instances, and finds them by."""


def owners(body: Body) -> tuple[Key, ...]:
    """The keys of those that may own this object, so that they are reconciled when it changes.

    Where `kubectl replace` has dropped the ownerReference, its status says whose it is, and an orphan's label does.
    """
    namespace = body["metadata"].get("namespace", "")
    found = controller(body)
    if found is not None:
        ours = str(found.get("apiVersion", "")).startswith(f"{meta.GROUP}/")
        named = [(found.get("kind"), found.get("name"))] if ours else []
    else:
        known, labels = recorded(body), body["metadata"].get("labels") or {}
        named = [(known.get("kind"), known.get("name")), ("GPUInstanceSet", labels.get(meta.SET_LABEL))]
    keys = [Key(PLURALS[str(kind)], namespace, str(name)) for kind, name in named if kind in PLURALS and name]
    return tuple(dict.fromkeys(keys))


def recorded(body: Body) -> Mapping[str, Any]:
    """The owner in the status: what the metadata said before it lost it."""
    status = body.get("status")
    found = status.get("owner") if isinstance(status, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def labels_of(body: Body) -> dict[str, str]:
    """Of an object's labels, those by which its owner finds it."""
    labels: Mapping[str, str] = body["metadata"].get("labels") or {}
    return {name: value for name, value in labels.items() if name in LABELS}


def controller(body: Body) -> Mapping[str, Any] | None:
    """The ownerReference that is marked as the controller's."""
    references: list[Mapping[str, Any]] = body["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def reference(kind: str, owner: meta.Meta) -> dict[str, Any]:
    """The ownerReference to a set or a job. With `--cascade=foreground` it waits until its instances are gone."""
    return {
        "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
        "kind": kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


_AT_REST = frozenset({"Stopped", "Ended"})
"""Reasons of a true Ready where nothing runs."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a child is not as wanted. `lasting`: it will not get better without a person."""

    reason: str
    message: str
    lasting: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a child will not go on by itself. `said`: Novita's own error text, where it gave one."""

    reason: str
    message: str
    said: str | None


@dataclass(frozen=True, slots=True)
class Child:
    """One GPUInstance as its owner sees it. Price in USD/h.

    `was_ready`: it has been Ready since its last start. `ran`: it was seen running, and perhaps never Ready.
    """

    name: str
    uid: str
    created_at: datetime
    deleting: bool = False
    labels: Mapping[str, str] | None = None
    ready: bool = False
    was_ready: bool = False
    ran: bool = False
    reason: str = ""
    message: str = ""
    trouble: Trouble | None = None
    ended: Ended | None = None
    price_per_hour: Decimal | None = None
    secret: str | None = None
    """The connection Secret of its present start."""
    host_key: str | None = None
    """The fingerprint of the ssh host key that was recorded after it."""

    def label(self, name: str) -> str | None:
        return (self.labels or {}).get(name)

    @property
    def running(self) -> bool:
        """It is as wanted, and that is to run."""
        return self.ready and self.reason not in _AT_REST

    @property
    def over(self) -> bool:
        """Its spec.lifetime has ended it for good: what its owner makes in its place would end the same way."""
        lasting = self.ended is not None and self.ended.reason == "MaxSeconds"
        return self.at_rest and (self.reason == "Ended" or lasting)

    @property
    def stopped(self) -> bool:
        """It is as wanted, and that is not to run for now."""
        return self.at_rest and not self.over

    @property
    def held_back(self) -> bool:
        """A stop of its schedule has ended it: it waits for somebody, and what came in its place would run at once."""
        return self.ended is not None and self.ended.reason == "Schedule"

    @property
    def at_rest(self) -> bool:
        return self.ready and self.reason in _AT_REST


def child(body: Body) -> Child:
    """Read a GPUInstance, whatever version wrote its status."""
    metadata, status = body["metadata"], body.get("status") or {}
    ready = _condition(status, "Ready")
    connection = _mapping(status.get("connection"))
    host_key = _mapping(connection.get("hostKey"))
    return Child(
        name=metadata["name"],
        uid=metadata["uid"],
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        deleting="deletionTimestamp" in metadata,
        labels=metadata.get("labels") or {},
        ready=ready.get("status") == "True",
        was_ready=bool(status.get("readyAt")),
        # Only an instance that runs has an address; an ended one keeps its last.
        ran=bool(status.get("readyAt") or status.get("connection")),
        reason=str(ready.get("reason", "")),
        message=str(ready.get("message", "")),
        trouble=_trouble(status, ready),
        ended=_ended(status),
        price_per_hour=_price(status.get("pricePerHour")) if _runs(status, ready) else None,
        secret=_named(connection.get("secretRef"), "name"),
        host_key=_named(host_key, "fingerprint") if host_key.get("startedAt") == status.get("startedAt") else None,
    )


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _named(found: object, name: str) -> str | None:
    value = _mapping(found).get(name)
    return value if isinstance(value, str) and value else None


def _runs(status: Body, ready: Mapping[str, Any]) -> bool:
    """Whether an hour of it costs: of a stopped one only the disk is billed."""
    return bool(status.get("instanceId")) and not (ready.get("status") == "True" and ready.get("reason") in _AT_REST)


def _condition(status: Body, kind: str) -> Mapping[str, Any]:
    found: list[Mapping[str, Any]] = status.get("conditions") or []
    return next((condition for condition in found if condition.get("type") == kind), {})


def _trouble(status: Body, ready: Mapping[str, Any]) -> Trouble | None:
    if ready.get("status") == "True":
        return None
    if _condition(status, "Stalled").get("status") == "True":
        return Trouble(str(ready.get("reason", "Stalled")), str(ready.get("message", "")), lasting=True)
    scheduled = _condition(status, "Scheduled")
    if scheduled.get("status") == "False":
        return Trouble(str(scheduled.get("reason", "")), str(scheduled.get("message", "")), lasting=False)
    return None


def _ended(status: Body) -> Ended | None:
    failure, ended = status.get("failure"), status.get("ended")
    if isinstance(ended, Mapping):
        return Ended(str(ended.get("cause", "")), "It was ended as its spec.lifetime asks.", None)
    if not isinstance(failure, Mapping) or failure.get("retryAt"):
        return None
    said = failure.get("novitaError")
    return Ended(str(failure.get("reason", "")), str(failure.get("message", "")), str(said) if said else None)


def _price(text: object) -> Decimal | None:
    try:
        return Decimal(money.amount(text)) if isinstance(text, str) and text else None
    except ValueError:
        return None
