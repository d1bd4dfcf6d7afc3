"""How kopf reads lists: so many objects at a time that a page has a bounded number of bytes, as our own client does."""

from __future__ import annotations

import time

import aiohttp
import kopf

from novita_operator.kube import pages
from novita_operator.runtime.kopf_kinds import Patience


class _Page(aiohttp.ClientResponse):
    """An answer that is read no further than `most` bytes, where there is such a bound."""

    most: int | None = None

    async def read(self) -> bytes:
        """The whole body. Raises pages.TooLarge."""
        if self.most is None:
            return await super().read()
        if self._body is None:
            self._body = await pages.read(self, self.most)
        return self._body


class _Pages:
    """Asks again for fewer objects where a page is too large, and remembers of each list how many were not.

    An API server that needs too long for a page is asked for fewer by the next try: nobody tells this one of its end.
    """

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}

    async def __call__(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if "limit" not in request.url.query:
            return await send(request)
        path, is_first = request.url.path, "continue" not in request.url.query
        limit = min(
            self._limits.get(path, pages.FIRST_OBJECTS), pages.FIRST_OBJECTS if is_first else pages.MOST_OBJECTS
        )
        while True:
            self._limits[path], began = pages.fewer(limit), time.monotonic()
            request.url = request.url.update_query(limit=limit)
            response = await send(request)
            if not response.ok or not isinstance(response, _Page):
                return response
            response.most = pages.most_bytes(limit)
            try:
                await response.read()
            except pages.TooLarge:
                limit = pages.fewer(limit)
                continue
            self._limits[path] = pages.following(limit, time.monotonic() - began)
            return response


def bounded(info: kopf.ConnectionInfo | None, patience: Patience) -> kopf.AiohttpSession | None:
    """The same connection, with bounded pages; what finds a kind not served waits for it."""
    if info is None:
        return None
    return kopf.AiohttpSession(
        server=info.server,
        default_namespace=info.default_namespace,
        priority=info.priority,
        expiration=info.expiration,
        aiohttp_session=aiohttp.ClientSession(
            # As many connections as kopf opens by itself: one for each watch stays open.
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=info.proxy_url,
            trust_env=info.trust_env,
            response_class=_Page,
            middlewares=(_Pages(), patience),
        ),
    )
