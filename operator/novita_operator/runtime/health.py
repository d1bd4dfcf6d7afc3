"""/livez, /readyz and /metrics, from a thread of their own, so that a hung event loop cannot answer for itself."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

logger = logging.getLogger(__name__)

Check = Callable[[], list[str]]
"""Returns what is wrong, one sentence each; nothing is wrong where it returns nothing."""

# What can be asked from here where the server listens on every address.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to compare with


class CannotListen(Exception):
    """Another address or port is needed; the sentence says which setting to change."""


class _Server(ThreadingHTTPServer):
    """IPv4, or IPv6 where the address is one. Two processes never share a port: each has metrics of its own."""

    daemon_threads = True
    allow_reuse_port = False

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise CannotListen(
                f"HEALTH_PORT: cannot listen on {_shown(host, port)}: {error.strerror or error}. Choose another "
                "HEALTH_PORT (0 takes a free one) or HEALTH_HOST, or end the process that has it."
            ) from error


class HealthServer:
    """The three pages. `port` 0 takes a free one; `address` says which. Raises CannotListen."""

    def __init__(self, host: str, port: int, *, alive: Check, ready: Check, registry: CollectorRegistry) -> None:
        pages = {"/livez": lambda: _verdict(alive), "/readyz": lambda: _verdict(ready)}
        pages["/metrics"] = lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
        self._server = _Server(host, port, _handler(pages))
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """Where it listens."""
        return _shown(self._host, self.port)

    @property
    def url(self) -> str:
        """Where it can be asked from here."""
        return f"http://{_shown(_EVERYWHERE.get(self._host, self._host), self.port)}"

    def start(self, port_file: Path | None = None) -> None:
        """Serve. The port is also written into the file, for whoever has asked for a free one. Raises CannotListen."""
        self._thread.start()
        if port_file is not None:
            _write(port_file, f"{self.port}\n")
        logger.info("/livez, /readyz and /metrics are served on %s", self.address)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def _host(self) -> str:
        return str(self._server.server_address[0])


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _write(file: Path, text: str) -> None:
    """Whoever waits for the file never reads half of it."""
    unfinished = file.with_name(f"{file.name}.tmp")
    try:
        unfinished.write_text(text, encoding="ascii")
        unfinished.replace(file)
    except OSError as error:
        raise CannotListen(f"HEALTH_PORT_FILE: {file} cannot be written: {error.strerror or error}.") from error


Page = tuple[HTTPStatus, str, bytes]


def _verdict(check: Check) -> Page:
    wrong = check()
    status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
    return status, "text/plain; charset=utf-8", ("\n".join(wrong or ["ok"]) + "\n").encode()


def _handler(pages: dict[str, Callable[[], Page]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds; a probe that is slower than this has given up

        def do_GET(self) -> None:
            page = pages.get(self.path.split("?")[0])
            status, content_type, body = page() if page else (HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
            logger.debug(format, *args)

    return Handler
