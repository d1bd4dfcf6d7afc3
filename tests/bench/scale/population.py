"""Very many Ready objects and their instances, made after the pattern of one that a real operator brought to Ready."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import making
from tests.bench.contenders import OURS
from tests.bench.watching import watching
from tests.support import kube
from tests.support.kube import Body
from tests.support.simulator import SimulatedAccount
from tests.support.workspace import Workspace

from novita_operator.reconciling import naming

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
        await workspace.create("pattern")
        await seen.until(lambda: "pattern" in seen.ready, "the pattern is Ready")
        body = await workspace.plane.kube.get(kube.GPU_INSTANCES, "pattern", workspace.namespace)
        await making.delete_all(workspace, seen, 1)
    await operator.close()
    return body


def residents(like: Body, workspace: Workspace, cluster: str, count: int) -> Iterator[Resident]:
    """So many objects of one account, each with names and ids of its own."""
    for number in range(count):
        uid, instance_id = str(uuid.uuid4()), f"{workspace.namespace}-{number:06}"
        name = naming.instance_name(cluster, uid)
        body = copy.deepcopy(like)
        body["metadata"] |= {"name": f"gpu-{number}", "namespace": workspace.namespace, "uid": uid}
        body["metadata"]["resourceVersion"] = str(number + 1)
        body["spec"]["accountRef"] = {"name": workspace.account_name}
        body["status"] |= {"instanceId": instance_id, "instanceName": name}
        yield Resident(body, instance_id, name)


async def settle(found: list[Resident], novita: SimulatedAccount) -> None:
    """Let the simulator know their instances: running, and rented before anything here began."""
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def one(each: Resident) -> None:
        async with gate:
            await novita.plant(id=each.instance_id, name=each.instance_name, ageSeconds=3600)

    for start in range(0, len(found), 1000):  # a task for each of all at once would be memory that nobody measures
        await asyncio.gather(*(one(each) for each in found[start : start + 1000]))
