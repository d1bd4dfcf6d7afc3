"""A bounded number of places. Who finds none free is woken in turn, instead of holding a worker while it waits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
W = TypeVar("W", bound=Hashable)


class Parking(Generic[W]):
    """At most `count` at a time."""

    def __init__(self, count: int, wake: Callable[[W], None]) -> None:
        self._count = count
        self._wake = wake
        self._taken = 0
        self._waiting: dict[W, None] = {}

    def try_take(self, who: W) -> bool:
        """Take a place, or be woken when one is free."""
        if self._taken >= self._count:
            self._waiting[who] = None
            return False
        self._taken += 1
        self._waiting.pop(who, None)
        return True

    def give_back(self) -> None:
        """The place is free; the next in line is woken."""
        self._taken -= 1
        if self._waiting:
            who = next(iter(self._waiting))
            del self._waiting[who]
            self._wake(who)

    @property
    def idle(self) -> bool:
        """Whether nobody has a place and nobody waits for one."""
        return not self._taken and not self._waiting


class Parkings(Generic[P, W]):
    """One parking for each key, such as a host, each with `count` places; idle ones are forgotten."""

    def __init__(self, count: int, wake: Callable[[W], None]) -> None:
        self._count = count
        self._wake = wake
        self._by_key: dict[P, Parking[W]] = {}

    def try_take(self, key: P, who: W) -> bool:
        """Take a place there, or be woken when one is free."""
        return self._by_key.setdefault(key, Parking(self._count, self._wake)).try_take(who)

    def give_back(self, key: P) -> None:
        """The place is free; the next in line there is woken."""
        parking = self._by_key[key]
        parking.give_back()
        if parking.idle:
            del self._by_key[key]
