"""Events: what `kubectl describe` shows at the end. Losing one loses a line: the conditions say the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from novita_operator.api import meta
from novita_operator.api.events import Event
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient

logger = logging.getLogger(__name__)

LANES = 4
"""Posts at a time. An object's Events share a lane, so that they arrive in the order in which they were recorded."""
LANE_LENGTH = 1000
"""Events that wait in a lane, some kilobytes each; client-go's broadcaster holds as many."""
_MESSAGE_CHARS = 1024  # the API server's own limit for an Event's note

Body = dict[str, Any]


class Recorder:
    """Takes Events down at once and posts them in the background: no pass waits for one. One per process."""

    def __init__(self, kube: KubeClient, holder: str, *, lane_length: int = LANE_LENGTH) -> None:
        self._kube = kube
        self._holder = holder
        self._lanes: list[asyncio.Queue[Body]] = [asyncio.Queue(lane_length) for _ in range(LANES)]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to post. Before kopf, which cancels every task younger than itself at its end."""
        self._tasks = [asyncio.create_task(self._work(lane), name="recorder") for lane in self._lanes]

    def record(self, kind: str, at: meta.Meta, events: Sequence[Event], now: datetime) -> None:
        """Post them soon, with `now` as their time: what is said before it is done is also shown before it."""
        lane = self._lanes[hash(at.uid) % LANES]
        for number, event in enumerate(events):
            try:
                lane.put_nowait(_body(kind, at, event, now, number, self._holder))
            except asyncio.QueueFull:
                # An API server that takes no Events must not take our memory, too.
                logger.warning("Event %s for %s/%s was dropped: too many wait", event.reason, at.namespace, at.name)

    async def post(self, kind: str, at: meta.Meta, event: Event, now: datetime) -> None:
        """Post it before anything else is done. A failure is logged and not repeated."""
        await self._post(_body(kind, at, event, now, 0, self._holder))

    async def drain(self, seconds: float) -> None:
        """Post what waits, then end."""
        if not self._tasks:
            return
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(lane.join() for lane in self._lanes))
        except TimeoutError:
            left = sum(lane.qsize() for lane in self._lanes)
            logger.warning("the last Events were not posted within %.0f s; %d had not been tried", seconds, left)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, lane: asyncio.Queue[Body]) -> None:
        while True:
            body = await lane.get()
            try:
                await self._post(body)
            except Exception:
                # One Event that cannot be posted must not hold back the others.
                logger.exception("an Event could not be posted")
            finally:
                lane.task_done()

    async def _post(self, body: Body) -> None:
        try:
            await self._kube.create_event(body)
        except errors.KubeError as error:
            about = body["involvedObject"]
            logger.warning(
                "Event %s for %s/%s was not posted: %s", body["reason"], about["namespace"], about["name"], error
            )


def _body(kind: str, at: meta.Meta, event: Event, now: datetime, number: int, holder: str) -> Body:
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
