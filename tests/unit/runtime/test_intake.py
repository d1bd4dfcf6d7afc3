"""A watch event goes into cache and queue, and kopf, which keeps it for a while, keeps nothing large of it."""

from __future__ import annotations

import asyncio
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
        self.vacated: list[Key] = []

    async def gone(self, key: Key, body: Body) -> None:  # noqa: ARG002 - the signature is that of all kinds
        self.bodies.append(body)

    async def vacant(self, key: Key) -> None:
        self.vacated.append(key)


def an_intake(kind: Kind, listener: Listener | None = None, clock: HandClock | None = None) -> Intake:
    ticking = (clock or HandClock()).monotonic
    queue: WorkQueue[Key] = WorkQueue(monotonic=ticking, backoff_base=1, backoff_max=1)
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


async def test_a_name_that_a_new_object_has_already_is_not_given_up_with_the_old_one() -> None:
    """As after `kubectl replace --force`: kopf handles each UID by itself, and the new one may be seen first."""
    listener, clock = Gone(), HandClock()
    intake = an_intake(kinds.GPU_INSTANCE, listener, clock)
    old, new = an_event("DELETED"), an_event()
    new["object"]["metadata"]["uid"] = "v"  # type: ignore[index]
    await intake.event(new)
    key = await intake.queue.take()
    intake.queue.done(key)
    intake.queue.add_after(key, 5.0)

    await intake.event(old)

    assert len(listener.bodies) == 1
    assert listener.vacated == []
    assert intake.cache.find(key) is not None
    clock.turned += 5
    assert await asyncio.wait_for(intake.queue.take(), 1) == key


async def test_a_name_that_nobody_has_any_more_is_given_up() -> None:
    listener = Gone()
    intake = an_intake(kinds.GPU_INSTANCE, listener)
    await intake.event(an_event())

    await intake.event(an_event("DELETED"))

    assert [key.name for key in listener.vacated] == ["gpu"]
