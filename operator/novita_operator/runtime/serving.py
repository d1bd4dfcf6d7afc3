"""Which of our kinds the API server serves. A CRD may come late, go and return; the other kinds go on meanwhile.

A kind that is not served is not a kind without objects: they may still be stored, and return with their CRD. So nothing
is known to be gone, and nothing is rented or ended for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.kinds import Kind
from novita_operator.api.operator_class import OperatorClass
from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.reconciling.outcome import After, Requeue
from novita_operator.runtime.workers import Reconciles

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0  # one small answer that the API server has at hand
_PAUSED_SECONDS = 30.0  # only where nothing wakes it: the return of the kind does
_ALL = frozenset(kind.plural for kind in kinds.ALL)


@dataclass(slots=True)
class Serving:
    """What discovery shows, said where people look. Discovery needs no right beyond what every ServiceAccount has."""

    kube: KubeClient
    cache: Cache
    recorder: Recorder
    own: OperatorClass
    clock: Clock
    metrics: Metrics
    served: frozenset[str] = _ALL
    """Plural names. Until the first look, all are taken to be served."""
    _doubted: asyncio.Event = field(default_factory=asyncio.Event)
    _told: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By kind: the UIDs of the accounts whose Events say that it is not served."""

    def serves(self, plural: str) -> bool:
        """Whether objects of this kind can be read and written."""
        return plural in self.served

    def doubt(self) -> None:
        """A call was answered as if its kind were not served: look at once."""
        self._doubted.set()

    def complaints(self) -> list[str]:
        """One sentence for each kind that is not served; for readiness. Called from another thread, too."""
        return [_missing(kind) for kind in kinds.ALL if not self.serves(kind.plural)]

    async def look(self) -> None:
        """Ask, and say what has changed. Raises kube errors."""
        found = await self.kube.served() & _ALL
        before, self.served = self.served, found
        for kind in kinds.ALL:
            self.metrics.kind_served.labels(kind.plural).set(kind.plural in found)
            if kind.plural in before - found:
                logger.error("%s", _missing(kind))
            elif kind.plural in found - before:
                logger.warning("%s", _back(kind))
            self._tell(kind)

    async def follow(self, heed: Callable[[frozenset[str]], Awaitable[None]]) -> None:
        """Look for ever, and let `heed` go by it each time. Both are repeated where they raise kube errors."""
        while True:
            try:
                await self.look()
                await heed(self.served)
            except errors.KubeError as error:
                logger.warning("which kinds the API server serves could not be looked at: %s", error)
            self._doubted.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._doubted.wait()
            except TimeoutError:
                continue

    def _tell(self, kind: Kind) -> None:
        """On every account of ours, once, whenever it comes: there is no object of the kind that could carry it.

        A kind may be missing at the start, when no account is known yet.
        """
        told, missing = self._told[kind.plural], not self.serves(kind.plural)
        if not missing and not told:
            return
        for at in self._accounts():
            if missing and at.uid not in told:
                told.add(at.uid)
                self._record(at, Event("Warning", EventReason.KIND_NOT_SERVED, _missing(kind)))
            elif not missing and at.uid in told:
                self._record(at, Event("Normal", EventReason.KIND_SERVED, _back(kind)))
        if not missing:
            told.clear()

    def _accounts(self) -> Iterator[meta.Meta]:
        for _, body in self.cache.of_kind(kinds.NOVITA_ACCOUNT.plural):
            if self.own.works_on(body):
                yield meta.Meta.parse(body["metadata"])

    def _record(self, at: meta.Meta, event: Event) -> None:
        self.recorder.record(kinds.NOVITA_ACCOUNT.name, at, [event], self.clock.now())


@dataclass(frozen=True, slots=True)
class ServedGate:
    """Lets no pass through while its kind is not served: it could call for what its object can no longer be told."""

    inner: Reconciles
    serving: Serving

    async def reconcile(self, key: Key) -> Requeue:
        """Move the object one step, or leave it as it is. Raises kube errors."""
        if not self.serving.serves(key.kind):
            return After(_PAUSED_SECONDS)
        try:
            return await self.inner.reconcile(key)
        except errors.NotServed:
            self.serving.doubt()
            raise

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """As the reconciler says it. Raises kube errors."""
        await self.inner.crashed(key, error, pause)


def _crd(kind: Kind) -> str:
    return f"{kind.plural}.{meta.GROUP}"


def _missing(kind: Kind) -> str:
    return (
        f"The API server does not serve {_crd(kind)}: its CustomResourceDefinition is missing, or does not serve "
        f"{meta.VERSION}. Every {kind.name} is paused, and nothing is rented or ended for it; the other kinds go on. "
        "Apply the CRDs of this release; the operator goes on with them by itself."
    )


def _back(kind: Kind) -> str:
    return f"The API server serves {_crd(kind)}; each {kind.name} is worked on again."
