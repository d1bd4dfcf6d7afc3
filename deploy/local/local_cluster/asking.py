"""Ask a server of this machine over HTTP."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

_ANSWER_SECONDS = 5.0  # a server that accepts a connection and needs longer is not up yet


def ask(url: str, *, headers: Mapping[str, str] | None = None, certificate: Path | None = None) -> bytes | None:
    """The body of a 200 answer; None for any other, for no answer, and while there is no certificate to trust."""
    try:
        handlers: list[urllib.request.BaseHandler] = [
            urllib.request.ProxyHandler({}),  # a proxy of the environment does not reach our loopback
        ]
        if certificate is not None:
            context = ssl.create_default_context(cafile=str(certificate))
            handlers.append(urllib.request.HTTPSHandler(context=context))
        opener = urllib.request.build_opener(*handlers)
        opener.addheaders = list((headers or {}).items())
        with opener.open(url, timeout=_ANSWER_SECONDS) as answer:
            return bytes(answer.read()) if answer.status == HTTPStatus.OK else None
    except OSError:  # not listening, not serving TLS, an HTTP error, or a certificate that is half written
        return None
