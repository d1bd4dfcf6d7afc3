"""A pass works with all that the object says, however little of it is held between passes."""

from __future__ import annotations

from typing import Any, cast

from novita_operator.api import kinds
from novita_operator.kube import errors, whole
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient

KEY = Key(kinds.GPU_INSTANCE.plural, "team", "gpu")


def a_body(version: str, value: str, uid: str = "u") -> Body:
    at = {"name": "gpu", "namespace": "team", "uid": uid, "resourceVersion": version}
    return {"metadata": at | {"creationTimestamp": "2026-11-24T12:00:00Z"}, "spec": {"env": [{"value": value}]}}


class Server:
    """An API server with one object. Stands in for `KubeClient`."""

    def __init__(self, body: Body | None) -> None:
        self.body = body
        self.reads = 0

    async def get(self, *_: Any) -> Body:
        self.reads += 1
        if self.body is None:
            raise errors.NotFound("gone")
        return self.body


async def read(cache: Cache, server: Server) -> Body | None:
    return await whole.read(kinds.GPU_INSTANCE, KEY, cache, cast("KubeClient", server))


def holding(body: Body) -> Cache:
    cache = Cache()
    cache.put(KEY, body)
    return cache


async def test_a_small_object_costs_no_call() -> None:
    server = Server(None)

    found = await read(holding(a_body("7", "small")), server)

    assert (found, server.reads) == (a_body("7", "small"), 0)


async def test_a_large_one_is_read_for_each_pass_and_the_cache_knows_its_version() -> None:
    cache, server = holding(a_body("7", "x" * 20_000)), Server(a_body("9", "y" * 20_000))

    found = [await read(cache, server) for _ in range(2)]

    assert found == [server.body] * 2
    assert server.reads == 2
    held = cache.find(KEY)
    assert held is not None
    assert (held["metadata"]["resourceVersion"], held["spec"]) == ("9", {})


async def test_one_that_has_become_small_costs_no_more_calls() -> None:
    cache, server = holding(a_body("7", "x" * 20_000)), Server(a_body("9", "small"))

    found = [await read(cache, server) for _ in range(2)]

    assert found == [server.body] * 2
    assert server.reads == 1


async def test_of_one_that_is_gone_there_is_nothing() -> None:
    assert await read(holding(a_body("7", "x" * 20_000)), Server(None)) is None
    assert await read(Cache(), Server(None)) is None


async def test_an_end_is_forgotten_with_the_rest() -> None:
    cache = holding(a_body("7", "x" * 20_000))

    cache.remove(KEY, "u")

    assert not cache.holds_in_part(KEY)
