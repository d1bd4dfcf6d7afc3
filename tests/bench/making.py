"""Many objects made and deleted, and an operator that is known to watch before the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from tests.bench.contenders import Contender
from tests.bench.watching import Watching, watching
from tests.support import kube
from tests.support.workspace import Workspace

AT_A_TIME = 20  # creates of objects under way: the API server of two cores answers no more at once


async def create(workspace: Workspace, names: Iterable[str], **spec: Any) -> None:
    """Apply all of them."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(name: str) -> None:
        async with gate:
            await workspace.create(name, **spec)

    await asyncio.gather(*(one(name) for name in names))


async def delete_all(workspace: Workspace, seen: Watching, objects: int) -> None:
    """Delete everything in the namespace, and wait until the watch has seen so many go."""
    await workspace.plane.kube.delete_all(kube.GPU_INSTANCES, workspace.namespace)
    await seen.until(lambda: len(seen.gone) == objects, f"{objects} are gone")


async def until_it_watches(workspace: Workspace, contender: Contender) -> None:
    """A first object that comes and goes shows that the watch has begun."""
    async with watching(workspace, contender) as seen:
        await workspace.create("first")
        await seen.until(lambda: "first" in seen.ready, "a first object")
        await workspace.delete("first")
        await seen.until(lambda: "first" in seen.gone, "the first object is gone")
