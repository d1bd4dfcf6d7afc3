"""A bounded number of places that are shared fairly: first come, first served within a share, the shares by turns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)
# Who is woken comes within milliseconds. One that does not come, since it is gone or wants something else by now, must
# not hold the place for longer.
_KEPT_SECONDS = 5.0


class FairParking(Generic[W]):
    """At most `count` at a time. A place that becomes free is kept for the next in line: nobody overtakes it.

    `share_of`: whose share somebody counts for, such as a namespace. However many wait there, each share gets one place
    before any gets the next.
    """

    def __init__(
        self,
        count: int,
        wake: Callable[[W], None],
        share_of: Callable[[W], Hashable],
        monotonic: Callable[[], float],
    ) -> None:
        self._count = count
        self._wake = wake
        self._share_of = share_of
        self._monotonic = monotonic
        self._taken = 0
        self._waiting: dict[Hashable, dict[W, None]] = {}  # the share whose turn is next comes first
        self._invited: dict[W, float] = {}

    def try_take(self, who: W) -> bool:
        """Take a place, or be woken when it is one's turn."""
        now = self._monotonic()
        self._invited = {each: until for each, until in self._invited.items() if until > now}
        invited = self._invited.pop(who, None) is not None
        if not invited and self._taken + len(self._invited) >= self._count:
            self._waiting.setdefault(self._share_of(who), {})[who] = None
            return False
        self._forget(who)
        self._taken += 1
        return True

    def give_back(self) -> None:
        """The place is free: it is kept for the next in line, who is woken."""
        self._taken -= 1
        share = next(iter(self._waiting), None)
        if share is None:
            return
        line = self._waiting.pop(share)
        who = next(iter(line))
        del line[who]
        if line:
            self._waiting[share] = line  # behind all others
        self._invited[who] = self._monotonic() + _KEPT_SECONDS
        self._wake(who)

    def _forget(self, who: W) -> None:
        share = self._share_of(who)
        line = self._waiting.get(share, {})
        line.pop(who, None)
        if not line:
            self._waiting.pop(share, None)
