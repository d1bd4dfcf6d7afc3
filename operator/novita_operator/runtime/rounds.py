"""Looking at things in the background: each by one task at a time, again after a pause, and no worker waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from novita_operator.kube.cache import Key
from novita_operator.runtime.workqueue import WorkQueue

W = TypeVar("W")
_SPREAD = 0.1
_DOUBLINGS = 30  # far beyond every longest pause: bounded so that it never overflows


class Rounds(Generic[W]):
    """What is watched, by the object that it belongs to. `most` bounds the looks at the same time.

    `look` returns the seconds until the next one, or None where there is none to come.
    """

    def __init__(
        self, monotonic: Callable[[], float], most: int, look: Callable[[Key, W], Awaitable[float | None]]
    ) -> None:
        # Pauses are those of the looks: back-off is never used here.
        self._queue: WorkQueue[Key] = WorkQueue(
            monotonic=monotonic, backoff_base=1.0, backoff_max=1.0, share_of=lambda key: key.namespace
        )
        self._most = most
        self._look = look
        self._watches: dict[Key, W] = {}

    def __len__(self) -> int:
        return len(self._watches)

    def find(self, key: Key) -> W | None:
        return self._watches.get(key)

    def holds(self, key: Key, watch: W) -> bool:
        """Whether it is still this one: another may have taken its place while it was looked at."""
        return self._watches.get(key) is watch

    def put(self, key: Key, watch: W, seconds: float = 0.0) -> None:
        """Look at it from now on, after so many seconds for the first time."""
        self._watches[key] = watch
        if seconds:
            self._queue.add_after(key, seconds)
        else:
            self._queue.add(key)

    def hasten(self, key: Key) -> None:
        """Look at it now."""
        self._queue.add(key)

    def forget(self, key: Key) -> W | None:
        """Look at it no more. What was watched."""
        self._queue.forget(key)
        return self._watches.pop(key, None)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        free = asyncio.Semaphore(self._most)
        async with asyncio.TaskGroup() as looks:
            while True:
                await free.acquire()
                looks.create_task(self._turn(await self._queue.take(), free))

    async def _turn(self, key: Key, free: asyncio.Semaphore) -> None:
        try:
            watch = self._watches.get(key)
            if watch is not None:
                pause = await self._look(key, watch)
                if pause is not None and self.holds(key, watch):
                    self._queue.add_after(key, pause)
        finally:
            self._queue.done(key)
            free.release()


def spread(seconds: float, share: float) -> float:
    """A tenth either way by `share`, 0 to 1: what began together is not looked at together for ever."""
    return seconds * (1 - _SPREAD + 2 * _SPREAD * share)


def growing(first: float, failures: int, longest: float) -> float:
    """Seconds after so many failures in a row: `first`, twice that, … up to `longest`."""
    return min(longest, first * 2.0 ** min(max(0, failures - 1), _DOUBLINGS))
