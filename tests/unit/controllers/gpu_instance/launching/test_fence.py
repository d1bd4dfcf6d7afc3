"""The note of intent survives the annotation and is never read as harmless when it is damaged."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.support import builders as a
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY, HandClock

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.action import Intent, Settled
from novita_operator.controllers.gpu_instance.launching import fence
from novita_operator.controllers.gpu_instance.launching.fence import Fence
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache


def a_fence(server: ApiServer) -> Fence:
    return Fence(server.client, Cache(), kinds.GPU_INSTANCE, HandClock(), "operator-0_7")


def stored(server: ApiServer) -> meta.Meta:
    return meta.Meta.parse(server.objects["team/demo"]["metadata"])


def noted(annotation: str) -> Intent | None:
    return fence.read(GPUInstance.parse(a.a_body(intent=annotation)).meta)


@pytest.mark.parametrize("outcome", ["Pending", "Refused", "Released"])
async def test_an_intent_reads_back_as_it_was_written(outcome: Settled) -> None:
    server = ApiServer(a.a_body())
    intent = a.an_intent(attempt=3, outcome=outcome)

    await a_fence(server).hold(stored(server), intent, KEY)

    assert fence.read(stored(server)) == intent


def test_no_annotation_is_no_intent() -> None:
    assert fence.read(stored(ApiServer(a.a_body()))) is None


@given(st.text(max_size=80))
@example("[" * 100_000)
@example('{"attempt": 1e999, "at": "2026-11-24T12:00:00+00:00"}')
@example('{"attempt": 1, "at": "2026-11-24T12:00:00"}')
@example('{"attempt": 1, "at": 7}')
def test_a_damaged_note_reads_as_a_call_that_may_have_been_made(annotation: str) -> None:
    intent = noted(annotation)

    assert intent is not None
    assert intent.pending


def test_an_unknown_outcome_reads_as_pending() -> None:
    intent = noted(a.a_note(a.an_intent()).replace("Pending", "SomethingNewer"))

    assert intent is not None
    assert intent.pending


async def test_finalizer_and_note_are_raised_in_one_write() -> None:
    server = ApiServer(a.a_body(finalizers=["somebody.else/s"]))
    fresh = GPUInstance.parse(server.objects["team/demo"])

    intent = await a_fence(server).raise_for(fresh, "4090", "CN-HK-01", KEY)

    assert len(server.writes) == 1
    assert stored(server).finalizers == ("somebody.else/s", meta.FINALIZER)
    assert fence.read(stored(server)) == intent
    assert (intent.attempt, intent.outcome, intent.holder) == (1, "Pending", "operator-0_7")


async def test_attempts_are_counted_on() -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(attempt=4, outcome="Refused")))

    intent = await a_fence(server).raise_for(GPUInstance.parse(server.objects["team/demo"]), "4090", "CN-HK-01", KEY)

    assert intent.attempt == 5


async def test_no_fence_is_raised_over_a_write_of_somebody_else() -> None:
    server = ApiServer(a.a_body())
    fresh = GPUInstance.parse(server.objects["team/demo"])
    server.touch("team/demo")

    with pytest.raises(errors.Conflict):
        await a_fence(server).raise_for(fresh, "4090", "CN-HK-01", KEY)

    assert server.writes == []


async def test_a_lifted_fence_leaves_a_settled_note() -> None:
    server = ApiServer(a.a_body(intent=a.an_intent(), finalizers=["somebody.else/s", meta.FINALIZER]))

    await a_fence(server).lift(stored(server), a.an_intent(), KEY)

    assert stored(server).finalizers == ("somebody.else/s",)
    assert fence.read(stored(server)) == a.an_intent(outcome="Released")


async def test_what_is_taken_over_was_never_rented() -> None:
    server = ApiServer(a.a_body())

    await a_fence(server).take_over("4090", "CN-HK-01", KEY)

    note = fence.read(stored(server))
    assert note is not None
    assert (note.outcome, stored(server).finalizers) == ("Released", (meta.FINALIZER,))
