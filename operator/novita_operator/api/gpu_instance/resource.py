"""One GPUInstance as the cluster holds it, read leniently, whatever version wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.api.meta import Meta


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a spec cannot be read. `can_delete`: what deletion needs of it, account and policy, could be."""

    message: str
    can_delete: bool


@dataclass(frozen=True, slots=True)
class GPUInstance:
    """One object as the cluster holds it. Of a spec that is `unreadable`, only account and deletion policy count."""

    meta: Meta
    spec: GPUInstanceSpec
    status: GPUInstanceStatus
    unreadable: Unreadable | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> GPUInstance:
        """Read a body from the cluster, whatever version wrote it. Raises pydantic.ValidationError for its metadata."""
        spec, unreadable = _spec(body.get("spec") or {})
        return cls(Meta.parse(body["metadata"]), spec, _status(body.get("status") or {}), unreadable)


def account_of(body: Mapping[str, Any]) -> str:
    """The account that `GPUInstance.parse` finds in a body, without the work of reading all of it."""
    needed = _needed_for_deletion(body.get("spec") or {})
    return (needed or GPUInstanceSpec()).account_ref.name


_NEEDED_FOR_DELETION = ("accountRef", "deletionPolicy")
_COMPLAINTS = 5  # more fields than that are another version of the schema, and the list helps nobody


def _spec(raw: Mapping[str, Any]) -> tuple[GPUInstanceSpec, Unreadable | None]:
    try:
        return GPUInstanceSpec.model_validate(raw), None
    except ValidationError as error:
        # Without the values: one of them may be a password that somebody put into `env`.
        found = error.errors(include_input=False, include_url=False)[:_COMPLAINTS]
        complaints = "; ".join(f"spec.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
    needed = _needed_for_deletion(raw)
    return needed or GPUInstanceSpec(), Unreadable(complaints, can_delete=needed is not None)


def _needed_for_deletion(raw: Mapping[str, Any]) -> GPUInstanceSpec | None:
    needed = {name: raw[name] for name in _NEEDED_FOR_DELETION if isinstance(raw, Mapping) and name in raw}
    try:
        return GPUInstanceSpec.model_validate(needed)
    except ValidationError:
        return None


def _status(raw: Mapping[str, Any]) -> GPUInstanceStatus:
    """A status of another version keeps what deletion needs: the id."""
    try:
        return GPUInstanceStatus.model_validate(raw)
    except ValidationError:
        instance_id = raw.get("instanceId") if isinstance(raw, Mapping) else None
        return GPUInstanceStatus(instance_id=instance_id if isinstance(instance_id, str) else None)
