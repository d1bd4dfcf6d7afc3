"""Ending every process of a machine. As a program: `ending.py FOLDER` waits until its stdin ends, then leaves nothing.

A process belongs to a machine if its HOME is on the machine's disk; or if its folder is, and it has no HOME at all:
somebody who looks into that folder has one of their own. Such processes are found on Linux only; elsewhere the process
groups of sessions have to do. Imports nothing of ours, so that it starts quickly, and outlives a simulator that is
killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_HOME = b"HOME="
_PAUSE = 0.01  # seconds: a killed process is gone within one
_ROUNDS = 1000  # ten seconds, for processes that wait for a disk


def inside(folder: Path) -> Iterator[int]:
    """The pids of processes whose home is `folder` or below it."""
    below = os.fsencode(folder)
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or it is somebody else's
            if _lives_in(entry, below):
                yield int(entry.name)


def kill(folder: Path) -> bool:
    """SIGKILL to all of them, whatever they start meanwhile. Returns whether none was left when it looked."""
    found = list(inside(folder))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not found


def _lives_in(entry: Path, below: bytes) -> bool:
    homes = [each for each in (entry / "environ").read_bytes().split(b"\0") if each.startswith(_HOME)]
    place = homes[0].removeprefix(_HOME) if homes else os.fsencode((entry / "cwd").readlink())
    return place == below or place.startswith(below + b"/")


def main() -> None:
    """Until stdin ends: whoever holds its other end has ended then, one way or another."""
    folder = Path(sys.argv[1])
    sys.stdin.buffer.read()
    for _ in range(_ROUNDS):
        if kill(folder):
            break
        time.sleep(_PAUSE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
