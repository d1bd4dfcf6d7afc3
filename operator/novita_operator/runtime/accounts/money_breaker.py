"""The money breaker: what is rented again and again shows that something is wrong, so a person must look first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class MoneyBreaker:
    """Counts the creates of one account beyond what its objects ask for: those for objects that had one before.

    Only what was paid for, or may have been: calls that never left this process, or were refused, cost nothing.
    More than `most` within `window` seconds freeze all creates; stops and deletes are never held back.
    """

    most: int
    window: float
    frozen: bool = False
    _repeats: deque[float] = field(default_factory=deque)

    def admits(self, *, repeated: bool, monotonic: float) -> bool:
        """Whether a create may be made now. A repeated one that would be one too many freezes."""
        if repeated and not self.frozen:
            while self._repeats and self._repeats[0] <= monotonic - self.window:
                self._repeats.popleft()
            self.frozen = len(self._repeats) >= self.most
        return not self.frozen

    def count(self, monotonic: float) -> None:
        """A repeated create was paid for, or may have been."""
        self._repeats.append(monotonic)

    def thaw(self) -> None:
        """A person has looked: start to count anew."""
        self.frozen = False
        self._repeats.clear()
