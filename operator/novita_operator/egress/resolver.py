"""Our names for aiohttp: it connects to an address that we know, and not to what a look-up of its own says."""

from __future__ import annotations

import socket
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult


class Finds(Protocol):
    """Finds the addresses of a host."""

    async def find(self, host: str, tenant: str | None = None) -> tuple[str, ...]:
        """At least one address. Raises OSError."""
        ...


class Resolver(AbstractResolver):
    """Answers aiohttp from these names, on behalf of a tenant."""

    def __init__(self, names: Finds, tenant: str | None = None) -> None:
        self._names = names
        self._tenant = tenant

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.find(host, self._tenant)
        return [_result(host, address, port) for address in found if family in (socket.AF_UNSPEC, _family(address))]

    async def close(self) -> None:
        return None


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=_family(address),
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
