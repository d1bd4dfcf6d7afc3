"""Bringing keys to machines in the background: passes read what is known, and news wake an object."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from novita_operator.api import kinds
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance.reachability import authorized_keys, gathering
from novita_operator.controllers.gpu_instance.reachability.authorized_keys import (
    NOTHING,
    Granted,
    Hindrance,
    Known,
    Wanted,
    Written,
)
from novita_operator.controllers.gpu_instance.reachability.introducing import PER_SECOND, Pace
from novita_operator.kube import errors as kube_errors
from novita_operator.kube import whole
from novita_operator.kube.belongings import Belongings
from novita_operator.kube.cache import Cache, Key
from novita_operator.machines import errors
from novita_operator.machines.key_file import KeyFile
from novita_operator.machines.public_keys import Keys, NoPublicKey
from novita_operator.novita.models import Instance
from novita_operator.reconciling import entering
from novita_operator.reconciling.entering import Door
from novita_operator.reconciling.entries import Unresolved
from novita_operator.runtime import rounds
from novita_operator.runtime.rounds import Rounds

logger = logging.getLogger(__name__)

_EARLY = 0.8  # a look that comes somewhat early, as spread ones do, still is one


@dataclass(slots=True)
class _Watch:
    wanted: Wanted
    known: Known
    checked_at: float | None
    """When the machine itself was last looked at, monotonic; None: it has to be."""
    failures: int = 0


@dataclass(slots=True)
class Authorizing:
    """All machines whose keys are kept as their specs ask. `most` bounds those that are worked on at the same time.

    `pace.settled`: between two looks at the machine itself; `doubtful`: at the Secrets and ConfigMaps.
    """

    cache: Cache
    belongings: Belongings
    file: KeyFile
    wake: Callable[[Key], None]
    clock: Clock
    pace: Pace
    most: int
    jitter: Callable[[], float] = random.random
    _rounds: Rounds[_Watch] = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(self.clock.monotonic, self.most, self._look)

    def follow(self, key: Key, resource: GPUInstance, instance: Instance | None, *, wanted: bool) -> Granted:
        """What is known of its keys; from now on they are kept, or no longer where nobody wants the instance."""
        sought = authorized_keys.wanted(resource, instance) if wanted else None
        if sought is None:
            self.forget(key)
            return authorized_keys.judge(resource, instance, NOTHING)
        watch = self._rounds.find(key)
        if watch is None or watch.wanted.machine != sought.machine:
            self._begin(key, resource, sought)
        elif watch.wanted != sought:
            if watch.wanted.requested_at != sought.requested_at:
                watch.checked_at = None
            watch.wanted = sought
            self._rounds.hasten(key)
        return self.known(key, resource, instance)

    def known(self, key: Key, resource: GPUInstance, instance: Instance | None) -> Granted:
        """The same where what Novita shows is not known now: what is watched goes on being watched."""
        watch = self._rounds.find(key)
        return authorized_keys.judge(resource, instance, watch.known if watch is not None else NOTHING)

    def forget(self, key: Key) -> None:
        """The object is gone, or nothing is to be looked at."""
        self._rounds.forget(key)

    async def run(self) -> None:
        """Work on whatever is due, for ever."""
        await self._rounds.run()

    def _begin(self, key: Key, resource: GPUInstance, sought: Wanted) -> None:
        before = authorized_keys.recorded(resource.status, sought.machine)
        watch = _Watch(sought, Known(before), None if before is None else self.clock.monotonic())
        keys = authorized_keys.in_spec(resource.spec)
        news = before is None or (keys is not None and keys.digest != before.digest)
        # After a restart nothing is new, and a thousand objects come at once.
        self._rounds.put(key, watch, 0.0 if news else self._settled(watch) * self.jitter())

    async def _look(self, key: Key, watch: _Watch) -> float | None:
        written, hindrance = await self._try(key, watch)
        if not self._rounds.holds(key, watch):
            return None
        watch.failures = 0 if hindrance is None else watch.failures + 1
        before, watch.known = watch.known, Known(written, hindrance, looked=True)
        # While Ready waits, what else is known of the machine is told with each try.
        if before != watch.known or (hindrance is not None and written is None):
            self.wake(key)
        return rounds.spread(self._pause(watch), self.jitter())

    async def _try(self, key: Key, watch: _Watch) -> tuple[Written | None, Hindrance | None]:
        """What is on the machine then, and what was in the way."""
        before = watch.known.written
        try:
            return await self._bring(key, watch), None
        except (NoPublicKey, Unresolved) as error:
            reason = Reason.INVALID_SPEC if isinstance(error, NoPublicKey) else Reason.REFERENCE_NOT_FOUND
            return before, Hindrance(reason, str(error))
        except errors.MachineError as error:
            watch.checked_at = None
            return before, Hindrance(_reason(error), f"the machine {error}")
        except kube_errors.KubeError as error:
            text = f"the cluster does not show what is needed for them ({type(error).__name__})"
            return before, Hindrance(Reason.CLUSTER_REFUSED, text)
        except Exception as error:
            # What answers there is not ours: whatever it does must not end the process.
            logger.exception("bringing keys to a machine failed")
            return before, Hindrance(Reason.INTERNAL_ERROR, f"they cannot be written ({type(error).__name__})")

    async def _bring(self, key: Key, watch: _Watch) -> Written | None:
        wanted = watch.wanted
        keys = await self._keys(key, wanted)
        if keys is None:
            return watch.known.written
        told, now = Written(len(keys.lines), keys.digest), self.clock.monotonic()
        fresh = watch.checked_at is not None and now - watch.checked_at < self._between_checks() * _EARLY
        if told == watch.known.written and fresh:
            return told
        try:
            door = Door(key.namespace, wanted.secret, wanted.machine.uid, wanted.fingerprint)
            await self.file.write(await entering.login(self.belongings, door), keys)
        except errors.MachineError:
            # Of a mere look whether somebody has changed them there, nothing is pending.
            if told != watch.known.written or watch.checked_at is None:
                raise
        watch.checked_at = now
        return told

    async def _keys(self, key: Key, wanted: Wanted) -> Keys | None:
        """None where the object is another one by now. Nothing of them is held between two looks."""
        body = await whole.read(kinds.GPU_INSTANCE, key, self.cache, self.belongings.kube)
        resource = GPUInstance.parse(body) if body is not None else None
        if resource is None or resource.meta.uid != wanted.machine.uid or resource.unreadable is not None:
            return None
        return await gathering.gather(self.belongings.kube, resource)

    def _between_checks(self) -> float:
        return max(self.pace.settled, len(self._rounds) / PER_SECOND)

    def _settled(self, watch: _Watch) -> float:
        if not watch.wanted.referring:
            return self._between_checks()
        return max(self.pace.doubtful, len(self._rounds) / PER_SECOND)

    def _pause(self, watch: _Watch) -> float:
        if watch.failures:
            return rounds.growing(self.pace.again, watch.failures, self.pace.doubtful)
        return self._settled(watch)


def _reason(error: errors.MachineError) -> Reason:
    match error:
        case errors.HostKeyChanged():
            return Reason.HOST_KEY_CHANGED
        case errors.LoginRefused():
            return Reason.LOGIN_REFUSED
        case errors.NotWritten() | errors.Unusable():
            return Reason.KEYS_NOT_WRITTEN
        case _:
            return Reason.SSH_UNREACHABLE
