"""Letting an instance go: seen gone by its id and by its name, before the finalizer is dropped."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from novita_operator.api import meta
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.acting import leaving, proof
from novita_operator.controllers.gpu_instance.action import Intent
from novita_operator.controllers.gpu_instance.launching import obstacles, recovery
from novita_operator.controllers.gpu_instance.launching.fence import Fence
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import Result
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.limits import Priority
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling import naming
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.retained import Full, Retained
from novita_operator.runtime.accounts.retention import Left, Reason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Releaser:
    """Drops the finalizer, and puts it back where somebody else has dropped it too early."""

    fence: Fence
    cache: Cache
    metrics: Metrics
    retained: Retained
    clock: Clock

    async def hold(self, note: Intent | None, seen: Observation, key: Key) -> Result:
        """Put the finalizer back, and the note, unless somebody wrote the object meanwhile. Raises kube errors."""
        logger.warning("%s: the finalizer was gone; put back", key, extra={"uid": seen.resource.meta.uid})
        await self.fence.hold(seen.resource.meta, note, key)
        return Result(again=True, held_again=True)

    async def leave(self, seen: Observation, account: Account | None, memory: Memory, key: Key) -> Result:
        """Write down what stays at Novita, and only then drop the finalizer. Raises kube errors."""
        reason: Reason = "Stop" if seen.resource.spec.deletion_policy == "Stop" else "Retain"
        unkept = await self._keep(leaving.left(seen, account, reason, self.clock.now()), seen)
        return unkept or await self.release(seen, memory, key)

    async def abandon(
        self, left_behind: str, seen: Observation, account: Account | None, memory: Memory, key: Key
    ) -> Result:
        """The same although a person does not know what may be left. Raises kube errors."""
        if unkept := await self._keep(leaving.left(seen, account, "GivenUp", self.clock.now()), seen):
            return unkept
        logger.warning("%s: deletion given up; %s may still exist at Novita", key, left_behind)
        self.metrics.force_finalized.inc()
        memory.left_alone = True
        return replace(await self.release(seen, memory, key), abandoned=left_behind)

    async def _keep(self, left: Left, seen: Observation) -> Result | None:
        """None where it is written down. Until then the object stays: an orphan check would take it for an orphan."""
        try:
            await self.retained.keep(seen.resource.spec.account_ref.name, left)
        except kube_errors.Conflict:
            raise
        except (Full, kube_errors.KubeError) as error:
            return Result(problem=leaving.unkept(error))
        return None

    async def release(self, seen: Observation, memory: Memory, key: Key) -> Result:
        """Drop the finalizer and mark the intent as settled, in one write. Raises kube errors."""
        newest = self.cache.find(key)
        at = meta.Meta.parse(newest["metadata"]) if newest is not None else seen.resource.meta
        try:
            await self.fence.lift(at, None if seen.deleting else seen.intent, key)
        except kube_errors.NotFound:
            return Result(released=True)
        memory.forget_instance()
        memory.let_go = seen.deleting
        return Result(released=True)

    async def search_and_release(self, this: Pass) -> Result:
        """List by exact name a last time: nothing may be left behind when the finalizer goes."""
        seen, account = this.seen, this.account
        if seen.adopts is not None:
            return await self.release(seen, this.memory, this.key)
        try:
            left = await account.client.find_by_name(seen.name, priority=_priority(seen))
            unknown = seen.instance_id is None and not left
            alike = await recovery.find_alike(seen.intent, this) if unknown else None
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"make sure that {seen.name} is gone"))
        if left:
            this.memory.unseen_before = account.polls_begun
            return Result()
        if alike is not None:
            return Result(problem=obstacles.alike(alike, seen.name))
        if seen.instance_id is not None:
            self.metrics.instances_deleted.labels(account.name).inc()
        return await self.release(seen, this.memory, this.key)


async def put_right(this: Pass) -> Result | None:
    """Ours is recorded before it is deleted, where the recorded id turns out to be somebody else's that no list shows.

    After our delete call nothing would say any more that ours was another one. None where there is nothing to put
    right, and where that cannot be seen: it holds no delete back.
    """
    seen, recorded = this.seen, this.seen.instance_id
    doubtful = seen.deleting and seen.adopts is None and seen.account.state == "Usable" and seen.instance is None
    if recorded is None or not doubtful or not seen.live or seen.absence.gone_polls:
        return None
    try:
        shown = await this.account.client.get_instance(recorded, priority=Priority.DELETE)
    except errors.NovitaError:
        return None
    if not naming.is_anothers(seen.name, shown.name, ours_seen=True):
        return None
    return replace(await recovery.take(seen.live[0], this), again=True)


async def confirm_gone(instance_id: str, this: Pass, clock: Clock) -> Result:
    """Look by id: a list may lack an instance that is there. What went without a word is missed in its account."""
    seen, account, memory = this.seen, this.account, this.memory
    try:
        instance = await account.client.get_instance(instance_id, priority=_priority(seen))
        foreign = not seen.adopts and _is_foreign(instance, this)
        if not instance.state.is_gone and not foreign:
            proof.check(instance, this)
    except errors.NotFound:
        return _absent(this, clock)
    except errors.NovitaError as error:
        return Result(problem=result.from_novita(error, f"make sure that instance {instance_id} is gone"))
    except proof.NotProven as error:
        # It is there, under whatever name: nothing is missing, and nothing is lost.
        memory.gone_in_polls.clear()
        account.losses.back(seen.resource.meta.uid, clock.now())
        return Result(problem=error.as_problem())
    if instance.state.is_gone or foreign:
        memory.announced |= instance.state.is_gone
        return _absent(this, clock)
    memory.gone_in_polls.clear()
    account.losses.back(seen.resource.meta.uid, clock.now())
    memory.only_by_id = instance.state is not InstanceState.REMOVING
    if memory.only_by_id:
        memory.delete_accepted_at = None
    memory.unseen_before = account.polls_begun
    return Result(detail=instance)


def _is_foreign(instance: Instance, this: Pass) -> bool:
    """Whether it is another's, so that of this object nothing is there under that id."""
    seen = this.seen
    ended = seen.deleting and this.memory.delete_accepted_at is not None
    anothers = naming.is_anothers(seen.name, instance.name, ours_seen=bool(seen.found or ended))
    return anothers or (seen.unwanted and _has_been_given_away(instance, seen))


def _has_been_given_away(instance: Instance, seen: Observation) -> bool:
    """Whether Novita gave the id to another one: its name is no rendering of ours, and it was made at another time.

    That is known after a restart, too, when nobody remembers how ours has ended. A name alone proves nothing.
    """
    made, ours = instance.created_at, seen.resource.status.novita_created_at
    if not instance.name or naming.resembles(seen.name, instance.name) or made is None or ours is None:
        return False
    return abs(made - ours) > seen.list_lag


def _priority(seen: Observation) -> Priority:
    return Priority.CONFIRM_END if seen.deleting else Priority.READ_FOR_USER


def _absent(this: Pass, clock: Clock) -> Result:
    this.memory.saw_nothing(this.account.snapshot_poll, clock.monotonic())
    known = this.memory.announced or this.memory.delete_accepted_at is not None or this.seen.belief.announced
    if not (known or this.seen.unwanted):
        this.account.losses.miss(this.seen.resource.meta.uid, clock.now())
    # One look is enough where it was said that it goes: the look by name follows at once, and not after the next poll.
    return Result(again=known and this.seen.deleting and not this.seen.unproven)
