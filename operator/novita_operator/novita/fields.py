"""Lenient readers of single fields.

Numbers come as strings, absent enums as "", whole objects as null (novita-api 5). None of these readers raises.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from novita_operator.novita import error_body

Wire = Mapping[str, Any]
_TEXT_CHARS = 4096  # the longest documented field, the value of a variable, has 4095
_NUMBER_CHARS = 18  # no honest number is longer, and every one of these fits into 64 bits
_LATEST = 32_503_680_000  # the year 3000 in unix seconds: beyond it a number is no time


def text(raw: Wire, key: str) -> str:
    """A text as it is, but for halves of characters, which nothing could write; "" where there is none."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    short = str(value)[:_TEXT_CHARS]
    return short if short.isascii() else short.encode(errors="replace").decode()


def line(raw: Wire, key: str) -> str:
    """A text for people: one printable line."""
    value = text(raw, key)
    return value if value.isprintable() else error_body.line(value)


def shared(raw: Wire, key: str) -> str:
    """A line that many items have in common: kept once in memory."""
    return sys.intern(line(raw, key))


def integer(value: object) -> int | None:
    """An integer, also one in a string; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    digits = str(value).strip().partition(".")[0]
    try:
        return int(digits) if len(digits) <= _NUMBER_CHARS else None
    except ValueError:
        return None


def number(raw: Wire, key: str) -> int:
    """An integer field; 0 where there is none."""
    return integer(raw.get(key)) or 0


def moment(raw: Wire, key: str) -> datetime | None:
    """Unix seconds in a string; "0", "-1" and "" are never (novita-api 1.9). Milliseconds and RFC 3339, too.

    A time that is not read looks like none: a reclaimed instance like one that ended by itself.
    """
    found = number(raw, key)
    seconds = (found if found < _LATEST else found // 1000) or _written_out(text(raw, key))
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LATEST else None


def _written_out(said: str) -> int:
    """The unix seconds of a date with a time; 0 where it is none."""
    try:
        at = datetime.fromisoformat(said.strip())
        return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0


def amount(raw: Wire, key: str) -> Decimal | None:
    """A finite decimal number; None where there is none."""
    try:
        value = Decimal(text(raw, key).strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= _NUMBER_CHARS else None


def part(raw: Wire, key: str) -> Wire:
    """An object inside; empty where there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def parts(raw: Wire, key: str) -> Sequence[Wire]:
    """The objects of a list inside."""
    return [item for item in items(raw, key) if isinstance(item, dict)]


def items(raw: Wire, key: str) -> Sequence[Any]:
    """A list inside, of whatever; empty where there is none."""
    value = raw.get(key)
    return value if isinstance(value, list) else ()


def words(raw: Wire, key: str) -> tuple[str, ...]:
    """The texts of a list inside."""
    return tuple(sys.intern(error_body.line(word[:_TEXT_CHARS])) for word in items(raw, key) if isinstance(word, str))
