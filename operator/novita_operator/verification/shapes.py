"""What a value looks like, without saying it: reports hold shapes and never contents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_MOST_NAMED = 6  # a list of shapes or words that is longer says nothing more


def of(value: object) -> str:
    """What kind of value it is: `a text of digits`, `an integer`, `null`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int():
            return "an integer"
        case float():
            return "a number with a fraction"
        case str():
            return _of_text(value)
        case list():
            return "a list"
        case _:
            return "an object"


def field(item: Mapping[str, object], key: str) -> str:
    """The shape of a field, or `absent`."""
    return of(item[key]) if key in item else "absent"


def fields(items: Iterable[Mapping[str, object]], key: str) -> str:
    """The shapes that a field has in all items, joined."""
    return joined(field(item, key) for item in items)


def identifier(value: object) -> str:
    """`16 lower-case hexadecimal digits`."""
    if not isinstance(value, str):
        return of(value)
    if _HEXADECIMAL.fullmatch(value):
        return f"{len(value)} lower-case hexadecimal digits"
    if _HEXADECIMAL.fullmatch(value.lower()):
        return f"{len(value)} hexadecimal digits, some in upper case"
    return f"a text of {len(value)} characters"


def words(values: Iterable[object]) -> str:
    """Words of a closed list, which are no secrets: `low, normal`. Anything else by its shape."""
    return joined(value if isinstance(value, str) and _WORD.fullmatch(value) else of(value) for value in values)


def joined(texts: Iterable[str]) -> str:
    """Each once, in order, the first few."""
    different = sorted(set(texts))
    more = f" and {len(different) - _MOST_NAMED} more" if len(different) > _MOST_NAMED else ""
    return ", ".join(different[:_MOST_NAMED]) + more


def keys(item: Mapping[str, object]) -> str:
    """The names of the fields of an answer."""
    return joined(key if _WORD.fullmatch(key) else "another key" for key in item) or "no field"


def _of_text(value: str) -> str:
    if not value:
        return "an empty text"
    return "a text of digits" if re.fullmatch(r"-?\d+", value, re.ASCII) else "a text"
