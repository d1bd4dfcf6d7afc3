"""Names -> addresses, for looks and for EndpointSlices: checked, bounded, and remembered for a moment."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from novita_operator.probes import addresses

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name, in any order. Raises OSError or UnicodeError where there are none."""

# Instances of one region share a proxy; looked up anew with every look of the usual period.
_REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 2048
# A name server that does not answer holds a thread for tens of seconds. These are not those of the event loop, which
# the calls to Novita and to the API server need for their own names.
_THREADS = 8
_MOST_ADDRESSES = 16  # far more than a proxy has; an answer without bounds would fill an EndpointSlice


class NoAddress(Exception):
    """The name leads nowhere that may be used; the message completes "port 22 …"."""


class Names:
    """Resolves names. `allow_private`: also to private, loopback and link-local addresses.

    Endpoints come from Novita's answers. That they may only be public keeps an answer from turning the operator, or a
    Service, against the cluster's own network or a cloud's metadata address.
    """

    def __init__(self, *, allow_private: bool, monotonic: Callable[[], float], lookup: Lookup | None = None) -> None:
        self._allow_private = allow_private
        self._monotonic = monotonic
        self._lookup = lookup or ThreadedLookup()
        self._remembered: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a name, sorted; of an address, itself. Raises NoAddress, with the name in the message."""
        literal = addresses.parsed(host)
        found = (literal,) if literal is not None else await self._found(host)
        usable = tuple(address for address in found if self._allow_private or addresses.is_public(address))
        if found and not usable:
            raise NoAddress(
                f"leads to {found[0]}, which is no public address; ALLOW_PRIVATE_ENDPOINTS would have to be true"
            )
        if not usable:
            raise NoAddress(f"has the host {host}, which has no address")
        return usable

    async def _found(self, host: str) -> tuple[str, ...]:
        now = self._monotonic()
        until, known = self._remembered.get(host, (now, ()))
        if until > now:
            return known
        try:
            answered = await self._lookup(host)
        except (OSError, UnicodeError) as error:
            raise NoAddress(f"has the host {host}, whose name cannot be resolved") from error
        found = tuple(sorted({text for answer in answered if (text := addresses.parsed(answer)) is not None}))
        self._remember(host, found[:_MOST_ADDRESSES])
        return found[:_MOST_ADDRESSES]

    def _remember(self, host: str, found: tuple[str, ...]) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            now = self._monotonic()
            self._remembered = {name: entry for name, entry in self._remembered.items() if entry[0] > now}
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[host] = (self._monotonic() + _REMEMBERED_SECONDS, found)


class ThreadedLookup:
    """The machine's own resolver, in threads of our own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")

    async def __call__(self, host: str) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host)
        return [str(address[0]) for *_, address in found]


def _getaddrinfo(
    host: str,
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)  # type: ignore[return-value]
