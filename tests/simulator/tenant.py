"""One account of a simulator under test, spoken to over real HTTP as any client would."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each client the reading of all certificates
V1 = "/gpu-instance/openapi/v1"
PRODUCT = "4090.16c62g"
UNTIL_RUNNING = 6.0  # virtual seconds from create to running, with the default delays
LONG = 60.0  # virtual seconds after which every usual transition is over


def an_order(**changes: Any) -> dict[str, Any]:
    """A create body that is accepted; `None` leaves a field out."""
    order = {
        "name": "trainer",
        "productId": PRODUCT,
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "docker.io/library/ubuntu:22.04",
        "kind": "gpu",
        **changes,
    }
    return {key: value for key, value in order.items() if value is not None}


async def until(fact: Callable[[], Awaitable[object]]) -> None:
    """Waits for a fact that has real time in it; fails after twenty seconds."""
    async with asyncio.timeout(20):
        while not await fact():
            await asyncio.sleep(0.01)


class Tenant:
    """The API with one key, and the control routes of the same account. Virtual time moves only by `wait`."""

    def __init__(self, base_url: str, key: str) -> None:
        self.api = httpx.AsyncClient(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=5, verify=_NO_TLS
        )
        self.control = httpx.AsyncClient(
            base_url=f"{base_url}/_simulator",
            headers={"X-Simulator-Account": key},
            trust_env=False,
            timeout=5,
            verify=_NO_TLS,
        )

    async def aclose(self) -> None:
        await self.api.aclose()
        await self.control.aclose()

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.api.get(f"{V1}{path}", params=params)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.api.post(f"{V1}{path}", json=body)

    async def order(self, **changes: Any) -> httpx.Response:
        return await self.post("/gpu/instance/create", **an_order(**changes))

    async def create(self, **changes: Any) -> str:
        """The id of a new instance."""
        reply = await self.order(**changes)
        assert reply.status_code == 200, reply.text
        instance_id: str = reply.json()["id"]
        return instance_id

    async def running(self, **changes: Any) -> str:
        """The id of an instance that runs."""
        instance_id = await self.create(**changes)
        await self.wait(UNTIL_RUNNING)
        assert await self.status(instance_id) == "running"
        return instance_id

    async def act(self, action: str, instance_id: str, **body: Any) -> httpx.Response:
        return await self.post(f"/gpu/instance/{action}", instanceId=instance_id, **body)

    async def detail(self, instance_id: str) -> dict[str, Any]:
        reply = await self.get("/gpu/instance", instanceId=instance_id)
        assert reply.status_code == 200, reply.text
        detail: dict[str, Any] = reply.json()
        return detail

    async def status(self, instance_id: str) -> str:
        return str((await self.detail(instance_id))["status"])

    async def listed(self, **params: Any) -> list[dict[str, Any]]:
        reply = await self.get("/gpu/instances", **params)
        assert reply.status_code == 200, reply.text
        instances: list[dict[str, Any]] = reply.json()["instances"]
        return instances

    async def wait(self, seconds: float) -> None:
        """Lets virtual time pass."""
        (await self.control.post("/clock", json={"advance": seconds})).raise_for_status()

    async def fault(self, kind: str, **fault: Any) -> None:
        reply = await self.control.post("/faults", json={"kind": kind, **fault})
        assert reply.status_code == 200, reply.text

    async def set(self, **settings: Any) -> None:
        reply = await self.control.post("/settings", json=settings)
        assert reply.status_code == 200, reply.text

    async def force(self, instance_id: str, **state: Any) -> dict[str, Any]:
        reply = await self.control.post(f"/instances/{instance_id}", json=state)
        assert reply.status_code == 200, reply.text
        looked: dict[str, Any] = reply.json()
        return looked

    async def read(self, report: str, **params: Any) -> dict[str, Any]:
        """The ledger, the calls, the faults, the settings."""
        read: dict[str, Any] = (await self.control.get(f"/{report}", params=params)).raise_for_status().json()
        return read
