"""Where machines are to be, as whoever starts the simulator says it. Needs nothing of what makes them real."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class NoMachines(Exception):
    """Machines cannot be real here; the sentence says why and what to do."""


@dataclass(frozen=True)
class Placement:
    """The address that they listen on, and the folder that theirs is made in; None: the one for temporary files."""

    host: str
    parent: Path | None = None


def is_loopback(host: str) -> bool:
    """A name counts by what it means here; one that means nothing is not loopback."""
    with contextlib.suppress(OSError, ValueError):
        return all(ipaddress.ip_address(each).is_loopback for each in _addresses(host))
    return False


def _addresses(host: str) -> Iterator[str]:
    for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        yield str(found[4][0])
