"""What the API server held of the objects of a namespace, and when: the other witness beside the ledger."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from tests.support import kube
from tests.support.history import condition
from tests.support.kube import Body, Kube

_AGAIN_SECONDS = 0.2  # until the API server is asked again that was taken away


@dataclass
class Seen:
    """One object by its UID. All times are monotonic seconds. `ready_ids`: with which it was Ready."""

    name: str
    ids: dict[str, float] = field(default_factory=dict)
    ready_ids: set[str] = field(default_factory=set)
    ready: float | None = None
    deleting: float | None = None
    gone: float | None = None


@dataclass
class Observer:
    """Follows a namespace by a watch that is opened again whenever it ends. `bodies`: the living objects by name."""

    kube: Kube
    namespace: str
    by_uid: dict[str, Seen] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._follow()
            except (httpx.HTTPError, kube.Refused):
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self) -> None:
        listed, version = await self.kube.snapshot(kube.GPU_INSTANCES, self.namespace)
        living = {body["metadata"]["uid"] for body in listed}
        for uid, seen in self.by_uid.items():
            if uid not in living and seen.gone is None:
                self._is_gone(uid, seen.name)
        for body in listed:
            self._is(body)
        async for change in self.kube.watch(kube.GPU_INSTANCES, self.namespace, version):
            if change["type"] == "ERROR":
                return
            body = change["object"]
            if change["type"] == "DELETED":
                self._is(body)
                self._is_gone(body["metadata"]["uid"], body["metadata"]["name"])
            else:
                self._is(body)

    def _is(self, body: Body) -> None:
        now, at = time.monotonic(), body["metadata"]
        seen = self.by_uid.setdefault(at["uid"], Seen(at["name"]))
        held = (body.get("status") or {}).get("instanceId")
        if held:
            seen.ids.setdefault(held, now)
        if condition(body, "Ready").get("reason") == "Ready":
            seen.ready = seen.ready or now
            if held:
                seen.ready_ids.add(held)
        if at.get("deletionTimestamp") and seen.deleting is None:
            seen.deleting = _monotonic(at["deletionTimestamp"])  # the watch may tell of it late
        before = self.bodies.get(at["name"])
        if before is None or before["metadata"]["uid"] != at["uid"] or _version(before) <= _version(body):
            self.bodies[at["name"]] = body
        self.changed.set()

    def _is_gone(self, uid: str, name: str) -> None:
        self.by_uid[uid].gone = self.by_uid[uid].gone or time.monotonic()
        if name in self.bodies and self.bodies[name]["metadata"]["uid"] == uid:
            del self.bodies[name]
        self.changed.set()


def _monotonic(stamp: str) -> float:
    """A time of the API server's, which runs by the clock of this machine and counts whole seconds."""
    return time.monotonic() - (time.time() - datetime.fromisoformat(stamp).timestamp())


def _version(body: Body) -> int:
    return int(body["metadata"]["resourceVersion"])
