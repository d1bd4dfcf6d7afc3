"""Processes that are stopped by the pid that was started, and never by name."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TERM_SECONDS = 10.0  # an API server needs about two to end its connections


@dataclass(frozen=True)
class Started:
    """A process that we started: its pid and the kernel's start time, so that a reused pid is not ours."""

    pid: int
    ticks: int

    @property
    def alive(self) -> bool:
        return _start_ticks(self.pid) == self.ticks

    def stop(self, seconds: float = _TERM_SECONDS) -> None:
        """SIGTERM, then SIGKILL; nothing where it has ended already."""
        self._signal(signal.SIGTERM)
        if not self._gone_within(seconds):
            self._signal(signal.SIGKILL)
            self._gone_within(_TERM_SECONDS)  # the kernel ends it, but not at once

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _gone_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.alive:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True


def start(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None, handles: tuple[int, ...] = ()
) -> Started:
    """Start a process in a session of its own, its output in a file; it inherits these file descriptors."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=handles,
            env=dict(environment) if environment is not None else None,
        )
    # The object is dropped: the process outlives us, and its pid file is how it is found again.
    process.returncode = 0
    return known(process.pid)


def known(pid: int) -> Started:
    """A process of ours that runs now."""
    return Started(pid, _start_ticks(pid) or 0)


def with_own_code(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of another Python that runs a module of this folder, however this one has found it."""
    own = str(Path(__file__).resolve().parent.parent)
    return {**environment, "PYTHONPATH": os.pathsep.join([own, *filter(None, [environment.get("PYTHONPATH")])])}


def save(path: Path, processes: Mapping[str, Started]) -> None:
    """Write the pid file, whole or not at all: a torn one would forget what runs."""
    text = json.dumps({name: [process.pid, process.ticks] for name, process in processes.items()})
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.write_text(text)
    unfinished.replace(path)


def load(path: Path) -> dict[str, Started]:
    """Read the pid file; nothing where there is none or it is damaged."""
    try:
        return {name: Started(int(pid), int(ticks)) for name, (pid, ticks) in json.loads(path.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def _start_ticks(pid: int) -> int | None:
    """Start time of a process that is no zombie, in clock ticks since boot; None where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _portable_start(pid)
    return None if fields[0] == "Z" else int(fields[19])


def _portable_start(pid: int) -> int | None:
    """The same where there is no /proc (macOS): a digest of what `ps` says."""
    if Path("/proc/self/stat").exists():
        return None
    said = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    words = said.stdout.split(maxsplit=1)
    if not words or words[0].startswith("Z"):
        return None
    return sum(ord(char) * (place + 1) for place, char in enumerate(words[1]))
