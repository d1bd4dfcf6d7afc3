"""How hard an account is used: a token bucket with priorities, and circuit breakers."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum
from http import HTTPStatus

from novita_operator.clock import WaitingClock
from novita_operator.novita import errors

# Seconds that a caller waits for the end of a pause which Novita asked for. Workers are shared by all accounts: one
# that is held for two minutes by this account is missing to the others.
LONGEST_WAIT = 5.0
# Calls of objects that go before a waiting poll: without a share of its own it would stand still while they queue,
# and everybody's objects with it.
_CALLS_PER_POLL = 3
_ONE = 1 - 1e-9  # a token, but for the rounding of clocks


class Priority(IntEnum):
    """Who goes first when calls have to wait: what ends billing, before what starts it, before what looks."""

    DELETE = 0
    CREATE_OR_CHANGE = 1
    READ_FOR_USER = 2
    POLL = 3


@dataclass(order=True, slots=True)
class _Turn:
    """A place in the line: by priority, then by arrival."""

    priority: Priority
    number: int
    is_first: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


class RateLimiter:
    """A token bucket. `burst` calls at once, then `requests_per_minute`; the most urgent waiter goes first.

    Ends go before all others; of what they leave, a waiting poll gets each fourth call.

    Only the first of the line watches the clock; whoever leaves the line, served or cancelled, wakes the next.
    """

    def __init__(self, requests_per_minute: int, burst: int, clock: WaitingClock) -> None:
        self._rate = requests_per_minute / 60
        self._burst = float(burst)
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock.monotonic()
        self._paused_until = float("-inf")
        self._numbers = itertools.count()
        self._line: list[_Turn] = []
        self._before_poll = 0

    async def acquire(self, priority: Priority) -> None:
        """Wait for the right to make one call.

        Raises RateLimited, at once, while Novita wants the account to pause for longer than a worker should wait;
        polls, which hold up nobody, wait it out.
        """
        turn = _Turn(priority, next(self._numbers))
        heapq.heappush(self._line, turn)
        try:
            while True:
                self._refuse_long_pause(priority)
                if self._first() is not turn:
                    turn.is_first.clear()
                    await turn.is_first.wait()
                elif (wait := self._wait()) > 0:
                    await self._clock.sleep(wait)
                else:
                    self._tokens -= 1
                    self._count(priority)
                    return
        finally:
            self._leave(turn)

    def pause_until(self, moment: float) -> None:
        """No call before this monotonic time: Novita asked for it. At most two minutes count; never shortens."""
        latest = self._clock.monotonic() + errors.LONGEST_RETRY_AFTER
        self._paused_until = max(self._paused_until, min(moment, latest))

    def _leave(self, turn: _Turn) -> None:
        self._line.remove(turn)
        heapq.heapify(self._line)
        if self._line:
            self._first().is_first.set()

    def _count(self, served: Priority) -> None:
        """How many calls went before the polls that wait."""
        passed = served is not Priority.DELETE and any(turn.priority is Priority.POLL for turn in self._line)
        self._before_poll = 0 if served is Priority.POLL else self._before_poll + passed

    def _first(self) -> _Turn:
        """Whose turn it is: the most urgent one's, unless a poll has waited for long enough."""
        urgent = self._line[0]
        if urgent.priority is Priority.DELETE or self._before_poll < _CALLS_PER_POLL:
            return urgent
        return min((turn for turn in self._line if turn.priority is Priority.POLL), default=urgent)

    def _wait(self) -> float:
        """Seconds until a token is there and no pause is."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max(self._paused_until - now, 0.0 if self._tokens >= _ONE else (1 - self._tokens) / self._rate)

    def _refuse_long_pause(self, priority: Priority) -> None:
        left = self._paused_until - self._clock.monotonic()
        if left > LONGEST_WAIT and priority is not Priority.POLL:
            raise errors.RateLimited(
                f"Novita wants no calls of this account until {_wall(self._clock, left)}; none was made",
                retry_after=left,
            )


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
            raise self._held_back(f"until {_wall(self.clock, left)}", left)
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


def _wall(clock: WaitingClock, seconds: float) -> str:
    return f"{clock.now() + timedelta(seconds=seconds):%H:%M:%S} UTC"
