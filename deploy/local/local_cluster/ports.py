"""Free TCP ports of this machine."""

from __future__ import annotations

import random
import socket

# Below the ranges from which kernels serve outgoing connections (Linux: from 32768, macOS: from 49152): a port that is
# free now is then taken by nobody but a server, and hardly by one within the second before ours has it.
_LOWEST, _HIGHEST = 20_000, 32_000


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
