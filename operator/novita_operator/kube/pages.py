"""Pages of a list: so many objects at a time, so many bytes at most, and no more than the API server gives quickly."""

from __future__ import annotations

import aiohttp

MOST_OBJECTS = 500  # what kubectl asks for
# So many first, and then more while that is quick. The API server decodes whole objects, also where only their metadata
# are asked for: 500 of the largest keep a busy one longer than we wait for any answer.
FIRST_OBJECTS = 20
_QUICK_SECONDS, _SLOW_SECONDS = 1.0, 5.0
# An object may have 1.5 MB (etcd's limit): 500 of those are more than the memory of the pod.
MOST_BYTES = 8 * 1024 * 1024
_READ = 64 * 1024  # bytes taken at a time


class TooLarge(Exception):
    """The answer is larger than asked for; the rest of it was not read."""


def fewer(objects: int) -> int:
    """How many to ask for where so many were too large."""
    return max(1, objects // 4)


def more(objects: int) -> int:
    """How many to ask for next where so many were not."""
    return min(MOST_OBJECTS, objects * 2)


def following(objects: int, seconds: float) -> int:
    """How many to ask for next where so many took so long."""
    if seconds > _SLOW_SECONDS:
        return fewer(objects)
    return more(objects) if seconds < _QUICK_SECONDS else objects


def most_bytes(objects: int) -> int | None:
    """How large a page of so many may be. One alone is read however large it is: etcd bounds it."""
    return MOST_BYTES if objects > 1 else None


async def read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The decoded body. Raises TooLarge, and closes the connection, instead of reading a larger one to its end."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(_READ):
        content += chunk
        if len(content) > most:
            response.close()
            raise TooLarge
    response.release()
    return bytes(content)
