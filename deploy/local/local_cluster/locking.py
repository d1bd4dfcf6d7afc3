"""One process at a time in a directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from local_cluster.errors import CannotProvide


@contextlib.contextmanager
def held(directory: Path, waiting: str) -> Iterator[None]:
    """Hold the directory (made where it is missing); says `waiting` once if somebody else holds it.

    The lock is on the directory itself, so that no lock file is left behind; it ends with the process.

    Raises CannotProvide where the path is no directory, or not ours to write.
    """
    handle = _locked(directory, waiting)
    try:
        yield
    finally:
        os.close(handle)


def _locked(directory: Path, waiting: str) -> int:
    said = False
    while True:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(directory, os.O_RDONLY)
        except OSError as error:
            raise CannotProvide(f"the directory {directory} cannot be made or opened: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                print(waiting, flush=True)
                said = True
            fcntl.flock(handle, fcntl.LOCK_EX)
        if is_at(directory, handle):
            return handle
        os.close(handle)  # whoever held it has removed it: what we hold now is in no place any more


def is_at(directory: Path, handle: int) -> bool:
    """Whether the directory is still what was opened."""
    try:
        return os.path.samestat(directory.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
