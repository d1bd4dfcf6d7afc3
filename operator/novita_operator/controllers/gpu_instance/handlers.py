"""Watch events of GPUInstances -> cache and queue. Nothing else happens here."""

from __future__ import annotations

from typing import Any

import kopf

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance.reconciler import KIND, Reconciler
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.runtime.workqueue import WorkQueue


def register(registry: kopf.OperatorRegistry, reconciler: Reconciler, cache: Cache, queue: WorkQueue[Key]) -> None:
    """Watch GPUInstances."""

    @kopf.on.event(meta.GROUP, meta.VERSION, KIND.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        body: dict[str, Any] = dict(event["object"])
        key = key_of(KIND.plural, body)
        if event["type"] == "DELETED":
            cache.remove(key, body["metadata"]["uid"])
            reconciler.forget(key, body["metadata"]["uid"])
            queue.forget(key)
        else:
            cache.put(key, body)
            reconciler.claim(key, body["metadata"]["uid"])
            queue.add(key)
