"""Events are posted in the background: in order per object, within bounds, and to the end of the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support.builders import NOON, ago, an_object

from novita_operator.api.events import Event, EventReason
from novita_operator.api.meta import Meta
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import LANES, Recorder

AT = an_object().meta


@dataclass
class Events:
    """An API server that takes Events while it is open, and that may refuse the next ones."""

    posted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Exception] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def create_event(self, body: dict[str, Any]) -> None:
        await self.open.wait()
        if self.refused:
            raise self.refused.pop(0)
        self.posted.append(body)

    @property
    def told(self) -> list[str]:
        return [body["message"] for body in self.posted]


@pytest.fixture
def server() -> Events:
    server = Events()
    server.open.set()
    return server


def a_recorder(server: Events, **more: int) -> Recorder:
    return Recorder(cast("KubeClient", server), "operator-0", **more)


@pytest.fixture
async def recorder(server: Events) -> AsyncIterator[Recorder]:
    recorder = a_recorder(server)
    recorder.start()
    yield recorder
    await recorder.drain(0)


def events(*messages: str) -> tuple[Event, ...]:
    return tuple(Event("Normal", EventReason.CREATED, message) for message in messages)


def another(uid: str) -> Meta:
    return AT.model_copy(update={"uid": uid})


async def test_a_pass_does_not_wait_while_the_api_server_takes_no_events(server: Events, recorder: Recorder) -> None:
    server.open.clear()

    recorder.record("GPUInstance", AT, events("one"), NOON)

    assert server.told == []
    server.open.set()
    await recorder.drain(1)
    assert server.told == ["one"]


async def test_the_events_of_an_object_are_posted_in_the_order_of_their_recording(
    server: Events, recorder: Recorder
) -> None:
    expected = [f"{number}" for number in range(50)]
    for message in expected:
        recorder.record("GPUInstance", AT, events(message), NOON)
        recorder.record("GPUInstance", another(f"uid-{message}"), events("of another object"), NOON)

    await recorder.drain(1)

    assert [message for message in server.told if message.isdigit()] == expected


async def test_the_time_of_an_event_is_that_of_its_recording(server: Events, recorder: Recorder) -> None:
    server.open.clear()
    recorder.record("GPUInstance", AT, events("before the stop"), ago(60))
    recorder.record("GPUInstance", AT, events("after it", "and then"), NOON)
    server.open.set()

    await recorder.drain(1)

    times = [body["eventTime"].partition("T")[2] for body in server.posted]
    assert times == ["11:59:00.000000Z", "12:00:00.000000Z", "12:00:00.000001Z"]
    assert len({body["metadata"]["name"] for body in server.posted}) == 3


async def test_what_finds_no_room_is_dropped(server: Events) -> None:
    recorder = a_recorder(server, lane_length=2)
    recorder.record("GPUInstance", AT, events("one", "two", "three"), NOON)

    recorder.start()
    await recorder.drain(1)

    assert server.told == ["one", "two"]


@pytest.mark.parametrize("error", [errors.Unreachable("no answer"), errors.Forbidden("no right"), ValueError("a bug")])
async def test_an_event_that_is_refused_does_not_hold_back_the_next(
    server: Events, recorder: Recorder, error: Exception
) -> None:
    server.refused.append(error)
    recorder.record("GPUInstance", AT, events("one", "two"), NOON)

    await recorder.drain(1)

    assert server.told == ["two"]


async def test_the_end_of_the_process_waits_for_the_last_events_and_no_longer_than_it_may(
    server: Events, recorder: Recorder
) -> None:
    server.open.clear()
    for number in range(10 * LANES):
        recorder.record("GPUInstance", another(f"uid-{number}"), events("late"), NOON)

    await asyncio.wait_for(recorder.drain(0.01), timeout=1)

    assert server.told == []


async def test_a_process_that_never_led_has_nothing_to_wait_for(server: Events) -> None:
    recorder = a_recorder(server)
    recorder.record("GPUInstance", AT, events("one"), NOON)

    await asyncio.wait_for(recorder.drain(60), timeout=1)

    assert server.told == []


async def test_an_event_can_be_posted_before_anything_else_is_done(server: Events) -> None:
    server.refused.append(errors.Unreachable("no answer"))
    recorder = a_recorder(server)

    await recorder.post("GPUInstance", AT, events("lost")[0], NOON)
    await recorder.post("GPUInstance", AT, events("kept")[0], NOON)

    assert server.told == ["kept"]
