"""What is looked at: one port behind the endpoint that Novita wrote down, parsed once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_CHARS = 253  # the longest name that DNS can hold


class BadEndpoint(ValueError):
    """The endpoint cannot be read; the message completes "its endpoint …"."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host, by name or address, and a TCP port on it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """One port of an instance. With a `url` it is asked by HTTP, else it is connected to."""

    port: int
    place: Place
    url: str | None = None

    @property
    def shown(self) -> str:
        """The endpoint for people; it holds neither a user nor a query."""
        return self.url or str(self.place)


def place(endpoint: str) -> Place:
    """Where `host:port`, or `http://host:port`, leads to (novita-api 4 shows both for TCP). Raises BadEndpoint."""
    return _place(_split(endpoint))


def tcp(port: int, endpoint: str) -> Target:
    """A port that is connected to. Raises BadEndpoint."""
    return Target(port, place(endpoint))


def http(port: int, endpoint: str, path: str) -> Target:
    """A port that is asked for `path`, below whatever path the endpoint has. Raises BadEndpoint.

    User, password, query and fragment of the endpoint are left out: a look carries no credentials.
    """
    parts = _split(endpoint)
    where = _place(parts)
    scheme = parts.scheme or "http"
    if scheme not in _DEFAULT_PORTS:
        raise BadEndpoint(f"has the scheme {scheme!r}, and only http and https can be asked")
    host = str(where) if where.port != _DEFAULT_PORTS[scheme] else str(where).rpartition(":")[0]
    return Target(port, where, f"{scheme}://{host}{parts.path.rstrip('/')}{path}")


def _split(endpoint: str) -> SplitResult:
    try:
        return urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    except ValueError as error:
        raise BadEndpoint("is no address") from error


def _place(parts: SplitResult) -> Place:
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError as error:
        raise BadEndpoint("has a port that is no number from 1 to 65535") from error
    host = parts.hostname or ""
    if not host or len(host) > _HOST_CHARS or any(char.isspace() for char in host):
        raise BadEndpoint("names no host")
    if port is None:
        raise BadEndpoint("names no port")
    return Place(host, port)
