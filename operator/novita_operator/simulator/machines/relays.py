"""Carrying bytes between two sockets: to whatever listens on a port of the machine, or until a fault ends it."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

_CHUNK = 64 * 1024


@dataclass
class Budget:
    """Bytes that may pass in both directions together."""

    left: int | None = None

    def take(self, data: bytes) -> bytes:
        """As much of it as may pass."""
        if self.left is None:
            return data
        data = data[: self.left]
        self.left -= len(data)
        return data

    @property
    def spent(self) -> bool:
        return self.left == 0


async def carry(one: socket.socket, other: socket.socket, budget: Budget | None = None) -> None:
    """Both ways, until both have ended, one breaks, or the budget is spent. Closes neither."""
    budget = budget or Budget()
    ways = [asyncio.ensure_future(_way(one, other, budget)), asyncio.ensure_future(_way(other, one, budget))]
    try:
        while ways and not budget.spent:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if any(each.exception() for each in done):
                break
            ways = [each for each in ways if each not in done]
    finally:
        for each in ways:
            each.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def swallow(connection: socket.socket) -> None:
    """Reads until the other side gives up, and never says a word."""
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(connection, _CHUNK):
        pass


async def _way(source: socket.socket, target: socket.socket, budget: Budget) -> None:
    loop = asyncio.get_running_loop()
    while not budget.spent and (data := await loop.sock_recv(source, _CHUNK)):
        await loop.sock_sendall(target, budget.take(data))
    if not budget.spent:
        target.shutdown(socket.SHUT_WR)
