"""Keeps the servers running, as systemd would on a machine: who ends is started again, and orphans are reaped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from local_cluster import processes
from local_cluster.errors import CannotStart
from local_cluster.nodes import layout

_PAUSE_SECONDS = 1.0  # before a server is started again, so that one that cannot start does not fill its log
_QUICK_SECONDS = 5.0  # who ends within these did not start at all
_QUICK_ENDS = 5  # in a row: waiting for something else, such as the API server, takes fewer


@dataclass
class Server:
    """One program and how it fares. `handles` are file descriptors that it inherits."""

    name: str
    command: list[str]
    handles: tuple[int, ...] = ()
    pid: int = 0
    started: float = 0.0
    due: float = 0.0  # when it is started again, while it does not run
    quick_ends: int = 0


@dataclass
class Supervisor:
    """Starts, watches, reaps; all in one thread of the first process of the process namespace."""

    files: layout.Files
    environment: Mapping[str, str]
    servers: list[Server] = field(default_factory=list)

    def add(self, name: str, command: list[str], handles: tuple[int, ...] = ()) -> None:
        server = Server(name, command, handles)
        self.servers.append(server)
        self._start(server)

    def step(self, seconds: float) -> None:
        """Wait at most so long for a child to end, then do what is due. Raises CannotStart for one that never runs."""
        signal.sigtimedwait({signal.SIGCHLD}, seconds)
        while (ended := _reap()) is not None:
            for server in self.servers:
                if server.pid == ended[0]:
                    self._has_ended(server, ended[1])
        for server in self.servers:
            if not server.pid and time.monotonic() >= server.due:
                self._start(server)

    def _start(self, server: Server) -> None:
        with self.files.log(server.name).open("ab") as log:
            started = subprocess.Popen(
                server.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                pass_fds=server.handles,
                restore_signals=True,
                start_new_session=True,
            )
        started.returncode = 0  # it is reaped here and not by the object
        server.pid, server.started = started.pid, time.monotonic()
        self.files.pid(server.name).write_text(str(server.pid))

    def _has_ended(self, server: Server, code: int) -> None:
        now = time.monotonic()
        server.quick_ends = server.quick_ends + 1 if now - server.started < _QUICK_SECONDS else 0
        server.pid, server.due = 0, now + _PAUSE_SECONDS
        print(f"{server.name} ended with {code}", file=sys.stderr, flush=True)
        if server.quick_ends >= _QUICK_ENDS:
            log = self.files.log(server.name)
            raise CannotStart(f"{server.name} does not start; the end of {log}:\n{processes.tail(log)}")


def _reap() -> tuple[int, int] | None:
    """The pid and exit code of a child that has ended; None where there is none."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None
