"""How often the children of owners are read from the API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from novita_operator.api import kinds, meta
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.reconciling import owned
from novita_operator.reconciling.children import Children
from novita_operator.reconciling.claims import Claims

_OWNERS = 40


def _owner(number: int) -> meta.Meta:
    at = {"name": f"set-{number}", "namespace": "ns", "uid": f"uid-{number}"}
    return meta.Meta.parse({**at, "creationTimestamp": "2026-11-28T12:00:00Z"})


def _child(owner: meta.Meta) -> dict[str, Any]:
    at = {"name": f"{owner.name}-0", "namespace": "ns", "uid": f"of-{owner.uid}", "resourceVersion": "7"}
    labels = {meta.SET_LABEL: owner.name}
    return {
        "metadata": {
            **at,
            "labels": labels,
            "ownerReferences": [owned.reference("GPUInstanceSet", owner)],
            "creationTimestamp": "2026-11-28T12:00:00Z",
        }
    }


@dataclass
class Api:
    """The API server, which is slow. `fails`: so many readings of the whole namespace end with an error first."""

    fails: int = 0
    whole: int = 0
    labelled: list[str] = field(default_factory=list)

    async def each(self, *_: Any) -> AsyncIterator[dict[str, Any]]:
        self.whole += 1
        await asyncio.sleep(0)
        if self.whole <= self.fails:
            raise errors.Unreachable("It is away.")
        for number in range(_OWNERS):
            yield _child(_owner(number))

    async def list_labelled(self, _: Any, __: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        self.labelled += labels.values()
        return []


def _children(api: Api) -> Children:
    kube, cache = cast("Any", api), Cache()
    return Children(kube, cache, meta.SET_LABEL, Claims(kube, cache, kinds.GPU_INSTANCE_SET, meta.SET_LABEL, True))


async def test_owners_that_come_at_the_same_moment_share_one_reading_of_their_namespace() -> None:
    """As after each start: a reading for each of them would be a product of owners and instances."""
    api = Api()
    children = _children(api)

    found = await asyncio.gather(*(children.of(_owner(number)) for number in range(_OWNERS)))

    assert [[body["metadata"]["name"] for body in each] for each in found] == [[f"set-{n}-0"] for n in range(_OWNERS)]
    assert (api.whole, api.labelled) == (1, [])


async def test_an_owner_that_comes_later_is_read_by_its_label_and_only_once() -> None:
    api = Api()
    children = _children(api)
    await children.of(_owner(0))

    await children.of(_owner(1))
    await children.of(_owner(1))

    assert (api.whole, api.labelled) == (1, ["set-1"])


async def test_a_reading_that_failed_counts_for_nobody() -> None:
    api = Api(fails=1)
    children = _children(api)

    with pytest.raises(errors.Unreachable):
        await children.of(_owner(0))

    assert await children.of(_owner(1))
    assert api.whole == 2


class Counting(Cache):
    """Counts the bodies that it hands out."""

    shown = 0

    def of_kind(self, kind: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        found = list(super().of_kind(kind))
        self.shown += len(found)
        return iter(found)

    def in_namespace(self, kind: str, namespace: str) -> Iterator[tuple[Key, dict[str, Any]]]:
        found = list(super().in_namespace(kind, namespace))
        self.shown += len(found)
        return iter(found)


async def test_a_pass_over_an_owner_looks_at_the_instances_of_its_own_namespace_alone() -> None:
    """Ten thousand of others are no reason for each of a thousand owners to be slow."""
    kube, cache = cast("Any", Api()), Counting()
    claims = Claims(kube, cache, kinds.GPU_INSTANCE_SET, meta.SET_LABEL, True)
    children = Children(kube, cache, meta.SET_LABEL, claims)
    for number in range(1000):
        other = {"name": f"n-{number}", "uid": f"n-{number}", "resourceVersion": "1", "creationTimestamp": "2026"}
        cache.put(Key("gpuinstances", f"ns-{number}", "n"), {"metadata": other})
    await children.of(_owner(0))
    cache.shown = 0

    assert len(await children.of(_owner(0))) == 1
    assert len(children.taken("ns", "uid-0")) == _OWNERS - 1

    assert cache.shown == 2 * _OWNERS
