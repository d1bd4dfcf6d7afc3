"""Watch events of GPUInstances -> cache and queue. Nothing else happens here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import kopf

from novita_operator.api import meta
from novita_operator.api.kinds import Kind
from novita_operator.api.operator_class import OperatorClass
from novita_operator.controllers.gpu_instance.reconciler import KIND, Reconciler
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.reconciling import owned
from novita_operator.runtime.workqueue import WorkQueue
from novita_operator.webhooks.courier import Courier


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what the watch, or a second look, shows."""

    reconciler: Reconciler
    cache: Cache
    queue: WorkQueue[Key]
    courier: Courier
    operator_class: OperatorClass
    kind: Kind = KIND

    async def seen(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        self.cache.put(key, body)
        self.reconciler.claim(key, body["metadata"]["uid"])
        self.queue.notice(key, partial(self.cache.echoes, key, body))
        if self._is_ours(body):
            self.courier.seen(key)
        self._wake_owners(body)

    async def deleted(self, body: dict[str, Any]) -> None:
        """The watch says that somebody deleted it, and not only that it is no longer there."""
        self.reconciler.departed(key_of(KIND.plural, body), body)
        await self.gone(body)

    async def gone(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        self.cache.remove(key, body["metadata"]["uid"])
        self.reconciler.forget(key, body["metadata"]["uid"])
        self.queue.forget(key)
        if self._is_ours(body):
            self.courier.gone(body)
        self._wake_owners(body)

    def _is_ours(self, body: dict[str, Any]) -> bool:
        return self.operator_class.foreign(KIND.plural, body) is None

    def _wake_owners(self, body: dict[str, Any]) -> None:
        for owner in owned.owners(body):
            self.queue.add(owner)


def register(registry: kopf.OperatorRegistry, intake: Intake) -> None:
    """Watch GPUInstances."""

    @kopf.on.event(meta.GROUP, meta.VERSION, KIND.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        body: dict[str, Any] = dict(event["object"])
        await (intake.deleted(body) if event["type"] == "DELETED" else intake.seen(body))
