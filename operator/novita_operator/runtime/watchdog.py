"""What liveness is about: real work, and not whether a web server answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from novita_operator.clock import Clock
from novita_operator.kube.cache import Key
from novita_operator.runtime.resync import Resync
from novita_operator.runtime.workers import Workers
from novita_operator.runtime.workqueue import WorkQueue

_BEAT_SECONDS = 1.0
# A loop that stands still for so long is hung: the longest step of ours, a list of 10,000 objects, takes a second.
_LONGEST_STANDSTILL = 30.0
# Rounds in which the watch had missed something; one may be a hiccup that kopf has mended meanwhile.
_MISSING_ROUNDS = 3


@dataclass(slots=True)
class Watchdog:
    """Looks at the event loop, the queue and the watch. `complaints` is called from another thread.

    `stuck_after`: seconds that a key may wait while no pass ends.
    """

    queue: WorkQueue[Key]
    workers: Workers
    resync: Resync
    clock: Clock
    stuck_after: float
    _beat: float = float("inf")

    async def beat(self) -> None:
        """Runs on the event loop for ever; when it stops, the loop has."""
        while True:
            self._beat = self.clock.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    def complaints(self) -> list[str]:
        """What is wrong; nothing where all is well."""
        found = []
        standstill = self.clock.monotonic() - self._beat
        if standstill > _LONGEST_STANDSTILL:
            found.append(f"the event loop has not run for {standstill:.0f} s")
        idle = self.clock.monotonic() - max(self.workers.last_progress, self.queue.waiting_since())
        if len(self.queue) and idle > self.stuck_after:
            found.append(f"{len(self.queue)} keys wait and no pass has ended for {idle:.0f} s")
        if self.resync.rounds_behind >= _MISSING_ROUNDS:
            found.append(f"the watch has missed changes in each of the last {self.resync.rounds_behind} comparisons")
        return found
