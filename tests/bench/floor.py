"""What nobody can be below: the same rentals without an operator, and the arithmetic of a rate limit."""

from __future__ import annotations

import asyncio
import time

import httpx
from tests.bench.making import AT_A_TIME
from tests.bench.watching import PATIENCE
from tests.support import kube, waiting
from tests.support.kube import Body
from tests.support.workspace import Workspace

BURST = 10  # calls that the operator's limiter lets through at once
_ORDER = {"productId": "4090.16c62g", "gpuNum": 1, "rootfsSize": 60, "imageUrl": "ubuntu:22.04"}


def through(calls: int, requests_per_minute: int, clock_seconds: float) -> float:
    """Seconds that so many calls take at a rate limit, and the last instance's own way after its call."""
    return max(0, calls - BURST) / (requests_per_minute / 60) + clock_seconds


async def bare_http(workspace: Workspace, objects: int) -> float:
    """One write to the API server and one create call each, as many at a time, until all run. Seconds."""
    started, gate = time.monotonic(), asyncio.Semaphore(AT_A_TIME)
    base = f"{workspace.novita.url}/gpu-instance/openapi/v1"
    headers = {"Authorization": f"Bearer {workspace.novita.key}-floor"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60, verify=False) as client:  # noqa: S501 - plain HTTP

        async def rent(number: int) -> None:
            async with gate:
                await workspace.plane.kube.create(kube.CONFIG_MAPS, _standing_in(workspace.namespace, number))
                reply = await client.post(f"{base}/gpu/instance/create", json=_ORDER | {"name": f"floor-{number}"})
                reply.raise_for_status()

        async def all_run() -> bool:
            # The last one that was rented is the last to run.
            page = await client.get(f"{base}/gpu/instances", params={"pageSize": 1, "pageNum": 1})
            return bool(page.json()["instances"][0]["status"] == "running")

        await asyncio.gather(*(rent(number) for number in range(objects)))
        await waiting.until(all_run, "all run", seconds=PATIENCE)
    return time.monotonic() - started


def _standing_in(namespace: str, number: int) -> Body:
    """One write to the API server for each rental, as the object's creation is."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"floor-{number}", "namespace": namespace}}
