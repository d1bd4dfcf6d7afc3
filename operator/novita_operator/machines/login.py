"""Where a machine is, and as whom one gets in. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ssh server listens. `host`: a name or an address, as Novita writes it."""

    host: str
    port: int

    @classmethod
    def parse(cls, endpoint: str) -> Place | None:
        """`host:port` or `[address]:port`; None where it is neither."""
        host, colon, port = endpoint.rpartition(":")
        found = host.removeprefix("[").removesuffix("]")
        # More digits are no port, and Python refuses to read thousands of them.
        if not colon or not found or not (port.isascii() and port.isdigit() and len(port) <= 5):  # noqa: PLR2004
            return None
        return cls(found, int(port)) if 0 < int(port) <= 65_535 else None  # noqa: PLR2004 - what TCP has


@dataclass(frozen=True, slots=True)
class Login:
    """What a connection needs. `fingerprint`: that of the only host key that is talked to."""

    place: Place
    username: str
    password: SecretStr
    fingerprint: str
