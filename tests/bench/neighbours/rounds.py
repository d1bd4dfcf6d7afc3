"""Objects of one tenant, one after the other: applied until Ready, stopped, deleted. Each step is timed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults import world
from tests.faults.observer import Observer
from tests.support.kube import Body
from tests.support.workspace import Workspace

_PATIENCE = 600.0
# Seconds of users, two polls. Who acts the moment that a poll has shown something is in step with the polls: alone it
# always waits for exactly one, and whatever comes a little later waits for one more. People are not in step.
_LONGEST_PAUSE = 4.0
Check = Callable[[Body | None], bool]


@dataclass
class Rounds:
    """Seconds of the machine's clock for each object, and the calls to Novita by route, everybody's."""

    ready: list[float] = field(default_factory=list)
    stop: list[float] = field(default_factory=list)
    delete: list[float] = field(default_factory=list)
    seconds: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)


async def play(workspace: Workspace, prefix: str, count: int, speed: float) -> Rounds:
    """So many objects in turn, seen through a watch. `speed`: how many times as fast as users' the clocks go."""
    observer = Observer(workspace.plane.kube, workspace.namespace)
    following = asyncio.create_task(observer.follow())
    found, began = Rounds(), time.monotonic()
    try:
        for number in range(count):
            await _one(workspace, observer, f"{prefix}-{number}", found, _LONGEST_PAUSE / speed)
    finally:
        following.cancel()
        await asyncio.wait([following])
    found.seconds, found.calls = time.monotonic() - began, (await workspace.novita.calls()).by_route
    return found


async def _one(workspace: Workspace, observer: Observer, name: str, found: Rounds, most: float) -> None:
    pauses = random.Random(name)  # noqa: S311 - no secret; the same for all that do the same at the same time
    await asyncio.sleep(pauses.uniform(0, most))
    began = time.monotonic()
    await workspace.create(name)
    found.ready.append(await _reached(observer, name, world.ready) - began)
    await asyncio.sleep(pauses.uniform(0, most))
    began = time.monotonic()
    await workspace.edit(name, powerState="Stopped")
    found.stop.append(await _reached(observer, name, world.stopped) - began)
    await asyncio.sleep(pauses.uniform(0, most))
    began = time.monotonic()
    await workspace.delete(name)
    found.delete.append(await _reached(observer, name, world.gone) - began)


async def _reached(observer: Observer, name: str, check: Check) -> float:
    """The moment at which the watch shows it. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE):
        while not check(observer.bodies.get(name)):
            observer.changed.clear()
            await observer.changed.wait()
    return time.monotonic()
