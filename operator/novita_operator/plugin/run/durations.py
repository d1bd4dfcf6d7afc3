"""`4h`, `90m`, `1h30m`: spans as a person writes them. Pure."""

from __future__ import annotations

import re

import typer

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")
_UNITS = (86_400, 3600, 60, 1)
_SHORTEST, _LONGEST = 60, 31_536_000  # what spec.lifetime.maxSeconds takes


def seconds(said: str) -> int:
    """How many seconds it is. Raises BadParameter."""
    found = _SPAN.fullmatch(said)
    parts = found.groups() if found is not None and said else ()
    span = sum(int(part) * unit for part, unit in zip(parts, _UNITS, strict=False) if part)
    if not _SHORTEST <= span <= _LONGEST:
        raise typer.BadParameter(f'--timeout is "{said}": write a time from 1m to 365d, such as 4h, 90m or 1h30m.')
    return span


def text(span: float) -> str:
    """`1h02m05s`, without what is 0 in front."""
    left = int(max(0.0, span))
    parts: list[str] = []
    for letter, unit in zip("dhms", _UNITS, strict=True):
        number, left = divmod(left, unit)
        if number or parts or letter == "s":
            parts.append(f"{number:02d}{letter}" if parts else f"{number}{letter}")
    return "".join(parts)
