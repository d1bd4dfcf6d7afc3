"""The bytes of an answer: error bodies in every form that was met (novita-api 1.4), JSON, HTML."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable, Mapping

from novita_operator.simulator.call import Reply
from novita_operator.simulator.refusal import Gone, Refusal
from novita_operator.simulator.settings import ErrorBody

_HTML = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body>
</html>
"""
_DEPTH = 200_000  # far beyond what a recursive parser takes
_HUGE = 12 * 1024 * 1024
_BOMB = 64 * 1024 * 1024  # of zeros: some 64 KiB on the wire


def encode(payload: object) -> bytes:
    """None is an empty body, a text goes out as it is."""
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))).encode()


def html_502(status: int = 502) -> Reply:
    """What the gateway before the API says when the API does not answer."""
    return Reply(status, _HTML, content_type="text/html")


def refused(error: Refusal, form: ErrorBody, not_found: int) -> Reply:
    """A refusal in the wanted form; `not_found` is the HTTP code of things that are gone."""
    if form is ErrorBody.HTML_502:
        return html_502()
    status = not_found if isinstance(error, Gone) else error.status
    return Reply(200 if form is ErrorBody.OK_WITH_ERROR else status, _FORMS[form](error, status))


_FORMS: Mapping[ErrorBody, Callable[[Refusal, int], object]] = {
    ErrorBody.KRATOS: lambda error, status: {
        "code": status,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
    },
    ErrorBody.MESSAGE: lambda error, _: {"message": error.message},
    ErrorBody.REASON_IN_MESSAGE: lambda error, status: {
        "code": status,
        "message": f"error: code = {status} reason = {error.reason} message = {error.message}",
    },
    ErrorBody.ERROR_OBJECT: lambda error, _: {"error": {"message": error.message, "code": error.reason}},
    ErrorBody.ERROR_STRING: lambda error, _: {"error": f"{error.reason}: {error.message}"},
    ErrorBody.CODE_STRING: lambda error, _: {"code": error.reason, "message": error.message},
    ErrorBody.TITLE: lambda error, _: {"title": f"{error.reason}: {error.message}"},
    ErrorBody.OK_WITH_ERROR: lambda error, _: {"error": error.reason, "message": error.message},
}


def huge(size: int | None) -> bytes:
    """Valid JSON of so many bytes."""
    return b'{"padding":"' + b"x" * (size or _HUGE) + b'"}'


def deep(depth: int | None) -> bytes:
    """Lists in lists."""
    depth = depth or _DEPTH
    return b"[" * depth + b"]" * depth


@functools.cache
def bomb(size: int | None) -> bytes:
    """A small gzip stream that unpacks to so many bytes."""
    return gzip.compress(b'"' + b"0" * (size or _BOMB) + b'"', compresslevel=9)
