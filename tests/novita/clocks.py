"""Clocks that are turned by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
_STEPS = 20  # turns of the event loop after which every woken task has come to its next wait


class HastyClock:
    """Whoever sleeps wakes at once, and so much time has passed."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


class TurnedClock:
    """Time passes only in `advance`, which wakes sleepers in the order of their due times."""

    def __init__(self) -> None:
        self.at = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at)

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at + seconds, next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and everybody do what they do meanwhile."""
        end = self.at + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self.at = max(self.at, due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.at = end
        await settle()


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(_STEPS):
        await asyncio.sleep(0)
