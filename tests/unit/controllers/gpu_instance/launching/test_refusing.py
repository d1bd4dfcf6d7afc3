"""A surely refused create call: its note is settled, unless another process has written a newer one meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support.parts import KEY, HandClock

from novita_operator.api import kinds, meta
from novita_operator.api.kinds import Kind
from novita_operator.controllers.gpu_instance.action import Intent, Settled
from novita_operator.controllers.gpu_instance.launching.fence import Fence
from novita_operator.kube.cache import Cache
from novita_operator.kube.client import KubeClient


@dataclass
class Server:
    """One object; every write to its metadata is remembered."""

    body: dict[str, Any]
    written: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, _kind: Kind, _namespace: str, _name: str) -> dict[str, Any]:
        return self.body

    async def patch_metadata(self, _kind: Kind, _at: meta.Meta, **changes: Any) -> dict[str, Any]:
        self.written.append(changes)
        return self.body


def _fence(server: Server) -> Fence:
    return Fence(cast("KubeClient", server), Cache(), kinds.GPU_INSTANCE, HandClock(), "operator-0_7")


@pytest.mark.parametrize(
    ("outcome", "finalizers"),
    [
        pytest.param("Refused", [meta.FINALIZER, "somebody.else/s"], id="a refusal is no proof"),
        pytest.param("SoldOut", [meta.FINALIZER, "somebody.else/s"], id="nor is a lack of capacity"),
        pytest.param("Released", ["somebody.else/s"], id="what never left this process is"),
    ],
)
async def test_the_note_is_settled(outcome: Settled, finalizers: list[str]) -> None:
    intent = a.an_intent()
    server = Server(a.a_body(intent=intent, finalizers=[meta.FINALIZER, "somebody.else/s"]))

    settled = await _fence(server).settle(intent, KEY, outcome)

    assert settled == a.an_intent(outcome=outcome)
    (write,) = server.written
    assert write["finalizers"] == finalizers
    assert f'"outcome":"{outcome}"' in write["annotations"][meta.CREATE_INTENT]


@pytest.mark.parametrize("newer", [a.an_intent(attempt=2, age=1), None], ids=["a newer note", "no note at all"])
async def test_a_note_of_another_process_is_not_ours_to_settle(newer: Intent | None) -> None:
    server = Server(a.a_body(intent=newer, finalizers=[meta.FINALIZER]))

    await _fence(server).settle(a.an_intent(attempt=1), KEY, "Refused")

    assert server.written == []
