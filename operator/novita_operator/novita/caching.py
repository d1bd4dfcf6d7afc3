"""Answers that many ask for and that change slowly: one call for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from novita_operator.clock import WaitingClock
from novita_operator.novita import errors

V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    """What is known under one key: the last value and when it was asked for, and how the last call failed."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: int = 0
    asked_at: float = float("-inf")
    failure: errors.NovitaError | None = None
    value: V = field(init=False)


class FreshValues(Generic[V]):
    """Values that are believed for a while. A failure is told to all who waited for it, and then forgotten."""

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._entries: dict[Hashable, _Entry[V]] = {}

    def __len__(self) -> int:
        """How many keys are held."""
        return len(self._entries)

    async def get(
        self,
        key: Hashable,
        fetch: Callable[[], Awaitable[V]],
        max_age_seconds: float,
        since: float = float("-inf"),
    ) -> V:
        """The value of this key, at most so old, and asked for at this monotonic time or later.

        Raises what `fetch` raises.
        """
        self._forget_old(max_age_seconds)
        entry = self._entries.setdefault(key, _Entry())
        calls_before = entry.calls
        async with entry.lock:
            if entry.calls > calls_before and entry.failure is not None:
                raise entry.failure
            old = entry.calls == calls_before and self._clock.monotonic() - entry.asked_at >= max_age_seconds
            if old or entry.asked_at < since:
                await self._fetch(entry, fetch)
            return entry.value

    async def _fetch(self, entry: _Entry[V], fetch: Callable[[], Awaitable[V]]) -> None:
        asked_at = self._clock.monotonic()
        try:
            entry.value = await fetch()
        except errors.NovitaError as error:
            entry.failure = error
            entry.calls += 1
            raise
        entry.asked_at, entry.failure = asked_at, None
        entry.calls += 1

    def _forget_old(self, max_age_seconds: float) -> None:
        """Names that nobody asks for any more would stay for ever."""
        now = self._clock.monotonic()
        for key, entry in list(self._entries.items()):
            if now - entry.asked_at >= max_age_seconds and not entry.lock.locked():
                del self._entries[key]
