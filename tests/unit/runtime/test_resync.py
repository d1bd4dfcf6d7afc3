"""The second look: what the watch missed is taken in, what is only late is not, and who keeps missing is told on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from novita_operator.api import kinds
from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.runtime.resync import Resync

_KIND = kinds.GPU_INSTANCE


def _body(name: str, version: int, uid: str = "u-1", namespace: str = "team") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata | {"creationTimestamp": "2026-11-24T12:00:00Z"}}


@dataclass
class Cluster:
    """What the API server holds."""

    bodies: dict[Key, dict[str, Any]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    served: bool = True

    def put(self, body: dict[str, Any]) -> None:
        self.bodies[key_of(_KIND.plural, body)] = body

    async def versions(self, _kind: Kind, namespaces: tuple[str, ...]) -> dict[Key, str]:
        if not self.served:
            raise errors.NotServed("no CRD")
        if self.forbidden & set(namespaces or ("",)):
            raise errors.Forbidden("gpuinstances is forbidden")
        return {
            key: body["metadata"]["resourceVersion"]
            for key, body in self.bodies.items()
            if not namespaces or key.namespace in namespaces
        }

    async def get(self, _kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        key = Key(_KIND.plural, namespace, name)
        if key not in self.bodies:
            raise errors.NotFound("gone")
        return self.bodies[key]


@dataclass
class Intake:
    """Takes in like a controller does, and remembers what."""

    cache: Cache
    kind: Kind = _KIND
    told: list[str] = field(default_factory=list)

    async def seen(self, body: dict[str, Any]) -> None:
        self.told.append(f"seen {body['metadata']['name']}@{body['metadata']['resourceVersion']}")
        self.cache.put(key_of(_KIND.plural, body), body)

    async def gone(self, body: dict[str, Any]) -> None:
        self.told.append(f"gone {body['metadata']['name']}@{body['metadata']['resourceVersion']}")
        self.cache.remove(key_of(_KIND.plural, body), body["metadata"]["uid"])


def _parts(*known: dict[str, Any], namespaces: tuple[str, ...] = ()) -> tuple[Cluster, Intake, Resync]:
    cluster, cache = Cluster(), Cache()
    for body in known:
        cluster.put(body)
        cache.put(key_of(_KIND.plural, body), body)
    intake = Intake(cache)
    return cluster, intake, Resync(cast("KubeClient", cluster), cache, (intake,), namespaces, 60, Metrics())


async def test_where_both_agree_nothing_is_read() -> None:
    _, intake, resync = _parts(_body("a", 5))

    assert [await resync.compare(), await resync.compare()] == [0, 0]
    assert intake.told == []


async def test_a_change_that_is_only_late_is_left_to_the_watch() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    cluster.put(_body("a", 6))
    await resync.compare()

    await intake.seen(_body("a", 6))
    cluster.put(_body("a", 7))

    assert await resync.compare() == 0
    assert intake.told == ["seen a@6"]


async def test_a_change_that_was_missed_is_taken_in_at_the_second_look() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    cluster.put(_body("a", 6))

    assert [await resync.compare(), await resync.compare(), await resync.compare()] == [0, 1, 0]
    assert intake.told == ["seen a@6"]


async def test_an_object_whose_creation_was_missed_is_taken_in() -> None:
    cluster, intake, resync = _parts()
    cluster.put(_body("new", 9))

    assert [await resync.compare(), await resync.compare()] == [0, 1]
    assert intake.told == ["seen new@9"]


async def test_an_object_whose_deletion_was_missed_is_let_go() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    cluster.bodies.clear()

    assert [await resync.compare(), await resync.compare(), await resync.compare()] == [0, 1, 0]
    assert intake.told == ["gone a@5"]


async def test_an_object_that_was_replaced_unseen_goes_before_the_new_one_comes() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    cluster.put(_body("a", 9, uid="u-2"))

    assert [await resync.compare(), await resync.compare()] == [0, 1]
    assert intake.told == ["gone a@5", "seen a@9"]


async def test_a_cache_that_is_ahead_of_the_list_is_right() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    await intake.seen(_body("a", 8))
    cluster.put(_body("a", 6))

    assert [await resync.compare(), await resync.compare()] == [0, 0]


async def test_a_namespace_that_cannot_be_read_stops_nothing_in_the_others_and_lets_no_object_of_its_own_go() -> None:
    cluster, intake, resync = _parts(_body("a", 5), _body("b", 5, namespace="lost"), namespaces=("lost", "team"))
    cluster.forbidden = {"lost"}
    cluster.put(_body("a", 6))

    assert [await resync.compare(), await resync.compare(), await resync.compare()] == [0, 1, 0]
    assert intake.told == ["seen a@6"]
    assert resync.complaints() == []


@pytest.mark.parametrize("namespaces", [(), ("team",), ("team", "other")], ids=["everywhere", "one", "two"])
async def test_where_nothing_can_be_read_the_process_is_not_ready_until_it_can_again(
    namespaces: tuple[str, ...],
) -> None:
    cluster, _, resync = _parts(_body("a", 5), namespaces=namespaces)
    cluster.forbidden = {"", "team", "other"}
    before = resync.complaints()

    await resync.compare()
    blind = resync.complaints()
    cluster.forbidden = set()
    await resync.compare()

    assert (before, resync.complaints()) == ([], [])
    assert blind == ["gpuinstances cannot be read: gpuinstances is forbidden"]


async def test_objects_of_a_kind_that_is_not_served_are_not_taken_for_gone() -> None:
    cluster, intake, resync = _parts(_body("a", 5))
    cluster.served = False

    assert [await resync.compare(), await resync.compare(), await resync.compare()] == [0, 0, 0]
    assert intake.told == []
    assert resync.complaints() == []
