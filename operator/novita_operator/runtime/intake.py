"""Where watch events go: into the cache and the queue, and to what else a kind wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

import kopf

from novita_operator.api.kinds import Kind
from novita_operator.kube.cache import Body, Cache, Key, key_of
from novita_operator.kube.light import light
from novita_operator.runtime.workqueue import WorkQueue

_LARGE = frozenset({"managedFields", "annotations", "labels"})


class TakesIn(Protocol):
    """Takes in what the watch, or a second look, shows of one kind."""

    @property
    def kind(self) -> Kind: ...

    async def seen(self, body: dict[str, Any]) -> None:
        """The object exists, and looks like this."""
        ...

    async def gone(self, body: dict[str, Any]) -> None:
        """The object exists no more."""
        ...


class Listener:
    """What a kind does beside that; a kind overrides what it has something to do for."""

    def seen(self, key: Key, body: Body, before: Body | None) -> None:
        """The object is new in the cache, or has changed there. `before`: what the cache held."""

    def deleted(self, key: Key, body: Body) -> None:
        """The watch says that somebody deleted it, and not only that it is no longer there; `gone` follows."""

    async def gone(self, key: Key, body: Body) -> None:
        """It is out of the cache."""

    async def vacant(self, key: Key) -> None:
        """No object has the name any more. Where a new one came before the old one's end was seen, nobody says this."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in one kind."""

    kind: Kind
    cache: Cache
    queue: WorkQueue[Key]
    listener: Listener = field(default_factory=Listener)

    async def event(self, event: kopf.RawEvent) -> None:
        """A watch event. What a tenant has written is taken out of it: kopf keeps it for a while."""
        body: dict[str, Any] = dict(event["object"])
        if event["type"] != "DELETED":
            await self.seen(body)
        else:
            self.listener.deleted(key_of(self.kind.plural, body), body)
            await self.gone(body)
        if self.kind.namespaced:
            _empty(cast("dict[str, Any]", event["object"]))

    async def seen(self, body: dict[str, Any]) -> None:
        """The object exists, and looks like this."""
        key = key_of(self.kind.plural, body)
        before = self.cache.find(key)
        self.cache.put(key, body)
        self.queue.notice(key, partial(self.cache.echoes, key, body))
        self.listener.seen(key, body, before)

    async def gone(self, body: dict[str, Any]) -> None:
        """The object exists no more."""
        key = key_of(self.kind.plural, body)
        self.cache.remove(key, body["metadata"]["uid"])
        await self.listener.gone(key, light(body)[0])
        # kopf handles each UID by itself: the new object of a name may be seen first, and what waits is its own then.
        if self.cache.find(key) is None:
            self.queue.forget(key)
            await self.listener.vacant(key)


def _empty(raw: dict[str, Any]) -> None:
    """Leave what names the object, and its finalizers, which kopf reads."""
    raw["metadata"] = {name: value for name, value in raw["metadata"].items() if name not in _LARGE}
    for part in ("spec", "status"):
        raw.pop(part, None)
