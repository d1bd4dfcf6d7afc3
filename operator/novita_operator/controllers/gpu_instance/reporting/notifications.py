"""Status before and after -> the webhooks that tell of it, recorded in the very status that is written. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from novita_operator.api import conditions, lenient
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.notifications import (
    MESSAGE_CHARS,
    MOST_WAITING,
    EventName,
    NotificationError,
    PendingNotification,
    Reclaimed,
)
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Failure, GPUInstanceStatus
from novita_operator.reconciling.outcome import Outcome
from novita_operator.webhooks.receivers import Receiver

_ID_DIGITS = 32  # 128 bits
_SPOT = "SpotReclaimed"


def amended(
    outcome: Outcome,
    resource: GPUInstance,
    newest: Mapping[str, Any],
    receivers: Sequence[Receiver],
    now: datetime,
) -> Outcome:
    """The outcome with what is to be told in its status.

    `newest` is the status that the write starts from: webhooks that were delivered during the pass are out of it.
    """
    old, new = resource.status, GPUInstanceStatus.model_validate(outcome.status)
    held, _ = lenient.read_status(GPUInstanceStatus, {"notifications": newest.get("notifications")})
    waiting = held.notifications or ()
    added = tuple(_addressed(told, resource, receivers) for told in transitions(old, new, now))
    both = (*waiting, *(told for told in added if told.to))
    left = both[-MOST_WAITING:]
    updated = new.model_copy(update={"notifications": left or None, "reclaimed": _reclaimed(old, new)})
    dropped = tuple(_dropped(told) for told in both[: len(both) - len(left)])
    return Outcome(status=updated.to_wire(), events=(*outcome.events, *dropped))


def farewell(resource: GPUInstance, receivers: Sequence[Receiver], now: datetime) -> PendingNotification | None:
    """What is told when the object goes and its instance is gone at Novita; None where nobody wants to know."""
    status = resource.status
    if status.instance_id is None or resource.spec.deletion_policy != "Delete":
        return None
    told = _addressed(_told("instance.deleted", status.instance_id, now), resource, receivers)
    return told if told.to else None


def transitions(old: GPUInstanceStatus, new: GPUInstanceStatus, now: datetime) -> Iterator[PendingNotification]:
    """What happened between the two, in the order in which people would tell it; ids and receivers come later."""
    if _reclaiming(new) and not _reclaiming(old):
        yield _told("instance.reclaim_notice", new.instance_id, now, reclaim_at=new.spot_reclaim_at)
    if new.failure is not None and _is_news(old.failure, new.failure) and not _is_being_replaced(new.failure):
        yield _failed(new.failure, old, now)
    if old.instance_id is not None and new.instance_id is None and not _is_lost(new.failure):
        yield _told("instance.deleted", old.instance_id, now)
    if _is(new, Reason.STOPPED) and not _is(old, Reason.STOPPED) and new.instance_id is not None:
        yield _told("instance.stopped", new.instance_id, now)
    if _is(new, Reason.READY) and not _is(old, Reason.READY):
        if old.reclaimed is not None and old.reclaimed.instance_id != new.instance_id:
            yield _migrated(old.reclaimed, new, now)
        yield _told("instance.ready", new.instance_id, now)


def _told(event: EventName, instance_id: str | None, now: datetime, **more: Any) -> PendingNotification:  # noqa: ANN401 - fields of the model
    return PendingNotification(id="", event=event, at=now, instance_id=instance_id, **more)


def _failed(failure: Failure, old: GPUInstanceStatus, now: datetime) -> PendingNotification:
    error = NotificationError(reason=failure.reason, message=failure.message[:MESSAGE_CHARS])
    return _told("instance.failed", failure.instance_id or old.instance_id, now, error=error)


def _migrated(lost: Reclaimed, new: GPUInstanceStatus, now: datetime) -> PendingNotification:
    return _told(
        "instance.migrated",
        new.instance_id,
        now,
        original_instance_id=lost.instance_id,
        original_lost_at=lost.at,
    )


def _addressed(told: PendingNotification, resource: GPUInstance, receivers: Sequence[Receiver]) -> PendingNotification:
    """With its receivers and an id: every write has another resourceVersion before it, so that no two are the same."""
    to = tuple(dict.fromkeys(each.id for each in receivers if each.wants(told.event)))
    source = f"{resource.meta.uid}:{resource.meta.resource_version}:{told.event}"
    digest = hashlib.sha256(source.encode()).hexdigest()[:_ID_DIGITS]
    return told.model_copy(update={"id": f"whk_{digest}", "to": to})


def _reclaimed(old: GPUInstanceStatus, new: GPUInstanceStatus) -> Reclaimed | None:
    """Remembered from the loss until another one is Ready; of several lost in a row, the one that users last had."""
    if _is(new, Reason.READY):
        return None
    failure = new.failure or old.failure
    if old.reclaimed is None and failure is not None and _is_being_replaced(failure) and failure.instance_id:
        return Reclaimed(instance_id=failure.instance_id, at=failure.at)
    return old.reclaimed


def _is(status: GPUInstanceStatus, reason: Reason) -> bool:
    ready = conditions.find(status.conditions, ConditionType.READY)
    return ready is not None and ready.status == "True" and ready.reason == reason


def _reclaiming(status: GPUInstanceStatus) -> bool:
    noted = conditions.find(status.conditions, ConditionType.SPOT_RECLAIMING) is not None
    return noted or status.spot_reclaim_at is not None


def _is_news(old: Failure | None, new: Failure) -> bool:
    return old is None or (old.reason, old.at, old.instance_id) != (new.reason, new.at, new.instance_id)


def _is_being_replaced(failure: Failure) -> bool:
    """A reclaimed spot instance for which another one is rented: that is told as a migration, and is no failure."""
    return failure.reason == _SPOT and failure.retry_at is not None


def _is_lost(failure: Failure | None) -> bool:
    """Nobody deleted it; `instance.failed` or `instance.migrated` tells what happened."""
    return failure is not None and (failure.reason == "InstanceLost" or _is_being_replaced(failure))


def _dropped(told: PendingNotification) -> Event:
    text = (
        f"The webhook {told.event} of {told.at:%H:%M:%S} UTC was not delivered: {MOST_WAITING} newer ones wait "
        "already. Conditions and Events of this object tell the same."
    )
    return Event(type="Warning", reason=EventReason.NOTIFICATION_FAILED, message=text)
