"""One POST to one receiver. Nothing of its answer is believed, read or repeated but the status."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr
from yarl import URL

from novita_operator.webhooks import addresses, answers
from novita_operator.webhooks.addresses import Network
from novita_operator.webhooks.answers import Answer, Failed, Refused

Lookup = Callable[[str, int], Sequence[tuple[socket.AddressFamily, str]]]
"""The addresses of a name. Blocks; raises OSError or UnicodeError."""
_Info = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]

# Threads of our own: a name server that hangs must not hold those that the API server's name is resolved in.
_THREADS = 8
_MOST_ADDRESSES = 16  # of one name; a receiver has a handful
_READ_BYTES = 1024  # only the status line counts; the reader stops at twice so much
_LONGEST_HEADER = 4096  # a receiver that sends more is none
_WORDS = {
    errno.ECONNREFUSED: "refuses the connection",
    errno.ECONNRESET: "closes the connection",
    errno.EHOSTUNREACH: "cannot be reached from here",
    errno.ENETUNREACH: "cannot be reached from here",
}


class Sender:
    """Posts. `allowed`: networks that are not public and may be posted to all the same; `timeout`: seconds a try."""

    def __init__(self, *, timeout: float, allowed: Sequence[Network] = (), lookup: Lookup | None = None) -> None:
        self._timeout = timeout
        self._allowed = tuple(allowed)
        self._lookup = lookup or _getaddrinfo
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook-names")

    async def post(self, url: SecretStr, body: bytes, headers: Mapping[str, str], *, trusted: bool = False) -> Answer:
        """One try. `trusted`: an administrator chose the URL, so that every address is right. Never raises."""
        gate = _Gate(None if trusted else self._allowed)
        try:
            async with asyncio.timeout(self._timeout), self._session(gate) as session:
                target = URL(url.get_secret_value())
                async with session.post(target, data=body, headers=headers, allow_redirects=False) as reply:
                    return answers.of_status(reply.status, reply.headers.get("Retry-After"))
        except TimeoutError:
            return Failed(f"does not answer within {self._timeout:g} s")
        except (aiohttp.InvalidURL, UnicodeError):
            return Refused("has a URL that cannot be read")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Refused(f"leads to {gate.refused}") if gate.shut else Failed(_said(error))

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _session(self, gate: _Gate) -> aiohttp.ClientSession:
        """One per try: connections are not kept, so that each is checked, and none is shared between users."""
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._threads, self._lookup),
            socket_factory=gate.open,
            force_close=True,
            use_dns_cache=False,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=_READ_BYTES,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            # The caller's timeout is around everything.
            timeout=aiohttp.ClientTimeout(total=None),
        )


class _Gate:
    """Opens sockets to addresses that may be posted to. It sees what is really connected to, however it was written.

    A name that leads elsewhere at a second look, `0x7f.1`, `[::ffff:10.0.0.1]`: here they are all addresses.
    """

    def __init__(self, allowed: Sequence[Network] | None) -> None:
        self._allowed = allowed
        self.refused = ""
        self._opened = False

    @property
    def shut(self) -> bool:
        """Whether nothing but refused addresses was found behind the URL."""
        return bool(self.refused) and not self._opened

    def open(self, info: _Info) -> socket.socket:
        """A socket for this address. Raises OSError."""
        family, kind, protocol, _, address = info
        if self._allowed is not None and (complaint := addresses.complaint(str(address[0]), self._allowed)):
            self.refused = complaint
            raise OSError(errno.EACCES, "not an address to post to")
        self._opened = True
        return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    """Names in threads of ours."""

    def __init__(self, threads: ThreadPoolExecutor, lookup: Lookup) -> None:
        self._threads = threads
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in found[:_MOST_ADDRESSES]
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        return None


def _getaddrinfo(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _said(error: Exception) -> str:
    """What happened, in our own words: an error's text may repeat the URL, or what the other side sent."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "has a certificate that is not trusted here"
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    number = inner.errno if isinstance(inner, OSError) else None
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "has a host whose name cannot be resolved"
    if number in _WORDS:
        return _WORDS[number]
    if isinstance(inner, aiohttp.ServerDisconnectedError):
        return "closes the connection without an answer"
    return f"cannot be posted to ({type(inner).__name__})"
