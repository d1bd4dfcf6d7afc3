"""Watch events of GPUInstances -> cache and queue. Nothing else happens here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import kopf

from novita_operator.api import kinds, meta
from novita_operator.api.operator_class import OperatorClass
from novita_operator.kube.cache import Body, Key
from novita_operator.reconciling import owned
from novita_operator.runtime.intake import Intake, Listener
from novita_operator.webhooks.courier import Courier


class Follows(Protocol):
    """What the reconciler wants to know of the life of objects."""

    def claim(self, key: Key, body: Body) -> None: ...

    def departed(self, key: Key, body: dict[str, Any]) -> None: ...

    def forget(self, uid: str) -> None: ...

    def vacate(self, key: Key) -> None: ...


@dataclass(frozen=True)
class Ears(Listener):
    """Claims names, tells the courier, wakes owners."""

    reconciler: Follows
    wake: Callable[[Key], None]
    courier: Courier
    operator_class: OperatorClass

    def seen(self, key: Key, body: Body, before: Body | None) -> None:
        self.reconciler.claim(key, body)
        if self._is_ours(body):
            self.courier.seen(key)
        self._wake_owners(body)
        if before is not None and before["metadata"].get("ownerReferences") != body["metadata"].get("ownerReferences"):
            self._wake_owners(before)

    def deleted(self, key: Key, body: Body) -> None:
        self.reconciler.departed(key, body)

    async def gone(self, key: Key, body: Body) -> None:  # noqa: ARG002 - the signature is that of all kinds
        self.reconciler.forget(body["metadata"]["uid"])
        if self._is_ours(body):
            self.courier.gone(body)
        self._wake_owners(body)

    async def vacant(self, key: Key) -> None:
        self.reconciler.vacate(key)

    def _is_ours(self, body: Body) -> bool:
        return self.operator_class.foreign(kinds.GPU_INSTANCE.plural, body) is None

    def _wake_owners(self, body: Body) -> None:
        for owner in owned.owners(body):
            self.wake(owner)


def register(registry: kopf.OperatorRegistry, intake: Intake) -> None:
    """Watch GPUInstances."""

    @kopf.on.event(meta.GROUP, meta.VERSION, kinds.GPU_INSTANCE.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        await intake.event(event)
