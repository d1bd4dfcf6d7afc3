"""/livez, /readyz and /metrics, from a thread of their own, so that a hung event loop cannot answer for itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

logger = logging.getLogger(__name__)

Check = Callable[[], list[str]]
"""Returns what is wrong, one sentence each; nothing is wrong where it returns nothing."""


class HealthServer:
    """The three pages. `port` 0 takes a free one; `url` says which."""

    def __init__(self, host: str, port: int, *, alive: Check, ready: Check, registry: CollectorRegistry) -> None:
        pages = {"/livez": lambda: _verdict(alive), "/readyz": lambda: _verdict(ready)}
        pages["/metrics"] = lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
        self._server = ThreadingHTTPServer((host, port), _handler(pages))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host!s}:{port}"  # noqa: S104 - what can be asked from here

    def start(self) -> None:
        self._thread.start()
        logger.info("health server on %s", self.url)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


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
