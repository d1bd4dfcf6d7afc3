"""The rate limit and the breakers, in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from tests.novita.clocks import TurnedClock, settle

from novita_operator.novita import errors
from novita_operator.novita.breakers import CircuitBreaker
from novita_operator.novita.callers import NOBODY, Caller
from novita_operator.novita.limits import Priority, RateLimiter

READ = Priority.READ_FOR_USER


class Callers:
    """Tasks that ask for a turn, and the order in which they get it."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self.served: list[str] = []

    async def ask(self, name: str, priority: Priority = Priority.POLL, caller: Caller = NOBODY) -> asyncio.Task[None]:
        """Stand in line."""

        async def call() -> None:
            await self._limiter.acquire(priority, caller)
            self.served.append(name)

        task = asyncio.create_task(call())
        await settle()
        return task


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


def a_limiter(clock: TurnedClock, *, burst: int = 1) -> RateLimiter:
    """One call a second."""
    return RateLimiter(60, burst, clock)


async def test_a_burst_goes_at_once_and_then_one_call_at_a_time(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=3))

    for number in range(5):
        await callers.ask(str(number))

    assert callers.served == ["0", "1", "2"]
    await clock.advance(0.9)
    assert callers.served == ["0", "1", "2"]
    await clock.advance(0.1)
    assert callers.served == ["0", "1", "2", "3"]
    await clock.advance(1)
    assert callers.served == ["0", "1", "2", "3", "4"]


async def test_tokens_do_not_pile_up_beyond_the_burst(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=2))
    await clock.advance(3600)

    for number in range(4):
        await callers.ask(str(number))

    assert callers.served == ["0", "1"]


async def test_the_most_urgent_goes_first_and_equals_in_the_order_of_their_arrival(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")

    await callers.ask("poll", Priority.POLL)
    await callers.ask("create 1", Priority.CREATE_OR_CHANGE)
    await callers.ask("read", Priority.READ_FOR_USER)
    await callers.ask("create 2", Priority.CREATE_OR_CHANGE)
    await callers.ask("seen gone?", Priority.CONFIRM_END)
    await callers.ask("delete", Priority.DELETE)
    await clock.advance(6)

    assert callers.served == ["first", "delete", "seen gone?", "create 1", "read", "create 2", "poll"]


@pytest.mark.parametrize("others", [Priority.CREATE_OR_CHANGE, Priority.DELETE])
async def test_a_poll_gets_each_fourth_call_however_many_objects_ask(clock: TurnedClock, others: Priority) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first", Priority.READ_FOR_USER)
    for number in range(8):
        await callers.ask(f"object {number}", others)
    for number in range(2):
        await callers.ask(f"poll {number}")

    await clock.advance(10)

    polls = [place for place, name in enumerate(callers.served) if name.startswith("poll")]
    assert polls == [4, 8]


@pytest.mark.parametrize(("ends", "turns"), [(Priority.DELETE, [4, 8, 12]), (Priority.CONFIRM_END, [2, 4, 6])])
@pytest.mark.parametrize("burst", [1, 10])
async def test_a_crowd_of_ends_leaves_calls_to_what_others_rent(
    clock: TurnedClock, ends: Priority, turns: list[int], burst: int
) -> None:
    callers = Callers(a_limiter(clock, burst=burst))
    waiting = [await callers.ask(f"end {number}", ends, Caller("crowd")) for number in range(40)]
    for number in range(3):
        await callers.ask(f"try {number}", READ, Caller("other"))

    await clock.advance(12)

    tries = [place - burst + 1 for place, name in enumerate(callers.served) if name.startswith("try")]
    assert tries == turns
    for each in waiting:
        each.cancel()


@pytest.mark.parametrize("end", [Priority.DELETE, Priority.CONFIRM_END])
async def test_an_end_and_a_poll_need_not_wait_for_a_token_however_many_objects_ask(
    clock: TurnedClock, end: Priority
) -> None:
    callers = Callers(a_limiter(clock, burst=10))
    for number in range(20):
        await callers.ask(f"create {number}", Priority.CREATE_OR_CHANGE)
    assert len(callers.served) == 7

    await callers.ask("end", end)
    await callers.ask("poll")

    assert callers.served[7:] == ["end", "poll"]


async def test_polls_take_no_more_of_the_reserve_than_their_share(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=10))
    waiting = [await callers.ask(f"create {number}", Priority.CREATE_OR_CHANGE) for number in range(60)]
    waiting += [await callers.ask(f"poll {number}") for number in range(60)]

    await clock.advance(40)

    polls = sum(name.startswith("poll") for name in callers.served)
    assert polls == 3 + 40 * 0.4
    assert len(callers.served) == 10 + 40 - 3  # the reserve, which the first polls took, is filled again
    for each in waiting:
        each.cancel()


async def test_callers_get_their_calls_by_turns_however_many_one_of_them_makes(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    for number in range(5):
        await callers.ask(f"crowd {number}", READ, Caller("crowd"))
    for number in range(2):
        await callers.ask(f"other {number}", READ, Caller("other"))

    await clock.advance(5)

    assert callers.served == ["first", "crowd 0", "other 0", "crowd 1", "other 1", "crowd 2"]


@pytest.mark.parametrize("priority", [Priority.CREATE_OR_CHANGE, READ])
async def test_what_was_refused_goes_behind_first_tries_and_polls(clock: TurnedClock, priority: Priority) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    await callers.ask("repeat", priority, Caller("crowd", repeats=True))
    await callers.ask("poll 0")
    await callers.ask("poll 1")
    await callers.ask("try", priority, Caller("other"))

    await clock.advance(4)

    assert callers.served == ["first", "try", "poll 0", "poll 1", "repeat"]


@pytest.mark.parametrize("end", [Priority.DELETE, Priority.CONFIRM_END])
async def test_an_end_of_what_was_refused_is_as_urgent_as_any(clock: TurnedClock, end: Priority) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    await callers.ask("try", READ, Caller("other"))
    await callers.ask("end", end, Caller("crowd", repeats=True))

    await clock.advance(2)

    assert callers.served == ["first", "end", "try"]


@pytest.mark.parametrize("others", [READ, Priority.POLL])
async def test_what_was_refused_gets_a_tenth_of_the_calls_however_many_others_come(
    clock: TurnedClock, others: Priority
) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    for number in range(3):
        await callers.ask(f"repeat {number}", READ, Caller("crowd", repeats=True))
    for number in range(30):
        await callers.ask(f"other {number}", others, Caller("other"))

    await clock.advance(30)

    repeats = [place for place, name in enumerate(callers.served) if name.startswith("repeat")]
    assert repeats == [10, 20, 30]


async def test_a_first_try_finds_tokens_that_repeats_must_leave(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=10))
    for number in range(20):
        await callers.ask(f"repeat {number}", READ, Caller("crowd", repeats=True))
    assert len(callers.served) == 4

    for number in range(4):
        await callers.ask(f"try {number}", READ, Caller("other"))

    assert callers.served[4:] == ["try 0", "try 1", "try 2"]
    await clock.advance(1)
    assert callers.served[7:] == ["try 3"]


async def test_a_crowd_of_repeats_uses_all_that_nobody_else_asks_for(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=10))
    waiting = [await callers.ask(f"repeat {number}", READ, Caller("crowd", repeats=True)) for number in range(60)]

    await clock.advance(40)

    assert len(callers.served) == 4 + 40
    for each in waiting:
        each.cancel()


async def test_what_ends_have_taken_of_the_reserve_comes_back_before_anything_is_rented(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock, burst=10))
    for number in range(8):
        await callers.ask(f"create {number}", Priority.CREATE_OR_CHANGE)
    for number in range(3):
        await callers.ask(f"delete {number}", Priority.DELETE)

    await clock.advance(3)
    await callers.ask("delete 3", Priority.DELETE)
    await clock.advance(1.9)

    assert callers.served[-2:] == ["delete 2", "delete 3"]
    await clock.advance(0.2)
    assert callers.served[-1] == "create 7"


async def test_an_end_goes_before_a_poll_that_has_waited(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    await callers.ask("poll")
    for number in range(4):
        await callers.ask(f"create {number}", Priority.CREATE_OR_CHANGE)
    await clock.advance(3)

    await callers.ask("delete", Priority.DELETE)
    await clock.advance(3)

    assert callers.served[4:] == ["delete", "poll", "create 3"]


async def test_a_caller_that_gives_up_takes_no_token_and_holds_up_nobody(clock: TurnedClock) -> None:
    callers = Callers(a_limiter(clock))
    await callers.ask("first")
    head = await callers.ask("head", Priority.DELETE)
    middle = await callers.ask("middle", Priority.CREATE_OR_CHANGE)
    await callers.ask("last", Priority.POLL)

    head.cancel()
    middle.cancel()
    await clock.advance(1)

    assert callers.served == ["first", "last"]


async def test_a_short_pause_is_waited_out(clock: TurnedClock) -> None:
    limiter = a_limiter(clock, burst=5)
    callers = Callers(limiter)
    limiter.pause_until(4)

    await callers.ask("delete", Priority.DELETE)

    assert callers.served == []
    await clock.advance(4)
    assert callers.served == ["delete"]


@pytest.mark.parametrize("priority", [Priority.DELETE, Priority.CREATE_OR_CHANGE, Priority.READ_FOR_USER])
async def test_a_long_pause_frees_the_worker_at_once(clock: TurnedClock, priority: Priority) -> None:
    limiter = a_limiter(clock)
    limiter.pause_until(90)

    with pytest.raises(errors.RateLimited, match="until 12:01:30 UTC") as raised:
        await limiter.acquire(priority)

    assert raised.value.retry_after == 90


async def test_a_pause_that_begins_while_they_wait_frees_the_waiting_workers_too(clock: TurnedClock) -> None:
    limiter = a_limiter(clock)
    callers = Callers(limiter)
    await callers.ask("first")
    waiting = [await callers.ask(str(number), Priority.READ_FOR_USER) for number in range(3)]

    limiter.pause_until(60)
    await clock.advance(1)

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [errors.RateLimited] * 3


async def test_a_poll_waits_out_a_long_pause(clock: TurnedClock) -> None:
    limiter = a_limiter(clock)
    callers = Callers(limiter)
    limiter.pause_until(90)

    await callers.ask("poll", Priority.POLL)
    await clock.advance(89.9)

    assert callers.served == []
    await clock.advance(0.1)
    assert callers.served == ["poll"]


async def test_a_pause_is_capped_at_two_minutes_and_never_shortened(clock: TurnedClock) -> None:
    limiter = a_limiter(clock)
    callers = Callers(limiter)
    limiter.pause_until(3600)
    limiter.pause_until(10)

    await callers.ask("poll", Priority.POLL)
    await clock.advance(119)

    assert callers.served == []
    await clock.advance(1)
    assert callers.served == ["poll"]


DOWN = (
    errors.Unavailable("no", status=503),
    errors.TimedOut("no"),
    errors.NotSent("no"),
    errors.OutcomeUnknown("no"),
)
ANSWERED = (
    errors.NotFound("no", status=404),
    errors.Invalid("no", status=400),
    errors.CredentialsRejected("no", status=401),
    errors.RateLimited("no", status=429),
    errors.Unavailable("a gateway's 408", status=408),
    errors.InvalidResponse("not JSON", status=200),
)


@pytest.fixture
def breaker(clock: TurnedClock) -> CircuitBreaker:
    return CircuitBreaker("create", clock)


def fail(breaker: CircuitBreaker, error: errors.NovitaError = DOWN[0], times: int = 1) -> None:
    for _ in range(times):
        with suppress(type(error)), breaker.watch():
            raise error


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.watch():
        pass


@pytest.mark.parametrize("error", DOWN, ids=lambda error: type(error).__name__)
def test_five_failures_in_a_row_open_it(breaker: CircuitBreaker, error: errors.NovitaError) -> None:
    fail(breaker, error, times=4)
    assert breaker.state == "closed"

    fail(breaker, error)

    assert breaker.state == "open"
    with pytest.raises(
        errors.NotSent, match=r"create calls .* until 12:00:30 UTC, after 5 failures in a row"
    ) as raised:
        breaker.check()
    assert raised.value.retry_after == 30


def test_a_success_in_between_starts_the_count_anew(breaker: CircuitBreaker) -> None:
    fail(breaker, times=4)
    succeed(breaker)
    fail(breaker, times=4)

    assert breaker.state == "closed"


@pytest.mark.parametrize("error", ANSWERED, ids=lambda error: f"{type(error).__name__} {error.status}")
def test_an_answer_that_is_no_5xx_never_opens_it(breaker: CircuitBreaker, error: errors.NovitaError) -> None:
    fail(breaker, error, times=50)

    assert breaker.state == "closed"


async def test_after_the_open_time_one_probe_goes_and_all_others_wait(
    breaker: CircuitBreaker, clock: TurnedClock
) -> None:
    fail(breaker, times=5)
    await clock.advance(30)
    assert breaker.state == "half-open"

    with breaker.watch():
        with pytest.raises(errors.NotSent, match="while one call tests"):
            breaker.check()
        with pytest.raises(errors.NotSent), breaker.watch():
            pytest.fail("a second probe was let through")

    assert breaker.state == "closed"


async def test_each_failed_probe_doubles_the_open_time_up_to_two_minutes(
    breaker: CircuitBreaker, clock: TurnedClock
) -> None:
    fail(breaker, times=5)
    held_back = []

    for _ in range(5):
        with pytest.raises(errors.NotSent) as raised:
            breaker.check()
        held_back.append(raised.value.retry_after)
        await clock.advance(raised.value.retry_after or 0)
        fail(breaker)

    assert held_back == [30, 60, 120, 120, 120]


async def test_a_good_probe_resets_the_open_time(breaker: CircuitBreaker, clock: TurnedClock) -> None:
    fail(breaker, times=5)
    await clock.advance(30)
    fail(breaker)
    await clock.advance(60)
    succeed(breaker)

    fail(breaker, times=5)

    with pytest.raises(errors.NotSent) as raised:
        breaker.check()
    assert raised.value.retry_after == 30


async def test_a_probe_that_is_answered_with_a_refusal_closes_it(breaker: CircuitBreaker, clock: TurnedClock) -> None:
    fail(breaker, times=5)
    await clock.advance(30)

    fail(breaker, errors.RateLimited("slow down", status=429))

    assert breaker.state == "closed"


async def test_a_cancelled_probe_gives_its_place_to_the_next(breaker: CircuitBreaker, clock: TurnedClock) -> None:
    fail(breaker, times=5)
    await clock.advance(30)

    async def probe() -> None:
        with breaker.watch():
            await asyncio.Event().wait()

    probing = asyncio.create_task(probe())
    await settle()
    probing.cancel()
    await settle()

    assert breaker.state == "half-open"
    succeed(breaker)
    assert breaker.state == "closed"


async def test_a_stale_success_does_not_close_it(breaker: CircuitBreaker) -> None:
    with breaker.watch():
        fail(breaker, times=5)

    assert breaker.state == "open"


async def test_a_stale_failure_does_not_open_it_again(breaker: CircuitBreaker, clock: TurnedClock) -> None:
    with suppress(errors.Unavailable), breaker.watch():
        fail(breaker, times=5)
        await clock.advance(30)
        succeed(breaker)
        fail(breaker, times=4)
        raise errors.Unavailable("from before the outage ended", status=500)

    assert breaker.state == "closed"


async def test_a_stale_cancellation_does_not_free_the_place_of_a_probe(
    breaker: CircuitBreaker, clock: TurnedClock
) -> None:
    with suppress(asyncio.CancelledError), breaker.watch():
        fail(breaker, times=5)
        await clock.advance(30)
        probe = breaker.watch()
        probe.__enter__()
        raise asyncio.CancelledError

    with pytest.raises(errors.NotSent, match="while one call tests"):
        breaker.check()
    probe.__exit__(None, None, None)
    assert breaker.state == "closed"
