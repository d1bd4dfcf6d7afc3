"""Ctrl-C, SIGTERM, SIGHUP and the end of --timeout, for as long as a run lasts: each ends it in an orderly way."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from novita_operator.plugin.login import running
from novita_operator.plugin.login.running import Foreground

_SIGNAL = 128  # what shells add to the number of a signal
LATE = 124
"""The exit code of what took too long, as `timeout` has it."""


class Interrupted(KeyboardInterrupt):
    """A person, or the time, has ended the run. Not an Exception: whatever goes on is left at once."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = _SIGNAL + number


@dataclass
class Interruptions:
    """`late`: the time of --timeout is over."""

    late: bool = False
    _held: bool = False
    _waiting: int = 0

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """What is done in this block is done to its end; who interrupts it is heard afterwards."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if number := self._waiting:
            self._waiting = 0
            raise Interrupted(number)

    def forget(self) -> None:
        """Whoever has interrupted while something was held has been heard."""
        self._waiting = 0

    def exit_code(self, code: int) -> int:
        """The one of an interrupted run."""
        return LATE if self.late else code

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self._held:
            self._waiting = number
        else:
            raise Interrupted(number)

    def _run_out(self) -> None:
        self.late = True
        # To the main thread, which may wait for a program: that one is told to end, too.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


@contextlib.contextmanager
def heard(timeout: float) -> Iterator[Interruptions]:
    """From now on to the end of the block. Programs in the foreground hear them first."""
    found = Interruptions()
    before = {number: signal.signal(number, found._hear) for number in running.HANDLED}  # noqa: SLF001 - its own
    clock = threading.Timer(timeout, found._run_out)  # noqa: SLF001
    clock.daemon = True
    clock.start()
    try:
        yield found
    finally:
        clock.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def check(program: Foreground) -> None:
    """Raises Interrupted where that program was."""
    if program.interrupted:
        raise Interrupted(program.interrupted)


def check_code(code: int) -> None:
    """The same, of an exit code."""
    if code in running.INTERRUPTED:
        raise Interrupted(code - _SIGNAL)
