"""The fixed places of the machine that each node cluster mounts over in namespaces of its own.

A directory that is removed takes every mount over it along, also in other namespaces: the kernel asks only its own. So
each cluster holds the places for as long as it runs, a directory says itself that a cluster has made it, and whichever
cluster ends last removes it, its maker or not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from local_cluster import locking

# What containerd, CNI and kubelet write to whatever they are told.
COVERED = ("/run", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")

_MADE = "trusted.novita-operator.made"  # an attribute of a directory; only root sees it


@contextlib.contextmanager
def held() -> Iterator[tuple[int, ...]]:
    """All places, made where the machine lacks them; who inherits these handles holds them on.

    Raises OSError where one cannot be made.
    """
    with contextlib.ExitStack() as stack:
        handles = []
        for each in COVERED:
            handles.append(_hold(Path(each)))
            stack.callback(os.close, handles[-1])
        yield tuple(handles)


def remove() -> None:
    """Those that a cluster has made, unless another cluster holds them or something is in them."""
    for each in COVERED:
        for path in (Path(each), *Path(each).parents):
            if not _removed(path):
                break


def _hold(place: Path) -> int:
    while True:
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile by a cluster that has ended
            _make(place)
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(handle, fcntl.LOCK_SH)
            if locking.is_at(place, handle):
                return handle
            os.close(handle)


def _make(place: Path) -> None:
    for path in (*reversed(place.parents), place):
        try:
            path.mkdir()
        except FileExistsError:
            continue
        try:
            os.setxattr(path, _MADE, b"")
        except OSError:
            if not path.exists():
                raise  # the caller makes it again
            # A file system without such attributes: the empty directory stays on the machine.


def _removed(path: Path) -> bool:
    """Whether it is away, so that its parent can be looked at."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return True
    try:
        if _MADE not in os.listxattr(handle):
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.rmdir()
    except OSError:  # held, or not empty, or somebody else was quicker
        return False
    finally:
        os.close(handle)
    return True
