"""Alertmanager: the body of `POST /api/v2/alerts` (its OpenAPI specification, `postableAlerts`). Pure.

What is bad begins an alert; what ends that says `endsAt` with the same labels. They identify an alert, so that nothing
that changes stands in them: the id of the instance is an annotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from novita_operator.api.gpu_instance.notifications import PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.webhooks import wire
from novita_operator.webhooks.formats.story import Story

Alert = Literal["NovitaInstanceFailed", "NovitaInstanceReclaimed"]
_SEVERITY = "warning"  # of one user's instance; who wants to be woken routes by the alert's name
# A webhook is sent once. An alert without an end would be over after Alertmanager's resolve_timeout, five minutes.
_OPEN_FOR = timedelta(days=1)


def body(told: PendingNotification, resource: GPUInstance, story: Story) -> bytes:
    """All alerts that this event begins or ends."""
    return wire.encoded([_alert(alert, told, resource, story, ends_at) for alert, ends_at in _alerts(told)])


def _alerts(told: PendingNotification) -> Iterator[tuple[Alert, datetime]]:
    match told.event:
        case "instance.failed":
            yield "NovitaInstanceFailed", told.at + _OPEN_FOR
            yield "NovitaInstanceReclaimed", told.at
        case "instance.reclaim_notice":
            yield "NovitaInstanceReclaimed", told.at + _OPEN_FOR
        case _:
            yield "NovitaInstanceFailed", told.at
            yield "NovitaInstanceReclaimed", told.at


def _alert(
    alert: Alert, told: PendingNotification, resource: GPUInstance, story: Story, ends_at: datetime
) -> dict[str, Any]:
    at = resource.meta
    labels = {"alertname": alert, "severity": _SEVERITY, "namespace": at.namespace, "gpuinstance": at.name}
    annotations = {"summary": story.headline, "description": story.text, "event": told.event}
    if told.instance_id:
        annotations["instance_id"] = told.instance_id
    return {
        "labels": labels,
        "annotations": annotations,
        "startsAt": wire.moment(told.at),
        "endsAt": wire.moment(ends_at),
    }
