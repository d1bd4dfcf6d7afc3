"""What an error body says: a reason and a message, out of every form that was ever seen (novita-api 1.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from novita_operator.novita import words

_REASON = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")  # the longest documented word has 36 characters
# A message that is nothing but a reason, as `insufficient_resource` or `InsufficientResource`.
_ONE_WORD = re.compile(r"[A-Za-z][a-z0-9]*(?:[_-]?[A-Z][a-z0-9]+|[_-][a-z0-9]+)+")
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
_REASON_IN_TEXT = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_ERROR_CODES = range(400, 600)  # HTTP
_SHORTEST_SECRET = 4  # characters; cutting out every "1" or "on" would leave no message and hide no secret
# Keys that only a result has: with one of them a body is an answer, whatever else it carries.
_RESULT_KEYS = frozenset({"id", "Id", "instances", "data", "template", "availableBalance"})

_WORDS_ONLY = frozenset({"code", "reason", "message", "metadata", "title", "details", "success"})


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """`reason`: UPPER_SNAKE or "". `message`: one printable line or "". `code`: an HTTP status inside the body."""

    reason: str = ""
    message: str = ""
    code: int | None = None


def parse(body: bytes | str) -> ErrorBody:
    """Read a body of any form. A page of HTML says nothing; other text that is no JSON is the message."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        text = body if isinstance(body, str) else body.decode(errors="replace")
        return ErrorBody() if text.lstrip().startswith(("<", "{", "[")) else _body("", text, None)
    if isinstance(parsed, str):
        return _body("", parsed, None)
    return _of_object(parsed) if isinstance(parsed, dict) else ErrorBody()


def is_error(parsed: object) -> bool:
    """Whether the JSON of a 2xx answer is an error after all: it carries one, and no result (novita-api 1.4)."""
    if not isinstance(parsed, dict) or not _RESULT_KEYS.isdisjoint(parsed):
        return False
    reasons = (parsed.get("reason"), parsed.get("code"))
    shouted = any(isinstance(word, str) and _REASON_IN_TEXT.fullmatch(word) for word in reasons)
    return bool(parsed.get("error")) or shouted or _code(parsed) is not None or _only_refuses(parsed)


def _only_refuses(parsed: Mapping[str, Any]) -> bool:
    """Whether it has nothing but words, and they are those of a refusal."""
    message = parsed.get("message")
    return _WORDS_ONLY.issuperset(parsed) and isinstance(message, str) and words.meaning("", message) is not None


def line(text: str) -> str:
    """Text of somebody else as one printable line: no control characters, no half characters, no line breaks."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without these values. Longer ones first, so that one which holds another leaves no rest behind."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            # Messages are made printable before; a secret with a line break stands in them the same way.
            text = text.replace(secret, "[redacted]").replace(line(secret) or secret, "[redacted]")
    return text


def _of_object(parsed: Mapping[str, Any]) -> ErrorBody:
    inner = parsed.get("error")
    nested: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    texts = (parsed.get("message"), nested.get("message"), inner, *map(parsed.get, ("title", "msg", "detail")))
    reasons = (parsed.get("reason"), parsed.get("code"), nested.get("reason"), nested.get("code"))
    reason = next((word for word in reasons if isinstance(word, str) and _REASON.fullmatch(word)), "")
    return _body(reason, next((text for text in texts if isinstance(text, str) and text), ""), _code(parsed, nested))


def _body(reason: str, message: str, code: int | None) -> ErrorBody:
    found = None if reason else _REASON_IN_TEXT.search(message) or _ONE_WORD.fullmatch(message)
    return ErrorBody(shouted(found.group() if found else reason), line(message), code)


def shouted(word: str) -> str:
    """UPPER_SNAKE, in which reasons are documented, of one that is written in another way."""
    return _WORD_BEGINS.sub("_", word).upper()


def _code(*bodies: Mapping[str, Any]) -> int | None:
    codes = (body.get("code") for body in bodies)
    return next((code for code in codes if isinstance(code, int) and code in _ERROR_CODES), None)
