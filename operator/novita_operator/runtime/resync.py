"""The second look: now and then the versions at the API server are compared with what the watch has brought.

A watch can lose an event, replay an old list, or freeze with its connection open. Whatever it missed is read anew and
taken in as if it had been watched; a watch that keeps missing things makes liveness fail. Where nothing of a kind
can be read at all, readiness fails; one namespace of several that cannot be read stops nothing in the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from novita_operator.api.kinds import Kind
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.runtime.intake import TakesIn

logger = logging.getLogger(__name__)

_EVERYWHERE = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a kind is read: a namespace, or `_EVERYWHERE`."""

    plural: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.plural} in namespace {self.namespace}" if self.namespace else self.plural

    def holds(self, key: Key) -> bool:
        return not self.namespace or key.namespace == self.namespace


@dataclass(slots=True)
class Resync:
    """Compares every `interval` seconds. What differs in two comparisons in a row was missed, and not just late."""

    kube: KubeClient
    cache: Cache
    intakes: Sequence[TakesIn]
    namespaces: tuple[str, ...]
    interval: float
    metrics: Metrics
    rounds_behind: int = 0
    _suspects: dict[Key, str] = field(default_factory=dict)
    _unreadable: dict[_Place, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Compare for ever."""
        while True:
            await asyncio.sleep(self.interval)
            try:
                missed = await self.compare()
            except errors.KubeError as error:
                logger.warning("could not compare with the API server: %s", error)
                continue
            self.rounds_behind = self.rounds_behind + 1 if missed else 0
            self.metrics.watch_behind.set(self.rounds_behind)

    def complaints(self) -> list[str]:
        """The kinds of which nothing could be read in the last comparison, and why; for readiness."""
        return [
            f"{plural} cannot be read: {unreadable[0]}"
            for plural, places in self._places_by_kind()
            if len(unreadable := [self._unreadable[each] for each in places if each in self._unreadable]) == len(places)
        ]

    async def compare(self) -> int:
        """One comparison. Returns how many changes the watch had missed. Raises kube errors of what it reads anew."""
        before, self._suspects = self._suspects, {}
        missed = 0
        for intake in self.intakes:
            for place in self._places(intake.kind):
                if (versions := await self._versions(intake.kind, place)) is not None:
                    missed += await self._compare(intake, place, versions, before)
        return missed

    def _places(self, kind: Kind) -> list[_Place]:
        named = self.namespaces if kind.namespaced and self.namespaces else (_EVERYWHERE,)
        return [_Place(kind.plural, namespace) for namespace in named]

    def _places_by_kind(self) -> list[tuple[str, list[_Place]]]:
        return [(intake.kind.plural, self._places(intake.kind)) for intake in self.intakes]

    async def _versions(self, kind: Kind, place: _Place) -> dict[Key, str] | None:
        """None where they cannot be read, which is remembered."""
        try:
            versions = await self.kube.versions(kind, (place.namespace,) if place.namespace else ())
        except errors.NotServed:
            self._unreadable.pop(place, None)  # that is said once for the kind (serving.py)
            return None
        except errors.KubeError as error:
            self._unreadable[place] = str(error)
            logger.warning("%s cannot be read, so that nothing there is acted upon: %s", place, error)
            return None
        if self._unreadable.pop(place, None):
            logger.info("%s can be read again", place)
        return versions

    async def _compare(
        self, intake: TakesIn, place: _Place, versions: Mapping[Key, str], before: Mapping[Key, str]
    ) -> int:
        held = {
            key: str(body["metadata"]["resourceVersion"])
            for key, body in self.cache.of_kind(place.plural)
            if place.holds(key)
        }
        missed = 0
        for key in versions.keys() | held.keys():
            known, true = held.get(key), versions.get(key, "")
            if known == true or (known is not None and true and int(known) > int(true)):
                continue
            if key not in before or _caught_up(known, before[key]):
                self._suspects[key] = true
                continue
            missed += 1
            logger.warning("%s: the watch has missed a change; read anew", key)
            await self._take_in(intake, key)
        return missed

    async def _take_in(self, intake: TakesIn, key: Key) -> None:
        try:
            body = await self.kube.get(intake.kind, key.namespace, key.name)
        except errors.NotFound:
            held = self.cache.find(key)
            if held is not None:
                await intake.gone(held)
            return
        held = self.cache.find(key)
        if held is not None and held["metadata"]["uid"] != body["metadata"]["uid"]:
            await intake.gone(held)
        await intake.seen(body)


def _caught_up(known: str | None, suspected: str) -> bool:
    """Whether the watch has brought what was missing at the last comparison; an empty version stands for a deletion."""
    if not suspected:
        return known is None
    return known is not None and int(known) >= int(suspected)
