"""A simulator whose machines are real, and its tenant."""

from __future__ import annotations

import asyncio
import random
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import test_utils
from tests.simulator.guest import Guest
from tests.simulator.tenant import LONG, Tenant

from novita_operator.simulator.machines import ending
from novita_operator.simulator.machines.placement import Placement
from novita_operator.simulator.server import Config, create_app
from novita_operator.simulator.settings import Settings

_CHOICE = range(20_000, 30_000)  # below those that the system gives to connections, which come and go
_SECONDS = 60.0  # what real processes do takes milliseconds, on an idle machine


@dataclass(frozen=True)
class Landlord:
    """`folder` holds everything of every machine; `files` are the guest's own."""

    tenant: Tenant
    folder: Path
    files: Path

    def disk(self, instance_id: str) -> Path:
        return self._folder(instance_id) / "disk"

    def home(self, instance_id: str) -> Path:
        return self.disk(instance_id) / "root"

    def log(self, instance_id: str) -> str:
        """What the container has printed."""
        return (self._folder(instance_id) / "container.log").read_text()

    def programs(self, instance_id: str) -> list[int]:
        """Pids of what runs there."""
        return list(ending.inside(self.disk(instance_id)))

    async def guest(self, instance_id: str, **given: Any) -> Guest:
        """Knows how to get in as soon as somebody opens."""
        detail = await self.tenant.detail(instance_id)
        guest = Guest.of(detail, self.files, **given)
        await until(lambda: can_connect(guest.host, int(guest.port)))
        return guest

    async def running(self, **order: Any) -> tuple[str, Guest]:
        """An instance that runs, and somebody who can get in."""
        instance_id = await self.tenant.running(**order)
        return instance_id, await self.guest(instance_id)

    async def act(self, action: str, instance_id: str, **body: Any) -> None:
        """Until the status clock has nothing more to say about it."""
        reply = await self.tenant.act(action, instance_id, **body)
        assert reply.is_success, reply.text
        await self.tenant.wait(LONG)

    def _folder(self, instance_id: str) -> Path:
        (found,) = self.folder.glob("novita-machines-*")
        return found / instance_id


@asynccontextmanager
async def moved_in(files: Path) -> AsyncIterator[Landlord]:
    """Virtual time stands still. Nothing is left in the end."""
    with tempfile.TemporaryDirectory(prefix="novita-test-") as made:
        folder = _passable(Path(made))
        async with _served(folder, files) as there:
            yield there
        assert (_names(folder), list(ending.inside(folder))) == ([], [])


def _passable(folder: Path) -> Path:
    """For an unprivileged user, too."""
    folder.chmod(0o711)
    return folder


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@asynccontextmanager
async def _served(folder: Path, files: Path) -> AsyncIterator[Landlord]:
    config = Config(settings=Settings(acceleration=0), machines=Placement("127.0.0.1", folder))
    server = test_utils.TestServer(create_app(config))
    await server.start_server()
    tenant = Tenant(str(server.make_url("")).rstrip("/"), "sk_tester")
    try:
        yield Landlord(tenant, folder, files)
    finally:
        await tenant.aclose()
        await server.close()


async def until(fact: Callable[[], Any]) -> Any:
    """Waits for what real processes do; a coroutine is awaited. Returns the fact."""
    async with asyncio.timeout(_SECONDS):
        while True:
            found = fact()
            found = await found if asyncio.iscoroutine(found) else found
            if found:
                return found
            await asyncio.sleep(0.01)


async def can_connect(host: str, port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def free_port() -> int:
    """Nobody listens there now."""
    while True:
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", random.choice(_CHOICE)))  # noqa: S311 - protects nothing
            except OSError:
                continue
            port: int = found.getsockname()[1]
            return port
