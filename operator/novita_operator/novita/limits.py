"""How hard an account is used: a token bucket with priorities that callers share."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum

from novita_operator.clock import WaitingClock
from novita_operator.novita import breakers, errors
from novita_operator.novita.callers import NOBODY, Caller
from novita_operator.turns import Turns

# Seconds that a caller waits for the end of a pause which Novita asked for. Workers are shared by all accounts: one
# that is held for two minutes by this account is missing to the others.
LONGEST_WAIT = 5.0
# Of the burst, for what ends billing and for polls: where objects ask for more than there is, a stop or a delete would
# else wait for the next token each time it has something to ask, and everybody's polls with it.
_RESERVED = 0.3
# Of the burst, for first tries, beside what refused objects try again: a create and the read after it need not wait.
_FOR_FIRST_TRIES = 0.3
# Of the rate, what polls may take from the reserve: by default four in six seconds. One comes each two seconds where
# something moves, and what else is read for the account comes on top: the balance, and everything once a minute.
_POLL_SHARE = 0.4
# Further polls, such as the other pages of a long list: calls of objects that go before a waiting one.
_CALLS_PER_POLL = 3
# Ends that take the last token while others wait, until one of these gets its turn. A delete stops what costs money; a
# look whether it is gone does not, and a crowd of objects that never rented anything makes thousands of those.
_DELETES_IN_A_ROW = 3
_CONFIRMATIONS_IN_A_ROW = 1
# Calls that go before a waiting repeat: it gets a tenth of what ends leave, however many others come.
_CALLS_PER_REPEAT = 9
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


class _Rank(IntEnum):
    """The lines. A repeat is what an object tries again that was refused before; ends and polls are none."""

    DELETE = 0
    CONFIRM_END = 1
    FIRST_TRY = 2
    POLL = 3
    REPEAT = 4

    @classmethod
    def of(cls, priority: Priority, caller: Caller) -> _Rank:
        match priority:
            case Priority.DELETE:
                return cls.DELETE
            case Priority.CONFIRM_END:
                return cls.CONFIRM_END
            case Priority.POLL:
                return cls.POLL
            case Priority.CREATE_OR_CHANGE | Priority.READ_FOR_USER:
                return cls.REPEAT if caller.repeats else cls.FIRST_TRY


_MOST_IN_A_ROW = {_Rank.DELETE: _DELETES_IN_A_ROW, _Rank.CONFIRM_END: _CONFIRMATIONS_IN_A_ROW}


@dataclass(eq=False, slots=True)
class _Turn:
    """A place in a line."""

    rank: _Rank
    share: Hashable
    is_first: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ends(self) -> bool:
        return self.rank <= _Rank.CONFIRM_END


def _share_of(turn: _Turn) -> Hashable:
    return turn.share


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

    Ends go before all others, but for what a crowd of them leaves: each fourth call beside deletes, each second beside
    the looks that follow. They and polls may use the last tokens of the burst, which are kept for them: ends always,
    polls for their share of the rate. Polls beyond that get each fourth call of what ends leave. What a refused object
    tries again goes last, and leaves some tokens to first tries. Callers of one rank get their calls by turns, however
    many one of them makes.

    Only the first of all lines watches the clock; whoever leaves, served or cancelled, wakes the next.
    """

    def __init__(self, requests_per_minute: int, burst: int, clock: WaitingClock) -> None:
        rate, now = requests_per_minute / 60, clock.monotonic()
        self._clock = clock
        self._reserved = int(burst * _RESERVED)
        self._for_first_tries = int(burst * _FOR_FIRST_TRIES)
        self._all = _Bucket.full(rate, burst, now)
        self._polls = _Bucket.full(rate * _POLL_SHARE, max(1, self._reserved), now)
        self._paused_until = float("-inf")
        self._lines = {rank: Turns[_Turn](_share_of) for rank in _Rank}
        self._before_poll = 0
        self._before_repeat = 0
        self._ends_in_a_row = dict.fromkeys(_MOST_IN_A_ROW, 0)

    async def acquire(self, priority: Priority, caller: Caller = NOBODY) -> None:
        """Wait for the right to make one call.

        Raises RateLimited, at once, while Novita wants the account to pause for longer than a worker should wait;
        polls, which hold up nobody, wait it out.
        """
        turn = _Turn(_Rank.of(priority, caller), caller.share)
        line = self._lines[turn.rank]
        line.add(turn)
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
                    line.next()
                    self._serve(turn.rank)
                    return
        finally:
            line.forget(turn)
            if any(self._lines.values()):
                self._first().is_first.set()

    def pause_until(self, moment: float) -> None:
        """No call before this monotonic time: Novita asked for it. At most two minutes count; never shortens."""
        latest = self._clock.monotonic() + errors.LONGEST_RETRY_AFTER
        self._paused_until = max(self._paused_until, min(moment, latest))

    def _serve(self, rank: _Rank) -> None:
        """Take a token, and count how many calls went before those that wait."""
        self._all.tokens -= 1
        if rank not in _MOST_IN_A_ROW:
            self._ends_in_a_row = dict.fromkeys(_MOST_IN_A_ROW, 0)
        elif self._all.tokens < _ONE and self._others_wait():
            self._ends_in_a_row[rank] += 1
        match rank:
            case _Rank.POLL:
                self._polls.tokens = max(0.0, self._polls.tokens - 1)
                self._before_poll = 0
                self._before_repeat += bool(self._lines[_Rank.REPEAT])
            case _Rank.FIRST_TRY:
                self._before_poll += bool(self._lines[_Rank.POLL])
                self._before_repeat += bool(self._lines[_Rank.REPEAT])
            case _Rank.REPEAT:
                self._before_poll += bool(self._lines[_Rank.POLL])
                self._before_repeat = 0
            case _Rank.DELETE | _Rank.CONFIRM_END:
                pass

    def _first(self) -> _Turn:
        """Whose turn it is: the most urgent one's, unless another has a share left, or has waited for long enough."""
        rank = next(rank for rank, line in self._lines.items() if line)
        if rank in _MOST_IN_A_ROW and self._ends_in_a_row[rank] >= _MOST_IN_A_ROW[rank] and self._others_wait():
            rank = next(rank for rank, line in self._lines.items() if line and rank not in _MOST_IN_A_ROW)
        if rank > _Rank.CONFIRM_END:
            if self._lines[_Rank.POLL] and (self._before_poll >= _CALLS_PER_POLL or self._share_comes_in() <= 0):
                rank = _Rank.POLL
            elif self._lines[_Rank.REPEAT] and self._before_repeat >= _CALLS_PER_REPEAT:
                rank = _Rank.REPEAT
        return self._lines[rank].peek()

    def _ends_wait(self) -> bool:
        return any(self._lines[rank] for rank in _MOST_IN_A_ROW)

    def _others_wait(self) -> bool:
        return any(line for rank, line in self._lines.items() if rank not in _MOST_IN_A_ROW)

    def _share_comes_in(self) -> float:
        """Seconds until a poll may use what is reserved; where nothing is, polls have no share."""
        return self._polls.missing(1, self._clock.monotonic()) if self._reserved else float("inf")

    def _wait(self, turn: _Turn) -> float:
        """Seconds until a token is there for it, and no pause is."""
        now = self._clock.monotonic()
        return max(self._paused_until - now, self._all.missing(1 + self._left_to_others(turn), now))

    def _left_to_others(self, turn: _Turn) -> int:
        """Tokens that it must not use."""
        if turn.ends or (turn.rank is _Rank.POLL and self._share_comes_in() <= 0):
            return 0
        if self._ends_wait():
            return 0  # they have let it go first, and wait for it
        # One that comes before first tries that wait has waited for long enough.
        last = turn.rank is _Rank.REPEAT and not self._lines[_Rank.FIRST_TRY]
        return self._reserved + (self._for_first_tries if last else 0)

    def _next_poll(self) -> float:
        """Seconds until a waiting poll goes before all that are no ends; the first of the line watches for it."""
        if not self._lines[_Rank.POLL]:
            return float("inf")
        now = self._clock.monotonic()
        return max(self._paused_until - now, self._share_comes_in(), self._all.missing(1, now))

    def _refuse_long_pause(self, priority: Priority) -> None:
        left = self._paused_until - self._clock.monotonic()
        if left > LONGEST_WAIT and priority is not Priority.POLL:
            raise errors.RateLimited(
                f"Novita wants no calls of this account until {breakers.wall_time(self._clock, left)}; none was made",
                retry_after=left,
            )
