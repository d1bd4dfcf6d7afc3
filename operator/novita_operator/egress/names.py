"""Names -> addresses, for webhooks, probes and EndpointSlices: bounded, and remembered for a moment."""

from __future__ import annotations

from collections.abc import Callable

from novita_operator.egress import addresses
from novita_operator.egress.guard import Guard
from novita_operator.egress.lookups import Lookup, SharedLookups, ThreadedLookup

# Instances of one region share a proxy; looked up anew with every look of the usual period.
_REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 2048
_MOST_ADDRESSES = 16  # far more than a proxy has; an answer without bounds would fill an EndpointSlice


class NoAddress(OSError):
    """The name leads nowhere, or nowhere that may be reached; the message completes "port 22 …"."""


class Names:
    """Resolves names. `remember`: seconds for which an answer is believed; 0 asks each time."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        lookup: Lookup | None = None,
        remember: float = _REMEMBERED_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._lookup = lookup or ThreadedLookup()
        self._shared = SharedLookups(self._lookup)
        self._seconds = remember
        self._remembered: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def find(self, host: str, tenant: str | None = None) -> tuple[str, ...]:
        """The addresses of a name, sorted, right or not; of an address, itself. Raises NoAddress.

        `tenant`: who has chosen the name and waits for it beside others of its own; None: each name by itself.
        """
        literal = addresses.parsed(host)
        found = (str(literal),) if literal is not None else await self._found(host, host if tenant is None else tenant)
        if not found:
            raise NoAddress(f"has the host {host}, which has no address")
        return found

    def close(self) -> None:
        """Nobody asks any more: let the threads go."""
        if isinstance(self._lookup, ThreadedLookup):
            self._lookup.close()

    async def _found(self, host: str, tenant: str) -> tuple[str, ...]:
        now = self._monotonic()
        until, known = self._remembered.get(host, (now, ()))
        if until > now:
            return known
        try:
            answered = await self._shared.find(host, tenant)
        except (OSError, UnicodeError) as error:
            raise NoAddress(f"has the host {host}, whose name cannot be resolved") from error
        found = tuple(sorted({str(each) for answer in answered if (each := addresses.parsed(answer)) is not None}))
        self._remember(host, found[:_MOST_ADDRESSES])
        return found[:_MOST_ADDRESSES]

    def _remember(self, host: str, found: tuple[str, ...]) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            now = self._monotonic()
            self._remembered = {name: entry for name, entry in self._remembered.items() if entry[0] > now}
        if len(self._remembered) < _MOST_REMEMBERED:
            self._remembered[host] = (self._monotonic() + self._seconds, found)


class PublicNames:
    """Names of endpoints that come from Novita's answers: only what the guard lets through.

    It keeps an answer from turning the operator, or a Service, against the cluster's own network or a cloud's host.
    """

    def __init__(self, names: Names, guard: Guard) -> None:
        self._names = names
        self._guard = guard

    async def find(self, host: str, tenant: str | None = None) -> tuple[str, ...]:
        """The addresses of a name that may be reached, sorted. Raises NoAddress."""
        complaints = {address: self._guard.complaint(address) for address in await self._names.find(host, tenant)}
        usable = tuple(address for address, complaint in complaints.items() if complaint is None)
        if usable:
            return usable
        address, complaint = next(iter(complaints.items()))
        would_do = self._guard.with_private_networks().complaint(address) is None
        way_out = "; ALLOW_PRIVATE_ENDPOINTS would have to be true" if would_do else ""
        raise NoAddress(f"leads to {complaint}{way_out}")
