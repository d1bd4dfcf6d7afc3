"""Looking at instances in the background: passes read what is known, and only another verdict wakes an object."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.reachability import ports
from novita_operator.controllers.gpu_instance.reachability.ports import Probed, Reach, Wanted
from novita_operator.egress.names import NoAddress
from novita_operator.egress.resolver import Finds
from novita_operator.kube.cache import Key
from novita_operator.novita.models import Instance
from novita_operator.probes.probing import PortProber
from novita_operator.probes.tally import Tally
from novita_operator.probes.targets import Target
from novita_operator.runtime.workqueue import WorkQueue

logger = logging.getLogger(__name__)

# A tenth either way, so that objects that became Ready together are not looked at together for ever.
_SPREAD = 0.1
_MOST_PORTS_TOLD = 3  # of a complaint: the others have most likely the same cause
_MOST_CHARS = 160  # of one endpoint in a message; paths may be longer than anybody reads


@dataclass(slots=True)
class _Watch:
    """One object under observation."""

    wanted: Wanted
    probed: Probed | None = None


@dataclass(slots=True)
class Probing:
    """All objects whose ports, or names, are looked at. Each is looked at by one task at a time.

    `most` bounds the objects that are looked at at the same time. No worker ever waits for a look.
    """

    prober: PortProber
    names: Finds
    wake: Callable[[Key], None]
    clock: Clock
    most: int
    jitter: Callable[[], float] = random.random
    _watches: dict[Key, _Watch] = field(default_factory=dict)
    _queue: WorkQueue[Key] = field(init=False)

    def __post_init__(self) -> None:
        # A look that fails is not repeated sooner or later than others: back-off is never used here.
        self._queue = WorkQueue(
            monotonic=self.clock.monotonic, backoff_base=1.0, backoff_max=1.0, share_of=lambda key: key.namespace
        )

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Reach:
        """What is known of the ports; from now on they are looked at, or no longer where nobody wants the instance."""
        probed = self._follow(key, ports.wanted(resource, instance) if wanted else None)
        return ports.judge(resource, instance, probed)

    def known(self, key: Key, resource: GPUInstance, instance: Instance | None) -> Reach:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        watch = self._watches.get(key)
        return ports.judge(resource, instance, watch.probed if watch is not None else None)

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self._watches.pop(key, None)
        self._queue.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        free = asyncio.Semaphore(self.most)
        async with asyncio.TaskGroup() as probes:
            while True:
                await free.acquire()
                probes.create_task(self._turn(await self._queue.take(), free))

    async def aclose(self) -> None:
        await self.prober.aclose()

    def _follow(self, key: Key, wanted: Wanted | None) -> Probed | None:
        if wanted is None:
            self.forget(key)
            return None
        watch = self._watches.get(key)
        if watch is not None and watch.wanted == wanted:
            return watch.probed
        self._watches[key] = _Watch(wanted)
        if watch is None and wanted.assumed and not wanted.hosts:
            # As after a restart: nothing is new, and a thousand objects come at once.
            self._queue.add_after(key, wanted.period * self.jitter())
        else:
            self._queue.add(key)
        return None

    async def _turn(self, key: Key, free: asyncio.Semaphore) -> None:
        try:
            await self._round(key)
        finally:
            self._queue.done(key)
            free.release()

    async def _round(self, key: Key) -> None:
        watch = self._watches.get(key)
        if watch is None:
            return
        wanted, before = watch.wanted, watch.probed
        complaint, (addresses, nowhere) = await asyncio.gather(self._complaint(wanted), self._resolve(wanted, before))
        if self._watches.get(key) is not watch:
            return
        known = before or Probed(Tally(reachable=True if wanted.assumed else None))
        watch.probed = Probed(known.tally.after(complaint, wanted.thresholds), addresses, nowhere)
        if _differs(known, watch.probed):
            self.wake(key)
        self._queue.add_after(key, wanted.period * (1 - _SPREAD + 2 * _SPREAD * self.jitter()))

    async def _complaint(self, wanted: Wanted) -> str:
        said = await asyncio.gather(*(self._probe(target, wanted.timeout) for target in wanted.targets))
        failed = [
            f"port {target.port} ({_short(target.shown)}) {why}"
            for target, why in zip(wanted.targets, said, strict=True)
            if why is not None
        ]
        more = len(failed) - _MOST_PORTS_TOLD
        return ", and ".join(failed[:_MOST_PORTS_TOLD]) + (f", and {more} more" if more > 0 else "")

    async def _probe(self, target: Target, seconds: float) -> str | None:
        try:
            return await self.prober.probe(target, seconds)
        except Exception as error:
            # What answers there is not ours: whatever it does must not end the process.
            logger.exception("the probe of port %d failed", target.port)
            return f"cannot be looked at ({type(error).__name__})"

    async def _resolve(
        self, wanted: Wanted, before: Probed | None
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """Addresses by host. Those of a host that cannot be resolved now stay: old ones are better than none."""
        found: dict[str, tuple[str, ...]] = {}
        nowhere: dict[str, str] = {}
        for host in wanted.hosts:
            try:
                async with asyncio.timeout(wanted.timeout):
                    found[host] = await self.names.find(host)
            except (NoAddress, TimeoutError) as error:
                kept = before.addresses.get(host) if before is not None else None
                if kept:
                    found[host] = kept
                else:
                    nowhere[host] = str(error) or f"has the host {host}, whose name is not resolved in time"
        return found, nowhere


def _differs(before: Probed, after: Probed) -> bool:
    return not before.tally.decides_as(after.tally) or (before.addresses, before.nowhere) != (
        after.addresses,
        after.nowhere,
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - 1]}…"
