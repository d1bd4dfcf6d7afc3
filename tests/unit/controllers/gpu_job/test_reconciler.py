"""What a job's cache that is behind must not do: its instances can be ahead of it, above all after a handover."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.controllers.gpu_job import jobs as a
from tests.unit.support import parts
from tests.unit.support.builders import ago, wire
from tests.unit.support.cluster import ApiServer

from novita_operator.api import meta
from novita_operator.controllers.gpu_job.reconciler import Reconciler
from novita_operator.kube import errors
from novita_operator.kube.cache import Key

KEY = Key("gpujobs", "team", "train")
INSTANCE = {"metadata": {"name": "train-1", "namespace": "team", "uid": "uid-1", "creationTimestamp": wire(ago(60))}}


@dataclass
class Instances:
    """The attempts' instances as the operator knows them, and which it has asked to go."""

    bodies: tuple[dict[str, Any], ...] = (INSTANCE,)
    deleted: list[str] = field(default_factory=list)

    async def of(self, _: meta.Meta) -> tuple[dict[str, Any], ...]:
        return self.bodies

    async def find(self, _: meta.Meta, name: str) -> dict[str, Any] | None:
        return next((body for body in self.bodies if body["metadata"]["name"] == name), None)

    async def delete(self, name: str, _uid: str, _: meta.Meta) -> None:
        self.deleted.append(name)


@dataclass
class World:
    """One job at an API server, whose first attempt is made, and the reconciler that looks after it."""

    server: ApiServer
    reconciler: Reconciler
    instances: Instances


@pytest.fixture
def world() -> World:
    server, instances = ApiServer(a.a_body(status=a.MADE)), Instances()
    return World(server, a.a_reconciler(server, instances, parts.HandClock()), instances)


async def test_a_cache_that_has_not_seen_the_attempt_begin_does_not_end_it(world: World) -> None:
    behind = a.a_body(status={})
    behind["metadata"]["resourceVersion"] = "6"
    world.reconciler.cache.put(KEY, behind)

    with pytest.raises(errors.Conflict):
        await world.reconciler.reconcile(KEY)

    assert world.instances.deleted == []
    assert world.server.writes == []


async def test_the_next_pass_goes_by_what_the_api_server_holds(world: World) -> None:
    behind = a.a_body(status={})
    behind["metadata"]["resourceVersion"] = "6"
    world.reconciler.cache.put(KEY, behind)
    with suppress(errors.Conflict):
        await world.reconciler.reconcile(KEY)

    await world.reconciler.reconcile(KEY)

    assert world.instances.deleted == []
    assert world.server.objects["team/train"]["status"]["attempts"] == 1


async def test_an_attempt_that_is_over_is_released(world: World) -> None:
    over = copy.deepcopy(world.server.objects["team/train"]) | {"status": a.MADE | {"instanceName": None}}
    world.server.objects["team/train"] = over
    world.reconciler.cache.put(KEY, over)

    await world.reconciler.reconcile(KEY)

    assert world.instances.deleted == ["train-1"]
