"""Writing a status, and telling its Events: only a pass whose status was taken tells them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.kinds import Kind
from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes for one kind."""

    kind: Kind
    kube: KubeClient
    cache: Cache
    recorder: Recorder
    clock: Clock

    async def publish(self, key: Key, at: meta.Meta, outcome: Outcome) -> None:
        """Write the status if it says anything new, then post the Events. Raises kube errors.

        `at`: the version that was decided upon. What was written meanwhile is a reason to start over.
        """
        newest = self.cache.find(key)
        if newest is None or newest["metadata"]["uid"] != at.uid:
            return
        old: Body = newest.get("status") or {}
        if old != outcome.status:
            await self.write(key, at, old, outcome.status)
        self.tell(at, outcome)

    async def write(self, key: Key, at: meta.Meta, old: Body, new: Body) -> None:
        """Turn the status `old` into `new`, if nobody wrote the object since `at`. Raises kube errors."""
        crashpoints.reached("status.before-write")
        body = await self.kube.patch_status(self.kind, at, old, new)
        crashpoints.reached("status.after-write")
        self.cache.wrote(key, body)

    def tell(self, at: meta.Meta, outcome: Outcome) -> None:
        """Post the Events, in the background."""
        self.recorder.record(self.kind.name, at, outcome.events, self.clock.now())

    async def crashed(self, key: Key, error: Exception, status_of: Callable[[Body], Body]) -> None:
        """Say on the object that its pass ended with this error. Raises kube errors."""
        body = self.cache.find(key)
        if body is None:
            return
        at, old = meta.Meta.parse(body["metadata"]), body.get("status") or {}
        told = '"ClusterRefused"' in json.dumps(old)
        if isinstance(error, errors.REFUSALS) and not told:
            # First: where the status is what the cluster does not take, this is all that tells of it.
            self.recorder.record(self.kind.name, at, (_refused(error),), self.clock.now())
        patched = await self.kube.patch_status(self.kind, at, old, status_of(body))
        self.cache.wrote(key, patched)


def _refused(error: Exception) -> Event:
    text = f"The cluster does not take what the operator writes about this object: {error}."
    return Event("Warning", EventReason.WRITE_REFUSED, text)
