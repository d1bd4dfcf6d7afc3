"""kopf's lists have pages of bounded size, lack nothing, and wait for a kind that is not served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from novita_operator.kube import pages
from novita_operator.runtime import kopf_kinds, kopf_session
from novita_operator.runtime.kopf_kinds import Patience

KIB = 1024
PATH = "/apis/gpu.novita.ai/v1alpha1/gpuinstances"


class Hoard:
    """An API server with objects of given sizes, that are not served for some calls.

    `asked`: how many were asked for, each time; `doubts`: how often a kind was said not to be served. `most`: a list of
    more is never answered.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.asked: list[int] = []
        self.absences = 0
        self.doubts = 0
        self.most = pages.MOST_OBJECTS

    def doubt(self) -> None:
        self.doubts += 1

    async def list(self, request: web.Request) -> web.Response:
        if self.absences:
            self.absences -= 1
            return web.Response(status=404, text="404 page not found")
        first, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        self.asked.append(limit)
        if limit > self.most:
            await asyncio.Event().wait()
        shown = self.sizes[first : first + limit]
        following = str(first + limit) if first + limit < len(self.sizes) else ""
        items = [{"number": first + place, "text": "x" * size} for place, size in enumerate(shown)]
        return web.json_response({"items": items, "metadata": {"continue": following}})


@pytest.fixture
def hoard(monkeypatch: pytest.MonkeyPatch) -> Hoard:
    monkeypatch.setattr(pages, "MOST_BYTES", 8 * KIB)
    return Hoard()


@pytest.fixture
async def session(hoard: Hoard) -> AsyncIterator[kopf.AiohttpSession]:
    app = web.Application()
    app.router.add_get(PATH, hoard.list)
    async with TestServer(app) as server:
        found = kopf_session.bounded(
            kopf.ConnectionInfo(server=str(server.make_url("")), token="t"), Patience(hoard.doubt)
        )
        assert found is not None
        async with found.aiohttp_session:
            yield found


async def numbers(session: kopf.AiohttpSession, limit: int = 500) -> list[int]:
    """As kopf lists."""
    found: list[int] = []
    token = ""
    while True:
        query = {"limit": str(limit)} | ({"continue": token} if token else {})
        async with await session.aiohttp_session.request(
            "get", session.server.rstrip("/") + PATH, params=query
        ) as reply:
            page = await reply.json()
        found += [item["number"] for item in page["items"]]
        token = page["metadata"]["continue"]
        if not token:
            return found


@pytest.mark.parametrize(
    "sizes",
    [[KIB * 3 // 2] * 30, [1] * 60 + [KIB] * 20, [KIB] * 9 + [1] * 90, [90 * KIB, 1, 90 * KIB]],
    ids=["all are large", "the last are large", "the first are large", "one alone is too large"],
)
async def test_of_large_objects_fewer_are_asked_for_at_a_time_and_none_is_left_out(
    hoard: Hoard, session: kopf.AiohttpSession, sizes: list[int]
) -> None:
    hoard.sizes = sizes

    assert await numbers(session) == list(range(len(sizes)))


async def test_of_small_objects_more_are_asked_for_each_time(hoard: Hoard, session: kopf.AiohttpSession) -> None:
    hoard.sizes = [1] * 100

    await numbers(session)

    assert hoard.asked[0] == pages.FIRST_OBJECTS
    assert hoard.asked == sorted(hoard.asked)


async def test_a_list_that_is_not_answered_in_time_is_tried_again_with_fewer(
    hoard: Hoard, session: kopf.AiohttpSession
) -> None:
    hoard.sizes, hoard.most = [1] * 8, pages.FIRST_OBJECTS // 2

    with pytest.raises(TimeoutError):
        await session.aiohttp_session.get(
            session.server.rstrip("/") + PATH, params={"limit": "500"}, timeout=aiohttp.ClientTimeout(total=0.5)
        )

    assert await numbers(session) == list(range(8))
    assert hoard.asked[1] < hoard.most


async def test_the_next_list_begins_with_what_was_not_too_large(hoard: Hoard, session: kopf.AiohttpSession) -> None:
    hoard.sizes = [KIB * 3 // 2] * 8
    await numbers(session)
    hoard.asked.clear()

    await numbers(session)

    assert max(hoard.asked) < 31


def test_without_a_way_to_log_in_there_is_none() -> None:
    assert kopf_session.bounded(None, Patience(lambda: None)) is None


async def test_a_list_of_a_kind_that_is_not_served_waits_for_it_and_says_so_each_time(
    hoard: Hoard, session: kopf.AiohttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kopf_kinds, "_AGAIN_SECONDS", 0.0)
    hoard.sizes, hoard.absences = [1, 1], 3

    assert await numbers(session) == [0, 1]
    assert hoard.doubts == 3


async def test_what_is_no_list_of_a_kind_of_ours_is_answered_at_once_where_there_is_none(
    hoard: Hoard, session: kopf.AiohttpSession
) -> None:
    reply = await session.aiohttp_session.get(session.server.rstrip("/") + PATH + "/no-such-object")

    assert reply.status == 404
    assert hoard.doubts == 0
