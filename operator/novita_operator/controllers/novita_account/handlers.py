"""Watch events of NovitaAccounts -> cache and queue, and the timer that polls. Nothing else happens here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kopf

from novita_operator.api import kinds, meta, operator_class
from novita_operator.api.kinds import Kind
from novita_operator.controllers.novita_account.reconciler import KIND, Reconciler
from novita_operator.kube.cache import Cache, Key, key_of
from novita_operator.runtime.workqueue import WorkQueue


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what the watch, or a second look, shows."""

    reconciler: Reconciler
    cache: Cache
    queue: WorkQueue[Key]
    kind: Kind = KIND

    async def seen(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        before = self.cache.find(key)
        self.cache.put(key, body)
        self.queue.add(key)
        if before is None or operator_class.class_of(before) != operator_class.class_of(body):
            self._wake_users(key.name)

    async def gone(self, body: dict[str, Any]) -> None:
        key = key_of(KIND.plural, body)
        self.cache.remove(key, body["metadata"]["uid"])
        self.queue.forget(key)
        await self.reconciler.forget(key.name)

    def _wake_users(self, name: str) -> None:
        """Who works on them has changed."""
        for plural in (kinds.GPU_INSTANCE.plural, kinds.GPU_INSTANCE_SET.plural, kinds.GPU_JOB.plural):
            for key, body in self.cache.of_kind(plural):
                if operator_class.account_of(plural, body) == name:
                    self.queue.add(key)


def register(registry: kopf.OperatorRegistry, intake: Intake, *, tick_seconds: float) -> None:
    """Watch NovitaAccounts, and poll each one. The timer only asks whether a poll is due: its period adapts."""

    @kopf.on.event(meta.GROUP, meta.VERSION, KIND.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        body: dict[str, Any] = dict(event["object"])
        await (intake.gone(body) if event["type"] == "DELETED" else intake.seen(body))

    @kopf.timer(meta.GROUP, meta.VERSION, KIND.plural, registry=registry, interval=tick_seconds)
    async def poll(name: str, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        account = intake.reconciler.accounts.find(name)
        if account is not None and await intake.reconciler.poller.tick(account):
            intake.queue.add(Key(KIND.plural, "", name))
