"""One HTTP call: key, deadline, size, rate limit, breaker, error mapping; repeats only what is idempotent."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from novita_operator import __version__
from novita_operator.novita import errors
from novita_operator.novita.limits import CircuitBreaker, Priority, RateLimiter

Json = Any
Observe = Callable[[str, str, float], None]
"""Called after each call with route, outcome ("200", "429", "timeout", …) and seconds."""

_MAX_BODY = 8 * 1024 * 1024  # bytes; a page of 100 instances is about 200 KB
_MAX_CONNECTIONS = 20  # more than the workers that may call at the same time
_CONNECT_SECONDS = 10.0  # novita-api 7.1
_LONGEST_RETRY_PAUSE = 30.0  # seconds between two tries of one read


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: its name in metrics, and how it may be treated."""

    name: str
    method: str
    path: str
    priority: Priority
    idempotent: bool = True


class Transport:
    """Calls to one account. The key never leaves for another origin: redirects and proxies are not followed."""

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        timeout_seconds: float,
        max_retries: int,
        retry_delay_seconds: float,
        limiter: RateLimiter,
        observe: Observe | None = None,
    ) -> None:
        self._key = api_key
        self._timeout = timeout_seconds
        self._max_retries = max_retries
        self._retry_delay = retry_delay_seconds
        self._limiter = limiter
        self._observe = observe or (lambda _route, _outcome, _seconds: None)
        self._breakers = {
            "create": CircuitBreaker("create", time.monotonic),
            "read": CircuitBreaker("read", time.monotonic),
            "delete": CircuitBreaker("delete and stop", time.monotonic),
        }
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"User-Agent": f"novita-operator/{__version__}", "Content-Type": "application/json"},
            timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    def replace_key(self, api_key: SecretStr) -> bool:
        """Use this key from now on. True if it is another one."""
        changed = api_key.get_secret_value() != self._key.get_secret_value()
        self._key = api_key
        return changed

    def breaker_states(self) -> Mapping[str, str]:
        """closed, half-open or open, per class of calls."""
        return {name: breaker.state for name, breaker in self._breakers.items()}

    async def read(self, route: Route, params: Mapping[str, str | int] | None = None) -> Json:
        """A call that may be repeated; repeated on timeouts, connection errors, 429 and 5xx.

        Raises every error of the tree but OutcomeUnknown.
        """
        return await self._repeated(route, params=params, body=None)

    async def change(self, route: Route, body: Mapping[str, Any]) -> Json:
        """Start, stop, delete, edit: harmless to repeat, since a second one finds the state that the first made."""
        return await self._repeated(route, params=None, body=body)

    async def create(self, route: Route, body: Mapping[str, Any], *, not_after: float | None = None) -> Json:
        """Exactly one call, never repeated.

        `not_after`: monotonic time after which it must not be sent any more. Raises NotSent and the subtypes of
        Refused and RateLimited where it was surely not carried out, OutcomeUnknown in every other case.
        """
        try:
            return await self._once(route, None, body, not_after=not_after)
        except (errors.Refused, errors.RateLimited, errors.NotSent, errors.OutcomeUnknown):
            raise
        except errors.NovitaError as error:
            raise errors.OutcomeUnknown(
                error.message, status=error.status, reason=error.reason, request_id=error.request_id
            ) from error

    async def _repeated(
        self, route: Route, *, params: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> Json:
        attempt = 0
        while True:
            try:
                return await self._once(route, params, body)
            except (errors.Unavailable, errors.InvalidResponse) as error:
                if attempt >= self._max_retries or (
                    isinstance(error, errors.NotSent) and error.retry_after is not None
                ):
                    raise
                pause = self._retry_delay * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
                await asyncio.sleep(min(_LONGEST_RETRY_PAUSE, max(pause, error.retry_after or 0.0)))
                attempt += 1

    async def _once(
        self,
        route: Route,
        params: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
        *,
        not_after: float | None = None,
    ) -> Json:
        breaker = self._breakers[_class_of(route)]
        with breaker.watch():
            await self._limiter.acquire(route.priority)
            if not_after is not None and time.monotonic() > not_after:
                raise errors.NotSent("the call waited too long for its turn and was not made")
            return await self._observed(route, params, body)

    async def _observed(
        self, route: Route, params: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> Json:
        started = time.monotonic()
        outcome = "cancelled"
        try:
            status, content, headers = await self._exchange(route, params, body)
            outcome = str(status)
            return self._understood(route, status, content, headers)
        except errors.NovitaError as error:
            outcome = outcome if outcome != "cancelled" else type(error).__name__
            raise
        finally:
            self._observe(route.name, outcome, time.monotonic() - started)

    async def _exchange(
        self, route: Route, params: Mapping[str, str | int] | None, body: Mapping[str, Any] | None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Send and read, within one deadline for all of it. A slow trickle ends there, too."""
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        try:
            async with asyncio.timeout(self._timeout):
                request = self._http.build_request(
                    route.method,
                    route.path,
                    params=params,
                    json=dict(body) if body is not None else None,
                    headers=headers,
                )
                response = await self._http.send(request, stream=True)
                try:
                    return response.status_code, await _bounded(response), response.headers
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise errors.NotSent(f"Novita could not be reached ({type(error).__name__})") from error
        except httpx.InvalidURL as error:
            raise errors.NotSent("the address of the Novita API is not valid") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise errors.TimedOut(f"Novita did not answer within {self._timeout:.0f} s") from error
        except httpx.DecodingError as error:
            raise errors.InvalidResponse("Novita's answer could not be decompressed") from error
        except httpx.HTTPError as error:
            raise errors.Unavailable(f"the connection to Novita broke ({type(error).__name__})") from error

    def _understood(self, route: Route, status: int, content: bytes, headers: Mapping[str, str]) -> Json:
        if status >= 300:  # noqa: PLR2004 - HTTP: redirects are not followed, so that the key stays with its origin
            error = errors.from_response(status, content, headers, secrets=(self._key.get_secret_value(),))
            if status < 400:  # noqa: PLR2004
                error = errors.InvalidResponse(f"Novita answered with a redirect ({status}), which is not followed")
            if isinstance(error, errors.RateLimited):
                self._limiter.pause(error.retry_after or self._retry_delay)
            raise error
        if not content.strip():
            return {}
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise errors.InvalidResponse(f"Novita's answer to {route.name} is not JSON", status=status) from error


async def _bounded(response: httpx.Response) -> bytes:
    """The decoded body, as far as it is not larger than any honest one."""
    content = bytearray()
    async for chunk in response.aiter_bytes(65_536):
        content += chunk
        if len(content) > _MAX_BODY:
            raise errors.InvalidResponse(f"Novita's answer is larger than {_MAX_BODY // 1024 // 1024} MiB")
    return bytes(content)


def _class_of(route: Route) -> str:
    if route.priority is Priority.DELETE:
        return "delete"
    return "read" if route.method == "GET" else "create"
