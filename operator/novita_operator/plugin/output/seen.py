"""How far an output was shown, and what of the kept one is still to be shown. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from novita_operator.controllers.gpu_job.attending.keeping import Record
from novita_operator.secrecy import REDACTED

_REDACTED = REDACTED.encode()
_REMEMBERED = 64  # bytes by which a place is found again; shorter ones where these hold a secret
_ANCHORS = (_REMEMBERED, 24, 8)


@dataclass(frozen=True, slots=True)
class Seen:
    """`at`: how many bytes of the output were shown or skipped; `end`: the last that were shown."""

    at: int = 0
    end: bytes = field(default=b"", repr=False)

    def and_then(self, data: bytes) -> Seen:
        """With so much more of it."""
        return Seen(self.at + len(data), (self.end + data)[-_REMEMBERED:])


def rest(record: Record, seen: Seen) -> bytes:
    """What of the kept output was not shown yet.

    It is counted from the end. Secrets that were cut out behind that place make the count wrong by what they are
    longer than their mark; so then the place is looked for by what was shown last.
    """
    kept, missing = record.output, record.size - seen.at
    if missing <= 0:
        return b""
    counted = max(0, len(kept) - missing)
    if seen.at == 0 or _REDACTED not in kept[max(0, counted - len(_REDACTED)) :]:
        return kept[counted:]
    for length in _ANCHORS:
        if places := list(_ends(kept, seen.end[-length:])):
            return kept[min(places, key=lambda place: abs(place - counted)) :]
    return kept[counted:]


def lost(record: Record, seen: Seen) -> int:
    """How many bytes were neither shown nor kept, where nothing was cut out: at most so many."""
    return max(0, record.size - seen.at - len(record.output))


def last_lines(output: bytes, lines: int | None) -> bytes:
    """The last so many of them; None means all."""
    if lines is None:
        return output
    return b"".join(output.splitlines(keepends=True)[-lines:]) if lines else b""


def _ends(text: bytes, part: bytes) -> Iterator[int]:
    at = text.find(part) if part else -1
    while at >= 0:
        yield at + len(part)
        at = text.find(part, at + 1)
