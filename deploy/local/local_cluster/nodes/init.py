"""The first process inside: `python -m local_cluster.nodes.init DIRECTORY HANDLE`.

It makes network and mounts, starts the servers, and looks after them until it is killed; with it ends everything.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from local_cluster import asking, flags
from local_cluster.errors import CannotStart
from local_cluster.nodes import cgroups, layout, mounts, network, servers
from local_cluster.nodes.plan import Plan
from local_cluster.nodes.supervising import Supervisor

_LOOK_SECONDS = 0.1  # between looks at whether the API server is ready; it needs about three seconds


def main(directory: Path, handle: int) -> None:
    """Never returns by itself. Raises CannotStart or CalledProcessError, which ends the cluster."""
    files, plan = layout.Files(directory), Plan.load(layout.Files(directory).plan)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # they are waited for
    network.make()
    cgroups.mount_inside()
    mounts.cover()
    environment = {**flags.GARBAGE_LATER, **os.environ, "PATH": plan.path(os.environ)}
    supervisor = Supervisor(files, environment)
    forwarding = [sys.executable, "-m", "local_cluster.nodes.forwarding", str(handle), str(plan.ports.api_server)]
    supervisor.add("forwarding", forwarding, (handle,))
    for name, command in servers.control_plane(files, plan).items():
        supervisor.add(name, command)
    while not _api_server_is_ready(files, plan):
        supervisor.step(_LOOK_SECONDS)
    for name, command in servers.node(files, plan).items():
        supervisor.add(name, command)
    while True:
        supervisor.step(1.0)


def _api_server_is_ready(files: layout.Files, plan: Plan) -> bool:
    # Who may ask /readyz: anybody (system:public-info-viewer).
    url = f"https://127.0.0.1:{plan.ports.api_server}/readyz"
    return asking.ask(url, certificate=files.pki / "ca.crt") is not None


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except CannotStart as error:
        sys.exit(str(error))
