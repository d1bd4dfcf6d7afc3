"""Which kinds are served, as accounts, metrics and readiness tell it: also of what was missing from the start."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from tests.unit.support.parts import HandClock

from novita_operator import process
from novita_operator.api import kinds
from novita_operator.api.events import Event
from novita_operator.api.meta import Meta
from novita_operator.api.operator_class import OperatorClass
from novita_operator.kube.cache import Cache, Key
from novita_operator.metrics import Metrics
from novita_operator.runtime.serving import Serving

_ALL = frozenset(kind.plural for kind in kinds.ALL)
_JOBS = kinds.GPU_JOB.plural


class Cluster:
    """An API server that serves these kinds, and Events as they were recorded."""

    def __init__(self) -> None:
        self.plurals = _ALL
        self.told: list[tuple[str, str]] = []
        self.cache = Cache()
        recorder = SimpleNamespace(record=self._record)
        kube, metrics = SimpleNamespace(served=self._served), Metrics()
        self.metrics = metrics
        self.serving = Serving(
            cast("Any", kube),
            self.cache,
            cast("Any", recorder),
            OperatorClass("", lambda _: None),
            HandClock(),
            metrics,
        )

    async def _served(self) -> frozenset[str]:
        return self.plurals

    def _record(self, _kind: str, at: Meta, events: list[Event], _now: Any) -> None:
        self.told += [(at.name, str(event.reason)) for event in events]

    def account(self, name: str) -> None:
        at = {"name": name, "uid": name, "resourceVersion": "1", "creationTimestamp": "2026-11-24T12:00:00Z"}
        self.cache.put(Key(kinds.NOVITA_ACCOUNT.plural, "", name), {"metadata": at, "spec": {}})

    def shown(self, plural: str) -> float | None:
        return self.metrics.registry.get_sample_value("novita_kind_served", {"kind": plural})


async def test_a_kind_that_was_missing_before_any_account_was_known_is_told_on_each_account_once() -> None:
    cluster = Cluster()
    cluster.plurals = _ALL - {_JOBS}
    await cluster.serving.look()
    cluster.account("default")

    for _ in range(3):
        await cluster.serving.look()
    cluster.account("later")
    await cluster.serving.look()

    assert cluster.told == [("default", "KindNotServed"), ("later", "KindNotServed")]


async def test_its_return_is_told_where_its_absence_was_and_each_time() -> None:
    cluster = Cluster()
    cluster.account("default")
    for plurals in (_ALL - {_JOBS}, _ALL, _ALL, _ALL - {_JOBS}):
        cluster.plurals = plurals
        await cluster.serving.look()

    assert cluster.told == [("default", reason) for reason in ("KindNotServed", "KindServed", "KindNotServed")]


async def test_where_nothing_is_missing_nobody_is_told_anything() -> None:
    cluster = Cluster()
    cluster.account("default")

    await cluster.serving.look()

    assert cluster.told == []


async def test_a_standby_shows_what_is_served_now_and_not_when_it_began_to_wait() -> None:
    cluster, led = Cluster(), asyncio.Event()
    cluster.plurals = _ALL - {_JOBS}
    await cluster.serving.look()
    shutdown = SimpleNamespace(asked=asyncio.Event())
    shared = SimpleNamespace(lease=SimpleNamespace(acquire=led.wait), shutdown=shutdown, serving=cluster.serving)
    waiting = asyncio.create_task(process._leads(cast("Any", shared), asyncio.Event()))
    while cluster.shown(_JOBS) != 0.0:
        await asyncio.sleep(0)

    cluster.plurals = _ALL
    async with asyncio.timeout(5):
        while cluster.shown(_JOBS) != 1.0:
            cluster.serving.doubt()
            await asyncio.sleep(0)

    assert cluster.serving.complaints() == []
    led.set()
    assert await waiting
