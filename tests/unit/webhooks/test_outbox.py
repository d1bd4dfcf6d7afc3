"""What waits, what is settled, and how it leaves the status although others write it, too."""

from __future__ import annotations

from typing import Any

from tests.unit.support.builders import UID, a_body, ago, wire
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY

from novita_operator.api import kinds
from novita_operator.kube.cache import Cache
from novita_operator.webhooks.courier import TRIES, pause_after
from novita_operator.webhooks.outbox import Lane, Outbox

KIND = kinds.GPU_INSTANCE
LANE = Lane(KEY, UID, "a")


def waiting(number: int, *to: str) -> dict[str, Any]:
    return {"id": f"whk_{number}", "event": "instance.ready", "at": wire(ago(60)), "to": list(to)}


def an_outbox(*pending: dict[str, Any]) -> tuple[Outbox, Cache, ApiServer]:
    body = a_body(status={"phase": "Running", "notifications": list(pending)})
    server, cache = ApiServer(body), Cache()
    cache.put(KEY, body)
    return Outbox(server.client, cache, KIND), cache, server


def left(server: ApiServer) -> Any:
    return server.objects["team/demo"]["status"].get("notifications")


def first(outbox: Outbox, lane: Lane = LANE) -> str | None:
    found = outbox.first(lane)
    return found.told.id if found is not None else None


def settle(outbox: Outbox, lane: Lane = LANE) -> None:
    found = outbox.first(lane)
    assert found is not None
    outbox.settle(lane, found.told)


def test_each_receiver_has_a_lane_of_its_own_in_order() -> None:
    outbox, _, _ = an_outbox(waiting(1, "a", "b"), waiting(2, "a"), waiting(3, "b"))

    assert outbox.lanes(KEY) == (Lane(KEY, UID, "a"), Lane(KEY, UID, "b"))
    assert first(outbox) == "whk_1"
    settle(outbox)
    assert (first(outbox), first(outbox, Lane(KEY, UID, "b"))) == ("whk_2", "whk_1")


async def test_what_is_settled_leaves_the_status_and_the_rest_stays() -> None:
    outbox, _, server = an_outbox(waiting(1, "a", "b"), waiting(2, "a"))

    settle(outbox)
    await outbox.strike(LANE)

    assert left(server) == [waiting(1, "b"), waiting(2, "a")]
    assert server.objects["team/demo"]["status"]["phase"] == "Running"


async def test_the_last_one_takes_the_field_with_it() -> None:
    outbox, _, server = an_outbox(waiting(1, "a"))

    settle(outbox)
    await outbox.strike(LANE)

    assert left(server) is None


async def test_a_write_of_somebody_else_in_between_is_kept() -> None:
    outbox, _, server = an_outbox(waiting(1, "a"))
    server.touch("team/demo", status={"phase": "Stopped", "notifications": [waiting(1, "a"), waiting(2, "a")]})

    settle(outbox)
    await outbox.strike(LANE)

    assert server.objects["team/demo"]["status"] == {"phase": "Stopped", "notifications": [waiting(2, "a")]}


async def test_an_old_body_from_the_watch_brings_nothing_back() -> None:
    outbox, cache, _ = an_outbox(waiting(1, "a"))
    old = a_body(status={"notifications": [waiting(1, "a")]})
    settle(outbox)
    await outbox.strike(LANE)

    cache.put(KEY, old)

    assert outbox.lanes(KEY) == ()
    assert first(outbox) is None


async def test_nothing_to_strike_is_no_write() -> None:
    outbox, _, server = an_outbox(waiting(1, "a"))

    await outbox.strike(LANE)

    assert server.writes == []


async def test_an_object_that_is_gone_is_told_of_from_memory_and_then_forgotten() -> None:
    outbox, cache, server = an_outbox(waiting(1, "a"))
    gone = a_body(status={"notifications": [waiting(1, "a"), waiting(2, "a")]})
    outbox.keep(gone)
    cache.remove(KEY, UID)
    del server.objects["team/demo"]

    assert first(outbox) == "whk_1"
    settle(outbox)
    await outbox.strike(LANE)
    outbox.end(LANE)
    assert first(outbox) == "whk_2"
    settle(outbox)
    outbox.end(LANE)

    assert first(outbox) is None


async def test_what_the_watch_shows_last_does_not_replace_what_the_pass_has_said_last() -> None:
    outbox, cache, _ = an_outbox()
    outbox.keep(a_body(status={"notifications": [waiting(2, "a")]}))

    cache.remove(KEY, UID)
    outbox.keep(a_body(status={}))

    assert first(outbox) == "whk_2"


def test_an_object_of_the_same_name_is_another_one() -> None:
    outbox, _, _ = an_outbox(waiting(1, "a"))

    assert first(outbox, Lane(KEY, "another-uid", "a")) is None


def test_five_tries_outlast_a_minute_however_the_dice_fall() -> None:
    pauses = [pause_after(tries, 10.0, 0.0) for tries in range(1, TRIES)]

    assert pauses == [5.0, 10.0, 20.0, 40.0]
    assert sum(pauses) > 60


def test_pauses_are_spread_over_half_of_their_length() -> None:
    assert (pause_after(3, 10.0, 0.0), pause_after(3, 10.0, 1.0)) == (20.0, 40.0)
