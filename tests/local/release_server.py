"""A server on loopback with the layout of the official releases, and with the faults of real servers."""

from __future__ import annotations

import hashlib
import io
import ssl
import tarfile
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

_CHUNK = 1 << 16

Fault = Literal[
    "cut", "cut at once", "dripping", "silent", "busy", "missing", "no ranges", "other range", "stalled", "redirected"
]

# Of so many bytes, those that are sent before the connection ends.
_SENT: dict[Fault | None, Callable[[int], int]] = {
    "cut": lambda size: size // 2,
    "stalled": lambda size: size // 2,
    "cut at once": lambda _: 0,
    "dripping": lambda _: 1000,
}


@dataclass
class Releases:
    """What is published, what goes wrong with which file, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Content by host and path, such as `dl.k8s.io/v1.37.2/bin/linux/amd64/kubelet`."""
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    """Of the next requests for a path, in order."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and range of each request."""
    rate: float | None = None
    """Bytes per second for all connections together; None for as fast as it goes."""
    scheme: str = "http"
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    _line: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def publish(self, path: str, content: bytes, checksums: str | None = None) -> None:
        """A file with its sha256 beside it, or in a file that lists several."""
        self.files[path] = content
        line = f"{hashlib.sha256(content).hexdigest()}  {path.rpartition('/')[2]}\n".encode()
        checksums = checksums or f"{path}.sha256"
        self.files[checksums] = self.files.get(checksums, b"") + line

    def requests(self, path: str) -> list[str]:
        """The range of each request for it."""
        return [asked for name, asked in self.asked if name == path]

    def pace(self, size: int) -> None:
        """Wait as long as the line needs for so many bytes; the connections wait for each other."""
        if self.rate:
            with self._line:
                time.sleep(size / self.rate)


def tar(members: Mapping[str, bytes], **links: str) -> bytes:
    """A tar.gz of these files and symbolic links."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return packed.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@contextmanager
def serving(releases: Releases, certificate: Path | None = None) -> Iterator[Releases]:
    """Serve until the block ends; with TLS where there is a file with a key and a certificate."""

    class Handler(_Handler):
        published = releases

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        releases.scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    releases.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield releases
    finally:
        releases.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    published: Releases
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        # A proxy is asked with the whole address, and a mirror is a server with the host as first folder.
        address = urlsplit(self.path)
        path = f"{address.netloc}{address.path}".lstrip("/")
        wanted = self.headers.get("Range", "")
        self.published.asked.append((path, wanted))
        faults = self.published.faults[path]
        fault = faults.pop(0) if faults else None
        content = self.published.files.get(path)
        if fault == "silent":
            self.published.ended.wait()
            self.close_connection = True
        elif fault == "redirected":
            self._answer(302, b"", Location=f"{self.published.url}/{path}?signed=secret")
        elif fault == "busy":
            self._answer(503, b"try later")
        elif content is None or fault == "missing":
            self._answer(404, b"<html>Not Found</html>")
        else:
            self._send(content, 0 if fault == "no ranges" or not wanted else int(wanted[6:-1]), fault)

    def _send(self, content: bytes, start: int, fault: Fault | None) -> None:
        if start and start >= len(content):
            self._answer(416, b"", **{"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(206 if start else 200)
        if start:
            start -= 1 if fault == "other range" else 0
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start:]
        rest = rest[: _SENT[fault](len(rest))] if fault in _SENT else rest
        try:
            for place in range(0, len(rest), _CHUNK):
                self.published.pace(min(_CHUNK, len(rest) - place))
                self.wfile.write(rest[place : place + _CHUNK])
        except ConnectionError:
            self.close_connection = True
        if fault == "stalled":
            self.published.ended.wait()
        self.close_connection = self.close_connection or fault in _SENT

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: `asked` has it all."""
