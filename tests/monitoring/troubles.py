"""What goes wrong in the run of the picture, one after the other, so that every panel has something to show."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Awaitable, Callable
from itertools import pairwise

from tests.support import kube
from tests.support.workspace import Workspace

CLUSTER = "pictures"  # in the names of all instances, so that an orphan can be made here
_LOST = 3
_SLOW_SECONDS = 1.5
_OLD_SECONDS = 3600.0  # also by the operator's clock, which the simulator's runs ahead of

Trouble = Callable[[Workspace, Workspace], Awaitable[object]]


async def happen(research: Workspace, serving: Workspace, seconds: float) -> None:
    """All of it, in so many seconds."""
    for (now, trouble), (then, _) in pairwise((*_TROUBLES, (1.0, _nothing))):
        await trouble(research, serving)
        await asyncio.sleep((then - now) * seconds)  # long enough to be seen


async def _nothing(_: Workspace, __: Workspace) -> None:
    """All is well."""


async def _instances_vanish(_: Workspace, serving: Workspace) -> None:
    for record in (await serving.novita.ledger()).live[:_LOST]:
        await serving.novita.force(record.id, gone=True)


async def _a_second_one_and_an_orphan(research: Workspace, _: Workspace) -> None:
    living = (await research.novita.ledger()).live[-1].name
    tail = base64.b32encode(uuid.uuid4().bytes).decode().lower().rstrip("=")
    await research.novita.plant(name=living)
    await research.novita.plant(name=f"nvo-{CLUSTER}-{tail}", ageSeconds=_OLD_SECONDS)


async def _novita_is_slow(research: Workspace, _: Workspace) -> None:
    await research.novita.fault("delay", seconds=_SLOW_SECONDS)


async def _novita_is_well(research: Workspace, serving: Workspace) -> None:
    await research.novita.end_faults()
    await serving.novita.end_faults()


async def _novita_is_down(_: Workspace, serving: Workspace) -> None:
    await serving.novita.fault("down")


async def _somebody_gives_up(_: Workspace, serving: Workspace) -> None:
    bodies = await serving.plane.kube.list(kube.GPU_INSTANCES, serving.namespace)
    chosen = next(body for body in bodies if body["status"].get("instanceId"))
    await serving.annotate(chosen["metadata"]["name"], force_finalize=chosen["status"]["instanceId"])
    await serving.delete(chosen["metadata"]["name"])


async def _lists_are_refused(research: Workspace, _: Workspace) -> None:
    await research.novita.fault("rate-limited", route="list", probability=0.3, retryAfter=1)


_TROUBLES: tuple[tuple[float, Trouble], ...] = (
    (0.0, _nothing),
    (0.15, _instances_vanish),
    (0.25, _a_second_one_and_an_orphan),
    (0.35, _novita_is_down),
    (0.42, _somebody_gives_up),
    (0.5, _novita_is_well),
    (0.75, _novita_is_slow),
    (0.87, _novita_is_well),
    (0.9, _lists_are_refused),
)
