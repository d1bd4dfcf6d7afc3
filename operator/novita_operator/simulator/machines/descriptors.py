"""Reading and writing file descriptors that do not block: pipes and terminals of processes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable

_CHUNK = 64 * 1024


async def read(descriptor: int) -> bytes:
    """What is there, as soon as something is; b"" at the end. A terminal ends with EIO."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return os.read(descriptor, _CHUNK)
        except BlockingIOError:
            await _ready(loop.add_reader, loop.remove_reader, descriptor)
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise


async def write(descriptor: int, data: bytes) -> None:
    """All of it. Raises OSError where nobody reads it any more."""
    loop = asyncio.get_running_loop()
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            await _ready(loop.add_writer, loop.remove_writer, descriptor)


def close(*descriptors: int) -> None:
    """Those that are closed already are left alone."""
    for each in descriptors:
        with contextlib.suppress(OSError):
            os.close(each)


async def _ready(
    add: Callable[[int, Callable[[], None]], object], remove: Callable[[int], object], descriptor: int
) -> None:
    ready = asyncio.Event()
    add(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        remove(descriptor)
