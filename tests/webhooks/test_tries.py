"""Five tries in all, however many processes make them: a courier ends, and another one goes on from the status."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.support.builders import a_body, ago, wire
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY, HandClock
from tests.webhooks.places import Place

from novita_operator.api import kinds
from novita_operator.egress import names as egress
from novita_operator.egress.guard import Guard
from novita_operator.kube.cache import Cache
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.webhooks import receivers
from novita_operator.webhooks.courier import Courier
from novita_operator.webhooks.outbox import Outbox
from novita_operator.webhooks.posting import Poster
from novita_operator.webhooks.receivers import Default
from novita_operator.webhooks.sending import Sender

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
LONGEST_PAUSE = 81.0  # of the fourth try, and a second that the note is rounded up by


@dataclass
class Desk:
    """An object with one webhook to tell, and the processes that follow each other. Time goes when a test turns it."""

    place: Place
    server: ApiServer
    clock: HandClock = field(default_factory=HandClock)

    @classmethod
    def with_one_webhook(cls, place: Place, *tried: dict[str, Any]) -> Desk:
        told = {"id": "whk_1", "event": "instance.ready", "at": wire(ago(60)), "to": [receivers.id_of(place.url)]}
        status = {"phase": "Running", "notifications": [{**told, "tried": list(tried)} if tried else told]}
        return cls(place, ApiServer(a_body(spec={"notifications": [{"url": place.url}]}, status=status)))

    async def process(self) -> None:
        """A process begins, does what is due, and ends: in order, or because another one has the Lease now."""
        cache = Cache()
        cache.put(KEY, self.server.objects[f"{KEY.namespace}/{KEY.name}"])
        names = egress.Names(monotonic=time.monotonic, remember=0.0)
        sender = Sender(timeout=30.0, guard=Guard(LOOPBACK), names=names)
        courier = Courier(
            outbox=Outbox(self.server.client, cache, kinds.GPU_INSTANCE),
            poster=Poster(self.server.client, sender, self.clock),
            recorder=Recorder(self.server.client, "this process"),
            default=Default(),
            clock=self.clock,
            metrics=Metrics(),
            retry_delay=10.0,
        )
        courier.start(workers=2)
        courier.seen(KEY)
        await courier.drain(60.0)

    @property
    def noted(self) -> list[int]:
        """The counts that stand in the status."""
        waiting = self.server.objects[f"{KEY.namespace}/{KEY.name}"]["status"].get("notifications", [])
        return [each["count"] for told in waiting for each in told.get("tried", [])]

    @property
    def waits(self) -> bool:
        return "notifications" in self.server.objects[f"{KEY.namespace}/{KEY.name}"]["status"]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Place(status=500) as opened:
        yield opened


async def test_five_processes_make_five_tries_and_the_last_one_writes_only_the_end(place: Place) -> None:
    desk, noted = Desk.with_one_webhook(place), []

    for _ in range(5):
        await desk.process()
        noted.append(desk.noted)
        desk.clock.turned += LONGEST_PAUSE
    await desk.process()

    assert noted == [[1], [2], [3], [4], []]
    assert [got.headers["webhook-id"] for got in place.got] == ["whk_1"] * 5
    assert [event["reason"] for event in desk.server.events] == ["NotificationFailed"]
    assert "Given up after 5 tries" in desk.server.events[0]["message"]
    assert len(desk.server.writes) == 5
    assert not desk.waits


async def test_a_new_leader_waits_for_the_rest_of_the_pause_that_the_old_one_began(place: Place) -> None:
    desk = Desk.with_one_webhook(place)
    await desk.process()

    desk.clock.turned += 4.9  # half of the first pause is sure
    await desk.process()
    before = len(place.got)
    desk.clock.turned += 6.2
    await desk.process()

    assert (before, len(place.got)) == (1, 2)


async def test_the_pause_that_a_receiver_asked_for_holds_over_a_restart(place: Place) -> None:
    place.headers = {"Retry-After": "120"}
    desk = Desk.with_one_webhook(place)
    desk.clock.turned = 0.7  # the time in the status has whole seconds: it must not be cut
    await desk.process()

    desk.clock.turned += 119.9
    await desk.process()
    before = len(place.got)
    desk.clock.turned += 1.2
    await desk.process()

    assert (before, len(place.got)) == (1, 2)
    assert desk.noted == [2]


async def test_a_receiver_that_is_back_after_the_restart_gets_it_once(place: Place) -> None:
    desk = Desk.with_one_webhook(place)
    await desk.process()

    place.status = 200
    desk.clock.turned += LONGEST_PAUSE
    await desk.process()
    desk.clock.turned += LONGEST_PAUSE
    await desk.process()

    assert [got.headers["webhook-id"] for got in place.got] == ["whk_1"] * 2
    assert desk.server.events == []
    assert not desk.waits


async def test_a_count_that_somebody_wrote_beyond_every_number_of_tries_ends_with_the_next(place: Place) -> None:
    tried = {"receiver": receivers.id_of(place.url), "count": 2**62, "next": wire(ago(1))}
    desk = Desk.with_one_webhook(place, tried)

    await desk.process()

    assert len(place.got) == 1
    assert [event["reason"] for event in desk.server.events] == ["NotificationFailed"]
    assert not desk.waits
