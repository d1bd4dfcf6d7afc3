"""A declared port of an instance: its address leads to whatever listens on that port of this computer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from novita_operator.simulator.machines import doors, relays

_LOOPBACK = "127.0.0.1"
_HEAD_SECONDS = 5.0  # until somebody has said what they want who will get a 502 anyway
_TEXT = b"nothing listens on this port of the machine\n"
_NOBODY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
) % (len(_TEXT), _TEXT)


def http(port: int) -> Callable[[socket.socket], Awaitable[None]]:
    """Answers 502 while nothing listens, as Novita's proxy does (novita-api 4)."""
    return lambda connection: _forward(connection, port, _say_502)


def tcp(port: int) -> Callable[[socket.socket], Awaitable[None]]:
    """Hangs up while nothing listens."""
    return lambda connection: _forward(connection, port, _hang_up)


async def _forward(connection: socket.socket, port: int, nobody: Callable[[socket.socket], Awaitable[None]]) -> None:
    with contextlib.closing(connection), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as inner:
        inner.setblocking(False)
        with contextlib.suppress(OSError):  # one of the two has gone: so does the other
            try:
                await asyncio.get_running_loop().sock_connect(inner, (_LOOPBACK, port))
            except OSError:
                await nobody(connection)
                return
            await relays.carry(connection, inner)


async def _say_502(connection: socket.socket) -> None:
    """When the request has been read: an answer before that may be lost."""
    loop, head = asyncio.get_running_loop(), b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEAD_SECONDS):
            while b"\r\n\r\n" not in head and (data := await loop.sock_recv(connection, 4096)):
                head += data
    await loop.sock_sendall(connection, _NOBODY)


async def _hang_up(connection: socket.socket) -> None:
    doors.reset(connection)
