"""Circuit breakers: no calls to a Novita that is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from novita_operator.clock import WaitingClock
from novita_operator.novita import errors


@dataclass(slots=True)
class CircuitBreaker:
    """Stops calls to a Novita that is down. Only what says "down" opens it: no answer, 5xx; never a 4xx.

    Closed until `threshold` failures in a row; then open; then one probe decides. The open time doubles with each
    failed probe, from `open_seconds` up to `longest_seconds`.
    """

    name: str
    clock: WaitingClock
    threshold: int = 5  # one bad moment of a load balancer is over after fewer
    open_seconds: float = 30.0  # what a restart of a back end takes
    longest_seconds: float = 120.0  # an outage that has ended is noticed within this
    _failures: int = 0
    _last: str = ""
    _open_until: float | None = None
    _next_open: float = 0.0
    _probing: bool = False
    _era: int = 0

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        if self._open_until is None:
            return "closed"
        return "open" if self.clock.monotonic() < self._open_until else "half-open"

    def check(self) -> None:
        """Raises NotSent where a call would not be let through now. Takes no place: for those who wait in a line."""
        if self._open_until is None:
            return
        left = self._open_until - self.clock.monotonic()
        if left > 0:
            raise self._held_back(f"until {wall_time(self.clock, left)}", left)
        if self._probing:
            # The probe ends within one call's timeout; a second later is soon enough to ask again.
            raise self._held_back("while one call tests whether it is back", 1.0)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """One call. Raises NotSent while open. A cancelled call says nothing about Novita, and frees its place."""
        self.check()
        probe, era = self._open_until is not None, self._era
        self._probing = self._probing or probe
        try:
            yield
        except errors.NovitaError as error:
            self._ended(era, error if _says_down(error) else None)
            raise
        else:
            self._ended(era, None)
        finally:
            if probe and era == self._era:
                self._probing = False

    def _ended(self, era: int, failure: errors.NovitaError | None) -> None:
        if era != self._era:
            # It began before the breaker opened or closed: it says nothing about Novita since.
            return
        if failure is not None:
            self._failures += 1
            self._last = failure.message
            if self._open_until is not None or self._failures >= self.threshold:
                self._open()
        elif self._open_until is not None:
            self._close()
        else:
            self._failures = 0

    def _open(self) -> None:
        seconds = max(self.open_seconds, self._next_open)
        self._open_until = self.clock.monotonic() + seconds
        self._next_open = min(self.longest_seconds, seconds * 2)
        self._probing = False
        self._era += 1

    def _close(self) -> None:
        self._failures, self._open_until, self._next_open, self._probing = 0, None, 0.0, False
        self._era += 1

    def _held_back(self, when: str, seconds: float) -> errors.NotSent:
        return errors.NotSent(
            f"{self.name} calls of this account are held back {when}, after {self._failures} failures in a row "
            f"(the last: {self._last})",
            retry_after=seconds,
        )


def _says_down(error: errors.NovitaError) -> bool:
    """No answer, or a 5xx. Everything else shows that Novita is there."""
    silent = isinstance(error, errors.Unavailable | errors.OutcomeUnknown) and error.status is None
    return silent or (error.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


def wall_time(clock: WaitingClock, seconds: float) -> str:
    """The time of day so many seconds from now, for people."""
    return f"{clock.now() + timedelta(seconds=seconds):%H:%M:%S} UTC"
