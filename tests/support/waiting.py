"""Awaiting a fact that other processes bring about. Nothing here ever sleeps for an effect to come about by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

T = TypeVar("T")
Probe = Callable[[], Awaitable[T | None]]
Explain = Callable[[], Awaitable[str]]

# A machine with two cores and six neighbours: what takes a second alone has taken twenty. It costs nothing to be
# generous, since only a failing test waits so long.
DEADLINE_SECONDS = 60.0
# The fact is asked for over HTTP: whoever asks often takes the CPU from those who bring it about. So what comes at once
# is seen at once, and what takes seconds is asked for seldom, but still more often than the operator polls Novita.
_PAUSE_SECONDS = 0.05
_LONGER = 1.1
_LONGEST_PAUSE_SECONDS = 0.15


async def until(
    probe: Probe[T],
    what: str,
    *,
    seconds: float = DEADLINE_SECONDS,
    explain: Explain | None = None,
    pause: float = _PAUSE_SECONDS,
) -> T:
    """The first answer of `probe` that is neither None nor False. Raises AssertionError with what is known instead.

    A server that does not answer now is asked again: tests take servers away.
    """
    end = time.monotonic() + seconds
    last = "the probe never answered"
    while True:
        try:
            answer = await probe()
        except httpx.TransportError as error:
            answer, last = None, f"{type(error).__name__}: {error}"
        else:
            last = f"the last answer was {answer!r}"
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > end:
            known = f"\n{await explain()}" if explain is not None else ""
            raise AssertionError(f"not within {seconds:.0f} s: {what} ({last}){known}")
        await asyncio.sleep(pause)
        pause = max(pause, min(pause * _LONGER, _LONGEST_PAUSE_SECONDS))


async def stays(probe: Probe[T], what: str, *, seconds: float, explain: Explain | None = None) -> None:
    """`probe` answers with a fact the whole time. For what must *not* happen, there is no event to wait for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = await probe()
        if answer is None or answer is False:
            known = f"\n{await explain()}" if explain is not None else ""
            raise AssertionError(f"it did not last {seconds:.0f} s: {what}{known}")
        await asyncio.sleep(_PAUSE_SECONDS)
