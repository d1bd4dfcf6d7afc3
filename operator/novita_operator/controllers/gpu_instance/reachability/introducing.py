"""Asking ssh servers for their host keys in the background: passes read what is known, and news wake an object."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, host_keys
from novita_operator.controllers.gpu_instance.reachability.host_keys import UNSEEN, Shown, Wanted
from novita_operator.kube.cache import Key
from novita_operator.machines import errors
from novita_operator.machines.host_keys import HostKey
from novita_operator.machines.login import Place
from novita_operator.novita.models import Instance
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds

logger = logging.getLogger(__name__)

PER_SECOND = 5.0
"""Looks at what is known: each is ten milliseconds of CPU, and thousands may run."""


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
    awaited: bool = False
    """Ready waits for what needs the key."""
    key: HostKey | None = None
    why: str = ""
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
        watch, awaited = self._rounds.find(key), authorized_keys.awaited(resource, sought)
        if watch is None or watch.wanted != sought:
            watch = _Watch(sought, asked)
            # After a restart nothing is new, and a thousand objects come at once.
            later = recorded is not None and not awaited
            self._rounds.put(key, watch, self.pace.settled * self.jitter() if later else 0.0)
        elif watch.asked != asked:
            watch.asked = asked
            self._rounds.hasten(key)
        watch.recorded, watch.awaited = recorded, awaited
        return host_keys.judge(resource, watch.key, watch.why)

    def known(self, key: Key, resource: GPUInstance) -> Shown:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        watch = self._rounds.find(key)
        return host_keys.judge(resource, watch.key, watch.why) if watch is not None else UNSEEN

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self._rounds.forget(key)

    async def run(self) -> None:
        """Look at whatever is due, for ever."""
        await self._rounds.run()

    async def _look(self, key: Key, watch: _Watch) -> float | None:
        found, why = await self._ask(watch.wanted.place)
        if not self._rounds.holds(key, watch):
            return None
        watch.why, watch.failures = why, 0 if found is not None else watch.failures + 1
        if found is not None and found != watch.key:
            watch.key = found
            self.wake(key)
        return rounds.spread(self._pause(watch), self.jitter())

    async def _ask(self, place: Place) -> tuple[HostKey | None, str]:
        """The key, or why there is none."""
        try:
            return await self.dialer.host_key(place), ""
        except errors.MachineError as error:
            return None, str(error)
        except Exception as error:
            # What answers there is not ours: whatever it does must not end the process.
            logger.exception("asking for a host key failed")
            return None, f"cannot be asked for its ssh host key ({type(error).__name__})"

    def _pause(self, watch: _Watch) -> float:
        longest = max(self.pace.settled, len(self._rounds) / PER_SECOND)
        if watch.failures:
            most = min(longest, self.pace.doubtful) if watch.awaited else longest
            return rounds.growing(self.pace.again, watch.failures, most)
        known = watch.key is not None and watch.recorded in (None, watch.key.fingerprint)
        return longest if known else self.pace.doubtful
