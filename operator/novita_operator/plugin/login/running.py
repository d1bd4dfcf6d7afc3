"""Running a program of the system in the foreground: signals reach it, and its exit code is ours."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

BROKEN_OFF = 255
"""ssh's own exit code, beside those of the programs that it runs; also where a signal ends it."""
_SIGNAL = 128  # what shells add to the number of the signal that ended a program
HANDLED = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__]
"""By what a person breaks off. Windows has no SIGHUP."""
INTERRUPTED = frozenset(_SIGNAL + number for number in HANDLED)
"""The exit codes of what a person has broken off."""


@dataclass
class Foreground:
    """A program that runs. `interrupted`: by which signal, to us and so to it; 0 where there was none."""

    process: subprocess.Popen[Any]
    interrupted: int = 0

    def prints(self, line: str) -> bool:
        """Whether it prints this line before it ends, which is awaited."""
        return any(each.strip() == line for each in self.process.stdout or ())

    def feed(self, data: bytes) -> None:
        """All of its input. Where it has ended already, its exit code says why."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(data)
                self.process.stdin.close()

    def exit_code(self) -> int:
        """As a shell tells it, once the program has ended."""
        returned = self.process.wait()
        if self.interrupted and returned:
            return _SIGNAL + self.interrupted
        return returned if returned >= 0 else _SIGNAL - returned

    def pass_on(self, number: int, _: FrameType | None) -> None:
        """A handler of signals. Ctrl-C in a terminal reaches the program twice, which is once to all of OpenSSH."""
        self.interrupted = number
        self.process.send_signal(number)


@contextlib.contextmanager
def started(
    command: Sequence[str],
    environment: Mapping[str, str],
    **streams: Any,  # noqa: ANN401 - of Popen
) -> Iterator[Foreground]:
    """The program; whoever ends this one ends it, too. It is awaited when the block ends. Raises OSError."""
    process = subprocess.Popen(command, env=dict(environment), **{"text": True, **streams})  # noqa: S603 - what verbs are for
    running = Foreground(process)
    before = {number: signal.signal(number, running.pass_on) for number in HANDLED}
    try:
        with process:
            yield running
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
