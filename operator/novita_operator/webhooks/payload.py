"""A webhook as it is sent: the body that receivers of the REST gateway know, and what is ours beside it. Pure."""

from __future__ import annotations

import re
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.notifications import EventName, PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.webhooks import wire

# The gateway's words for the state of an instance, at each event.
_STATUS: dict[EventName, str] = {
    "instance.ready": "running",
    "instance.failed": "failed",
    "instance.stopped": "stopped",
    "instance.deleted": "deleted",
    "instance.migrated": "running",
    "instance.reclaim_notice": "running",
}


def body(told: PendingNotification, resource: GPUInstance) -> bytes:
    """The JSON text; exactly these bytes are signed."""
    content: dict[str, Any] = {
        "event": told.event,
        "instanceId": told.instance_id,
        "status": _STATUS[told.event],
        "timestamp": wire.moment(told.at),
        "instance": _instance(told, resource),
        **_details(told),
        "object": {
            "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
            "kind": "GPUInstance",
            "namespace": resource.meta.namespace,
            "name": resource.meta.name,
            "uid": resource.meta.uid,
        },
        "deliveryId": told.id,
    }
    return wire.encoded(content)


def _instance(told: PendingNotification, resource: GPUInstance) -> dict[str, Any]:
    return {
        "id": told.instance_id,
        # The gateway's name is the one that the user chose.
        "name": resource.meta.name,
        "connectionDetails": _connection(told, resource),
    }


def _connection(told: PendingNotification, resource: GPUInstance) -> dict[str, str | None] | None:
    """How to reach the instance that this tells of; None once another one is in its place. No passwords."""
    known = resource.status.connection
    if known is None or resource.status.instance_id != told.instance_id:
        return None
    return {"ssh": known.ssh or None, "jupyter": known.jupyter, "webTerminal": known.web_terminal}


def _details(told: PendingNotification) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if told.original_instance_id is not None:
        details["originalInstanceId"] = told.original_instance_id
        details["migration"] = {"reason": "spot_reclaim", "triggeredBy": "automatic_migration"} | _took(told)
    if told.reclaim_at is not None:
        details["reclaimAt"] = wire.moment(told.reclaim_at)
    if told.error is not None:
        code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", told.error.reason).upper()
        details["error"] = {"code": code, "reason": told.error.reason, "message": told.error.message}
    return details


def _took(told: PendingNotification) -> dict[str, int]:
    """From the loss of the one instance until the other was Ready, milliseconds."""
    if told.original_lost_at is None:
        return {}
    return {"migrationTime": max(0, round((told.at - told.original_lost_at).total_seconds() * 1000))}
