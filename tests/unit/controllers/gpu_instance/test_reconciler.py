"""Around a decision: when to come back, whom to wake, what is worth a write, and over whose write none goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NOON, ago, wire
from tests.unit.support.cluster import ApiServer
from tests.unit.support.parts import KEY
from tests.unit.support.reports import CHOSEN, a_problem, report

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance import action
from novita_operator.controllers.gpu_instance.acting.notifier import Notifier
from novita_operator.controllers.gpu_instance.launching import obstacles
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.reconciler import Reconciler
from novita_operator.controllers.gpu_instance.result import Lasting, Result
from novita_operator.kube import errors
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling.account_health import KeyMissing, KeyRejected, NotPolled, Unreachable
from novita_operator.reconciling.outcome import Woken
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.webhooks.receivers import Default

SEEN = a.an_observation()


@dataclass
class World:
    """One object at an API server, and the reconciler that looks after it."""

    server: ApiServer
    reconciler: Reconciler
    account: Account

    async def publish(self, seen: Observation, result: Result) -> None:
        self.reconciler.publisher.recorder.start()
        try:
            await self.reconciler._publish(KEY, seen, result, report(seen, result))
        finally:
            await self.reconciler.publisher.recorder.drain(1)

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.objects["team/demo"]["status"]
        return found

    @property
    def told(self) -> list[str]:
        return [event["reason"] for event in self.server.events]


@pytest.fixture
def world() -> World:
    clock, accounts, account = parts.HandClock(), Accounts(), parts.an_account()
    accounts.put(account)
    server = ApiServer(a.a_body(intent=a.an_intent(), finalizers=["gpu.novita.ai/instance"]))
    bare = parts.a_reconciler(accounts, clock)
    courier: Any = SimpleNamespace(default=Default(), gone=lambda _: None)
    recorder = Recorder(server.client, "operator-0")
    publisher = Publisher(kinds.GPU_INSTANCE, server.client, bare.cache, recorder, clock)
    notifier = Notifier(courier, bare.cache, clock)
    reconciler = replace(bare, publisher=publisher, notifier=notifier)
    reconciler.cache.put(KEY, server.objects["team/demo"])
    return World(server, reconciler, account)


def seen_now(world: World, *found: Any) -> Observation:
    body = world.reconciler.cache.find(KEY)
    assert body is not None
    return a.an_observation(GPUInstance.parse(body), *found)


RENTED = Result(instance_id="i-1", chosen=CHOSEN, attempt=1, created_at=NOON, started_at=NOON)


# --- Whose pass comes first ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "known", "is_first"),
    [
        ({"observedGeneration": 1}, True, False),
        ({}, True, True),
        ({"observedGeneration": 0}, True, True),
        ({"observedGeneration": 1}, False, True),
    ],
    ids=["only woken", "no word yet", "edited", "restored with a status"],
)
async def test_what_a_person_waits_for_goes_before_what_was_only_woken(
    world: World, status: dict[str, Any], known: bool, is_first: bool
) -> None:
    passes = world.account.passes
    for key in (other := [replace(KEY, name=f"other-{number}") for number in range(20)]):
        passes.try_take(key)
    body = a.a_body(status=status)
    world.reconciler.cache.put(KEY, body)
    if known:
        world.reconciler.memories.of(body["metadata"]["uid"], 0)

    assert await world.reconciler.reconcile(KEY) == Woken()
    passes.give_back()

    assert passes.keeps_for(KEY) is is_first
    assert any(passes.keeps_for(key) for key in other) is not is_first


@pytest.mark.parametrize(("finalizers", "is_urgent"), [([meta.FINALIZER], False), ([], True)])
async def test_an_object_that_would_leave_its_instance_behind_goes_before_all_others_of_a_new_process(
    world: World, finalizers: list[str], is_urgent: bool
) -> None:
    passes = world.account.passes
    while passes.try_take(replace(KEY, name="another"), first=True):
        pass
    world.reconciler.cache.put(KEY, a.a_body(status={"instanceId": "i-1"}, finalizers=finalizers))

    assert await world.reconciler.reconcile(KEY) == Woken()
    passes.give_back()

    assert passes.keeps_for(KEY) is is_urgent


# --- What is written, and what is told -------------------------------------------------------------------------------


async def test_a_status_is_written_once_and_told_after_it(world: World) -> None:
    await world.publish(seen_now(world), RENTED)
    await world.publish(seen_now(world), Result())

    assert world.status["instanceId"] == "i-1"
    assert (len(world.server.writes), world.told) == (1, ["Scheduled", "Created"])


async def test_a_pass_without_news_writes_nothing(world: World) -> None:
    await world.publish(seen_now(world), RENTED)
    writes = len(world.server.writes)

    for _ in range(3):
        await world.publish(seen_now(world), Result())

    assert len(world.server.writes) == writes


async def test_novitas_word_alone_is_no_news(world: World) -> None:
    await world.publish(seen_now(world), RENTED)
    await world.publish(seen_now(world, a.an_instance("toCreate")), Result())
    writes = len(world.server.writes)

    await world.publish(seen_now(world, a.an_instance("creating")), Result())

    assert len(world.server.writes) == writes


async def test_what_happened_is_told_even_where_the_status_stays_the_same(world: World) -> None:
    await world.publish(seen_now(world), RENTED)
    await world.publish(seen_now(world, a.an_instance("creating")), Result())
    world.server.events.clear()
    writes = len(world.server.writes)

    await world.publish(
        seen_now(world, a.an_instance("creating")), Result(instance_id="i-1", duplicates_removed=("i-2",))
    )

    assert world.told == ["DuplicatesRemoved"]
    assert len(world.server.writes) == writes


async def test_nothing_is_told_of_a_status_that_could_not_be_written(world: World) -> None:
    seen = seen_now(world)
    world.server.touch("team/demo", metadata=world.server.objects["team/demo"]["metadata"])

    with pytest.raises(errors.Conflict):
        await world.publish(seen, RENTED)

    assert world.told == []


async def test_what_two_passes_find_in_the_same_old_status_is_told_once(world: World) -> None:
    """The other one was another process: the watch shows its write while this pass is under way."""
    refused = Result(problem=a_problem("Scheduled", "PriceAboveLimit"))
    first, second = seen_now(world), seen_now(world)
    await world.publish(first, refused)

    with pytest.raises(errors.Conflict):
        await world.publish(second, refused)

    assert world.told == ["PriceAboveLimit"]


async def test_a_webhook_that_was_delivered_meanwhile_is_no_reason_to_start_over(world: World) -> None:
    seen = seen_now(world)
    told = {"id": "1", "event": "instance.ready", "at": wire(NOON), "to": ["default"]}
    world.reconciler.cache.put(KEY, world.server.touch("team/demo", status={"notifications": [told]}))

    await world.publish(seen, RENTED)

    assert world.status["instanceId"] == "i-1"


async def test_an_id_that_another_process_recorded_meanwhile_is_not_wiped_out(world: World) -> None:
    """Its version is in the cache already, so that the precondition alone would let the older view through."""
    seen = seen_now(world)
    world.reconciler.cache.put(KEY, world.server.touch("team/demo", status={"instanceId": "i-other"}))

    with pytest.raises(errors.Conflict):
        await world.publish(seen, Result())

    assert world.status["instanceId"] == "i-other"


async def test_a_released_object_is_told_without_a_status(world: World) -> None:
    going = a.an_object(deleting=True, status={"instanceId": "i-1"}, intent=a.an_intent())

    await world.publish(a.an_observation(going), Result(released=True))

    assert (world.server.writes, world.told) == ([], ["Deleted"])


# --- Whether the account polls fast, and whom it wakes ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("decided", "result", "moving", "woken"),
    [
        (action.Nothing(), Result(), False, False),
        (action.Wait(moving=True), Result(), True, False),
        (action.Wait(poll=True), Result(), False, True),
        (action.Launch(), Result(), True, True),
        (action.Launch(), Result(problem=a_problem("Synced", "NovitaUnavailable")), False, False),
        (
            action.Launch(),
            Result(problem=replace(a_problem("Provisioned", "CreateOutcomeUnknown"), back_off=False)),
            True,
            True,
        ),
        (action.Launch(), Result(problem=obstacles.frozen("default")), False, False),
        (action.Release(check_first=True), Result(released=True), False, False),
    ],
)
async def test_the_account_hears_what_an_object_waits_for(
    world: World, decided: action.Action, result: Result, moving: bool, woken: bool
) -> None:
    world.reconciler._mark(decided, result, world.account, KEY)

    assert world.account.moving is moving
    assert (KEY in world.account.take_waiting()) is woken


# --- The account as an object sees it --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "state", "says"),
    [
        (NotPolled(), "Starting", ""),
        (KeyMissing("No key."), "KeyMissing", "No key."),
        (KeyRejected("Refused."), "KeyRejected", "Refused."),
        (Unreachable("Down.", ago(60)), "Unreachable", "Down. Since 11:59:00 UTC; tried again by itself."),
    ],
)
async def test_an_object_sees_how_its_account_is(world: World, health: Any, state: str, says: str) -> None:
    world.account.health = health

    seen = world.reconciler.observer.observe(a.an_object(), world.account, world.reconciler.memories.of(a.UID, 0))

    assert (seen.account.state, seen.account.message) == (state, says)


# --- The end ---------------------------------------------------------------------------------------------------------


async def test_an_object_that_is_gone_is_forgotten_by_everybody(world: World) -> None:
    world.reconciler.claim(KEY, {"metadata": {"uid": a.UID}})
    world.account.set_moving(KEY, moving=True)
    world.reconciler.memories.of(a.UID, 0).learned("i-1")
    forgotten: list[Any] = []
    watching: Any = SimpleNamespace(forget=forgotten.append)
    watched = replace(world.reconciler, watching=watching)

    watched.forget(a.UID)
    watched.vacate(KEY)

    assert world.reconciler.accounts.claims == {}
    assert not world.account.moving
    assert world.reconciler.memories.of(a.UID, 0).unwritten == Lasting()
    assert forgotten == [KEY]
