"""Real processes of one machine: started in its folder with its environment and limits, and ended all together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from novita_operator.simulator.machines import ending
from novita_operator.simulator.machines.disk import Disk

_PAUSE = 0.01  # seconds between two looks at what is still there
_GIVE_UP = 10.0  # seconds: what SIGKILL has not ended by then waits for a device
# The first argument is the largest size of a file, which POSIX shells count in 512 bytes; the rest is the program. A
# terminal is opened by the new session itself, which is what makes it the session's own.
_LIMITS = 'ulimit -c 0; ulimit -f "$1" 2>/dev/null; ulimit -n 4096 2>/dev/null; shift; '
_PLAIN = f'{_LIMITS}exec "$@"'
_ON_TERMINAL = f'{_LIMITS}terminal=$1; shift; exec "$@" <"$terminal" >"$terminal" 2>&1'
_BLOCKS_PER_GB = 2 * 1024 * 1024


@dataclass(frozen=True)
class Streams:
    """File descriptors of the new process; `terminal`: the path of one for all three; `stdin` keeps it open."""

    stdin: int = asyncio.subprocess.DEVNULL
    stdout: int = asyncio.subprocess.DEVNULL
    stderr: int = asyncio.subprocess.DEVNULL
    terminal: str = ""


@dataclass
class Processes:
    """Those of one machine. Each start is a session of its own."""

    disk: Disk
    largest_file_gb: int = 60
    _running: set[asyncio.subprocess.Process] = field(default_factory=set)
    _reapers: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(
        self, argv: Sequence[str], environment: Mapping[str, str], streams: Streams
    ) -> asyncio.subprocess.Process:
        """Raises OSError, or ValueError where an argument holds a NUL."""
        script, first = (_ON_TERMINAL, [streams.terminal]) if streams.terminal else (_PLAIN, [])
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", script, "sh", str(self.largest_file_gb * _BLOCKS_PER_GB), *first, *argv),
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            cwd=self.disk.home,
            env=environment,
            start_new_session=True,
            umask=0o022,
            **self.disk.owner.of_process,
        )
        self._running.add(process)
        reaper = asyncio.create_task(self._reap(process))
        self._reapers.add(reaper)
        reaper.add_done_callback(self._reapers.discard)
        return process

    def signal(self, process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        """To its whole group, unless it has ended: then its number may be somebody else's."""
        if process in self._running and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    async def end(self) -> None:
        """SIGKILL to everything of the machine; returns when nothing of it is left."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_UP):
                while not self._kill():
                    await asyncio.sleep(_PAUSE)

    def _kill(self) -> bool:
        for process in self._running:
            self.signal(process, signal.SIGKILL)
        return ending.kill(self.disk.root) and not self._running

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self._running.discard(process)
