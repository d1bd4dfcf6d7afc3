"""The work queue: keys, each at most once and never at two workers; due times; back-off per key.

The semantics are those of client-go's rate-limiting queue: a key that is added while it is being worked on is
handed out again afterwards; many additions before a worker is free are one. Beyond that, shares such as namespaces get
the workers by turns: a crowd of keys in one holds up nobody else's.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from novita_operator.turns import Turns

K = TypeVar("K", bound=Hashable)
# So many entries that nothing is due for any more are left in the heap before it is built anew.
_STALE = 64


class Closed(Exception):
    """The queue hands out nothing any more."""


class WorkQueue(Generic[K]):
    """Keys to reconcile. Not thread-safe: everything happens on one event loop.

    `share_of`: whose share a key counts for; by default all are of one. `backoff_base` and `backoff_max` are seconds. A
    failing key waits base, 2 x base, … up to the maximum, each time somewhere between half of that and all of it, so
    that many keys that failed together do not return together.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        backoff_base: float,
        backoff_max: float,
        share_of: Callable[[K], Hashable] = lambda _: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic = monotonic
        self._base = backoff_base
        self._max = backoff_max
        self._jitter = jitter
        self._ready: Turns[K] = Turns(share_of)
        self._waiting: set[K] = set()
        self._active: set[K] = set()
        self._again: set[K] = set()
        self._noticed: dict[K, list[Callable[[], bool]]] = {}
        self._due: dict[K, tuple[float, int]] = {}  # the one entry of the heap that counts for the key
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._failures: dict[K, int] = {}
        self._idle_since = monotonic()
        self._tickets = asyncio.Semaphore(0)  # one for each ready key, so that each addition wakes one worker
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def waiting_since(self) -> float:
        """The monotonic time at which the line of waiting keys was last empty."""
        return self._idle_since if self._ready else self._monotonic()

    @property
    def active(self) -> int:
        """Keys at a worker now."""
        return len(self._active)

    @property
    def remembered(self) -> int:
        """Due times held, those that nothing comes back for any more among them."""
        return len(self._heap)

    def add(self, key: K) -> None:
        """Hand the key to the next free worker; now, whatever due time it had."""
        self._due.pop(key, None)
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            if not self._ready:
                self._idle_since = self._monotonic()
            self._waiting.add(key)
            self._ready.add(key)
            self._tickets.release()

    def notice(self, key: K, is_echo: Callable[[], bool]) -> None:
        """The watch shows a new version. What we have written ourselves does not cut the pause after a failure.

        Else each failed step would be repeated as soon as the watch shows that it was reported. `is_echo` is asked
        when no worker has the key: the watch may be faster than the answer to the write.
        """
        if key in self._active:
            self._noticed.setdefault(key, []).append(is_echo)
        elif not is_echo() or key not in self._failures:
            self.add(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Hand the key out when the time has come, or earlier if it is added earlier. The earliest due time wins."""
        due = self._monotonic() + max(0.0, seconds)
        if key not in self._due or due < self._due[key][0]:
            self._due[key] = due, next(self._order)
            heapq.heappush(self._heap, (*self._due[key], key))
            self._sweep()
            if self._heap[0][2] == key:
                self._set_alarm()

    def failed(self, key: K, *, at_least: float = 0.0) -> float:
        """Come back later, later each time. Returns the pause, seconds."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        # 2 ** 30 is beyond every maximum: the exponent is bounded so that it never overflows a float.
        pause = min(self._max, self._base * 2.0 ** min(failures - 1, 30))
        pause = max(at_least, pause * (0.5 + self._jitter() / 2))
        self.add_after(key, pause)
        return pause

    def succeeded(self, key: K) -> None:
        """The next failure of this key starts from the shortest pause again."""
        self._failures.pop(key, None)

    def forget(self, key: K) -> None:
        """The object is gone: drop its due time and its failures."""
        self._failures.pop(key, None)
        self._due.pop(key, None)

    def close(self) -> None:
        """Hand out nothing any more; keys at a worker are finished by it."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        self._tickets.release()

    async def take(self) -> K:
        """The next key. The caller must call `done` with it. Raises Closed."""
        self._promote_due()
        await self._tickets.acquire()
        if self._closed:
            self._tickets.release()  # for the next worker, who must hear of it, too
            raise Closed
        key = self._ready.next()
        self._waiting.discard(key)
        self._active.add(key)
        return key

    def done(self, key: K) -> None:
        """The worker is through with the key; if it was added meanwhile, it is handed out again."""
        self._active.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        for is_echo in self._noticed.pop(key, ()):
            self.notice(key, is_echo)

    def _promote_due(self) -> None:
        now = self._monotonic()
        while self._heap and self._heap[0][0] <= now:
            due, order, key = heapq.heappop(self._heap)
            if self._due.get(key) == (due, order):
                self.add(key)

    def _set_alarm(self) -> None:
        """One timer for all workers, at the first due time."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._heap and not self._closed:
            pause = max(0.0, self._heap[0][0] - self._monotonic())
            self._alarm = asyncio.get_running_loop().call_later(pause, self._ring)

    def _ring(self) -> None:
        self._promote_due()
        self._set_alarm()

    def _sweep(self) -> None:
        """A key that comes back before its due time leaves that entry behind: no more of them than of keys."""
        if len(self._heap) > 2 * len(self._due) + _STALE:
            self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[:2]]
            heapq.heapify(self._heap)
