"""A fresh simulator for each test, on a free port, with virtual time standing still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import test_utils
from tests.simulator import landlord
from tests.simulator.landlord import Landlord
from tests.simulator.tenant import Tenant

from novita_operator.simulator.server import Config, create_app
from novita_operator.simulator.settings import Settings

TenantOf = Callable[[str], Tenant]


@pytest.fixture
async def tenant_of() -> AsyncIterator[TenantOf]:
    """Makes tenants of one simulator, by key."""
    server = test_utils.TestServer(create_app(Config(settings=Settings(acceleration=0))))
    await server.start_server()
    tenants: list[Tenant] = []

    def make(key: str) -> Tenant:
        tenants.append(Tenant(str(server.make_url("")).rstrip("/"), key))
        return tenants[-1]

    yield make
    for tenant in tenants:
        await tenant.aclose()
    await server.close()


@pytest.fixture
async def tenant(tenant_of: TenantOf) -> Tenant:
    return tenant_of("sk_tester")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Landlord]:
    """A simulator whose machines are real."""
    async with landlord.moved_in(tmp_path) as there:
        yield there
