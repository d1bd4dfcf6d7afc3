"""Leadership: a Lease of coordination.k8s.io, renewed by time that never jumps.

The Lease keeps two processes from working side by side; it does not make renting safe: that holds without it (safety).
A process that cannot renew ends itself before another one may begin.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from novita_operator.clock import Clock
from novita_operator.kube import errors
from novita_operator.kube.client import KubeClient

logger = logging.getLogger(__name__)

_RENEWALS_PER_LEASE = 6  # four may fail in a row before the holder gives up


@dataclass(slots=True)
class Lease:
    """One process's claim to lead. Times in seconds.

    `lost` is called once when the lease can no longer be trusted; it must end the process.
    """

    kube: KubeClient
    namespace: str
    name: str
    holder: str
    duration: float
    clock: Clock
    lost: Callable[[], None]
    _renewed_at: float = float("-inf")
    _seen: tuple[Any, ...] = ()
    _seen_at: float = float("-inf")
    _body: dict[str, Any] = field(default_factory=dict)

    @property
    def margin(self) -> float:
        """Seconds that the lease is surely ours, counted from the start of the last renewal that worked."""
        return self._renewed_at + self.duration - self.clock.monotonic()

    @property
    def pause(self) -> float:
        """Seconds between two tries."""
        return self.duration / _RENEWALS_PER_LEASE

    async def acquire(self) -> None:
        """Wait until this process leads. Raises Forbidden where it never can."""
        while not await self._try():
            await asyncio.sleep(self.pause)
        logger.info("%s leads with Lease %s/%s", self.holder, self.namespace, self.name)

    async def keep(self) -> None:
        """Renew for ever; when that fails for too long, `lost`."""
        while True:
            await asyncio.sleep(self.pause)
            if not await self._try() and self._taken_or_late():
                logger.critical("Lease %s/%s is lost; ending the process", self.namespace, self.name)
                self.lost()
                return

    async def release(self) -> None:
        """Let the next process begin at once. A failure only makes it wait."""
        if self.margin <= 0:
            return
        try:
            spec = self._body["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}
            await self.kube.replace_lease(self._body | {"spec": spec})
        except errors.KubeError as error:
            logger.warning("Lease %s/%s was not released: %s", self.namespace, self.name, error)
        self._renewed_at = float("-inf")

    def _taken_or_late(self) -> bool:
        other = self._body.get("spec", {}).get("holderIdentity") not in {self.holder, None, ""}
        # With one pause left, the next try could come too late: the holder ends before anybody else may begin.
        return other or self.margin <= self.pause

    async def _try(self) -> bool:
        """One try to take or to renew. True if this process leads now."""
        started = self.clock.monotonic()
        try:
            self._body = await self._written(started)
        except (errors.Conflict, errors.Unreachable, errors.NotFound) as error:
            logger.debug("Lease %s/%s: %s", self.namespace, self.name, error)
            return False
        held = bool(self._body["spec"].get("holderIdentity") == self.holder)
        if held:
            self._renewed_at = started
        return held

    async def _written(self, started: float) -> dict[str, Any]:
        """The Lease after this try; unchanged where somebody else holds it. Raises kube errors."""
        try:
            body = await self.kube.get_lease(self.namespace, self.name)
        except errors.NotFound:
            return await self.kube.create_lease(self._new())
        spec = body["spec"]
        record = (spec.get("holderIdentity"), spec.get("renewTime"), spec.get("leaseTransitions"))
        if record != self._seen:
            # Ages are measured from when we saw a change: the clocks of two machines are never compared.
            self._seen, self._seen_at = record, started
        holder = spec.get("holderIdentity") or ""
        if holder not in {"", self.holder} and started - self._seen_at < float(spec.get("leaseDurationSeconds") or 0):
            return body
        return await self.kube.replace_lease(body | {"spec": self._taken(spec, holder)})

    def _taken(self, spec: dict[str, Any], holder: str) -> dict[str, Any]:
        now = f"{self.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
        change = {"holderIdentity": self.holder, "leaseDurationSeconds": max(1, round(self.duration)), "renewTime": now}
        if holder != self.holder:
            change |= {"acquireTime": now, "leaseTransitions": int(spec.get("leaseTransitions") or 0) + 1}
        return spec | change

    def _new(self) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self._taken({}, ""),
        }
