"""Free TCP ports of this machine."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

# Below the ranges from which kernels serve outgoing connections (Linux: from 32768, macOS: from 49152): a port that is
# free now is then taken by nobody but a server, and hardly by one within the second before ours has it.
_LOWEST, _HIGHEST = 20_000, 32_000


@dataclass(frozen=True)
class Kept:
    """Ports that nobody else gets before their servers have them, nor while one of those is away.

    Each is held by a socket that is bound and does not listen. A server of the same user that shares its port
    (SO_REUSEPORT) can listen there all the same; anybody else is refused, and the kernel gives it to nobody.
    """

    sockets: tuple[socket.socket, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(each.getsockname()[1] for each in self.sockets)

    def release(self) -> None:
        """Give them back; servers that listen there go on."""
        for each in self.sockets:
            each.close()


def keep(count: int) -> Kept:
    """As many different ports of 127.0.0.1, chosen by the kernel among those that are free."""
    return Kept(tuple(_bound() for _ in range(count)))


def _bound() -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    return held


def free(count: int) -> list[int]:
    """As many different ports that are free now."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - no secret; two runs at once should not meet
        if port not in found and is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    """Whether a server could listen there on 127.0.0.1 now."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
