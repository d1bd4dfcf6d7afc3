"""What appears after the deletion of its object was watched is deleted, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support import builders as a
from tests.unit.support import parts
from tests.unit.support.builders import NAME, UID
from tests.unit.support.parts import KEY, HandClock

from novita_operator.controllers.novita_account.garbagecollection.latecomers import Latecomers
from novita_operator.kube import errors as kube_errors
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import Instance
from novita_operator.runtime.accounts.departures import Departed, Departures
from novita_operator.runtime.accounts.registry import Accounts


@dataclass
class World:
    """One deleted object, its account, and what Novita and the API server say."""

    at_novita: dict[str, Instance | errors.NovitaError] = field(default_factory=dict)
    held_by_the_cluster: str | kube_errors.KubeError | None = None
    deleted: list[str] = field(default_factory=list)
    accounts: Accounts = field(default_factory=Accounts)
    account: Any = field(default_factory=parts.an_account)

    async def get_instance(self, instance_id: str) -> Instance:
        found = self.at_novita.get(instance_id, errors.NotFound("no such instance"))
        if isinstance(found, errors.NovitaError):
            raise found
        return found

    async def delete_instance(self, instance_id: str) -> None:
        self.deleted.append(instance_id)

    async def get(self, *_: Any) -> dict[str, Any]:
        if isinstance(self.held_by_the_cluster, kube_errors.KubeError):
            raise self.held_by_the_cluster
        if self.held_by_the_cluster is None:
            raise kube_errors.NotFound("gone")
        return {"metadata": {"uid": self.held_by_the_cluster}}

    def shows(self, *found: Instance) -> None:
        self.at_novita |= {each.id: each for each in found}
        parts.polled(self.accounts, self.account, *found)

    async def end(self, *ids: str, account: str = "default") -> list[str]:
        departures = Departures()
        departures.add(Departed(KEY, UID, account, NAME, set(ids)))
        self.account.client = self
        events = await Latecomers(cast("Any", self), departures, HandClock(), Metrics()).end(self.account)
        return [event.reason for event in events]


async def test_an_instance_that_appears_under_the_name_of_a_deleted_object_is_deleted() -> None:
    world = World()
    world.shows(a.an_instance())

    assert await world.end() == ["OrphanDeleted"]
    assert world.deleted == ["i-1"]


async def test_an_id_that_came_too_late_is_deleted_before_any_list_shows_it() -> None:
    world = World(at_novita={"i-1": a.an_instance("creating")})

    await world.end("i-1")

    assert world.deleted == ["i-1"]


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
