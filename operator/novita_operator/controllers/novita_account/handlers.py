"""Watch events of NovitaAccounts -> cache and queue, and the timer that polls. Nothing else happens here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import kopf

from novita_operator.api import kinds, meta, operator_class
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.runtime.intake import Intake, Listener

_USERS = (kinds.GPU_INSTANCE, kinds.GPU_INSTANCE_SET, kinds.GPU_JOB)


@dataclass(frozen=True)
class Ears(Listener):
    """Wakes the users of an account whose operator has changed, and forgets accounts. `forget` is given a name."""

    cache: Cache
    wake: Callable[[Key], None]
    forget: Callable[[str], Awaitable[object]]

    def seen(self, key: Key, body: Body, before: Body | None) -> None:
        if before is None or operator_class.class_of(before) != operator_class.class_of(body):
            self._wake_users(key.name)

    async def vacant(self, key: Key) -> None:
        await self.forget(key.name)

    def _wake_users(self, name: str) -> None:
        for kind in _USERS:
            for key, body in self.cache.of_kind(kind.plural):
                if operator_class.account_of(kind.plural, body) == name:
                    self.wake(key)


def register(
    registry: kopf.OperatorRegistry, intake: Intake, *, tick: Callable[[str], Awaitable[bool]], seconds: float
) -> None:
    """Watch NovitaAccounts, and poll each one. The timer only asks whether a poll is due: its period adapts."""

    @kopf.on.event(meta.GROUP, meta.VERSION, kinds.NOVITA_ACCOUNT.plural, registry=registry)
    async def watched(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        await intake.event(event)

    @kopf.timer(meta.GROUP, meta.VERSION, kinds.NOVITA_ACCOUNT.plural, registry=registry, interval=seconds)
    async def poll(name: str, **_: Any) -> None:  # noqa: ANN401 - kopf's own signature
        if await tick(name):
            intake.queue.add(Key(kinds.NOVITA_ACCOUNT.plural, "", name))
