"""A bounded number of turns; who finds none free is woken later."""

from __future__ import annotations

from collections.abc import Callable

from novita_operator.kube.cache import Key


class Slots:
    """So many at a time; who finds none free is woken in turn instead of blocking a worker."""

    def __init__(self, count: int, wake: Callable[[Key], None]) -> None:
        self._free = count
        self._wake = wake
        self._waiting: dict[Key, None] = {}

    def try_take(self, key: Key) -> bool:
        """Take a slot, or be woken when one is free."""
        if self._free <= 0:
            self._waiting[key] = None
            return False
        self._free -= 1
        self._waiting.pop(key, None)
        return True

    def give_back(self) -> None:
        self._free += 1
        if self._waiting:
            key = next(iter(self._waiting))
            del self._waiting[key]
            self._wake(key)
