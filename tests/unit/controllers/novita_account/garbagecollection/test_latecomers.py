"""What appears after the deletion of its object was watched is deleted, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import CLUSTER, NAME, NAMES, UID
from tests.unit.support.parts import KEY, HandClock

from novita_operator.controllers.novita_account.garbagecollection.latecomers import Latecomers
from novita_operator.kube import errors as kube_errors
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.departures import Departed
from novita_operator.runtime.accounts.losses import Losses
from novita_operator.runtime.accounts.registry import Accounts
from novita_operator.runtime.accounts.retained import NotKnown
from novita_operator.runtime.accounts.retention import Left, Record


@dataclass
class World:
    """One deleted object, its account, and what Novita and the API server say."""

    at_novita: dict[str, Instance | errors.NovitaError] = field(default_factory=dict)
    held_by_the_cluster: str | kube_errors.KubeError | None = None
    deleted: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    living: list[dict[str, Any]] = field(default_factory=list)
    retained: Record | NotKnown = field(default_factory=Record)
    clock: HandClock = field(default_factory=HandClock)
    accounts: Accounts = field(default_factory=Accounts)
    account: Any = field(default_factory=parts.an_account)

    async def get_instance(self, instance_id: str) -> Instance:
        found = self.at_novita.get(instance_id, errors.NotFound("no such instance"))
        if isinstance(found, errors.NovitaError):
            raise found
        return found

    async def read(self, _account: str) -> Record:
        if isinstance(self.retained, NotKnown):
            raise self.retained
        return self.retained

    async def delete_instance(self, instance_id: str) -> None:
        self.deleted.append(instance_id)

    async def stop_instance(self, instance_id: str) -> None:
        self.stopped.append(instance_id)

    async def each(self, *_: Any) -> AsyncIterator[dict[str, Any]]:
        for body in self.living:
            yield body

    async def get(self, *_: Any) -> dict[str, Any]:
        if isinstance(self.held_by_the_cluster, kube_errors.KubeError):
            raise self.held_by_the_cluster
        if self.held_by_the_cluster is None:
            raise kube_errors.NotFound("gone")
        return {"metadata": {"uid": self.held_by_the_cluster}}

    def shows(self, *found: Instance) -> None:
        self.at_novita |= {each.id: each for each in found}
        parts.polled(self.accounts, self.account, *found)

    async def end(self, *ids: str, account: str = "default", **departed: Any) -> list[str]:
        return await self.end_of(Departed(KEY, UID, account, NAME, set(ids), **departed))

    async def end_of(self, departed: Departed) -> list[str]:
        self.accounts.departures.add(departed)
        self.account.client = self
        latecomers = Latecomers(
            cast("Any", self), self.accounts.departures, self.clock, Metrics(), NAMES, (), cast("Any", self)
        )
        return [event.reason for event in await latecomers.end(self.account)]


async def test_an_instance_that_appears_under_the_name_of_a_deleted_object_is_deleted() -> None:
    world = World()
    world.shows(a.an_instance())

    assert await world.end() == ["OrphanDeleted"]
    assert world.deleted == ["i-1"]


async def test_an_id_that_came_too_late_is_deleted_before_any_list_shows_it() -> None:
    world = World(at_novita={"i-1": a.an_instance("creating")})

    await world.end("i-1")

    assert world.deleted == ["i-1"]


@pytest.mark.parametrize("retained", [Record(), NotKnown("it is lost")], ids=["not retained", "nobody knows"])
async def test_the_end_that_an_object_asked_for_does_not_wait_for_the_record(retained: Record | NotKnown) -> None:
    world = World(retained=retained)
    world.shows(a.an_instance())

    await world.end()

    assert world.deleted == ["i-1"]


async def test_what_an_earlier_process_let_go_as_a_person_asked_is_left_alone() -> None:
    left = Left(UID, "team", "gpu", NAME, "i-1", adopted=False, reason="GivenUp", at="2026-01-01T12:00:00Z")
    world = World(retained=Record({UID: left}))
    world.shows(a.an_instance())

    await world.end("i-1")

    assert world.deleted == []


@pytest.mark.parametrize("word", ["removing", "removed"])
async def test_what_is_on_its_way_out_is_left_alone(word: str) -> None:
    world = World()
    world.shows(a.an_instance(word))

    await world.end("i-1")

    assert world.deleted == []


async def test_an_id_that_belongs_to_another_name_is_left_alone() -> None:
    world = World(at_novita={"i-1": a.an_instance(name="somebody-elses")})

    await world.end("i-1")

    assert world.deleted == []


@pytest.mark.parametrize("state", [UID, kube_errors.Unreachable("down")], ids=["it lives", "nobody can tell"])
async def test_an_object_that_may_live_keeps_its_instance(state: Any) -> None:
    world = World(held_by_the_cluster=state)
    world.shows(a.an_instance())

    await world.end()

    assert world.deleted == []


async def test_another_object_of_the_same_name_changes_nothing() -> None:
    world = World(held_by_the_cluster="another-uid")
    world.shows(a.an_instance())

    await world.end()

    assert world.deleted == ["i-1"]


async def test_what_fails_is_tried_again_after_the_next_poll() -> None:
    world = World(at_novita={"i-1": errors.Unavailable("down")})

    assert await world.end("i-1") == []


async def test_other_accounts_are_not_asked() -> None:
    world = World()
    world.shows(a.an_instance())

    await world.end(account="another")

    assert world.deleted == []


async def test_an_adopted_instance_is_deleted_whatever_its_name_is() -> None:
    world = World(at_novita={"i-1": a.an_instance(name="by-hand")})

    await world.end("i-1", adopted="i-1")

    assert world.deleted == ["i-1"]


_ANOTHER_UID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("name", "living"),
    [
        ("by-hand", {"spec": {"adopt": {"instanceId": "i-1"}}}),
        ("by-hand", {"status": {"instanceId": "i-1"}}),
        (naming.instance_name(CLUSTER, _ANOTHER_UID), {}),
    ],
    ids=["one that adopts it", "one that has it", "the one that it was rented for"],
)
async def test_an_adopted_instance_that_a_living_object_has_is_left_alone(name: str, living: dict[str, Any]) -> None:
    world = World(at_novita={"i-1": a.an_instance(name=name)}, living=[{"metadata": {"uid": _ANOTHER_UID}} | living])

    await world.end("i-1", adopted="i-1")

    assert world.deleted == []


async def test_an_adopted_instance_that_carries_the_mark_of_another_cluster_is_left_alone() -> None:
    world = World(at_novita={"i-1": a.an_instance(name=naming.instance_name("zzzzzzzz", UID))})

    await world.end("i-1", adopted="i-1")

    assert world.deleted == []


async def test_a_known_id_that_novita_does_not_show_is_looked_for_as_long_as_a_loss_takes() -> None:
    world = World()
    departed = Departed(KEY, UID, "default", NAME, {"i-1"}, adopted="i-1")
    world.account.losses = Losses(delay=180, shown=1)
    await world.end_of(departed)
    world.clock.turned += world.account.losses.delay - 1
    await world.end_of(departed)
    world.at_novita["i-1"] = a.an_instance(name="by-hand")

    await world.end_of(departed)

    assert world.deleted == ["i-1"]


async def test_a_known_id_that_stays_away_is_looked_for_no_longer() -> None:
    world = World()
    departed = Departed(KEY, UID, "default", NAME, {"i-1"})
    world.account.losses = Losses(delay=180, shown=1)
    await world.end_of(departed)
    world.clock.turned += world.account.losses.delay

    await world.end_of(departed)

    assert departed.ids == set()


async def test_the_instance_of_an_object_that_asked_for_a_stop_is_stopped_and_not_deleted() -> None:
    world = World()
    world.shows(a.an_instance())

    assert await world.end(end="Stop") == ["OrphanStopped"]
    assert (world.stopped, world.deleted) == (["i-1"], [])


async def test_once_it_was_seen_at_rest_whoever_starts_it_again_is_left_alone() -> None:
    world = World()
    departed = Departed(KEY, UID, "default", NAME, end="Stop")
    world.shows(a.an_instance("exited"))
    await world.end_of(departed)
    world.shows(a.an_instance("running"))

    await Latecomers(
        cast("Any", world), world.accounts.departures, world.clock, Metrics(), NAMES, (), cast("Any", world)
    ).end(world.account)

    assert world.stopped == []
