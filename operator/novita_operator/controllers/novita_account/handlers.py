"""Watch events of NovitaAccounts -> cache and queue; the timer of each account -> the poll."""

from __future__ import annotations

from typing import Any

import kopf

from novita_operator.api import meta
from novita_operator.controllers.novita_account.reconciler import KIND, Reconciler
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.runtime.workqueue import WorkQueue


def register(
    registry: kopf.OperatorRegistry,
    reconciler: Reconciler,
    cache: Cache,
    queue: WorkQueue[Key],
    *,
    tick_seconds: float,
) -> None:
    """Watch NovitaAccounts, and poll each one. The timer only asks whether a poll is due: its period adapts."""

    @kopf.on.event(meta.GROUP, meta.VERSION, KIND.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        body: dict[str, Any] = dict(event["object"])
        key = key_of(KIND.plural, body)
        if event["type"] == "DELETED":
            cache.remove(key, body["metadata"]["uid"])
            await reconciler.forget(key.name)
        else:
            cache.put(key, body)
            queue.add(key)

    @kopf.timer(meta.GROUP, meta.VERSION, KIND.plural, registry=registry, interval=tick_seconds)
    async def poll(name: str, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        account = reconciler.accounts.find(name)
        if account is not None and await reconciler.poller.tick(account):
            queue.add(Key(KIND.plural, "", name))
