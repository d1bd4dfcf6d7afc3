"""Where Novita's ssh command leads to (novita-api 4). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# `ssh -p 32787 root@proxy.us-ca-6.gpu-instance.novita.ai`, in any order.
_TARGET = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.:\[\]-]+)")
_PORT = re.compile(r"(?<!\S)-p\s*(?P<port>\d+)")
# `ssh root@proxy:32787`, or `ssh://…`: one colon is no address of IPv6, which is in brackets before a port.
_HOST_AND_PORT = re.compile(r"(?P<host>[^:]+|\[[^\]]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Target:
    """All empty where the command names none."""

    host: str = ""
    port: str = ""
    user: str = ""


def target(command: str) -> Target:
    """Host, port and user of a command for people."""
    found = _TARGET.search(command)
    if found is None:
        return Target()
    port, host = _PORT.search(command), found["host"]
    if port is None and (joined := _HOST_AND_PORT.fullmatch(host)):
        return Target(joined["host"], joined["port"], found["user"])
    return Target(host, port["port"] if port else "22", found["user"])
