"""Answers that many ask for and that change slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class FreshValues(Generic[V]):
    """Values that are asked for once by many and believed for a while. Failures are not kept."""

    def __init__(self, monotonic: Callable[[], float], max_age_seconds: float) -> None:
        self._monotonic = monotonic
        self._max_age = max_age_seconds
        self._values: dict[Hashable, tuple[float, V]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[V]]) -> V:
        """The value of this key; `fetch` is called once, however many ask meanwhile."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            held = self._values.get(key)
            if held is not None and self._monotonic() - held[0] < self._max_age:
                return held[1]
            value = await fetch()
            self._values[key] = (self._monotonic(), value)
            return value
