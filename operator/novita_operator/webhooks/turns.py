"""Whose turn it is: so many posts to one place at a time, so that a slow one does not hold all workers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
W = TypeVar("W", bound=Hashable)


class Turns(Generic[P, W]):
    """At most `count` at one place. Who finds it full is woken in turn instead of waiting."""

    def __init__(self, count: int, wake: Callable[[W], None]) -> None:
        self._count = count
        self._wake = wake
        self._busy: Counter[P] = Counter()
        self._waiting: dict[P, deque[W]] = {}

    def try_take(self, place: P, who: W) -> bool:
        """Take a turn, or be woken when one is free."""
        if self._busy[place] >= self._count:
            self._waiting.setdefault(place, deque()).append(who)
            return False
        self._busy[place] += 1
        return True

    def give_back(self, place: P) -> None:
        """The turn is over; the next in line is woken."""
        self._busy[place] -= 1
        if self._busy[place] <= 0:
            del self._busy[place]
        line = self._waiting.get(place)
        if not line:
            return
        who = line.popleft()
        if not line:
            del self._waiting[place]
        self._wake(who)
