"""An address of a machine: a port that is its own from the first moment on, and somebody who answers there or not."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

_BACKLOG = 128
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time


class Door:
    """`answer` gets each connection and closes it.

    The port is bound twice: by a socket that never listens, so that it stays ours while the door is shut and a
    connection is refused, and by the one that listens.
    """

    def __init__(self, host: str, answer: Callable[[socket.socket], Awaitable[None]]) -> None:
        self._host = host
        self._answer = answer
        self._place = _bound(host, 0)
        self._open = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._place.getsockname()[1])

    def open(self) -> None:
        """Nothing where it is open."""
        if self._open:
            return
        self._open = True
        listener = _bound(self._host, self.port)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        self._use(listener, self._accept(listener))

    def shut(self) -> None:
        """Ends its connections; new ones are refused."""
        self._open = False
        for task in self._tasks:
            task.cancel()

    def remove(self) -> None:
        """The port is anybody's."""
        self.shut()
        self._place.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            self._use(connection, self._answer(connection))

    def _use(self, used: socket.socket, work: Awaitable[None]) -> None:
        """The socket is closed afterwards, also where the work is cancelled before it has begun."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: used.close())


def reset(connection: socket.socket) -> None:
    """Closes it as a crash does, without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound
