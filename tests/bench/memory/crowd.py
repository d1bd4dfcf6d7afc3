"""The largest objects that the API server takes, of three shapes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from tests.support import builders, kube
from tests.support.kube import Body, Kube, Refused

# etcd takes a request of 1.5 MiB; some of it is the server's own: managedFields, names, times.
_MOST = 1_480_000
_ANNOTATIONS = 250_000  # 256 KiB of them are taken
_WIDE = "\N{GRINNING FACE}"  # four bytes on the wire, and in Python
_SMALL = 3_000  # the API server needs seconds for more
_AT_ONCE = 2
_TRIES = 5


def _values(count: int) -> list[Body]:
    """Variables with so many bytes together, in wide characters."""
    return [{"name": f"V{number}", "value": _WIDE * (count // 100 // 4 - 8)} for number in range(100)]


def _one_annotation() -> Mapping[str, Any]:
    """Values as long as there is room for, and one large annotation of others."""
    return {"env": _values(_MOST - _ANNOTATIONS), "annotations": {"example.com/notes": "n" * _ANNOTATIONS}}


def _many_annotations() -> Mapping[str, Any]:
    """Many small ones. The server writes who has set each of them: as much again, and far more once it is read."""
    return {"env": _values(_MOST - 60 * _SMALL), "annotations": {f"e.x/{number:05}": "" for number in range(_SMALL)}}


def _many_labels() -> Mapping[str, Any]:
    """The same of labels, which are not bounded in number."""
    return {"env": _values(_MOST - 60 * _SMALL), "labels": {f"e.x/{number:05}": "" for number in range(_SMALL)}}


_SHAPES: tuple[Callable[[], Mapping[str, Any]], ...] = (_one_annotation,) * 8 + (_many_annotations, _many_labels)


def bodies(count: int, namespace: str, account: str) -> list[Callable[[], Body]]:
    """So many, made when they are asked for: together they are larger than this process should be."""

    def made(number: int) -> Body:
        shape = dict(_SHAPES[number % len(_SHAPES)]())
        labels, annotations = shape.pop("labels", {}), shape.pop("annotations", {})
        body = builders.gpu_instance(
            f"large-{number}", namespace, accountRef={"name": account}, productName="a card that nobody makes", **shape
        )
        body["metadata"] |= {"labels": labels, "annotations": annotations}
        return body

    return [lambda number=number: made(number) for number in range(count)]  # type: ignore[misc]


async def create(api: Kube, made: list[Callable[[], Body]]) -> None:
    """Create all, some at a time."""
    waiting = iter(made)

    async def some() -> None:
        for each in waiting:
            await _created(api, each)

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def _created(api: Kube, made: Callable[[], Body]) -> None:
    """Create it; one whose answer took too long may be there already."""
    for _ in range(_TRIES):
        try:
            await api.create(kube.GPU_INSTANCES, made())
        except httpx.ReadTimeout:
            continue
        except Refused as refused:
            if refused.status != httpx.codes.CONFLICT:
                raise
        return
