"""Namespaces of our own by `unshare`, and commands inside them by `nsenter`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from local_cluster import processes
from local_cluster.nodes import cgroups, layout
from local_cluster.processes import Started

KINDS = ("--net", "--mount", "--pid", "--cgroup")
_MAKE = ["unshare", *KINDS, "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
# The cgroups first: a cgroup namespace begins where its maker is.
_ENTER_CGROUPS = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'


def start(files: layout.Files, outer: socket.socket, held: tuple[int, ...]) -> Started:
    """Start the first process; what is returned is its parent, whose end is the end of everything inside.

    Both hold `held` open.
    """
    entrances = [str(entrance) for entrance in cgroups.make(files.name)]
    inner = [sys.executable, "-m", "local_cluster.nodes.init", str(files.directory), str(outer.fileno())]
    command = ["sh", "-c", _ENTER_CGROUPS, "sh", *entrances, "--", *_MAKE, "--", *inner]
    return processes.start(
        command, files.log("init"), processes.with_own_code(os.environ), handles=(outer.fileno(), *held)
    )


def entering(parent: int, command: list[str], folder: Path) -> list[str]:
    """The command that runs `command` inside, in a folder of the machine."""
    own = f"/proc/{parent}/ns"
    namespaces = [f"--net={own}/net", f"--mount={own}/mnt", f"--pid={own}/pid_for_children"]
    return ["nsenter", *namespaces, f"--wd={folder}", "--", *command]
