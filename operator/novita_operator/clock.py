"""Time, handed in: the wall for what people and Novita read, a monotonic one for what we wait for."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks. Control logic never compares wall times of its own making: they jump."""

    def now(self) -> datetime:
        """The time of the wall, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes backwards."""
        ...


class WaitingClock(Clock, Protocol):
    """For code that waits by itself, such as a client between two tries: tests turn it by hand."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


@dataclass(frozen=True)
class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
