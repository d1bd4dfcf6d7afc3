"""One file from a server, verified: it goes on where an earlier run stopped, and where a connection was cut."""

from __future__ import annotations

import functools
import hashlib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx

from local_cluster import progress
from local_cluster.errors import CannotProvide, ServerUnreachable, Unavailable
from local_cluster.releases import Asset

HALF = ".download"  # how the names of files end that are not whole yet
_CONNECT_SECONDS = 3.0  # a server that is there answers in less
_STALLED_SECONDS = 10.0  # without a byte: the connection is dead, and another one may not be
_ATTEMPTS = 3  # in a row without a byte: the server is gone, and a build is the quicker way
_PAUSE_SECONDS = 0.5  # before asking a server again that has just cut the connection
_LOWEST_RATE = 100_000  # bytes per second: below, a control plane takes longer to come than to be built
_PATIENCE_SECONDS = 30.0  # a slow beginning says nothing about the rest
_SMALL = 1 << 20  # a file of checksums has some kilobytes


def client() -> httpx.Client:
    """Follows redirects (releases on GitHub are one), and the proxies and certificates that the environment names.

    Raises Unavailable for a proxy that is none, and for certificates that cannot be read.
    """
    timeout = httpx.Timeout(_STALLED_SECONDS, connect=_CONNECT_SECONDS)
    # `identity`: an archive has to arrive as its checksum knows it.
    headers = {"Accept-Encoding": "identity", "User-Agent": "novita-operator-local-cluster"}
    try:
        return httpx.Client(verify=_trusted(), follow_redirects=True, timeout=timeout, headers=headers)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise Unavailable("HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a proxy that cannot be used") from error


@functools.cache
def _trusted() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()  # reads a few hundred certificates: once is enough
    except OSError as error:  # a TLS error is one
        raise Unavailable(
            f"SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read ({error.strerror})"
        ) from error


def checksum(server: httpx.Client, asset: Asset) -> str:
    """The sha256 that the release itself says. Raises Unavailable; ServerUnreachable where nothing answers."""
    try:
        with _opened(server, asset.checksums) as answer:
            text = next(answer.iter_raw(_SMALL), b"").decode(errors="replace").lower()
    except (httpx.ConnectError, httpx.TimeoutException, httpx.ProxyError) as error:
        raise ServerUnreachable(_reason(error)) from error
    except httpx.HTTPError as error:
        raise Unavailable(f"{shown(asset.checksums)}: {_reason(error)}") from error
    for digest, name in re.findall(r"^([0-9a-f]{64})(?:[ \t]+\*?(\S+))?[ \t]*\r?$", text, re.MULTILINE):
        if not name or PurePosixPath(name).name == asset.name.lower():
            return str(digest)
    raise Unavailable(f"{shown(asset.checksums)} has no sha256 of {asset.name}")


def download(server: httpx.Client, asset: Asset, digest: str, folder: Path, line: progress.Line) -> Path:
    """The file with this sha256, in the folder.

    Raises Unavailable, and leaves what it has for the next run to go on with; CannotProvide where the disk is full.
    """
    half = folder / f".{asset.name}{HALF}"
    resumed = half.exists()
    try:
        _complete(server, asset.url, half, line)
        if resumed and _sha256(half) != digest:  # what an earlier run left was of something else
            half.unlink()
            _complete(server, asset.url, half, line)
    except OSError as error:
        raise CannotProvide(f"{half} cannot be written: {error.strerror}") from error
    found = _sha256(half)
    if found != digest:
        half.unlink()
        raise Unavailable(f"{shown(asset.url)}: its sha256 is {found}, the release says {digest}; it is not used")
    return half


def shown(url: str) -> str:
    """An address as it may be printed: without the user name and the password of a mirror."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _complete(server: httpx.Client, url: str, half: Path, line: progress.Line) -> None:
    """Fetch what the half lacks, over as many connections as it takes. Raises Unavailable."""
    idle, pace = 0, _Pace()
    while True:
        before = _size(half)
        try:
            return _append(server, url, half, line, pace)
        except httpx.HTTPError as error:
            idle = 0 if _size(half) > before else idle + 1
            if idle == _ATTEMPTS or not _may_pass(error):
                raise Unavailable(f"{shown(url)}: {_reason(error)}") from error
        time.sleep(_PAUSE_SECONDS)


@dataclass
class _Pace:
    """Of one file, over all connections and the pauses between them."""

    began: float = field(default_factory=time.monotonic)
    received: int = 0

    def add(self, size: int, url: str) -> float:
        """Bytes per second with these bytes. Raises Unavailable where a build is the quicker way."""
        self.received += size
        seconds = time.monotonic() - self.began
        rate = self.received / max(seconds, _PAUSE_SECONDS)
        if seconds > _PATIENCE_SECONDS and rate < _LOWEST_RATE:
            raise Unavailable(f"{shown(url)}: {rate / 1000:.0f} kB/s is slower than building")
        return rate


def _append(server: httpx.Client, url: str, half: Path, line: progress.Line, pace: _Pace) -> None:
    start = _size(half)
    with _opened(server, url, start) as answer:
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # an earlier run had it all; its sha256 says whether that is so
        continued = answer.status_code == HTTPStatus.PARTIAL_CONTENT
        if continued and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            half.unlink()  # the next connection begins at the first byte, where nothing can be misunderstood
            raise httpx.ReadError("another part was sent than was asked for")
        start = start if continued else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        with half.open("ab" if continued else "wb") as file:
            for chunk in answer.iter_raw():
                file.write(chunk)
                rate = pace.add(len(chunk), url)
                line.show(progress.transferred(start + answer.num_bytes_downloaded, total, rate))


@contextmanager
def _opened(server: httpx.Client, url: str, start: int = 0) -> Iterator[httpx.Response]:
    """An answer from this byte on, or from the first where the server cannot. Raises Unavailable, httpx.HTTPError."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        with server.stream("GET", url, headers=headers) as answer:
            hops = [hop.url.scheme for hop in (*answer.history, answer)]
            if hops[0] == "https" and set(hops) != {"https"}:
                raise Unavailable(f"{shown(url)}: redirected to an address without TLS")
            if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                answer.raise_for_status()
            yield answer
    except UnicodeError as error:  # httpx looks a name up without a look at it
        raise Unavailable(f"{shown(url)}: the name of the server, or of a proxy, is none") from error


def _may_pass(error: httpx.HTTPError) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error or error.response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, httpx.TransportError)


def _reason(error: httpx.HTTPError) -> str:
    """Without an address: that of a mirror may hold a password."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"answers {error.response.status_code} {error.response.reason_phrase}".rstrip()
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
