"""What waits, what is settled, and how it leaves the status although others write it, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.support.builders import UID, a_body, ago, wire
from tests.unit.support.cluster import Answer, ApiServer, Body
from tests.unit.support.parts import KEY

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.notifications import FailedTries
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache
from novita_operator.webhooks.courier import TRIES, pause_after, pause_left
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


def tries(receiver: str, count: int) -> FailedTries:
    return FailedTries(receiver=receiver, count=count, next=ago(0))


async def note(outbox: Outbox, count: int) -> None:
    found = outbox.first(LANE)
    assert found is not None
    await outbox.note(LANE, found.told, tries("a", count))


def known(outbox: Outbox, lane: Lane = LANE) -> FailedTries | None:
    """What is known of the tries of the lane's first webhook."""
    found = outbox.first(lane)
    assert found is not None
    return outbox.tried(lane, found.told)


async def test_a_failed_try_is_one_write_and_a_new_process_goes_on_counting() -> None:
    outbox, cache, server = an_outbox(waiting(1, "a", "b"))

    await note(outbox, 2)

    assert len(server.writes) == 1
    again = Outbox(server.client, cache, KIND)
    assert known(again) == tries("a", 2)
    assert known(again, Lane(KEY, UID, "b")) is None


async def test_what_is_delivered_takes_its_tries_with_it() -> None:
    outbox, _, server = an_outbox(waiting(1, "a", "b"))
    await note(outbox, 1)

    settle(outbox)
    await outbox.strike(LANE)

    assert left(server) == [waiting(1, "b")]


async def test_the_notes_of_two_receivers_stand_beside_each_other() -> None:
    outbox, _, server = an_outbox(waiting(1, "a", "b"))
    other = Lane(KEY, UID, "b")
    found = outbox.first(other)
    assert found is not None

    await note(outbox, 1)
    await outbox.note(other, found.told, tries("b", 3))

    assert [(each["receiver"], each["count"]) for each in left(server)[0]["tried"]] == [("a", 1), ("b", 3)]


async def test_a_write_of_somebody_else_while_a_try_is_noted_is_kept_with_the_note() -> None:
    outbox, _, server = an_outbox(waiting(1, "a"))
    server.touch("team/demo", status={"phase": "Stopped", "notifications": [waiting(1, "a"), waiting(2, "a")]})

    await note(outbox, 1)

    assert server.objects["team/demo"]["status"]["phase"] == "Stopped"
    assert [each.get("tried") for each in left(server)] == [[tries("a", 1).to_wire()], None]
    assert len(server.writes) == 1


async def test_a_process_that_is_behind_takes_over_the_higher_count_of_another_one() -> None:
    outbox, _, server = an_outbox(waiting(1, "a"))
    noted = {**waiting(1, "a"), "tried": [tries("a", 3).to_wire()]}
    server.touch("team/demo", status={"notifications": [noted]})

    await note(outbox, 1)

    assert left(server) == [noted]
    assert known(outbox) == tries("a", 3)


class Contended(ApiServer):
    """Somebody writes the object after each look at it."""

    calm = False

    async def call_api(self, method: str, path: str, where: Mapping[str, str], body: Body | None, **_: Any) -> Answer:
        answer = await super().call_api(method, path, where, body)
        if method == "GET" and not self.calm:
            self.touch("team/demo")
        return answer


async def test_a_note_that_finds_no_gap_between_the_writes_of_others_counts_in_memory_and_goes_with_the_next() -> None:
    body = a_body(status={"notifications": [waiting(1, "a")]})
    server, cache = Contended(body), Cache()
    cache.put(KEY, body)
    server.touch("team/demo")
    outbox = Outbox(server.client, cache, KIND)

    with pytest.raises(errors.Conflict):
        await note(outbox, 2)
    assert known(outbox) == tries("a", 2)
    assert server.writes == []

    server.calm = True
    await outbox.strike(LANE)

    assert left(server)[0]["tried"] == [tries("a", 2).to_wire()]


FINE = tries("a", 2).to_wire()
JUNK: dict[str, Any] = {
    "a text": "five",
    "an object": {"a": 1},
    "no entries": [],
    "an entry that is nothing": [None],
    "a time beyond every calendar": [{**FINE, "next": "9999-12-31T23:59:59Z"}],
    "a time without a zone": [{**FINE, "next": "2026-01-01T00:00:00"}],
    "a word for a time": [{**FINE, "next": "soon"}],
    "no time": [{"receiver": "a", "count": 2}],
    "a count of nothing": [{**FINE, "count": 0}],
    "a count that is none": [{**FINE, "count": "many"}],
    "a count between two": [{**FINE, "count": 1.5}],
    "a receiver that is too long": [{**FINE, "receiver": "a" * 17}],
    "another receiver": [{**FINE, "receiver": "b"}],
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
async def test_a_note_that_cannot_be_read_counts_as_none_and_loses_no_webhook(junk: Any) -> None:
    outbox, _, server = an_outbox({**waiting(1, "a"), "tried": junk}, waiting(2, "a"))

    assert first(outbox) == "whk_1"
    assert known(outbox) is None
    await note(outbox, 1)

    assert [(each["id"], each.get("tried", [])[:1]) for each in left(server)] == [
        ("whk_1", [tries("a", 1).to_wire()]),
        ("whk_2", []),
    ]


@pytest.mark.parametrize("junk", [None, {**FINE, "count": -1}, {**FINE, "next": "9999-12-31T23:59:59Z"}, "a"])
def test_the_notes_beside_one_that_cannot_be_read_count(junk: Any) -> None:
    outbox, _, _ = an_outbox({**waiting(1, "a"), "tried": [junk, FINE]})

    assert known(outbox) == tries("a", 2)


BEYOND_READING: dict[str, Any] = {
    "an event of another version": {**waiting(2, "a"), "event": "instance.dreams"},
    "a time that is none": {**waiting(2, "a"), "at": "yesterday"},
    "an error without a reason": {**waiting(2, "a"), "error": {}},
    "an id that is too long": {**waiting(2, "a"), "id": "w" * 65},
    "receivers that are none": {**waiting(2, "a"), "to": [7]},
    "an object without anything": {},
    "nothing": None,
    "a text": "whk_2",
}


@pytest.mark.parametrize("junk", BEYOND_READING.values(), ids=BEYOND_READING.keys())
async def test_a_webhook_that_cannot_be_read_takes_no_other_with_it(junk: Any) -> None:
    outbox, _, server = an_outbox(waiting(1, "a"), junk, waiting(3, "a", "b"))

    assert outbox.lanes(KEY) == (Lane(KEY, UID, "a"), Lane(KEY, UID, "b"))
    settle(outbox)
    await outbox.strike(LANE)

    assert left(server) == [waiting(3, "a", "b")]


def test_a_moment_far_away_does_not_block_a_lane_for_ever_and_one_in_the_past_is_due() -> None:
    far = FailedTries(receiver="a", count=1, next=ago(-(10**8)))
    counted_up = FailedTries(receiver="a", count=2**62, next=ago(-(10**8)))

    assert pause_left(far, ago(0), 10.0) == 300.0
    assert pause_left(counted_up, ago(0), 10.0) == 300.0
    assert pause_left(tries("a", 1), ago(-5), 10.0) == 0.0
    assert pause_left(tries("a", 1), ago(30), 10.0) == 30.0
