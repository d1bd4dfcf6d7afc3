"""Asking ssh servers for their host keys in the background: passes read what is known, and news wake an object."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.reachability import host_keys
from novita_operator.controllers.gpu_instance.reachability.host_keys import UNSEEN, Shown, Wanted
from novita_operator.kube.cache import Key
from novita_operator.machines import errors
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.login import Place
from novita_operator.novita.models import Instance
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds

logger = logging.getLogger(__name__)

_PER_SECOND = 5.0  # looks at keys that are known: each is ten milliseconds of CPU, and thousands may run
_DOUBLINGS = 30  # far beyond every longest pause: bounded so that it never overflows


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at one machine."""

    settled: float
    """While it shows the recorded key; also the longest pause after failures."""
    doubtful: float
    """While it shows another one."""
    again: float
    """After the first look that failed; doubles."""


class Asks(Protocol):
    """Asks an ssh server for its host key."""

    async def host_key(self, place: Place) -> HostKey:
        """The key that it proves to have. Raises Unreachable."""
        ...


@dataclass(slots=True)
class _Watch:
    wanted: Wanted
    asked: str | None
    """The last value of the annotation by which a person asks for a look now."""
    recorded: str | None = None
    key: HostKey | None = None
    failures: int = 0


@dataclass(slots=True)
class Introductions:
    """All machines whose host keys are watched. `most` bounds those that are asked at the same time."""

    dialer: Asks
    wake: Callable[[Key], None]
    clock: Clock
    pace: Pace
    most: int
    jitter: Callable[[], float] = random.random
    _rounds: Rounds[_Watch] = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.clock.monotonic, self.most, self._look)

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Shown:
        """What is known of its host key; from now on it is looked at, or no longer where nobody wants the instance."""
        sought = host_keys.wanted(resource, instance) if wanted else None
        if sought is None:
            self.forget(key)
            return UNSEEN
        recorded, asked = host_keys.recorded(resource.status), resource.meta.reconcile_requested_at
        watch = self._rounds.find(key)
        if watch is None or watch.wanted != sought:
            watch = _Watch(sought, asked)
            # After a restart nothing is new, and a thousand objects come at once.
            self._rounds.put(key, watch, self.pace.settled * self.jitter() if recorded is not None else 0.0)
        elif watch.asked != asked:
            watch.asked = asked
            self._rounds.hasten(key)
        watch.recorded = recorded
        return host_keys.judge(resource, watch.key)

    def known(self, key: Key, resource: GPUInstance) -> Shown:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        watch = self._rounds.find(key)
        return host_keys.judge(resource, watch.key if watch is not None else None)

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self._rounds.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        await self._rounds.run()

    async def _look(self, key: Key, watch: _Watch) -> float | None:
        found = await self._ask(watch.wanted.place)
        if not self._rounds.holds(key, watch):
            return None
        watch.failures = 0 if found is not None else watch.failures + 1
        if found is not None and found != watch.key:
            watch.key = found
            self.wake(key)
        return rounds.spread(self._pause(watch), self.jitter())

    async def _ask(self, place: Place) -> HostKey | None:
        try:
            return await self.dialer.host_key(place)
        except errors.MachineError:
            return None
        except Exception:
            # What answers there is not ours: whatever it does must not end the process.
            logger.exception("asking for a host key failed")
            return None

    def _pause(self, watch: _Watch) -> float:
        longest = max(self.pace.settled, len(self._rounds) / _PER_SECOND)
        if watch.failures:
            return min(longest, self.pace.again * 2.0 ** min(watch.failures - 1, _DOUBLINGS))
        known = watch.key is not None and watch.recorded in (None, watch.key.fingerprint)
        return longest if known else self.pace.doubtful
