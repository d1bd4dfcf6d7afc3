"""An account at the simulator: our client for it, and the simulator's own view of what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from novita_operator.novita.account import NovitaAccountClient
from novita_operator.novita.models import CreateRequest

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """What `look` sees, once it is something. A simulated instance needs a tenth of a second for each step."""
    async with asyncio.timeout(5):
        while not (seen := await look()):
            await asyncio.sleep(0.01)
    return seen


class SimulatedAccount:
    """One key. `client` pauses for milliseconds only; `control` is the witness."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.client = self.open()
        self._control = httpx.AsyncClient(
            base_url=f"{url}/_simulator/",
            headers={"X-Simulator-Account": key},
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP; it spares each client the reading of all certificates
        )
        self._opened = [self.client]

    def open(self, **settings: Any) -> NovitaAccountClient:
        """A client of this account; whoever opens another one closes it."""
        defaults: dict[str, Any] = {
            "base_url": self.url,
            "api_key": SecretStr(self.key),
            "timeout_seconds": 5.0,
            "max_retries": 2,
            "retry_delay_seconds": 0.001,
            "requests_per_minute": 600_000,
        }
        return NovitaAccountClient.open(**(defaults | settings))

    async def aclose(self) -> None:
        await self.client.aclose()
        await self._control.aclose()

    async def begin(self) -> None:
        """The account exists from its first call on: make it, and forget that call."""
        await self.client.balance()
        await self.post("reset", {})

    async def fault(self, kind: str, **details: Any) -> None:
        """Turn one on, for one call unless `times` says otherwise."""
        await self.post("faults", [{"kind": kind, "times": 1, **details}])

    async def get(self, path: str) -> Any:
        return self._checked(await self._control.get(path))

    async def post(self, path: str, body: Any) -> Any:
        return self._checked(await self._control.post(path, json=body))

    async def calls(self, route: str) -> int:
        """How many calls of a route arrived."""
        report = await self.get("calls")
        return int(report["counts"].get(route, 0))

    async def live(self) -> int:
        """How many instances the ledger knows as alive."""
        return int((await self.get("ledger?summary=true"))["summary"]["live"])

    def _checked(self, response: httpx.Response) -> Any:
        assert response.is_success, response.text
        return response.json()


def a_request(name: str = "nvo-test-a", **changes: Any) -> CreateRequest:
    """A create request that the simulator's catalogue can serve."""
    values: dict[str, Any] = {
        "name": name,
        "product_id": "4090.16c62g",
        "gpu_count": 1,
        "rootfs_gb": 60,
        "image": "docker.io/library/ubuntu:22.04",
        "cluster_id": "",
    }
    return CreateRequest(**(values | changes))
