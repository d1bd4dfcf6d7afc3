"""The annotation gpu.novita.ai/last-used: when somebody last said that the instance is in use. Pure."""

from __future__ import annotations

from datetime import datetime

from novita_operator.api import meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import LastUse

_VALUE_CHARS = 256  # the bound of the schema


def noted(resource: GPUInstance, now: datetime) -> LastUse | None:
    """The value of the annotation, and when it was last seen to change; None where nothing asks for it.

    The first value that is ever noted is no change: an object of an older version would be woken by it.
    """
    lifetime = resource.spec.lifetime
    if lifetime is None or lifetime.idle is None:
        return None
    text, old = resource.meta.annotations.get(meta.LAST_USED), resource.status.last_use
    value = None if text is None else text[:_VALUE_CHARS]
    if old is None or value is None or value == old.value:
        return LastUse(value=value, changed_at=None if old is None else old.changed_at)
    return LastUse(value=value, changed_at=now)


def last_used(resource: GPUInstance, now: datetime) -> datetime | None:
    """When it was last in use: the time that the annotation says, or the moment of its last change."""
    note = noted(resource, now)
    moments = (_said(resource), None if note is None else note.changed_at)
    return max((moment for moment in moments if moment is not None), default=None)


def unclear(resource: GPUInstance) -> str | None:
    """That the annotation says no time, and what it counts for, in a sentence."""
    if meta.LAST_USED not in resource.meta.annotations or _said(resource) is not None:
        return None
    return (
        f"The annotation {meta.LAST_USED} is no time with a zone, such as 2026-11-24T12:00:00Z "
        "(date -u +%FT%TZ): each change of it counts as use at the moment of the change."
    )


def _said(resource: GPUInstance) -> datetime | None:
    try:
        return meta.reasonable(datetime.fromisoformat(resource.meta.annotations.get(meta.LAST_USED, "")))
    except ValueError:
        return None
