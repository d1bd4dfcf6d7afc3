"""A bounded number of places that are shared fairly: first come, first served within a share, the shares by turns."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from novita_operator.turns import Turns

W = TypeVar("W", bound=Hashable)
# Who is woken comes within milliseconds. One that does not come, since it is gone or wants something else by now, must
# not hold the place for longer.
_KEPT_SECONDS = 5.0


class FairParking(Generic[W]):
    """At most `count` at a time. A place that becomes free is kept for the next in line: nobody overtakes it.

    `share_of`: whose share somebody counts for, such as a namespace. However many wait there, each share gets one place
    before any gets the next. `reserved` of the places are for who is urgent alone.
    """

    def __init__(
        self,
        count: int,
        wake: Callable[[W], None],
        share_of: Callable[[W], Hashable],
        monotonic: Callable[[], float],
        *,
        reserved: int = 0,
    ) -> None:
        self._count = count
        self._reserved = reserved
        self._wake = wake
        self._monotonic = monotonic
        self._taken = 0
        self._urgent: Turns[W] = Turns(share_of)
        self._others: Turns[W] = Turns(share_of)
        self._invited: dict[W, float] = {}

    def try_take(self, who: W, *, urgent: bool = False, first: bool = False) -> bool:
        """Take a place, or be woken when it is one's turn. `first`: before the others of its share."""
        self._invite()
        invited = self._invited.pop(who, None) is not None
        if not invited and not self._is_free(urgent=urgent):
            (self._others if urgent else self._urgent).forget(who)
            (self._urgent if urgent else self._others).add(who, first=first)
            return False
        self._urgent.forget(who)
        self._others.forget(who)
        self._taken += 1
        return True

    def give_back(self) -> None:
        """The place is free: it is kept for the next in line, who is woken."""
        self._taken -= 1
        self._invite()

    def leave(self, who: W) -> None:
        """It wants no place any more: what was kept for it goes to the next in line."""
        self._urgent.forget(who)
        self._others.forget(who)
        if self._invited.pop(who, None) is not None:
            self._invite()

    def keeps_for(self, who: W) -> bool:
        """Whether a place is kept for somebody who was woken."""
        return who in self._invited

    def _is_free(self, *, urgent: bool) -> bool:
        return self._taken + len(self._invited) < self._count - (0 if urgent else self._reserved)

    def _invite(self) -> None:
        """Keep what is free for those in line. Also what was kept for one that did not come."""
        now = self._monotonic()
        self._invited = {each: until for each, until in self._invited.items() if until > now}
        for line, urgent in ((self._urgent, True), (self._others, False)):
            while line and self._is_free(urgent=urgent):
                who = line.next()
                self._invited[who] = now + _KEPT_SECONDS
                self._wake(who)
