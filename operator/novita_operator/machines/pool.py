"""Connections to machines: one for each, kept while it is used, opened again when it broke, and never too many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import asyncssh

from novita_operator.machines import errors, running
from novita_operator.machines.command import Command, Ran
from novita_operator.machines.login import Login

_MOST = 512
"""Each costs a file descriptor and about 100 KB here; a pod has 1,024 descriptors at least."""
_IDLE_SECONDS = 60.0
"""Longer than the pause between two commands of one job."""
_QUEUE_SECONDS = 30.0
"""For a free connection. Whoever waits longer is told, and comes again with a back-off."""


class Dials(Protocol):
    """Opens connections."""

    async def connect(self, login: Login) -> asyncssh.SSHClientConnection:
        """Raises Unreachable, LoginRefused, HostKeyChanged."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a pool. Times in seconds."""

    most: int = _MOST
    idle: float = _IDLE_SECONDS
    queue: float = _QUEUE_SECONDS


@dataclass(eq=False, slots=True)
class _Line:
    """One machine's connection. `users`: commands under way or waiting for it."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    connection: asyncssh.SSHClientConnection | None = None
    users: int = 0
    alarm: asyncio.TimerHandle | None = None


class Pool:
    """Runs commands on machines. A login with other details is another connection."""

    def __init__(self, dialer: Dials, bounds: Bounds = Bounds()) -> None:
        self._dialer = dialer
        self._bounds = bounds
        self._lines: dict[Login, _Line] = {}
        self._free = asyncio.Semaphore(bounds.most)
        self._watches: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return sum(line.connection is not None for line in self._lines.values())

    async def run(self, login: Login, command: Command) -> Ran:
        """Raises Unreachable, LoginRefused, HostKeyChanged; Interrupted where the command may have been carried out."""
        line = self._lines.setdefault(login, _Line())
        line.users += 1
        if line.alarm is not None:
            line.alarm.cancel()
        try:
            return await running.run(await self._connection(login, line), command)
        finally:
            line.users -= 1
            self._rest(login, line)

    async def aclose(self) -> None:
        """Ends every connection; commands under way are interrupted."""
        for line in self._lines.values():
            if line.connection is not None:
                line.connection.abort()
        await asyncio.gather(*self._watches)

    async def _connection(self, login: Login, line: _Line) -> asyncssh.SSHClientConnection:
        async with line.opening:
            if line.connection is None or line.connection.is_closed():
                await self._room()
                try:
                    opened = await self._dialer.connect(login)
                except BaseException:
                    self._free.release()
                    raise
                line.connection = opened
                watch = asyncio.create_task(self._until_closed(line, opened))
                self._watches.add(watch)
                watch.add_done_callback(self._watches.discard)
            return line.connection

    async def _room(self) -> None:
        if self._free.locked():
            self._end_an_idle_one()
        try:
            async with asyncio.timeout(self._bounds.queue):
                await self._free.acquire()
        except TimeoutError:
            text = f"has to wait: all {self._bounds.most} connections to machines are in use"
            raise errors.Busy(text) from None

    def _end_an_idle_one(self) -> None:
        """That of the machine which has waited longest: lines are kept in the order of their last use."""
        for line in self._lines.values():
            if not line.users and line.connection is not None:
                line.connection.abort()
                return

    def _rest(self, login: Login, line: _Line) -> None:
        if line.users or self._lines.get(login) is not line:
            return
        del self._lines[login]
        if line.connection is None or line.connection.is_closed():
            return
        self._lines[login] = line
        line.alarm = asyncio.get_running_loop().call_later(self._bounds.idle, self._end, login, line)

    def _end(self, login: Login, line: _Line) -> None:
        if line.users:
            return
        if self._lines.get(login) is line:
            del self._lines[login]
        if line.connection is not None:
            line.connection.close()

    async def _until_closed(self, line: _Line, connection: asyncssh.SSHClientConnection) -> None:
        await connection.wait_closed()
        if line.connection is connection:
            line.connection = None
        self._free.release()
