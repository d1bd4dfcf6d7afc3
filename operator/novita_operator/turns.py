"""A line that goes by shares, such as namespaces: first come, first served within a share, the shares by turns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)


@dataclass(slots=True)
class Turns(Generic[W]):
    """Who waits, each once. The share whose turn is next comes first."""

    share_of: Callable[[W], Hashable]
    _shares: dict[Hashable, dict[W, None]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._shares)

    def add(self, who: W, *, first: bool = False) -> None:
        """At the end of its share's line, or at its head."""
        share = self.share_of(who)
        waiting = self._shares.setdefault(share, {})
        if first:
            self._shares[share] = {who: None, **waiting}
        else:
            waiting[who] = None

    def peek(self) -> W:
        """Who is next, and stays in the line."""
        return next(iter(next(iter(self._shares.values()))))

    def next(self) -> W:
        """Who is next, out of the line; the rest of its share goes behind all others."""
        share = next(iter(self._shares))
        waiting = self._shares.pop(share)
        who = next(iter(waiting))
        del waiting[who]
        if waiting:
            self._shares[share] = waiting
        return who

    def forget(self, who: W) -> None:
        share = self.share_of(who)
        waiting = self._shares.get(share, {})
        waiting.pop(who, None)
        if not waiting:
            self._shares.pop(share, None)
