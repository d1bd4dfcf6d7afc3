"""The server's own rate limit: so many calls in any sixty real seconds."""

from __future__ import annotations

from collections import deque

from novita_operator.simulator.settings import RateLimit

_WINDOW = 60.0


class RateWindow:
    """Counts what it let through, and not what it refused."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def refuses(self, limit: RateLimit, real: float) -> bool:
        """Whether a call at this real second is one too many; counts it if not."""
        if limit.per_minute is None:
            return False
        while self._passed and self._passed[0] <= real - _WINDOW:
            self._passed.popleft()
        if len(self._passed) >= limit.per_minute:
            return True
        self._passed.append(real)
        return False
