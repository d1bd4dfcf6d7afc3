"""Looking names up, shared out between tenants: names that hang hold up nobody else's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name, in any order. Raises OSError or UnicodeError where there are none."""
Resolve = Callable[[str], Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo` of one host, which blocks. Raises OSError or UnicodeError."""

# A name server that does not answer holds a thread for tens of seconds, and a thread cannot be cancelled. These are not
# those of the event loop, which the calls to Novita and to the API server need for their own names.
_THREADS = 64
_PER_TENANT = 4  # of these threads: sixteen tenants would have to hang at once before anybody else waits
_Asked = tuple[str, str]


class SharedLookups:
    """Each name of a tenant is looked up once at a time, and of its different names a few."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._under_way: dict[_Asked, asyncio.Task[Sequence[str]]] = {}
        self._shares: dict[str, asyncio.Semaphore] = {}

    async def find(self, host: str, tenant: str) -> Sequence[str]:
        """The addresses of a name. Raises OSError or UnicodeError.

        Who no longer waits leaves the look-up behind: it counts until it is through.
        """
        asked = (tenant, host)
        if asked not in self._under_way:
            share = self._shares.setdefault(tenant, asyncio.Semaphore(_PER_TENANT))
            await share.acquire()
            if asked in self._under_way:  # begun by another, while we waited
                share.release()
            else:
                self._begin(asked, share)
        return await asyncio.shield(self._under_way[asked])

    def _begin(self, asked: _Asked, share: asyncio.Semaphore) -> None:
        def end(task: asyncio.Task[Sequence[str]]) -> None:
            del self._under_way[asked]
            share.release()
            if not any(tenant == asked[0] for tenant, _ in self._under_way) and not share.locked():
                self._shares.pop(asked[0], None)
            if not task.cancelled():
                task.exception()  # those who asked may have gone: then nobody else hears of it

        self._under_way[asked] = task = asyncio.create_task(self._resolve(asked[1]))
        task.add_done_callback(end)

    async def _resolve(self, host: str) -> Sequence[str]:
        return await self._lookup(host)


class ThreadedLookup:
    """The machine's own resolver, in threads of our own."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or _getaddrinfo
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")

    def close(self) -> None:
        """Wait for nothing that is still under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, host: str) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._resolve, host)
        return [str(address[0]) for *_, address in found]


def _getaddrinfo(host: str) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
