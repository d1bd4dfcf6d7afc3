"""One HTTP exchange: key, deadline, bounded size. The only module that knows httpx."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from novita_operator import __version__
from novita_operator.egress import certificates
from novita_operator.novita import error_body, errors

_MAX_BODY = 8 * 1024 * 1024  # bytes, decoded; a page of 100 instances is about 200 KB
_CHUNK = 64 * 1024  # bytes read at a time
_MAX_CONNECTIONS = 32  # twice the workers that call at the same time by default
_CONNECT_SECONDS = 10.0  # novita-api 7.1
# Of the deadline, for each of: a free connection, TCP, TLS. So each of them ends by itself, as "not sent", before the
# deadline ends the whole call, as "no answer".
_CONNECT_SHARE = 0.25
_GZIP = 16 + zlib.MAX_WBITS  # zlib: expect the header of gzip


class TooLate(Exception):
    """The moment after which the call must not be sent has passed. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent. `secrets`: values in the body that must not come back to light in a message."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole and decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Exchange:
    """One pool of connections to one origin. The key never leaves for another: no redirects, no proxies."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        """Raises errors.Invalid where `base_url` is no URL."""
        self._timeout = timeout_seconds
        share = timeout_seconds * _CONNECT_SHARE
        try:
            self._http = httpx.AsyncClient(
                base_url=base_url.rstrip("/"),
                # v1 wants the content type on every call, also on GET (novita-api 1.2).
                headers={
                    "User-Agent": f"novita-operator/{__version__}",
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                },
                timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, share), pool=share),
                limits=httpx.Limits(max_connections=_MAX_CONNECTIONS),
                follow_redirects=False,
                trust_env=False,
                verify=_trusted(),
            )
        except httpx.InvalidURL as error:
            raise errors.Invalid(f"the address of the Novita API is not valid: {error}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call, key: SecretStr, may_send: Callable[[], bool]) -> Answer:
        """Send once, read whole, within one deadline for all of it: a slow trickle ends there, too.

        `may_send` is asked immediately before the first byte; where it says no, TooLate is raised. Raises NotSent,
        TimedOut, Unavailable, InvalidResponse, CredentialsRejected (a key that cannot be sent).
        """
        with _mapped(self._timeout):
            async with asyncio.timeout(self._timeout):
                request = self._request(call, key, may_send)
                response = await self._http.send(request, stream=True)
                try:
                    return Answer(response.status_code, response.headers, await _read(response))
                finally:
                    await response.aclose()

    def _request(self, call: Call, key: SecretStr, may_send: Callable[[], bool]) -> httpx.Request:
        if self._http.is_closed:
            raise errors.NotSent("the client of this account was closed, because the account has changed")
        return self._http.build_request(
            call.method,
            call.path,
            params=call.params,
            content=None if call.json is None else json.dumps(call.json),
            headers={"Authorization": f"Bearer {_sendable(key)}"},
            extensions={"trace": _gate(may_send)},
        )


def _trusted() -> ssl.SSLContext:
    """The CAs that come with httpx, and those of the file that SSL_CERT_FILE names, as for webhooks."""
    file = os.environ.get("SSL_CERT_FILE")
    if file and (path := Path(file)).is_file():
        return _reading(file, path.stat().st_mtime_ns)
    return _reading(None, 0)


@functools.lru_cache(maxsize=1)
def _reading(file: str | None, _changed_at: int) -> ssl.SSLContext:
    """One for all accounts, until the file changes: a few hundred certificates cost 30 ms of CPU each time."""
    context = httpx.create_ssl_context(trust_env=False)
    if file is not None:
        context.load_verify_locations(file)
    return context


def _sendable(key: SecretStr) -> str:
    value = key.get_secret_value()
    if not value or not all("!" <= char <= "~" for char in value):
        raise errors.CredentialsRejected("the API key is empty or not one word of printable ASCII; nothing was sent")
    return value


def _gate(may_send: Callable[[], bool]) -> Callable[[str, Mapping[str, Any]], Any]:
    """A trace extension of httpx: called at each step of a request, on the connection that it will use."""

    async def trace(event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started") and not may_send():
            raise TooLate

    return trace


@contextlib.contextmanager
def _mapped(timeout_seconds: float) -> Iterator[None]:
    """The errors of httpx as ours. Before the first byte: NotSent. After it: whatever is honest for a read."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        detail = certificates.refusal(error) or error_body.line(str(error)) or type(error).__name__
        raise errors.NotSent(f"Novita could not be reached: {detail}") from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise errors.TimedOut(f"Novita did not answer within {timeout_seconds:g} s") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise errors.Invalid("the call cannot be written as an HTTP request; nothing was sent") from error
    except zlib.error as error:
        raise errors.InvalidResponse("Novita's answer could not be decompressed") from error
    except (httpx.HTTPError, OSError) as error:
        raise errors.Unavailable(f"the connection to Novita broke ({type(error).__name__})") from error


async def _read(response: httpx.Response) -> bytes:
    """The decoded body, unless it is larger than any honest one. Decoded step by step: a bomb never unfolds."""
    unpack = _unpacker(response.headers.get("content-encoding", "").strip().lower())
    body = bytearray()
    async for chunk in response.aiter_raw(_CHUNK):
        body += unpack(chunk, _MAX_BODY + 1 - len(body))
        if len(body) > _MAX_BODY:
            raise errors.InvalidResponse(
                f"Novita's answer is larger than {_MAX_BODY // 1024 // 1024} MiB", status=response.status_code
            )
    return bytes(body)


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """How to decode a chunk to at most so many bytes."""
    if encoding in {"", "identity"}:
        return lambda chunk, _room: chunk
    if encoding not in {"gzip", "x-gzip"}:
        raise errors.InvalidResponse("Novita's answer is packed in a way that was not asked for")
    packed = zlib.decompressobj(_GZIP)
    # What does not fit stays in `unconsumed_tail`: by then the body is too large already.
    return packed.decompress


def is_success(status: int) -> bool:
    """2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
