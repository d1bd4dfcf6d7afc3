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
# Of the burst, for what ends billing and for polls: where objects ask for more than there is, a stop or a delete would
# else wait for the next token each time it has something to ask, and everybody's polls with it.
_RESERVED = 0.3
# Of the rate, what polls may take from the reserve: by default one each two seconds, as often as a poll comes where
# something moves.
_POLL_SHARE = 0.3
# Further polls, such as the other pages of a long list: calls of objects that go before a waiting one.
_CALLS_PER_POLL = 3
_ONE = 1 - 1e-9  # all of what is asked for, but for the rounding of clocks


class Priority(IntEnum):
    """Who goes first when calls have to wait: what ends billing, before what rents and reads for it, before polls."""

    DELETE = 0
    CONFIRM_END = 1
    """The looks after a delete, without which its object is not let go."""
    CREATE_OR_CHANGE = 2
    READ_FOR_USER = 3
    """As urgent as a create: an instance that was rented is not usable before it was read, and is paid for."""
    POLL = 4

    @property
    def ends(self) -> bool:
        return self <= Priority.CONFIRM_END

    @property
    def rank(self) -> int:
        return Priority.CREATE_OR_CHANGE if self is Priority.READ_FOR_USER else self


@dataclass(order=True, slots=True)
class _Turn:
    """A place in the line: by the rank of its priority, then by arrival."""

    rank: int
    number: int
    priority: Priority = field(compare=False)
    is_first: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


@dataclass(slots=True)
class _Bucket:
    """So many tokens a second, up to a number."""

    rate: float
    most: float
    filled_at: float
    tokens: float

    @classmethod
    def full(cls, rate: float, most: float, now: float) -> _Bucket:
        return cls(rate, most, now, most)

    def missing(self, least: float, now: float) -> float:
        """Seconds until so many tokens are there."""
        self.tokens = min(self.most, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        return 0.0 if self.tokens >= least * _ONE else (least - self.tokens) / self.rate


class RateLimiter:
    """A token bucket. `burst` calls at once, then `requests_per_minute`; the most urgent waiter goes first.

    Ends go before all others. They and polls may use the last tokens of the burst, which are kept for them: ends
    always, polls for their share of the rate. Polls beyond that get each fourth call of what ends leave.

    Only the first of the line watches the clock; whoever leaves the line, served or cancelled, wakes the next.
    """

    def __init__(self, requests_per_minute: int, burst: int, clock: WaitingClock) -> None:
        rate, now = requests_per_minute / 60, clock.monotonic()
        self._clock = clock
        self._reserved = int(burst * _RESERVED)
        self._all = _Bucket.full(rate, burst, now)
        self._polls = _Bucket.full(rate * _POLL_SHARE, max(1, self._reserved), now)
        self._paused_until = float("-inf")
        self._numbers = itertools.count()
        self._line: list[_Turn] = []
        self._before_poll = 0

    async def acquire(self, priority: Priority) -> None:
        """Wait for the right to make one call.

        Raises RateLimited, at once, while Novita wants the account to pause for longer than a worker should wait;
        polls, which hold up nobody, wait it out.
        """
        turn = _Turn(priority.rank, next(self._numbers), priority)
        heapq.heappush(self._line, turn)
        try:
            while True:
                self._refuse_long_pause(priority)
                if (first := self._first()) is not turn:
                    first.is_first.set()
                    turn.is_first.clear()
                    await turn.is_first.wait()
                elif (wait := self._wait(turn)) > 0:
                    await self._clock.sleep(min(wait, self._next_poll()))
                else:
                    self._serve(priority)
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

    def _serve(self, priority: Priority) -> None:
        """Take a token, and count how many calls went before the polls that wait."""
        self._all.tokens -= 1
        if priority is Priority.POLL:
            self._polls.tokens = max(0.0, self._polls.tokens - 1)
            self._before_poll = 0
        elif not priority.ends and self._waiting_poll() is not None:
            self._before_poll += 1

    def _first(self) -> _Turn:
        """Whose turn it is: the most urgent one's, unless a poll has a share left, or has waited for long enough."""
        urgent, poll = self._line[0], self._waiting_poll()
        if poll is None or urgent.priority.ends:
            return urgent
        return poll if self._before_poll >= _CALLS_PER_POLL or self._share_comes_in() <= 0 else urgent

    def _waiting_poll(self) -> _Turn | None:
        return min((turn for turn in self._line if turn.priority is Priority.POLL), default=None)

    def _share_comes_in(self) -> float:
        """Seconds until a poll may use what is reserved; where nothing is, polls have no share."""
        return self._polls.missing(1, self._clock.monotonic()) if self._reserved else float("inf")

    def _wait(self, turn: _Turn) -> float:
        """Seconds until a token is there for it, and no pause is."""
        now = self._clock.monotonic()
        may_use_all = turn.priority.ends or (turn.priority is Priority.POLL and self._share_comes_in() <= 0)
        wait = self._all.missing(1 if may_use_all else 1 + self._reserved, now)
        return max(self._paused_until - now, wait)

    def _next_poll(self) -> float:
        """Seconds until a waiting poll goes before all that are no ends; the first of the line watches for it."""
        if self._waiting_poll() is None:
            return float("inf")
        now = self._clock.monotonic()
        return max(self._paused_until - now, self._share_comes_in(), self._all.missing(1, now))

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
