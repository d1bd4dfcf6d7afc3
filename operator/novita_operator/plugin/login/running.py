"""Running a program of the system in the foreground: signals reach it, and its exit code is ours."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
_SIGNAL = 128  # what shells add to the number of the signal that ended a program


def run(command: Sequence[str], environment: Mapping[str, str], **streams: Any) -> int:  # noqa: ANN401 - of Popen
    """Its exit code. Raises OSError where it cannot be started."""
    child = subprocess.Popen(command, env=dict(environment), **streams)  # noqa: S603 - that is what the verbs are for
    with child, passing_signals_on(child):
        return exit_code(child.wait())


def exit_code(returned: int) -> int:
    """As a shell tells it."""
    return returned if returned >= 0 else _SIGNAL - returned


@contextlib.contextmanager
def passing_signals_on(child: subprocess.Popen[Any]) -> Iterator[None]:
    """Whoever ends this program ends the child, and this one follows it."""

    def pass_on(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    # Ctrl-C reaches both from the terminal; what it means is the child's to decide. A handler is not inherited, unlike
    # "ignore".
    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    before |= {each: signal.signal(each, pass_on) for each in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
