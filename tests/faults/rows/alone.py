"""What can only be done to a real API server: taking it away, and taking the past away from etcd."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import httpx
from tests.faults import judge
from tests.faults.api_proxy import ApiProxy, proxied
from tests.faults.row import Case, Row
from tests.faults.tally import Tally
from tests.faults.world import Stage, World, gone, ready, stopped, world
from tests.support import builders, kube

_AWAY_SECONDS = 60.0
_NAMES = tuple(f"n{number:02}" for number in range(20))
_REVISIONS = 30  # writes of others, which make the operators' last version an old one

Meanwhile = Callable[[World, ApiProxy], Awaitable[int]]


async def lived_through(doing: Meanwhile, stage: Stage) -> Tally:
    """Twenty objects are half made when it happens, and live on afterwards."""
    config = stage.directory / f"alone-{secrets.token_hex(4)}.kubeconfig"
    async with (
        proxied(stage.plane.operator_kubeconfig, config) as proxy,
        world(stage, "alone", kubeconfig=config) as at,
    ):
        keeper = at.keeper(probe=True)
        await at.create(_NAMES[:10])
        await at.reach(_NAMES[:10], ready, "Ready")
        await at.edit(_NAMES[:5], powerState="Stopped")
        await at.delete(_NAMES[5:10])
        await at.create(_NAMES[10:])
        fired = await doing(at, proxy)
        at.faulted()
        await at.reach(_NAMES[:5], stopped, "Stopped")
        await at.reach(_NAMES[5:10], gone, "gone")
        await at.reach(_NAMES[10:], ready, "Ready")
        await at.delete([*_NAMES[:5], *_NAMES[10:]])
        await at.reach(_NAMES, gone, "gone")
        restarts = keeper.started - 1
        tally = await judge.verdict(at, fired=fired, not_fired=int(not fired))
        heal = ", ".join(f"{seconds:.1f} s" for seconds in at.heal[:1])
        return replace(tally, notes=(f"{doing.__name__}: first object healed after {heal}; {restarts} restarts",))


async def api_server_away(at: World, _proxy: ApiProxy) -> int:
    """The real API server is stopped for a minute."""
    control = at.stage.plane.control
    await asyncio.to_thread(control.stop_api_server)
    await asyncio.sleep(_AWAY_SECONDS)  # the outage itself
    await asyncio.to_thread(control.start_api_server)
    return 1


async def past_compacted(at: World, proxy: ApiProxy) -> int:
    """etcd forgets the past while the API server is away: every watch that goes on where it was gets 410."""
    plane = at.stage.plane
    for number in range(_REVISIONS):
        body = builders.config_map(f"revision-{number}", at.workspace.namespace)
        newest = await plane.kube.create(kube.CONFIG_MAPS, body)
    proxy.cut()
    await asyncio.to_thread(plane.control.stop_api_server)
    url = f"http://127.0.0.1:{plane.control.ports.etcd}/v3/kv/compaction"
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(url, json={"revision": newest["metadata"]["resourceVersion"], "physical": True})
        reply.raise_for_status()
    await asyncio.to_thread(plane.control.start_api_server)
    await _until_expired(proxy)
    return proxy.expired


async def _until_expired(proxy: ApiProxy) -> None:
    """Half a minute is longer than any pause before a watch is opened again."""
    for _ in range(60):
        if proxy.expired:
            return
        await asyncio.sleep(0.5)


ROW = Row(
    "api-server-away",
    "The real API server stopped for 60 s and back; etcd compacted, so that watches get 410",
    (
        Case("stopped for 60 s", partial(lived_through, api_server_away)),
        *(Case(f"etcd compacted, {turn}", partial(lived_through, past_compacted)) for turn in (1, 2)),
    ),
    alone=True,
)
