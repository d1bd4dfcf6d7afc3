"""A watch event goes into cache and queue, and kopf, which keeps it for a while, keeps nothing large of it."""

from __future__ import annotations

from typing import Any, cast

import kopf
from tests.unit.support.parts import HandClock

from novita_operator.api import kinds
from novita_operator.api.kinds import Kind
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.runtime.intake import Intake, Listener
from novita_operator.runtime.workqueue import WorkQueue


class Gone(Listener):
    """What it was told of ends."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    async def gone(self, key: Key, body: Body) -> None:  # noqa: ARG002 - the signature is that of all kinds
        self.bodies.append(body)


def an_intake(kind: Kind, listener: Listener | None = None) -> Intake:
    queue: WorkQueue[Key] = WorkQueue(monotonic=HandClock().monotonic, backoff_base=1, backoff_max=1)
    return Intake(kind, Cache(), queue, listener or Listener())


def an_event(what: str = "ADDED", namespace: str | None = "team") -> kopf.RawEvent:
    metadata: dict[str, Any] = {
        "name": "gpu",
        "uid": "u",
        "resourceVersion": "7",
        "finalizers": ["gpu.novita.ai/instance"],
        "annotations": {"example.com/notes": "n" * 9000},
        "managedFields": [{}],
    }
    if namespace is not None:
        metadata["namespace"] = namespace
    body = {"metadata": metadata, "spec": {"env": [{"name": "A", "value": "v" * 20_000}]}, "status": {"phase": "Ready"}}
    return cast("kopf.RawEvent", {"type": what, "object": body})


async def test_what_kopf_keeps_of_an_event_names_the_object_and_its_finalizers() -> None:
    event = an_event()

    await an_intake(kinds.GPU_INSTANCE).event(event)

    left = {"name": "gpu", "namespace": "team", "uid": "u", "resourceVersion": "7"}
    assert event["object"] == {"metadata": left | {"finalizers": ["gpu.novita.ai/instance"]}}


async def test_of_an_account_whose_timer_reads_it_kopf_keeps_all() -> None:
    event = an_event(namespace=None)

    await an_intake(kinds.NOVITA_ACCOUNT).event(event)

    assert event == an_event(namespace=None)


async def test_of_an_object_that_is_gone_as_little_is_remembered() -> None:
    listener = Gone()

    await an_intake(kinds.GPU_INSTANCE, listener).event(an_event("DELETED"))

    (body,) = listener.bodies
    assert (body["spec"], body["status"]) == ({}, {"phase": "Ready"})
    assert body["metadata"]["annotations"] == {}
