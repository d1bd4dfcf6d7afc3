"""The second look: now and then the versions at the API server are compared with what the watch has brought.

A watch can lose an event, replay an old list, or freeze with its connection open. Whatever it missed is read anew and
taken in as if it had been watched; a watch that keeps missing things makes liveness fail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.runtime.intake import TakesIn

logger = logging.getLogger(__name__)


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

    async def compare(self) -> int:
        """One comparison. Returns how many changes the watch had missed. Raises kube errors."""
        before, self._suspects = self._suspects, {}
        missed = 0
        for intake in self.intakes:
            versions = await self.kube.versions(intake.kind, self.namespaces)
            held = {
                key: str(body["metadata"]["resourceVersion"]) for key, body in self.cache.of_kind(intake.kind.plural)
            }
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
