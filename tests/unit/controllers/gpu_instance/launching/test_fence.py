"""The note of intent survives the annotation and is never read as harmless when it is damaged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.support import builders as a
from tests.unit.support.builders import NOON
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY, HandClock

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.action import Intent, Settled
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.launching.fence import Fence, Terms
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache

NAME = "nvo-abcdefgh-aaaaaaaaaaaaaaaaaaaaaaaaaa"


def a_fence(server: ApiServer) -> Fence:
    return Fence(server.client, Cache(), kinds.GPU_INSTANCE, HandClock(), "operator-0_7")


def stored(server: ApiServer) -> meta.Meta:
    return meta.Meta.parse(server.objects["team/demo"]["metadata"])


def noted(annotation: str) -> Intent | None:
    return fence.read(GPUInstance.parse(a.a_body(intent=annotation)).meta)


@pytest.mark.parametrize("outcome", ["Pending", "Refused", "SoldOut", "Released"])
async def test_an_intent_reads_back_as_it_was_written(outcome: Settled) -> None:
    server = ApiServer(a.a_body())
    intent = a.an_intent(attempt=3, outcome=outcome)

    await a_fence(server).hold(stored(server), intent, KEY)

    assert fence.read(stored(server)) == intent


async def test_the_price_limit_of_the_call_is_noted_and_an_unreadable_one_is_none() -> None:
    server = ApiServer(a.a_body())
    fresh = GPUInstance.parse(server.objects["team/demo"])

    intent = await a_fence(server).raise_for(fresh, Terms("4090", "CN-HK-01", Decimal("0.50")), KEY, NAME)

    assert intent.limit == Decimal("0.50")
    assert fence.read(stored(server)) == intent
    note = stored(server).annotations[meta.CREATE_INTENT]
    assert '"0.50"' in note
    for odd in ('"much"', '"0"', '"NaN"', '"-1"', '"1e999999999"', "0.5", "[]", "null"):
        assert noted(note.replace('"0.50"', odd)) == replace(intent, limit=None)


async def test_the_annotation_is_short_and_says_nothing_of_a_limit_that_there_was_not() -> None:
    server = ApiServer(a.a_body())

    await a_fence(server).hold(stored(server), a.an_intent(), KEY)

    note = stored(server).annotations[meta.CREATE_INTENT]
    assert " " not in note
    assert "limit" not in note


@pytest.mark.parametrize(("attempts", "read"), [(1, 1), (1_000_000, 1_000_000), (1_000_001, 1)])
def test_more_attempts_than_anybody_makes_are_no_operators_note(attempts: int, read: int) -> None:
    intent = noted(a.a_note(a.an_intent(attempt=attempts)))

    assert intent is not None
    assert intent.attempt == read
    assert (intent.at == fence.NOBODY_KNOWS_WHEN) == (attempts != read)


async def test_the_name_of_the_call_is_noted_since_the_object_may_be_called_otherwise_after_a_crash() -> None:
    server = ApiServer(a.a_body())

    await a_fence(server).raise_for(
        GPUInstance.parse(server.objects["team/demo"]), Terms("4090", "CN-HK-01"), KEY, NAME
    )

    noted_at = fence.read(stored(server))
    assert noted_at is not None
    assert noted_at.name == NAME


def test_a_damaged_note_is_told_by_the_name_of_its_annotation() -> None:
    damaged = fence.complaint(GPUInstance.parse(a.a_body(intent="{")).meta)

    assert damaged == (
        f"The annotation {meta.CREATE_INTENT} is not as an operator writes it: it counts as a create call of unknown "
        "outcome, and the instance is looked for by name."
    )


@pytest.mark.parametrize("note", [None, a.an_intent()], ids=["none", "a good one"])
def test_nobody_complains_about_a_note_that_is_missing_or_good(note: Intent | None) -> None:
    at = GPUInstance.parse(a.a_body() if note is None else a.a_body(intent=note)).meta

    assert fence.complaint(at) is None


def test_no_annotation_is_no_intent() -> None:
    assert fence.read(stored(ApiServer(a.a_body()))) is None


@given(st.text(max_size=80))
@example("[" * 100_000)
@example('{"attempt": 1e999, "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": 1, "at": "2026-11-24T12:00:00"}')
@example('{"attempt": 1, "at": 7}')
@example('{"attempt": 0, "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": 1' + "0" * 4000 + ', "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": NaN, "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": [1], "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": 1, "at": "0001-01-01T00:00:00+23:59"}')
@example('{"attempt": 1, "at": "9999-12-31T23:59:59-23:59"}')
def test_a_damaged_note_reads_as_a_call_that_may_have_been_made(annotation: str) -> None:
    assert noted(annotation) == Intent(1, datetime.fromtimestamp(0, UTC), "", "", "")


def test_a_note_of_an_earlier_version_says_no_more_than_it_holds() -> None:
    assert noted('{"attempt": 2, "at": "2026-11-24T12:00:00+00:00"}') == Intent(2, NOON, "", "", "", "Pending")


def test_an_unknown_outcome_reads_as_pending() -> None:
    intent = noted(a.a_note(a.an_intent()).replace("Pending", "SomethingNewer"))

    assert intent is not None
    assert intent.pending


async def test_finalizer_and_note_are_raised_in_one_write() -> None:
    server = ApiServer(a.a_body(finalizers=["somebody.else/s"]))
    fresh = GPUInstance.parse(server.objects["team/demo"])

    intent = await a_fence(server).raise_for(fresh, Terms("4090", "CN-HK-01"), KEY, NAME)

    assert len(server.writes) == 1
    assert stored(server).finalizers == ("somebody.else/s", meta.FINALIZER)
    assert fence.read(stored(server)) == intent
    assert (intent.attempt, intent.outcome, intent.holder) == (1, "Pending", "operator-0_7")


async def test_attempts_are_counted_on() -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(attempt=4, outcome="Refused")))

    intent = await a_fence(server).raise_for(
        GPUInstance.parse(server.objects["team/demo"]), Terms("4090", "CN-HK-01"), KEY, NAME
    )

    assert intent.attempt == 5


async def test_no_fence_is_raised_over_a_write_of_somebody_else() -> None:
    server = ApiServer(a.a_body())
    fresh = GPUInstance.parse(server.objects["team/demo"])
    server.touch("team/demo")

    with pytest.raises(errors.Conflict):
        await a_fence(server).raise_for(fresh, Terms("4090", "CN-HK-01"), KEY, NAME)

    assert server.writes == []


async def test_a_lifted_fence_leaves_a_settled_note() -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(), finalizers=["somebody.else/s", meta.FINALIZER]))

    await a_fence(server).lift(stored(server), a.an_intent(), KEY)

    assert stored(server).finalizers == ("somebody.else/s",)
    assert fence.read(stored(server)) == a.an_intent(outcome="Released")


async def test_what_is_taken_over_was_never_rented() -> None:
    server = ApiServer(a.a_body())

    await a_fence(server).take_over("4090", "CN-HK-01", KEY)

    assert fence.read(stored(server)) == Intent(1, NOON, "operator-0_7", "4090", "CN-HK-01", "Released")
    assert stored(server).finalizers == (meta.FINALIZER,)


async def test_a_fence_without_a_note_of_its_own_leaves_the_note_that_is_there() -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(attempt=3)))

    await a_fence(server).hold(stored(server), None, KEY)
    assert (stored(server).finalizers, fence.read(stored(server))) == ((meta.FINALIZER,), a.an_intent(attempt=3))

    await a_fence(server).lift(stored(server), None, KEY)
    assert (stored(server).finalizers, fence.read(stored(server))) == ((), a.an_intent(attempt=3))


WRITES: dict[str, Callable[[Fence, GPUInstance], Awaitable[Any]]] = {
    "raised": lambda fence, fresh: fence.raise_for(fresh, Terms("4090", "CN-HK-01"), KEY, NAME),
    "refused": lambda fence, _: fence.settle(a.an_intent(), KEY, "Released"),
    "lifted": lambda fence, fresh: fence.lift(fresh.meta, a.an_intent(), KEY),
    "held": lambda fence, fresh: fence.hold(fresh.meta, a.an_intent(attempt=2), KEY),
    "taken over": lambda fence, _: fence.take_over("4090", "CN-HK-01", KEY),
}


@pytest.mark.parametrize("write", WRITES)
async def test_the_next_pass_sees_the_write_without_waiting_for_the_watch(write: str) -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(), finalizers=["somebody.else/s"]))
    fence, cache = a_fence(server), Cache()

    await WRITES[write](replace(fence, cache=cache), GPUInstance.parse(server.objects["team/demo"]))

    held = cache.find(KEY)
    assert held is not None
    assert meta.Meta.parse(held["metadata"]) == stored(server)
    assert cache.echoes(KEY, server.objects["team/demo"])


async def test_what_the_server_holds_is_seen_from_then_on() -> None:
    server, cache = ApiServer(a.a_body()), Cache()

    newest = await replace(a_fence(server), cache=cache).newest(KEY)

    assert newest == GPUInstance.parse(server.objects["team/demo"])
    assert cache.find(KEY) is not None
