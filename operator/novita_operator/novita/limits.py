"""How hard an account is used: a token bucket with priorities, and circuit breakers."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum

from novita_operator.novita import errors

_LONGEST_PAUSE = 120.0  # seconds; a server that asks for more is asked again after this


class Priority(IntEnum):
    """Who goes first when calls have to wait: what ends billing, before what starts it, before what looks."""

    DELETE = 0
    CREATE_OR_CHANGE = 1
    READ_FOR_USER = 2
    POLL = 3


class RateLimiter:
    """A token bucket. `burst` calls at once, then `requests_per_minute`; the most urgent waiter goes first."""

    def __init__(
        self,
        requests_per_minute: int,
        *,
        burst: int = 10,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = requests_per_minute / 60
        self._burst = float(burst)
        self._monotonic = monotonic
        self._sleep = sleep
        self._tokens = float(burst)
        self._filled_at = monotonic()
        self._paused_until = float("-inf")
        self._order = itertools.count()
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def acquire(self, priority: Priority) -> None:
        """Wait for the right to make one call."""
        if not self._waiting and self._pause() <= 0:
            self._tokens -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), turn))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="rate-limit")
        await turn

    def pause(self, seconds: float) -> None:
        """No call for so long: Novita asked for it."""
        self._paused_until = max(self._paused_until, self._monotonic() + min(seconds, _LONGEST_PAUSE))

    def _pause(self) -> float:
        """Seconds until a token is there."""
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max(self._paused_until - now, (1 - self._tokens) / self._rate if self._tokens < 1 else 0.0)

    async def _serve(self) -> None:
        while self._waiting:
            pause = self._pause()
            if pause > 0:
                await self._sleep(pause)
                continue
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._tokens -= 1
                turn.set_result(None)
                # The one that got its turn makes its call before the next is served.
                await asyncio.sleep(0)


@dataclass
class CircuitBreaker:
    """Stops calls to a Novita that is down. Only what says "down" opens it: no answer, 5xx; never a 4xx.

    Closed until `threshold` failures in a row; then open; then one probe decides. The open time doubles with each
    failed probe, from `open_seconds` up to `longest_seconds`.
    """

    name: str
    monotonic: Callable[[], float]
    threshold: int = 5
    open_seconds: float = 30.0
    longest_seconds: float = 120.0
    _failures: int = 0
    _open_until: float | None = None
    _next_open: float = field(init=False)
    _probing: bool = False
    _era: int = 0

    def __post_init__(self) -> None:
        self._next_open = self.open_seconds

    @property
    def state(self) -> str:
        if self._open_until is None:
            return "closed"
        return "open" if self._probing or self.monotonic() < self._open_until else "half-open"

    @contextmanager
    def watch(self) -> Iterator[None]:
        """One call. Raises errors.NotSent while open. A cancelled call says nothing about Novita."""
        probe = self._enter()
        era = self._era
        try:
            yield
        except (errors.TimedOut, errors.Unavailable, errors.OutcomeUnknown, errors.InvalidResponse) as error:
            if era == self._era and not isinstance(error, errors.RateLimited):
                self._failed(probe)
            raise
        except errors.NovitaError:
            self._succeeded(era)
            raise
        else:
            self._succeeded(era)
        finally:
            if probe and era == self._era:
                self._probing = False

    def _enter(self) -> bool:
        if self._open_until is None:
            return False
        left = self._open_until - self.monotonic()
        if left > 0 or self._probing:
            raise errors.NotSent(
                f"{self.name} calls are held back after repeated failures; the next test is in {max(left, 0):.0f} s",
                retry_after=max(left, 1.0),
            )
        self._probing = True
        return True

    def _failed(self, probe: bool) -> None:
        self._failures += 1
        if probe or self._failures >= self.threshold:
            self._open_until = self.monotonic() + self._next_open
            self._next_open = min(self.longest_seconds, self._next_open * 2)
            self._probing = False
            # Calls that began before this moment say nothing about Novita after it.
            self._era += 1

    def _succeeded(self, era: int) -> None:
        if era != self._era:
            return
        self._failures, self._open_until, self._next_open = 0, None, self.open_seconds
