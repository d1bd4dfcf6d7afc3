"""A total that is larger than its list: it counts what was removed long ago, or the list is not whole.

No document says which (novita-api 1.7). Instances that were seen to go may be what it counts; for the rest, only a list
that says the same again is believed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from novita_operator.clock import WaitingClock

# An outage that empties the list leaves the total as it was: an empty list is believed after this time, seconds. What
# is done then about instances that nobody shows any more takes its own time (safety: absence).
_EMPTY_SECONDS = 60.0


@dataclass(slots=True)
class Removed:
    """What the total of one account was seen to count beyond its list."""

    clock: WaitingClock
    _going: set[str] = field(default_factory=set)
    _surplus: int = 0
    _empty_since: float | None = None

    def goes(self, instance_id: str) -> None:
        """Novita has accepted its deletion, or shows that it is being removed."""
        self._going.add(instance_id)

    @property
    def going(self) -> frozenset[str]:
        """Ids that are on their way out."""
        return frozenset(self._going)

    def explain(self, listed: Collection[str], total: int) -> bool:
        """Whether the total counts no more than what was removed."""
        if total - len(listed) > self._surplus + len(self._going.difference(listed)):
            return False
        self.accept(listed, total)
        return True

    def accept(self, listed: Collection[str], total: int) -> None:
        """This list is whole."""
        self._going.intersection_update(listed)
        self._surplus, self._empty_since = max(0, total - len(listed)), None

    def is_believable(self, listed: Collection[str]) -> bool:
        """Whether such a list may be whole at all, if it comes again."""
        if listed:
            self._empty_since = None
            return True
        if self._empty_since is None:
            self._empty_since = self.clock.monotonic()
        return self.clock.monotonic() - self._empty_since >= _EMPTY_SECONDS
