"""A simulated Novita outside of the cluster, where Novita is: it survives what happens to pods and nodes."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import REPOSITORY, Child
from tests.support.simulator import Simulator

from local_cluster.nodes import entering, layout

PORT = 8090  # of the node's address, inside
URL = f"http://{layout.NODE_IP}:{PORT}"
# Opened inside, handed out: what connects to it there is served here.
_LISTEN = f"""
import socket
inner = socket.socket()
inner.bind(("{layout.NODE_IP}", {PORT}))
inner.listen()
socket.send_fds(socket.socket(fileno=0), [b"."], [inner.fileno()])
"""


@dataclass
class Outside:
    """The way from the cluster to the simulator; it has to be made again after each start of the node."""

    directory: Path
    simulator: Simulator
    child: Child | None = None

    async def connect(self) -> None:
        """From now on `URL` is the simulator for everybody inside."""
        await self.close()
        inner = _listening(self.directory)
        port = self.simulator.url.rpartition(":")[2]
        command = [sys.executable, "-m", "local_cluster.nodes.forwarding", str(inner.fileno()), port]
        log = layout.Files(self.directory).log("outside")
        self.child = Child.start(
            command, log, {"PYTHONPATH": str(REPOSITORY / "deploy" / "local")}, handles=(inner.fileno(),)
        )
        inner.close()

    async def close(self) -> None:
        if self.child is not None:
            await self.child.kill()


def _listening(directory: Path) -> socket.socket:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command, environment = entering.inside(directory, [sys.executable, "-c", _LISTEN])
        subprocess.run(command, env=environment, stdin=theirs, check=True)
        _, (handle,), _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=handle)
