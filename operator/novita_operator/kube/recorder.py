"""Events: what `kubectl describe` shows at the end. Posted after the status is written; losing one loses a line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from novita_operator.api import meta
from novita_operator.api.events import Event
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient

logger = logging.getLogger(__name__)

_MESSAGE_CHARS = 1024  # the API server's own limit for an Event's note


class Recorder:
    """Posts Events under one name per process."""

    def __init__(self, kube: KubeClient, holder: str) -> None:
        self._kube = kube
        self._holder = holder

    async def record(self, kind: str, at: meta.Meta, events: Sequence[Event], now: datetime) -> None:
        """Post them in order. A failure is logged and not repeated: the conditions say the same."""
        for number, event in enumerate(events):
            try:
                await self._kube.create_event(_body(kind, at, event, now, number, self._holder))
            except errors.KubeError as error:
                logger.warning("Event %s for %s/%s was not posted: %s", event.reason, at.namespace, at.name, error)


def _body(kind: str, at: meta.Meta, event: Event, now: datetime, number: int, holder: str) -> dict[str, Any]:
    # Cluster-scoped objects have their Events in `default`, where kubectl looks for them.
    namespace = at.namespace or "default"
    moment = f"{now:%Y-%m-%dT%H:%M:%S}"
    unique = f"{int(now.timestamp() * 1_000_000) + number:x}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        # 200 leaves room for the suffix within the 253 characters of a name.
        "metadata": {"name": f"{at.name[:200]}.{unique}", "namespace": namespace},
        "involvedObject": {
            "apiVersion": f"{meta.GROUP}/{meta.VERSION}",
            "kind": kind,
            "name": at.name,
            "namespace": at.namespace,
            "uid": at.uid,
            "resourceVersion": at.resource_version,
        },
        "type": event.type,
        "reason": str(event.reason),
        "message": event.message[:_MESSAGE_CHARS],
        "action": str(event.reason),
        "firstTimestamp": f"{moment}Z",
        "lastTimestamp": f"{moment}Z",
        # A little apart, so that `kubectl events` keeps the order of one pass.
        "eventTime": f"{moment}.{min(999_999, now.microsecond + number):06d}Z",
        "count": 1,
        "source": {"component": meta.FIELD_MANAGER},
        "reportingComponent": meta.FIELD_MANAGER,
        "reportingInstance": holder[:128],
    }
