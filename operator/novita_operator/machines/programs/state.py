"""What is known of a program on a machine: a closed union of values. Times are those of the machine's own clock."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Nobody has asked this machine for it."""


@dataclass(frozen=True, slots=True)
class Starting:
    """It was asked for so many seconds ago, and is not seen yet. It is never started a second time."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Running:
    """It runs."""

    started_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """It has ended with this exit code. A shell says 128 and the signal's number where one has ended it."""

    code: int
    started_at: datetime
    ended_at: datetime

    @property
    def signal(self) -> str | None:
        """The name of the signal that has ended it, such as KILL; a program may exit with such a number itself."""
        number = self.code - 128
        try:
            return signal.Signals(number).name.removeprefix("SIG")
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Lost:
    """It no longer runs, and nobody has seen its end: the machine was restarted, or whoever watched it was killed."""


State = NotStarted | Starting | Running | Ended | Lost


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program has printed. `end`: the last bytes of it; `size`: how many there were."""

    end: bytes = field(repr=False)
    size: int
