"""An account with something of everything in it, and runs of `verify` over it in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import test_utils
from pydantic import SecretStr
from tests.simulator.tenant import LONG, PRODUCT, Tenant

from novita_operator.simulator.machines.placement import Placement
from novita_operator.simulator.server import Config, create_app
from novita_operator.simulator.settings import Settings
from novita_operator.verification import verify
from novita_operator.verification.report import Report

KEY = "sk_the-key-that-nobody-may-read"
VOLUME = {"storageId": "vol-canary-id", "storageName": "canary-volume", "storageSize": 10, "clusterId": "us-ca-6"}
Say = Callable[[str], None]


@dataclass
class TurnedClock:
    """Sleeping lets the simulator's time pass. What is shorter than a second is a courtesy between calls."""

    tenant: Tenant
    passed: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 29, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        if seconds >= 1:
            await self.tenant.wait(seconds)


@dataclass
class Account:
    """One account, and what `verify` says of it."""

    tenant: Tenant
    url: str
    clock: TurnedClock
    told: list[str] = field(default_factory=list)

    async def verify(self, *, spend: str | None = None, say: Say | None = None) -> Report:
        usd = None if spend is None else Decimal(spend)
        return await verify.run(verify.Order(self.url, SecretStr(KEY), usd), self.clock, say or self.told.append)

    async def live(self) -> set[str]:
        """Names of what is there."""
        return {row["name"] for row in (await self.tenant.read("ledger"))["instances"] if row["live"]}

    async def fill(self) -> None:
        """Two instances, one of them with ports; a job, a volume, and less stock for spot."""
        # Where machines are not real, nobody answers; and no name has to be looked up for that.
        await self.tenant.set(endpointHost="127.0.0.1")
        stock = [{"productId": PRODUCT, "mode": "spot", "gpus": 0}]
        await self.tenant.set(networkVolumes=[VOLUME], stock=stock)
        envs = [{"key": "TOKEN", "value": "canary-env-value"}]
        moved = await self.tenant.running(name="canary-second", envs=envs)
        await self.tenant.act("migrate", moved)
        await self.tenant.wait(LONG)
        await self.tenant.running(name="canary-name", envs=envs, ports="8080/http, 5000/tcp")


Open = Callable[..., Awaitable[Account]]


@pytest.fixture
async def new_account() -> AsyncIterator[Open]:
    """Makes the account of a simulator of its own. `open_to_all`: every key is let in; `machines`: they are real."""
    servers: list[test_utils.TestServer] = []
    tenants: list[Tenant] = []

    async def make(*, open_to_all: bool = False, machines: bool = False) -> Account:
        keys = () if open_to_all else (KEY,)
        placement = Placement("127.0.0.1") if machines else None
        config = Config(settings=Settings(acceleration=0), keys=keys, machines=placement)
        servers.append(test_utils.TestServer(create_app(config)))
        await servers[-1].start_server()
        url = str(servers[-1].make_url("")).rstrip("/")
        tenants.append(Tenant(url, KEY))
        return Account(tenants[-1], url, TurnedClock(tenants[-1]))

    yield make
    for tenant in tenants:
        await tenant.aclose()
    for server in servers:
        await server.close()


@pytest.fixture
async def account(new_account: Open) -> Account:
    """An account with nothing in it."""
    return await new_account()


def verdicts(report: Report) -> dict[str, Any]:
    """By the key of the assumption."""
    return {assumption.key: finding.verdict for assumption, finding in report.findings}
