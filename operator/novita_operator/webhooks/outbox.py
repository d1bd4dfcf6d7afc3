"""What is still to be told: what the status of the objects says, less what was settled since. In lanes, in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from novita_operator.api import meta
from novita_operator.api.gpu_instance.notifications import FailedTries, PendingNotification
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.cache import Body, Cache, Key, key_of
from novita_operator.kube.client import KubeClient

logger = logging.getLogger(__name__)

# Objects that are gone from the cluster and still have something to tell: a kilobyte or two each.
_MOST_GONE = 1000
_WRITES = 3  # the reconcile of the same object may write in between, hardly twice in a row


@dataclass(frozen=True, slots=True)
class Lane:
    """What one receiver is told about one object, one after the other."""

    key: Key
    uid: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next webhook of a lane, and the object that it speaks of."""

    told: PendingNotification
    resource: GPUInstance


class Outbox:
    """Reads and strikes out entries of `status.notifications`."""

    def __init__(self, kube: KubeClient, cache: Cache, kind: Kind) -> None:
        self._kube = kube
        self._cache = cache
        self._kind = kind
        self._settled: dict[str, set[tuple[str, str]]] = {}
        self._tried: dict[str, dict[tuple[str, str], FailedTries]] = {}
        self._gone: dict[str, Body] = {}

    def lanes(self, key: Key) -> tuple[Lane, ...]:
        """The lanes of an object with something to tell."""
        body = self._cache.find(key)
        if body is None:
            return ()
        uid = body["metadata"]["uid"]
        pending = _pending(body)
        if uid not in self._gone:
            known = {told.id for told in pending}
            self._settle_only(uid, {entry for entry in self._settled.get(uid, ()) if entry[0] in known})
            self._remember_only(uid, known)
        return tuple(Lane(key, uid, receiver) for receiver in _receivers(pending))

    def keep(self, body: Body) -> tuple[Lane, ...]:
        """Remember an object that goes; from now on only this process knows what is to be told of it. Its lanes."""
        uid, pending = body["metadata"]["uid"], _pending(body)
        key = key_of(self._kind.plural, body)
        if pending and uid not in self._gone:
            if len(self._gone) >= _MOST_GONE:
                forgotten = self._gone.pop(next(iter(self._gone)))["metadata"]
                logger.warning("webhooks of the deleted %s/%s are dropped", forgotten["namespace"], forgotten["name"])
            self._gone[uid] = body
        elif uid not in self._gone and self._cache.find(key) is None:
            self._forget(uid)
        return tuple(Lane(key, uid, receiver) for receiver in _receivers(pending))

    def first(self, lane: Lane) -> Waiting | None:
        """The oldest webhook of the lane that is not settled."""
        body = self._body(lane)
        if body is None:
            return None
        settled = self._settled.get(lane.uid, set())
        for told in _pending(body):
            if lane.receiver in told.to and (told.id, lane.receiver) not in settled:
                return Waiting(told, GPUInstance.parse(body))
        return None

    def tried(self, lane: Lane, told: PendingNotification) -> FailedTries | None:
        """The tries that failed, of this process and of those before it; the higher count is the newer one."""
        noted = [each for each in told.tried or () if each.receiver == lane.receiver]
        ours = self._tried.get(lane.uid, {}).get((told.id, lane.receiver))
        known = noted if ours is None else [*noted, ours]
        return max(known, key=lambda each: each.count, default=None)

    async def note(self, lane: Lane, told: PendingNotification, failed: FailedTries) -> None:
        """A try failed and another one follows: remembered at once, and written into the status. Raises kube errors.

        Where the write fails, the next one of this object takes it along.
        """
        self._tried.setdefault(lane.uid, {})[(told.id, lane.receiver)] = failed
        await self.strike(lane)

    def settle(self, lane: Lane, told: PendingNotification) -> None:
        """It is delivered, or given up; the status does not say so yet."""
        self._settled.setdefault(lane.uid, set()).add((told.id, lane.receiver))
        self._tried.get(lane.uid, {}).pop((told.id, lane.receiver), None)

    async def strike(self, lane: Lane) -> None:
        """Take what is settled out of the object's status, if nobody writes it meanwhile. Raises kube errors."""
        for left in reversed(range(_WRITES)):
            try:
                await self._write(lane)
            except errors.NotFound:
                return
            except errors.Conflict:
                if not left:
                    raise
                await self._read_anew(lane.key)
            else:
                return

    def end(self, lane: Lane) -> None:
        """The lane is through: forget an object that is gone once nothing of it waits."""
        body = self._gone.get(lane.uid)
        if body is None:
            return
        settled = self._settled.get(lane.uid, set())
        if all((told.id, receiver) in settled for told in _pending(body) for receiver in told.to):
            del self._gone[lane.uid]
            if not self._is_cached(lane):
                self._forget(lane.uid)

    async def _read_anew(self, key: Key) -> None:
        with suppress(errors.NotFound):
            self._cache.put(key, await self._kube.get(self._kind, key.namespace, key.name))

    async def _write(self, lane: Lane) -> None:
        if not self._is_cached(lane):
            return
        body = self._cache.find(lane.key) or {}
        old: dict[str, Any] = body.get("status") or {}
        left = [told.to_wire() for told in self._left(lane, _pending(body))]
        new = {key: value for key, value in old.items() if key != "notifications"}
        if left:
            new["notifications"] = left
        if new == old:
            return
        at = meta.Meta.parse(body["metadata"])
        self._cache.wrote(lane.key, await self._kube.patch_status(self._kind, at, old, new))

    def _left(self, lane: Lane, pending: Sequence[PendingNotification]) -> Iterator[PendingNotification]:
        settled = self._settled.get(lane.uid, set())
        for told in pending:
            to = tuple(receiver for receiver in told.to if (told.id, receiver) not in settled)
            if to:
                known = (self.tried(Lane(lane.key, lane.uid, receiver), told) for receiver in to)
                tried = tuple(each for each in known if each is not None)
                yield told.model_copy(update={"to": to, "tried": tried or None})

    def _body(self, lane: Lane) -> Body | None:
        if lane.uid in self._gone:
            return self._gone[lane.uid]
        return self._cache.find(lane.key) if self._is_cached(lane) else None

    def _is_cached(self, lane: Lane) -> bool:
        body = self._cache.find(lane.key)
        return body is not None and body["metadata"]["uid"] == lane.uid

    def _settle_only(self, uid: str, entries: set[tuple[str, str]]) -> None:
        if entries:
            self._settled[uid] = entries
        else:
            self._settled.pop(uid, None)

    def _remember_only(self, uid: str, deliveries: set[str]) -> None:
        left = {entry: tries for entry, tries in self._tried.pop(uid, {}).items() if entry[0] in deliveries}
        if left:
            self._tried[uid] = left

    def _forget(self, uid: str) -> None:
        self._settled.pop(uid, None)
        self._tried.pop(uid, None)


def _pending(body: Body) -> tuple[PendingNotification, ...]:
    return GPUInstance.parse(body).status.notifications or () if _has_any(body) else ()


def _has_any(body: Body) -> bool:
    """Nearly every object has none: it is not worth the parsing of a whole status per watch event."""
    return bool((body.get("status") or {}).get("notifications"))


def _receivers(pending: Sequence[PendingNotification]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(receiver for told in pending for receiver in told.to))
