"""A simulated account on a real socket, for programs that others wrote for Novita's API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import test_utils
from tests.simulator.tenant import Tenant

from novita_operator.simulator.server import Config, create_app
from novita_operator.simulator.settings import Settings

_KEY = "sk_foreign_program"


@dataclass(frozen=True)
class Novita:
    """Where the simulator listens, a key, and the hands of its account. Virtual time passes only by `wait`."""

    url: str
    key: str
    tenant: Tenant

    async def billing(self) -> int:
        """How many instances cost money now."""
        return sum(row["billing"] for row in (await self.tenant.read("ledger"))["instances"])


@pytest.fixture
async def novita() -> AsyncIterator[Novita]:
    """An account of its own for each test."""
    server = test_utils.TestServer(create_app(Config(settings=Settings(acceleration=0))))
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    tenant = Tenant(url, _KEY)
    yield Novita(url, _KEY, tenant)
    await tenant.aclose()
    await server.close()
