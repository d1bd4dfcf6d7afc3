"""Time, handed in: so that tests turn the clock by hand and never wait."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What waiting needs: one clock to measure with, one to tell people when, and a pause."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes backwards."""
        ...

    def now(self) -> datetime:
        """The time of the wall, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
