"""The container's program: entrypoint and command of the instance, as a process whose end ends the instance."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from novita_operator.simulator.machines.processes import Processes, Streams
from novita_operator.simulator.state.order import Order

_GRACE = 2.0  # seconds from SIGTERM to SIGKILL; Docker gives ten, which nobody wants to wait for here
_NOT_HERE = (
    "novita-simulator: {program!r} is not on this computer. It is taken for a program of the image: the instance stays "
    "up without it.\n"
)


@dataclass
class Container:
    """`ended` is called when the program ends by itself."""

    processes: Processes
    ended: Callable[[], None]
    _process: asyncio.subprocess.Process | None = None
    _watch: asyncio.Task[None] | None = field(default=None)

    async def start(self, order: Order) -> None:
        """Nothing where the order names no program, or one that only its image has: images cannot be run here."""
        argv = _argv(order)
        with self.processes.disk.log.open("ab") as log:
            try:
                await self._start(argv, self.processes.disk.environment(order.envs), log)
            except (OSError, ValueError) as error:  # too long, or with a NUL in it: no container starts with that
                log.write(f"novita-simulator: {error}\n".encode())
                self.ended()

    async def _start(self, argv: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> None:
        if not argv:
            return
        program = str(self.processes.disk.home / argv[0]) if "/" in argv[0] else argv[0]
        if shutil.which(program, path=environment["PATH"]) is None:
            log.write(_NOT_HERE.format(program=argv[0]).encode())
            return
        self._process = await self.processes.start(argv, environment, Streams(stdout=log.fileno(), stderr=log.fileno()))
        self._watch = asyncio.create_task(self._until_it_ends(self._process))

    async def stop(self) -> None:
        """SIGTERM, and some time to follow it."""
        process, watch, self._process, self._watch = self._process, self._watch, None, None
        if watch is None or process is None:
            return
        watch.cancel()
        self.processes.signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _GRACE)
        except TimeoutError:
            return

    async def _until_it_ends(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self.ended()


def _argv(order: Order) -> list[str]:
    """Split as a shell would; a text that no shell could split is one word."""
    words: list[str] = []
    for text in (order.entrypoint, order.command):
        try:
            words += shlex.split(text)
        except ValueError:
            words.append(text)
    return words
