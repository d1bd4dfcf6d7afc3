"""Watch events of GPUJobs -> cache and queue. Nothing else happens here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import kopf

from novita_operator.api import meta
from novita_operator.api.kinds import Kind
from novita_operator.controllers.gpu_job.reconciler import KIND, Reconciler
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.runtime.workqueue import WorkQueue


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what the watch, or a second look, shows."""

    reconciler: Reconciler
    cache: Cache
    queue: WorkQueue[Key]
    kind: Kind = KIND

    async def seen(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        self.cache.put(key, body)
        self.queue.notice(key, partial(self.cache.echoes, key, body))

    async def gone(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        self.cache.remove(key, body["metadata"]["uid"])
        self.reconciler.forget(body["metadata"]["uid"])
        self.queue.forget(key)


def register(registry: kopf.OperatorRegistry, intake: Intake) -> None:
    """Watch GPUJobs. Their instances wake them through `owned.owners`."""

    @kopf.on.event(meta.GROUP, meta.VERSION, KIND.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        body: dict[str, Any] = dict(event["object"])
        await (intake.gone(body) if event["type"] == "DELETED" else intake.seen(body))
