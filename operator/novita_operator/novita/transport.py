"""Calls to one account: in turn, held back while Novita is down, repeated only where that is harmless."""

from __future__ import annotations

import asyncio
import json as codec
import random
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from novita_operator.clock import SystemClock, WaitingClock
from novita_operator.novita import callers, error_body, errors
from novita_operator.novita.breakers import CircuitBreaker
from novita_operator.novita.exchange import Answer, Call, Exchange, TooLate, is_success
from novita_operator.novita.limits import LONGEST_WAIT, Priority, RateLimiter

Json = Any
Observe = Callable[[str, str, float], None]
"""Called after each call with its route (`POST gpu/instance/create`), its outcome and its seconds.

The outcome is the HTTP status, the name of an error class where there was no answer, or `cancelled`.
"""

_LONGEST_BACKOFF = 30.0  # seconds between two tries; whoever waits for the call holds a worker


class Transport:
    """Calls with the key, limits and breakers of one account. Times in seconds. Raises only `errors.NovitaError`."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        timeout_seconds: float,
        max_retries: int,
        retry_delay_seconds: float,
        limiter: RateLimiter,
        observe: Observe | None = None,
        clock: WaitingClock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`max_retries`: repeats of an idempotent call, 0 means none. Raises Invalid where `base_url` is no URL."""
        self._key = api_key
        self._exchange = Exchange(base_url, timeout_seconds)
        self._max_retries = max_retries
        self._retry_delay = retry_delay_seconds
        self._limiter = limiter
        self._observe = observe or (lambda _route, _outcome, _seconds: None)
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._breakers = {name: CircuitBreaker(name, self._clock) for name in ("create", "read", "delete")}
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def aclose(self) -> None:
        """Close, after the calls under way have ended: a paid one would else have an unknown outcome."""
        await self._idle.wait()
        await self._exchange.aclose()

    def replace_key(self, api_key: SecretStr) -> bool:
        """Use this key from the next call on. True if it is another one."""
        changed = api_key.get_secret_value() != self._key.get_secret_value()
        self._key = api_key
        return changed

    def breaker_states(self) -> Mapping[str, str]:
        """closed, half-open or open, by class of calls: create (and start), read, delete (and stop)."""
        return {name: breaker.state for name, breaker in self._breakers.items()}

    async def request(  # noqa: PLR0913 - the parts of a call
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, Any] | None = None,
        idempotent: bool,
        priority: Priority,
        secrets: tuple[str, ...] = (),
        not_after: float | None = None,
    ) -> Json:
        """The JSON of the answer; {} where it is empty.

        `idempotent`: repeated on timeouts, broken connections, 429 and 5xx, with full jitter, never sooner than
        Retry-After says. That holds for GET, and for start, stop, delete and edit: a second one finds the state that
        the first has made, and answers with NotFound or InvalidState; the caller reads again before it decides.

        Not idempotent: sent exactly once, or not at all. Raises a subtype of Refused, RateLimited or NotSent where it
        was surely not carried out, and OutcomeUnknown in every other case.

        `secrets`: values in `json` that no message may repeat. `not_after`: monotonic time after which no byte of it
        may leave any more.
        """
        call = Call(method, path, params or {}, json, secrets)
        if idempotent:
            return await self._repeated(call, priority)
        try:
            return await self._once(call, priority, not_after)
        except errors.NovitaError as error:
            if _surely_not_done(error):
                raise
            raise _unsure(error) from error

    async def _repeated(self, call: Call, priority: Priority) -> Json:
        attempt = 0
        while True:
            try:
                return await self._once(call, priority, None)
            except errors.Unavailable as error:
                asked = error.retry_after or 0.0
                too_long = asked > LONGEST_WAIT and priority is not Priority.POLL
                held_back = isinstance(error, errors.NotSent) and error.retry_after is not None
                if attempt >= self._max_retries or held_back or too_long:
                    raise
            backoff = min(_LONGEST_BACKOFF, self._retry_delay * 2**attempt)
            await self._clock.sleep(max(asked, self._jitter() * backoff))
            attempt += 1

    async def _once(self, call: Call, priority: Priority, not_after: float | None) -> Json:
        breaker = self._breakers[_class_of(call, priority)]
        breaker.check()
        await self._limiter.acquire(priority, callers.current())
        try:
            with breaker.watch():
                return await self._observed(call, lambda: not_after is None or self._clock.monotonic() <= not_after)
        except TooLate:
            raise errors.NotSent("the call waited too long for its turn; nothing was sent") from None

    async def _observed(self, call: Call, may_send: Callable[[], bool]) -> Json:
        started, outcome = self._clock.monotonic(), "cancelled"
        self._under_way += 1
        self._idle.clear()
        key = self._key
        try:
            answer = await self._exchange.send(call, key, may_send)
            outcome = str(answer.status)
            return self._understood(call, key, answer)
        except (errors.NovitaError, TooLate) as error:
            outcome = type(error).__name__ if outcome == "cancelled" else outcome
            raise
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
            self._observe(_route(call), outcome, self._clock.monotonic() - started)

    def _understood(self, call: Call, key: SecretStr, answer: Answer) -> Json:
        parsed: Json = {}
        if is_success(answer.status) and answer.body.strip():
            try:
                parsed = codec.loads(answer.body)
            except (ValueError, RecursionError) as error:
                # Not chained: the parser's error holds the whole body, with its passwords.
                text = f"Novita's answer to {_route(call)} is not JSON ({type(error).__name__})"
                raise errors.InvalidResponse(text, status=answer.status) from None
        if is_success(answer.status) and not error_body.is_error(parsed):
            return parsed
        hidden = (key.get_secret_value(), *call.secrets)
        refusal = errors.from_response(answer.status, answer.body, answer.headers, secrets=hidden)
        if isinstance(refusal, errors.RateLimited):
            pause = self._retry_delay if refusal.retry_after is None else refusal.retry_after
            self._limiter.pause_until(self._clock.monotonic() + pause)
        raise refusal


def _class_of(call: Call, priority: Priority) -> str:
    """Which breaker counts: one that is open for creates must never hold back a delete."""
    if priority is Priority.DELETE:
        return "delete"  # the look by id before it, too
    return "read" if call.method == "GET" else "create"


def _route(call: Call) -> str:
    """`POST gpu/instance/create`: the method, and the path after the version, as the API's pages name it."""
    return f"{call.method} {call.path.rpartition('/v1/')[2]}"


def _surely_not_done(error: errors.NovitaError) -> bool:
    """Refused in so many words, or never sent. A 2xx is neither, whatever its body says."""
    refused = isinstance(error, errors.Refused | errors.RateLimited | errors.NotSent)
    return refused and not is_success(error.status or 0)


def _unsure(error: errors.NovitaError) -> errors.NovitaError:
    """What any other failure means to a call that must not be repeated."""
    # "Not found" cannot mean the instance that is to be made: it is the product, the image, or the address.
    refused = isinstance(error, errors.NotFound) and not is_success(error.status or 0)
    kind = errors.Invalid if refused else errors.OutcomeUnknown
    return kind(
        error.message,
        status=error.status,
        reason=error.reason,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )
