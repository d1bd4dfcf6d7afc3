"""When each object was born, first touched, Ready and gone: from one watch, so that looking costs next to nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.bench.contenders import Contender
from tests.support import kube, waiting
from tests.support.kube import Body
from tests.support.workspace import Workspace

PATIENCE = 2400.0
_PAUSE_SECONDS = 0.2


@dataclass
class Watching:
    """Moments of the monotonic clock by object name; `instances`: the id that a Ready object names."""

    contender: Contender
    born: dict[str, float] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)
    ready: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)

    def take(self, change: Body) -> None:
        now, body = time.monotonic(), change["object"]
        name = body["metadata"]["name"]
        match change["type"]:
            case "DELETED":
                self.gone[name] = now
            case "ADDED":
                self.born.setdefault(name, now)
            case _ if body["metadata"].get("finalizers"):
                self.touched.setdefault(name, now)
        if name not in self.ready and self.contender.ready(body):
            self.ready[name] = now
            self.instances[name] = body["status"]["instanceId"]

    async def until(self, fact: Callable[[], bool], what: str) -> None:
        """Wait for something that the watch will show. Raises AssertionError after `PATIENCE`."""

        async def probe() -> bool:
            return fact()

        await waiting.until(probe, what, seconds=PATIENCE, pause=_PAUSE_SECONDS)


@asynccontextmanager
async def watching(workspace: Workspace, contender: Contender) -> AsyncIterator[Watching]:
    """A watch over the objects of the workspace that are made from now on."""
    seen = Watching(contender)
    _, version = await workspace.plane.kube.snapshot(kube.GPU_INSTANCES, workspace.namespace)

    async def follow() -> None:
        async for change in workspace.plane.kube.watch(kube.GPU_INSTANCES, workspace.namespace, version):
            seen.take(change)

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])
