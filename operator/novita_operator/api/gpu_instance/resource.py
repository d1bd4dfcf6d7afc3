"""One GPUInstance as the cluster holds it, read leniently, whatever version wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novita_operator.api import lenient, meta
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.api.meta import Meta


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a spec cannot be read. `can_delete`: what deletion needs of it, account and policy, could be.

    `fields`: those that were left out; they have their defaults, by which nothing may be ended.
    """

    message: str
    can_delete: bool
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GPUInstance:
    """One object as the cluster holds it. Of a spec that is `unreadable`, only its other fields count.

    `lost`: what of the status cannot be read; it is written again.
    """

    meta: Meta
    spec: GPUInstanceSpec
    status: GPUInstanceStatus
    unreadable: Unreadable | None = None
    lost: str = ""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUInstance:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        spec, unreadable = _spec(body.get("spec") or {})
        status, lost = lenient.read_status(GPUInstanceStatus, body.get("status") or {})
        return cls(Meta.parse(body["metadata"]), spec, status, unreadable, str(lost))


def account_of(body: Mapping[str, Any]) -> str:
    """The account that `GPUInstance.parse` finds in a body, without the work of reading all of it."""
    raw = body.get("spec") or {}
    needed = {"accountRef": raw["accountRef"]} if isinstance(raw, Mapping) and "accountRef" in raw else {}
    return lenient.read(GPUInstanceSpec, needed, "spec")[0].account_ref.name


def is_ending(body: Mapping[str, Any]) -> bool:
    """Whether it is to be stopped or deleted: that ends billing, and goes before what rents."""
    return bool(body["metadata"].get("deletionTimestamp")) or (body.get("spec") or {}).get("powerState") == "Stopped"


def is_unanswered(body: Mapping[str, Any]) -> bool:
    """Whether the status says nothing yet about the spec as it is now."""
    return bool((body.get("status") or {}).get("observedGeneration") != body["metadata"].get("generation"))


def is_unguarded(body: Mapping[str, Any]) -> bool:
    """Whether it has an instance that nobody would end if it were deleted now."""
    return bool((body.get("status") or {}).get("instanceId")) and meta.FINALIZER not in (
        body["metadata"].get("finalizers") or ()
    )


_NEEDED_FOR_DELETION = frozenset({"", "accountRef", "deletionPolicy"})


def _spec(raw: Any) -> tuple[GPUInstanceSpec, Unreadable | None]:  # noqa: ANN401 - whatever version wrote it
    spec, lost = lenient.read(GPUInstanceSpec, raw, "spec")
    if not lost:
        return spec, None
    can_delete = not _NEEDED_FOR_DELETION & lost.fields
    return spec, Unreadable(str(lost), can_delete, lost.fields)
