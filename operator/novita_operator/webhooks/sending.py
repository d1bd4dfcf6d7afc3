"""One POST to one receiver. Nothing of its answer is believed, read or repeated but the status."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping

import aiohttp
from pydantic import SecretStr
from yarl import URL

from novita_operator.egress import certificates
from novita_operator.egress.guard import Guard
from novita_operator.egress.names import Names
from novita_operator.egress.resolver import Resolver
from novita_operator.webhooks import answers
from novita_operator.webhooks.answers import Answer, Failed, Refused

_Info = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]

_READ_BYTES = 1024  # only the status line counts; the reader stops at twice so much
_LONGEST_HEADER = 4096  # a receiver that sends more is none
_WORDS = {
    errno.ECONNREFUSED: "refuses the connection",
    errno.ECONNRESET: "closes the connection",
    errno.EHOSTUNREACH: "cannot be reached from here",
    errno.ENETUNREACH: "cannot be reached from here",
}


class Sender:
    """Posts. `guard`: where to; `timeout`: seconds a try; `names`: asked with each try, as names may change."""

    def __init__(self, *, timeout: float, guard: Guard, names: Names) -> None:
        self._timeout = timeout
        self._guard = guard
        self._names = names

    async def post(
        self, url: SecretStr, body: bytes, headers: Mapping[str, str], *, trusted: bool = False, tenant: str = ""
    ) -> Answer:
        """One try. `trusted`: an administrator chose the URL, so that every address is right. Never raises.

        `tenant`: the namespace that chose it, which waits for its own names alone; empty for an administrator.
        """
        gate = _Gate(None if trusted else self._guard)
        try:
            async with asyncio.timeout(self._timeout), self._session(gate, tenant) as session:
                target = URL(url.get_secret_value())
                async with session.post(target, data=body, headers=headers, allow_redirects=False) as reply:
                    return answers.of_status(reply.status, reply.headers.get("Retry-After"))
        except TimeoutError:
            what = "does not answer" if gate.reached else "has a host whose name is not resolved"
            return Failed(f"{what} within {self._timeout:g} s")
        except (aiohttp.InvalidURL, UnicodeError):
            return Refused("has a URL that cannot be read")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Refused(f"leads to {gate.refused}") if gate.shut else Failed(_said(error))

    def close(self) -> None:
        """Nothing is posted any more."""
        self._names.close()

    def _session(self, gate: _Gate, tenant: str) -> aiohttp.ClientSession:
        """One per try: connections are not kept, so that each is checked, and none is shared between users."""
        connector = aiohttp.TCPConnector(
            resolver=Resolver(self._names, tenant),
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

    def __init__(self, guard: Guard | None) -> None:
        self._guard = guard
        self.refused = ""
        self._opened = False

    @property
    def shut(self) -> bool:
        """Whether nothing but refused addresses was found behind the URL."""
        return bool(self.refused) and not self._opened

    @property
    def reached(self) -> bool:
        """Whether the name led to an address at all."""
        return self._opened

    def open(self, info: _Info) -> socket.socket:
        """A socket for this address. Raises OSError."""
        family, kind, protocol, _, address = info
        if self._guard is not None and (complaint := self._guard.complaint(str(address[0]))):
            self.refused = complaint
            raise OSError(errno.EACCES, "not an address to post to")
        self._opened = True
        return socket.socket(family, kind, protocol)


def _said(error: Exception) -> str:
    """What happened, in our own words: an error's text may repeat the URL, or what the other side sent."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = certificates.refusal(error) or "its certificate is not trusted here"
        return f"cannot be posted to: {why}"
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    number = inner.errno if isinstance(inner, OSError) else None
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "has a host whose name cannot be resolved"
    if number in _WORDS:
        return _WORDS[number]
    if isinstance(inner, aiohttp.ServerDisconnectedError):
        return "closes the connection without an answer"
    return f"cannot be posted to ({type(inner).__name__})"
