"""The phases of one run: all Ready, steady, restarted, deleted; and the floor that nobody can be below."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx
from tests.bench.contenders import POLL_SECONDS, Contender
from tests.bench.figures import Figures, Usage
from tests.support import kube, waiting
from tests.support.kube import Body
from tests.support.operator_process import OperatorProcess
from tests.support.plane import OPERATOR_USER
from tests.support.workspace import Workspace

_AT_A_TIME = 20  # creates of objects under way: the API server of two cores answers no more at once
_PATIENCE = 1200.0
_STEADY_SECONDS = 2 * POLL_SECONDS
_RESTART_SECONDS = 20.0  # longer than a process needs to look at every object


@dataclass
class Watching:
    """Who is Ready, and since when; from a watch, so that looking costs next to nothing."""

    contender: Contender
    since: dict[str, float] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def take(self, change: Body) -> None:
        name = change["object"]["metadata"]["name"]
        if change["type"] == "DELETED":
            self.gone.add(name)
        elif name not in self.since and self.contender.ready(change["object"]):
            self.since[name] = time.monotonic()


@asynccontextmanager
async def watching(workspace: Workspace, contender: Contender) -> AsyncIterator[Watching]:
    """A watch over the objects of the workspace."""
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


async def floor(workspace: Workspace, objects: int) -> float:
    """The same rentals by bare HTTP with the same number at a time, until all run: nobody can be sooner. Seconds."""
    base = f"{workspace.novita.url}/gpu-instance/openapi/v1"
    order = {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:22.04"}
    started, gate = time.monotonic(), asyncio.Semaphore(_AT_A_TIME)
    headers = {"Authorization": f"Bearer {workspace.novita.key}-floor"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60, verify=False) as client:  # noqa: S501 - plain HTTP

        async def rent(number: int) -> None:
            async with gate:
                await workspace.plane.kube.create(kube.CONFIG_MAPS, _standing_in(workspace.namespace, number))
                reply = await client.post(f"{base}/gpu/instance/create", json=order | {"name": f"floor-{number}"})
                reply.raise_for_status()

        await asyncio.gather(*(rent(number) for number in range(objects)))

        async def all_run() -> bool:
            # The last one that was rented is the last to run.
            page = await client.get(f"{base}/gpu/instances", params={"pageSize": 1, "pageNum": 1})
            return bool(page.json()["instances"][0]["status"] == "running")

        await waiting.until(all_run, "all run", seconds=_PATIENCE)
    return time.monotonic() - started


async def measure(  # noqa: PLR0915 - the phases in their order, one after the other
    workspace: Workspace, contender: Contender, objects: int, directory: Path, base: float
) -> Figures:
    """One contender at one size, from an empty namespace to an empty namespace."""
    operator = contender.launch(workspace, directory)
    await _until_it_watches(workspace, operator, contender)
    idle = Usage.of(operator.child.process.pid)
    names = [f"gpu-{number}" for number in range(objects)]
    async with watching(workspace, contender) as seen:
        audit = workspace.plane.audit.from_now()
        await workspace.novita.forget_calls()
        began = time.monotonic()
        born = await _create(workspace, names)
        await waiting.until(
            lambda: _now(len(seen.since) == objects), f"{objects} are Ready", seconds=_PATIENCE, pause=0.2
        )
        took = max(seen.since.values()) - began
        ready, calls = Usage.of(operator.child.process.pid), await workspace.novita.calls()
        writes = audit.count(user=OPERATOR_USER, namespace=workspace.namespace)
        created = (await workspace.novita.ledger()).created
        each = [seen.since[name] - born[name] for name in names]

        audit = workspace.plane.audit.from_now()
        await asyncio.sleep(POLL_SECONDS / 2)  # what the last transitions left is over
        await workspace.novita.forget_calls()
        before = Usage.of(operator.child.process.pid)
        audit = workspace.plane.audit.from_now()
        await asyncio.sleep(_STEADY_SECONDS)
        after = Usage.of(operator.child.process.pid)
        steady_calls = (await workspace.novita.calls()).total
        steady_writes = sum(audit.count(user=OPERATOR_USER, namespace=workspace.namespace).values())

        restarted, restart_writes, operator = await _restart(workspace, contender, operator, directory)
        audit = workspace.plane.audit.from_now()
        await workspace.novita.forget_calls()
        began = time.monotonic()
        await workspace.plane.kube.delete_all(kube.GPU_INSTANCES, workspace.namespace)
        await waiting.until(
            lambda: _now(len(seen.gone) == objects), f"{objects} are gone", seconds=_PATIENCE, pause=0.2
        )
        deleted = time.monotonic() - began
        delete_writes = audit.count(user=OPERATOR_USER, namespace=workspace.namespace)
        delete_calls = (await workspace.novita.calls()).total
    await operator.close()
    spread = quantiles(each, n=100)
    return Figures(
        contender=contender.name,
        objects=objects,
        floor_seconds=base,
        ready_seconds=took,
        ready_p50=spread[49],
        ready_p99=spread[98],
        calls_to_ready=calls.total / objects,
        writes_to_ready=_without_events(writes) / objects,
        events_to_ready=writes["create events"] / objects,
        cpu_to_ready=ready.cpu - idle.cpu,
        rss_idle=idle.rss,
        rss_ready=ready.rss,
        rss_peak=after.peak,
        steady_calls_per_hour=steady_calls * 3600 / _STEADY_SECONDS / objects,
        steady_writes=steady_writes,
        steady_cpu_percent=100 * (after.cpu - before.cpu) / _STEADY_SECONDS,
        restart_seconds=restarted,
        restart_writes=restart_writes,
        delete_seconds=deleted,
        delete_writes=_without_events(delete_writes) / objects,
        delete_calls=delete_calls / objects,
        created=created,
        left_billing=len((await workspace.novita.ledger()).billing),
        writes=_per(writes.items(), objects),
        calls=_per(calls.by_route.items(), objects),
    )


async def _create(workspace: Workspace, names: list[str]) -> dict[str, float]:
    """Apply all of them; when each was accepted."""
    gate, born = asyncio.Semaphore(_AT_A_TIME), {}

    async def create(name: str) -> None:
        async with gate:
            await workspace.create(name)
            born[name] = time.monotonic()

    await asyncio.gather(*(create(name) for name in names))
    return born


async def _restart(
    workspace: Workspace, contender: Contender, operator: OperatorProcess, directory: Path
) -> tuple[float, int, OperatorProcess]:
    """SIGTERM and a new process: seconds until it knows the account again, and what it then writes."""
    await operator.terminate()
    audit = workspace.plane.audit.from_now()
    await workspace.novita.forget_calls()
    began = time.monotonic()
    fresh = contender.launch(workspace, directory)

    async def useful() -> bool:
        calls = await workspace.novita.calls()
        return calls.of("list") + calls.of("get") > 0

    await waiting.until(useful, "it looks at Novita again", seconds=_PATIENCE, pause=0.05)
    took = time.monotonic() - began
    await asyncio.sleep(_RESTART_SECONDS)
    return took, sum(audit.count(user=OPERATOR_USER, namespace=workspace.namespace).values()), fresh


async def _until_it_watches(workspace: Workspace, operator: OperatorProcess, contender: Contender) -> None:
    """A first object that comes and goes shows that the watch has begun."""
    name = "first"
    async with watching(workspace, contender) as seen:
        await workspace.create(name)
        await waiting.until(
            lambda: _now(name in seen.since), "a first object", seconds=120, explain=operator.child.tail
        )
        await workspace.delete(name)
        await waiting.until(lambda: _now(name in seen.gone), "the first object is gone", seconds=120)


async def _now(fact: bool) -> bool:
    return fact


def _standing_in(namespace: str, number: int) -> Body:
    """One write to the API server for each rental, as the object's creation is."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"floor-{number}", "namespace": namespace}}


def _without_events(writes: Counter[str]) -> int:
    return sum(count for what, count in writes.items() if what != "create events")


def _per(counts: Iterable[tuple[str, int]], objects: int) -> dict[str, float]:
    return {what: round(count / objects, 2) for what, count in sorted(counts)}
