"""Which kinds kopf watches. kopf learns it from a watch of all CRDs, for which we would need rights on all of them.

So that watch is off (`kopf_settings.py`), and we tell kopf what is served. It then ends the watches of what has gone,
and begins those of what has come. It is not asked to look by itself: of a CRD that is being deleted, discovery names
no verb `patch`, although it works, and kopf would leave the kind before its objects have let their instances go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

# kopf takes it as a parameter of `spawn_tasks`, and exports neither it nor what keeps it.
from kopf._cogs.structs.references import Insights, Resource

from novita_operator.api import kinds, meta

_AGAIN_SECONDS = 1.0  # what the API server itself asks for while it prepares a kind
_VERBS = frozenset({"list", "watch", "patch"})  # what kopf does with them


@dataclass(frozen=True, slots=True)
class KopfKinds:
    """To be given to kopf's `spawn_tasks` as its `insights`."""

    insights: Insights = field(default_factory=Insights)

    async def until_begun(self) -> None:
        """Until kopf has looked for the first time by itself."""
        await self.insights.ready_resources.wait()

    @property
    def plurals(self) -> frozenset[str]:
        """The kinds that kopf watches now."""
        return frozenset(each.plural for each in self.insights.watched_resources if each.group == meta.GROUP)

    async def follow(self, served: frozenset[str]) -> None:
        """Watch these kinds and no others."""
        if self.plurals == served:
            return
        async with self.insights.revised:
            self.insights.watched_resources.intersection_update(map(_resource, served))
            self.insights.watched_resources.update(map(_resource, served))
            self.insights.revised.notify_all()


def _resource(plural: str) -> Resource:
    kind = kinds.of(plural)
    return Resource(meta.GROUP, meta.VERSION, plural, kind=kind.name, namespaced=kind.namespaced, verbs=_VERBS)


@dataclass(frozen=True, slots=True)
class Patience:
    """A list or a watch that finds its kind not served waits for it, where kopf would end the process.

    kopf cancels it as soon as it knows that the kind is gone. Where the kind is back before, it goes on: with a list,
    or with a watch from an old version, which the API server refuses, so that kopf lists again.
    """

    doubt: Callable[[], None]

    async def __call__(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """Send it until the kind is served."""
        while True:
            response = await send(request)
            if response.status != HTTPStatus.NOT_FOUND or not _is_of_a_kind(request):
                return response
            response.release()
            self.doubt()
            await asyncio.sleep(_AGAIN_SECONDS)


def _is_of_a_kind(request: aiohttp.ClientRequest) -> bool:
    path = request.url.path
    return (
        request.method == "GET"
        and f"/apis/{meta.GROUP}/{meta.VERSION}/" in path
        and path.rpartition("/")[2] in {kind.plural for kind in kinds.ALL}
    )
