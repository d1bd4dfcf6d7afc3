"""What a machine answers to `script.follow`, as it comes: lines of ours, and between them the output. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_MARK = b"gpu-job 1"
_LONGEST_LINE = 64 * 1024  # a login may print a greeting first


@dataclass(frozen=True, slots=True)
class From:
    """Where in the output it begins, in bytes."""

    at: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some more of the output."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """How the program was before that was read: `none starting running ended lost`. The next look is a second later."""

    state: str

    @property
    def over(self) -> bool:
        """The program runs no more, and all that it has printed is told."""
        return self.state in {"ended", "lost"}


@dataclass(slots=True)
class Stream:
    """Takes what comes in whatever pieces it comes."""

    _rest: bytes = b""
    _marked: bool = False
    _left: int = 0
    """Bytes of output that come before the next line of ours."""

    def feed(self, data: bytes) -> Iterator[From | Part | Look]:
        """What these bytes complete. Raises ValueError where no machine of ours answers so."""
        self._rest += data
        while self._rest:
            if self._left:
                part, self._rest = self._rest[: self._left], self._rest[self._left :]
                self._left -= len(part)
                yield Part(part)
                continue
            line, end, rest = self._rest.partition(b"\n")
            if not end:
                if len(line) > _LONGEST_LINE:
                    raise ValueError("a line that is too long")
                return
            self._rest = rest
            if found := self._read(line):
                yield found

    def _read(self, line: bytes) -> From | Look | None:
        if not self._marked:
            self._marked = line == _MARK
            return None
        word, _, value = line.decode("ascii", "replace").partition(" ")
        match word:
            case "from":
                return From(_count(value))
            case "state":
                return Look(value)
            case "bytes":
                self._left = _count(value)
                return None
            case _:
                return None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)
