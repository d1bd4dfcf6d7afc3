"""Many objects made and deleted, and an operator that is known to watch before the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from tests.bench.contenders import Contender
from tests.bench.watching import Watching, watching
from tests.support.workspace import Workspace

AT_A_TIME = 20  # creates of objects under way: the API server of two cores answers no more at once


async def create(workspace: Workspace, names: Iterable[str], **spec: Any) -> None:
    """Apply all of them."""
    await _each(names, lambda name: workspace.create(name, **spec))


async def delete_all(workspace: Workspace, seen: Watching, objects: int) -> None:
    """Delete every object that the watch has seen, and wait until it has seen so many go."""
    await _each(tuple(seen.born), workspace.delete)
    await seen.until(lambda: len(seen.gone) == objects, f"{objects} are gone")


async def _each(names: Iterable[str], call: Callable[[str], Awaitable[object]]) -> None:
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(name: str) -> None:
        async with gate:
            await call(name)

    await asyncio.gather(*(one(name) for name in names))


async def until_it_watches(workspace: Workspace, contender: Contender) -> None:
    """A first object that comes and goes shows that the watch has begun."""
    async with watching(workspace, contender) as seen:
        await workspace.create("first")
        await seen.until(lambda: "first" in seen.ready, "a first object")
        await workspace.delete("first")
        await seen.until(lambda: "first" in seen.gone, "the first object is gone")
