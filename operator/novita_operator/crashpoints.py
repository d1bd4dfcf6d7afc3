"""Named moments at which the fault harness ends this process. Without its variable each costs one look-up and a call.

`NOVITA_CRASH_AT=<name>[#n]:<kill|term|raise>` names the moment, the how-manieth time it is reached, and the way to end.
`NOVITA_CRASH_MARK=<file>` is written right before, as the proof that the moment was reached.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Mapping
from pathlib import Path


class Crash(Exception):
    """An error that nobody expected, at a chosen moment."""


def _nothing(_name: str) -> None:
    """The way it is outside the harness."""


def armed(environment: Mapping[str, str]) -> Callable[[str], None]:
    """The function that ends the process at the moment which the environment names. Raises ValueError."""
    asked = environment.get("NOVITA_CRASH_AT", "")
    if not asked:
        return _nothing
    found = re.fullmatch(r"(?P<name>[a-z.-]+)(#(?P<nth>[0-9]+))?:(?P<how>kill|term|raise)", asked)
    if found is None:
        raise ValueError("NOVITA_CRASH_AT must read <name>[#n]:<kill|term|raise>")
    left = int(found["nth"] or 1)
    mark = environment.get("NOVITA_CRASH_MARK")

    def reach(name: str) -> None:
        nonlocal left
        if name != found["name"]:
            return
        left -= 1
        if left == 0:
            if mark:
                Path(mark).write_text(name)
            _end(found["how"], name)

    return reach


def _end(how: str, name: str) -> None:
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "term":
            os.kill(os.getpid(), signal.SIGTERM)
        case _:
            raise Crash(name)


reached: Callable[[str], None] = armed(os.environ)
