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
from novita_operator.cutting import cut
from novita_operator.egress.names import NoAddress
from novita_operator.egress.resolver import Finds
from novita_operator.kube.cache import Key
from novita_operator.novita.models import Instance
from novita_operator.probes.probing import PortProber
from novita_operator.probes.tally import Tally
from novita_operator.probes.targets import Target
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds

logger = logging.getLogger(__name__)

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
    _rounds: Rounds[_Watch] = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.clock.monotonic, self.most, self._round)

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Reach:
        """What is known of the ports; from now on they are looked at, or no longer where nobody wants the instance."""
        probed = self._follow(key, ports.wanted(resource, instance) if wanted else None)
        return ports.judge(resource, instance, probed)

    def known(self, key: Key, resource: GPUInstance, instance: Instance | None) -> Reach:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        watch = self._rounds.find(key)
        return ports.judge(resource, instance, watch.probed if watch is not None else None)

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self._rounds.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        await self._rounds.run()

    async def aclose(self) -> None:
        await self.prober.aclose()

    def _follow(self, key: Key, wanted: Wanted | None) -> Probed | None:
        if wanted is None:
            self.forget(key)
            return None
        watch = self._rounds.find(key)
        if watch is not None and watch.wanted == wanted:
            return watch.probed
        # As after a restart: nothing is new, and a thousand objects come at once.
        later = watch is None and wanted.assumed and not wanted.hosts
        self._rounds.put(key, _Watch(wanted), wanted.period * self.jitter() if later else 0.0)
        return None

    async def _round(self, key: Key, watch: _Watch) -> float | None:
        wanted, before = watch.wanted, watch.probed
        complaint, (addresses, nowhere) = await asyncio.gather(self._complaint(wanted), self._resolve(wanted, before))
        if not self._rounds.holds(key, watch):
            return None
        known = before or Probed(Tally(reachable=True if wanted.assumed else None))
        watch.probed = Probed(known.tally.after(complaint, wanted.thresholds), addresses, nowhere)
        if _differs(known, watch.probed):
            self.wake(key)
        return rounds.spread(wanted.period, self.jitter())

    async def _complaint(self, wanted: Wanted) -> str:
        said = await asyncio.gather(*(self._probe(target, wanted.timeout) for target in wanted.targets))
        failed = [
            f"port {target.port} ({cut(target.shown, _MOST_CHARS)}) {why}"
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
