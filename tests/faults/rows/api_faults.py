"""What the API server does wrong, seen through a proxy in front of it, over a whole life of several objects."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from tests.faults import judge
from tests.faults.api_proxy import ApiProxy, Trouble, proxied
from tests.faults.row import Case, Row
from tests.faults.rows import crashes
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, ready, world
from tests.support.kube import Body

_RESYNC = {"RESYNC_INTERVAL": "1000"}  # how long a lost watch event may stay unnoticed; users have a minute
_OBJECTS = ("a", "b", "c", "d")
_SILENCE_SECONDS = 6.0  # several comparisons
_DOWN_SECONDS = 8.0  # longer than every call's timeout and retries in these worlds

Meanwhile = Callable[[ApiProxy, World], Awaitable[None]]


async def troubled(troubles: Sequence[Trouble], stage: Stage) -> Tally:
    """A life while some requests go wrong."""
    return await _behind_proxy(stage, [replace(trouble) for trouble in troubles], _undisturbed)


async def meanwhile(doing: Meanwhile, stage: Stage) -> Tally:
    """A life during which something is done to the proxy."""
    return await _behind_proxy(stage, [], doing)


async def _behind_proxy(stage: Stage, troubles: list[Trouble], doing: Meanwhile) -> Tally:
    config = stage.directory / f"proxy-{secrets.token_hex(4)}.kubeconfig"
    async with (
        proxied(stage.plane.operator_kubeconfig, config) as proxy,
        world(stage, "api", kubeconfig=config, settings=_RESYNC) as at,
    ):
        proxy.troubles = troubles
        at.keeper(probe=True)
        await doing(proxy, at)
        await crashes.life(at, _OBJECTS)
        return await judge.verdict(at, fired=proxy.fired, not_fired=int(not proxy.fired))


async def _undisturbed(_proxy: ApiProxy, _at: World) -> None:
    """The troubles do it all."""


async def _settle_in(at: World, names: Sequence[str]) -> None:
    await at.create(names)
    await at.reach(names, ready, "Ready")


def _begun(body: Body | None) -> bool:
    """The first write is done, and the last is not: which step the outage hits does not matter."""
    return body is not None and bool(body["metadata"].get("finalizers") or body.get("status"))


async def frozen_watch(proxy: ApiProxy, at: World) -> None:
    """Objects come and go while every watch is open and silent."""
    await _settle_in(at, ("old",))
    proxy.freeze()
    await at.create(("new",))
    await at.delete(("old",))
    await at.reach(("new",), ready, "Ready while the watch is frozen")
    await at.reach(("old",), gone, "gone while the watch is frozen")
    proxy.silenced += 1
    proxy.thaw()
    await at.delete(("new",))
    await at.reach(("new",), gone, "gone")


async def down(proxy: ApiProxy, at: World) -> None:
    """Nothing answers while objects are half made."""
    await at.create(("half",))
    await at.reach(("half",), _begun, "begun")
    proxy.down = True
    proxy.cut()
    await asyncio.sleep(_DOWN_SECONDS)  # the outage itself
    proxy.down = False
    await at.reach(("half",), ready, "Ready after the outage")
    await at.delete(("half",))
    await at.reach(("half",), gone, "gone")


async def cut_and_old(proxy: ApiProxy, at: World) -> None:
    """Connections are dropped, and the lists that follow are those of long ago: an object unknown, one still there."""
    await _settle_in(at, ("old",))
    await at.delete(("old",))
    await at.reach(("old",), gone, "gone")
    await _settle_in(at, ("new",))
    proxy.troubles = [Trouble("old", how="list", times=3, every=1)]
    proxy.cut()
    await asyncio.sleep(_SILENCE_SECONDS)  # the old lists are taken in meanwhile
    await at.reach(("new",), ready, "Ready in spite of old lists")
    await at.delete(("new",))
    await at.reach(("new",), gone, "gone")


def _writes() -> Iterator[Case]:
    kinds = (("object", "metadata"), ("object", "status"), ("secret", "write"), ("event", "write"), ("object", "read"))
    for what, how in kinds:
        endings = [
            ("409", Trouble("status", what, how, code=409)),
            ("429", Trouble("status", what, how, code=429, retry_after=1)),
            ("500", Trouble("status", what, how, code=500)),
            ("reply lost after commit", Trouble("lost", what, how)),
            ("connection refused", Trouble("refused", what, how)),
        ]
        for label, trouble in endings:
            if how == "read" and label == "409":
                continue
            quick = (how, label) in {("metadata", "reply lost after commit"), ("status", "409")}
            yield Case(f"{what} {how}: {label}", partial(troubled, [trouble]), quick)


def _watches() -> Iterator[Case]:
    for code in (410, 429, 500):
        trouble = Trouble("status", "any", "watch", times=3, every=1, code=code)
        yield Case(f"watch: {code} at its start", partial(troubled, [trouble]))
    yield Case("watch: ends with 410", partial(troubled, [Trouble("gone", "any", "watch", times=3, every=1)]))
    for every in (2, 3, 5):
        deaf = Trouble("deaf", times=20, every=every)
        yield Case(f"watch: every {every}. event is lost", partial(troubled, [deaf]), quick=every == 2)
    yield Case("watch: frozen with the connection open", partial(meanwhile, frozen_watch), quick=True)
    yield Case("watch: cut, and old lists afterwards", partial(meanwhile, cut_and_old))
    lists = Trouble("status", "any", "list", times=4, every=1, code=500)
    yield Case("list: 500 at the start", partial(troubled, [lists]))
    yield Case(f"everything: down for {_DOWN_SECONDS:g} s", partial(meanwhile, down), quick=True)


ROW = Row(
    "api-server",
    "The API server through a fault proxy: writes, reads, watches, silence, outage",
    (*_writes(), *_watches()),
)
