"""Very many Ready objects and their instances, made after the pattern of one that a real operator brought to Ready."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.bench import making
from tests.bench.contenders import OURS
from tests.bench.watching import watching
from tests.support import kube
from tests.support.kube import Body
from tests.support.simulator import SimulatedAccount
from tests.support.workspace import Workspace

from novita_operator.reconciling import naming

_NAME = "the-pattern"
_AT_A_TIME = 20  # plantings under way: the simulator's one core does no more


@dataclass(frozen=True)
class Resident:
    """One object and the instance that it has."""

    body: Body
    instance_id: str
    instance_name: str


async def pattern(workspace: Workspace, directory: Path) -> Body:
    """The body of an object that is Ready, by the real operator at the real API server; both are gone afterwards."""
    operator = OURS.launch(workspace, directory)
    await making.until_it_watches(workspace, OURS)
    async with watching(workspace, OURS) as seen:
        await workspace.create(_NAME)
        await seen.until(lambda: _NAME in seen.ready, "the pattern is Ready")
        body = await workspace.plane.kube.get(kube.GPU_INSTANCES, _NAME, workspace.namespace)
        await making.delete_all(workspace, seen, 1)
    await operator.close()
    return body


def residents(like: Body, workspace: Workspace, cluster: str, count: int) -> Iterator[Resident]:
    """So many objects of one account, each with names and ids of its own wherever the pattern has its own."""
    text, at, known = json.dumps(like), like["metadata"], like["status"]
    for number in range(count):
        uid, instance_id = str(uuid.uuid4()), f"{workspace.namespace}-{number:06}"
        name = naming.instance_name(cluster, uid)
        mine = text.replace(known["instanceId"], instance_id).replace(known["instanceName"], name)
        mine = mine.replace(at["uid"], uid).replace(at["namespace"], workspace.namespace)
        body = json.loads(mine.replace(at["name"], f"gpu-{number}"))
        body["metadata"]["resourceVersion"] = str(number + 1)
        yield Resident(body, instance_id, name)


async def settle(found: list[Resident], novita: SimulatedAccount) -> None:
    """Let the simulator know their instances: running, and since the moment that the objects name."""
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def one(each: Resident) -> None:
        async with gate:
            since = datetime.fromisoformat(each.body["status"]["connection"]["instanceStartedAt"]).timestamp()
            await novita.plant(id=each.instance_id, name=each.instance_name, createdAt=since)

    for start in range(0, len(found), 1000):  # a task for each of all at once would be memory that nobody measures
        await asyncio.gather(*(one(each) for each in found[start : start + 1000]))
