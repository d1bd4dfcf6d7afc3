"""Lists are read page by page: complete, and never all at once in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.unit.support.cluster import Answer, Body

from novita_operator.api import kinds
from novita_operator.kube import client
from novita_operator.kube import pages as list_pages
from novita_operator.kube.cache import Key
from novita_operator.kube.client import KubeClient

INSTANCES = kinds.GPU_INSTANCE
PAGES = (("a", "b"), ("c",), ())


def a_body(name: str) -> Body:
    return {"metadata": {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": "7"}}


@dataclass
class Pages:
    """An API server with one long list. Stands in for `kubernetes.aio.client.ApiClient`."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def param_serialize(
        self, _method: str, _path: str, where: dict[str, str], query: list[tuple[str, str]], *_: Any, **__: Any
    ) -> tuple[dict[str, str], dict[str, str]]:
        return where, dict(query)

    async def call_api(self, where: dict[str, str], query: dict[str, str], **_: Any) -> Answer:
        self.asked.append((where.get("namespace", ""), query))
        number = int(query.get("continue", "0"))
        following = str(number + 1) if number + 1 < len(PAGES) else ""
        # The API server writes null where a list of metadata only is empty.
        items = [a_body(name) for name in PAGES[number]] or None
        return Answer(200, {"items": items, "metadata": {"continue": following}})


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def kube(pages: Pages) -> KubeClient:
    return KubeClient(cast("Any", pages))


async def test_every_object_of_every_page_is_found(kube: KubeClient) -> None:
    found = [body["metadata"]["name"] async for body in kube.each(INSTANCES)]

    assert found == ["a", "b", "c"]


async def test_a_page_is_asked_for_when_the_one_before_it_is_done_with(kube: KubeClient, pages: Pages) -> None:
    calls = [len(pages.asked) async for _ in kube.each(INSTANCES)]

    assert calls == [1, 1, 2]


async def test_each_namespace_is_read_on_its_own(kube: KubeClient, pages: Pages) -> None:
    found = [body async for body in kube.each(INSTANCES, ("one", "two"))]

    assert len(found) == 2 * 3
    assert [namespace for namespace, _ in pages.asked] == ["one"] * 3 + ["two"] * 3


async def test_versions_are_those_of_all_pages(kube: KubeClient) -> None:
    versions = await kube.versions(INSTANCES)

    assert versions == {Key("gpuinstances", "team", name): "7" for name in "abc"}


async def test_labels_are_asked_for_on_every_page(kube: KubeClient, pages: Pages) -> None:
    await kube.list_labelled(INSTANCES, "team", {"b": "2", "a": "1"})

    assert [query["labelSelector"] for _, query in pages.asked] == ["a=1,b=2"] * len(PAGES)


@dataclass
class Hoard:
    """An API server whose objects have a given size each. Stands in for `kubernetes.aio.client.ApiClient`."""

    sizes: list[int]
    asked: list[int] = field(default_factory=list)

    async def param_serialize(
        self, _method: str, _path: str, _where: dict[str, str], query: list[tuple[str, str]], *_: Any, **__: Any
    ) -> tuple[dict[str, str]]:
        return (dict(query),)

    async def call_api(self, query: dict[str, str], **_: Any) -> Answer:
        first, limit = int(query.get("continue", "0")), int(query["limit"])
        self.asked.append(limit)
        shown = self.sizes[first : first + limit]
        items = [a_body(f"n{first + place}") | {"spec": "x" * size} for place, size in enumerate(shown)]
        following = str(first + limit) if first + limit < len(self.sizes) else ""
        return Answer(200, {"items": items, "metadata": {"continue": following}})


KIB = 1024


@pytest.mark.parametrize(
    "sizes",
    [[KIB * 3 // 2] * 30, [1] * 60 + [KIB] * 20, [KIB] * 9 + [1] * 90, [90 * KIB, 1, 90 * KIB]],
    ids=["all are large", "the last are large", "the first are large", "one alone is too large"],
)
async def test_of_large_objects_fewer_are_asked_for_at_a_time_and_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int]
) -> None:
    monkeypatch.setattr(list_pages, "MOST_BYTES", 8 * KIB)
    hoard, taken = Hoard(sizes), []
    parsed = client._parsed
    monkeypatch.setattr(client, "_parsed", lambda content: taken.append(len(content)) or parsed(content))
    kube = KubeClient(cast("Any", hoard))

    found = [body["metadata"]["name"] async for body in kube.each(INSTANCES)]

    assert found == [f"n{number}" for number in range(len(sizes))]
    assert max(taken) <= max(8 * KIB, max(sizes) + 200)


@dataclass
class Slow(Hoard):
    """It needs half a second for each object, whatever it shows of it."""

    now: float = 0.0

    async def call_api(self, query: dict[str, str], **more: Any) -> Answer:
        found = await super().call_api(query, **more)
        self.now += min(self.asked[-1], len(self.sizes) - int(query.get("continue", "0"))) / 2
        return found


async def test_of_objects_that_the_api_server_needs_long_for_fewer_are_asked_for_at_a_time() -> None:
    slow = Slow([1] * 100)

    versions = await KubeClient(cast("Any", slow), lambda: slow.now).versions(INSTANCES)

    assert len(versions) == 100
    assert slow.asked[0] == list_pages.FIRST_OBJECTS
    assert max(slow.asked[1:]) < list_pages.FIRST_OBJECTS


async def test_of_objects_that_come_at_once_twice_as_many_are_asked_for_each_time() -> None:
    hoard = Hoard([1] * 3000)

    await KubeClient(cast("Any", hoard), lambda: 0.0).versions(INSTANCES)

    assert hoard.asked == [20, 40, 80, 160, 320, 500, 500, 500, 500, 500]
