"""The operator whose name server does not answer about `*.hangs.example`: `python -m tests.support.… run`."""

from __future__ import annotations

import socket
import threading
from typing import Any

_HANGING = ".hangs.example"
_SECONDS = 60.0  # what the resolver of Linux takes at worst with two servers and a few search domains
_getaddrinfo = socket.getaddrinfo


def _hang(host: Any, *arguments: Any, **options: Any) -> Any:
    if str(host).endswith(_HANGING):
        threading.Event().wait(_SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _getaddrinfo(host, *arguments, **options)


def main() -> None:
    socket.getaddrinfo = _hang
    from novita_operator.cli import app

    app()


if __name__ == "__main__":
    main()
