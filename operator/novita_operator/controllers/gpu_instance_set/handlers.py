"""Watch events of GPUInstanceSets -> cache and queue. Nothing else happens here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kopf

from novita_operator.api import kinds, meta
from novita_operator.kube.cache import Body, Key
from novita_operator.reconciling.children import Children
from novita_operator.runtime.intake import Intake, Listener


@dataclass(frozen=True)
class Ears(Listener):
    """Forgets whose children were read."""

    children: Children

    async def gone(self, key: Key, body: Body) -> None:  # noqa: ARG002 - the signature is that of all kinds
        self.children.forget(body["metadata"]["uid"])


def register(registry: kopf.OperatorRegistry, intake: Intake) -> None:
    """Watch GPUInstanceSets. Their instances wake them through `owned.owners`."""

    @kopf.on.event(meta.GROUP, meta.VERSION, kinds.GPU_INSTANCE_SET.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        await intake.event(event)
