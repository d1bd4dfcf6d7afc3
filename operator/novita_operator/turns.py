"""A line that goes by shares, such as namespaces: first come, first served within a share, the shares by turns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Line(Generic[W]):
    """Who waits of one share: those that go before the others of it, and the others; each as they came."""

    first: dict[W, None] = field(default_factory=dict)
    rest: dict[W, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.first or self.rest)

    def head(self) -> W:
        return next(iter(self.first or self.rest))

    def remove(self, who: W) -> None:
        self.first.pop(who, None)
        self.rest.pop(who, None)


@dataclass(slots=True)
class Turns(Generic[W]):
    """Who waits, each once. The share whose turn is next comes first."""

    share_of: Callable[[W], Hashable]
    _shares: dict[Hashable, _Line[W]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._shares)

    def add(self, who: W, *, first: bool = False) -> None:
        """At the end of its share's line, or of those that go before the others of it. Who waits keeps its place."""
        line = self._shares.setdefault(self.share_of(who), _Line())
        if first:
            line.rest.pop(who, None)
            line.first[who] = None
        elif who not in line.first:
            line.rest[who] = None

    def peek(self) -> W:
        """Who is next, and stays in the line."""
        return next(iter(self._shares.values())).head()

    def next(self) -> W:
        """Who is next, out of the line; the rest of its share goes behind all others."""
        share = next(iter(self._shares))
        line = self._shares.pop(share)
        who = line.head()
        line.remove(who)
        if line:
            self._shares[share] = line
        return who

    def forget(self, who: W) -> None:
        share = self.share_of(who)
        if (line := self._shares.get(share)) is None:
            return
        line.remove(who)
        if not line:
            del self._shares[share]
