"""Between the queue and the reconcilers: what belongs to an operator of another class is left alone, and told so."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.operator_class import Foreign, OperatorClass, account_of
from novita_operator.clock import Clock
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.reconciling import disowned
from novita_operator.reconciling.outcome import After, Outcome, Requeue
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.workers import Reconciles

logger = logging.getLogger(__name__)

_EVENT = EventReason.ACCOUNT_OF_ANOTHER_CLASS


class Leaves(Reconciles, Protocol):
    """A reconciler that can stop to work on an object which goes on to exist."""

    async def leave(self, key: Key, uid: str) -> bool:
        """Remember nothing of it any more. True if this process has worked on it."""
        ...


@dataclass(frozen=True, slots=True)
class ClassGate:
    """Lets the passes of our own objects through to the reconciler of their kind."""

    inner: Leaves
    own: OperatorClass
    cache: Cache
    publisher: Publisher
    clock: Clock
    since: dict[Key, tuple[str, datetime]] = field(default_factory=dict)
    """Accounts of others: the class that each names, and when this process first saw it."""

    async def reconcile(self, key: Key) -> Requeue:
        """Move our own objects one step; leave others alone. Raises kube errors."""
        body = self.cache.find(key)
        foreign = self.own.foreign(key.kind, body) if body is not None else None
        if body is None or foreign is None:
            self.since.pop(key, None)
            return await self.inner.reconcile(key)
        at = meta.Meta.parse(body["metadata"])
        if await self.inner.leave(key, at.uid):
            logger.info("%s: left to %s", key, foreign.who)
            event = Event("Normal", _EVENT, disowned.handed_over(key.kind, foreign))
            self.publisher.tell(at, Outcome({}, (event,)))
        return await self._tell(key, at, body, foreign)

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Only about our own objects."""
        body = self.cache.find(key)
        if body is not None and self.own.foreign(key.kind, body) is None:
            await self.inner.crashed(key, error, pause)

    async def _tell(self, key: Key, at: meta.Meta, body: Body, foreign: Foreign) -> Requeue:
        """Say on the object that nobody works on it, where nobody of the right class has spoken."""
        account = self.cache.find(Key(kinds.NOVITA_ACCOUNT.plural, "", account_of(key.kind, body))) or {}
        now = self.clock.now()
        match disowned.judge(key.kind, body, account, foreign, self._since(key, foreign, now), now):
            case disowned.Silent(seconds):
                return None if seconds is None else After(seconds)
            case disowned.Said(status, text):
                if status != (body.get("status") or {}):
                    await self.publisher.publish(key, at, Outcome(status, (Event("Warning", _EVENT, text),)))
                return None

    def _since(self, key: Key, foreign: Foreign, now: datetime) -> datetime:
        if key.kind != kinds.NOVITA_ACCOUNT.plural:
            return now
        class_name, seen = self.since.get(key, (foreign.class_name, now))
        if class_name != foreign.class_name:
            seen = now
        self.since[key] = (foreign.class_name, seen)
        return seen
