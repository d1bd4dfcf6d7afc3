"""Carrying out an Action at Novita and in the cluster: straight-line I/O, one method a step."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from novita_operator import crashpoints
from novita_operator.api import meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.api.gpu_instance.status import Ended
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import action as actions
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.acting import measuring, proof
from novita_operator.controllers.gpu_instance.launching import recovery
from novita_operator.controllers.gpu_instance.launching.adoption import Adopter
from novita_operator.controllers.gpu_instance.launching.launcher import Launcher
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.reachability import connection
from novita_operator.controllers.gpu_instance.result import DISK_KEPT, Problem, Result, data_at_risk
from novita_operator.kube import errors as kube_errors
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import Kind, KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import InstanceState
from novita_operator.reconciling.intent import Intent
from novita_operator.runtime.accounts.account import Account

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Carries out actions. Raises kube errors; what Novita says ends in the result."""

    kube: KubeClient
    cache: Cache
    kind: Kind
    clock: Clock
    launcher: Launcher
    adopter: Adopter
    recorder: Recorder
    metrics: Metrics

    async def act(  # noqa: C901, PLR0911, PLR0912 - a table, one row an action
        self, decided: actions.Action, seen: Observation, account: Account, memory: Memory, key: Key
    ) -> Result:
        """One step."""
        logger.debug("%s: %s", key, decided, extra={"uid": seen.resource.meta.uid, "action": type(decided).__name__})
        match decided:
            case actions.Launch():
                return await self.launcher.launch(seen, account, memory, key)
            case actions.Take(instance_id):
                instance = next(found for found in seen.found if found.id == instance_id)
                return await recovery.take(instance, seen, account, memory)
            case actions.RemoveDuplicates(keep, remove):
                return await self._remove_duplicates(keep, remove, seen, account, memory)
            case actions.Describe(instance_id):
                return await self._describe(instance_id, seen, account, memory)
            case actions.Start(instance_id):
                return await self._start(instance_id, seen, account, memory)
            case actions.Stop(instance_id):
                return await self._stop(instance_id, seen, account, memory)
            case actions.Delete(instance_ids):
                return await self._delete(instance_ids, seen, account, memory)
            case actions.ConfirmGone(instance_id):
                return await self._confirm_gone(instance_id, seen, account, memory)
            case actions.Fail():
                return self._fail(decided, seen)
            case actions.End():
                return self._end(decided, seen)
            case actions.Measure(instance_id):
                return await measuring.measure(instance_id, seen, account, memory, self.clock)
            case actions.Edit():
                return await self._edit(decided, seen, account, memory)
            case actions.Adopt(instance_id):
                return await self.adopter.adopt(instance_id, seen, account, memory, key)
            case actions.Release():
                return await self._look_and_release(seen, account, memory, key)
            case actions.Abandon(left_behind):
                return await self.abandon(left_behind, seen, memory, key)
            case actions.Hold(note):
                return await self.hold(note, seen, key)
            case actions.Nothing() | actions.Wait():
                return Result()

    async def hold(self, note: Intent | None, seen: Observation, key: Key) -> Result:
        """Put the finalizer back, and the note, unless somebody wrote the object meanwhile. Raises kube errors."""
        logger.warning("%s: the finalizer was gone; put back", key, extra={"uid": seen.resource.meta.uid})
        at = seen.resource.meta
        crashpoints.reached("hold.before-write")
        body = await self.kube.patch_metadata(
            self.kind,
            at,
            finalizers=[*at.finalizers, meta.FINALIZER],
            annotations={meta.CREATE_INTENT: note.to_annotation()} if note is not None else None,
        )
        crashpoints.reached("hold.after-write")
        self.cache.wrote(key, body)
        return Result(again=True, held_again=True)

    async def abandon(self, left_behind: str, seen: Observation, memory: Memory, key: Key) -> Result:
        """Drop the finalizer although something may be left. Raises kube errors."""
        logger.warning("%s: deletion given up; %s may still exist at Novita", key, left_behind)
        self.metrics.force_finalized.inc()
        memory.abandoned = True
        return replace(await self.release(seen, memory, key), abandoned=left_behind)

    async def release(self, seen: Observation, memory: Memory, key: Key) -> Result:
        """Drop the finalizer and mark the intent as settled, in one write. Raises kube errors."""
        newest = self.cache.find(key)
        at = meta.Meta.parse(newest["metadata"]) if newest is not None else seen.resource.meta
        annotations = None
        if seen.intent is not None and not seen.deleting:
            annotations = {meta.CREATE_INTENT: seen.intent.settled("Released").to_annotation()}
        crashpoints.reached("release.before-write")
        try:
            body = await self.kube.patch_metadata(
                self.kind,
                at,
                finalizers=[name for name in at.finalizers if name != meta.FINALIZER],
                annotations=annotations,
            )
        except kube_errors.NotFound:
            return Result(released=True)
        crashpoints.reached("release.after-write")
        self.cache.wrote(key, body)
        memory.forget_instance()
        memory.let_go = seen.deleting
        return Result(released=True)

    async def _look_and_release(self, seen: Observation, account: Account, memory: Memory, key: Key) -> Result:
        """List by exact name a last time: nothing may be left behind when the finalizer goes."""
        if seen.adopts is not None:
            return await self.release(seen, memory, key)
        try:
            left = await account.client.find_by_name(seen.name)
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"make sure that {seen.name} is gone"))
        if left:
            memory.unseen_before = account.polls_begun
            return Result()
        if seen.instance_id is not None:
            self.metrics.instances_deleted.labels(account.name).inc()
        return await self.release(seen, memory, key)

    async def _remove_duplicates(
        self, keep: str, remove: tuple[str, ...], seen: Observation, account: Account, memory: Memory
    ) -> Result:
        memory.learned(keep)
        found = await self._delete(remove, seen, account, memory)
        memory.delete_accepted = False
        if found.problem is None:
            self.metrics.duplicates_removed.labels(account.name).inc(len(remove))
        return Result(problem=found.problem, instance_id=keep, duplicates_removed=() if found.problem else remove)

    async def _describe(self, instance_id: str, seen: Observation, account: Account, memory: Memory) -> Result:
        """Read the details and write the Secret; the status follows, so that Ready never comes before the Secret."""
        try:
            instance = await account.client.get_instance(instance_id)
            proof.check(instance, seen)
        except errors.NotFound:
            memory.detail = seen.instance
            return Result()
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"read instance {instance_id}"))
        except proof.NotProven as error:
            return Result(problem=error.as_problem())
        memory.detail = instance
        if not connection.is_complete(instance):
            return Result(detail=instance)
        crashpoints.reached("secret.before-write")
        try:
            await self.kube.write_owned_secret(connection.secret(seen.resource, instance))
            crashpoints.reached("secret.after-write")
        except kube_errors.Taken as error:
            text = f"spec.connectionSecretName: {error}. Delete that Secret, or create a GPUInstance with another name."
            return Result(problem=Problem(ConditionType.READY, Reason.SECRET_CONFLICT, text, stalled=True), detail=None)
        memory.detail = None
        return Result(detail=instance)

    async def _start(self, instance_id: str, seen: Observation, account: Account, memory: Memory) -> Result:
        at = self.clock.now()
        call = partial(account.client.start_instance, instance_id)
        problem = await self._call("start", call, instance_id, seen, account, memory)
        memory.detail = None
        gone_elsewhere = problem is not None and problem.reason is Reason.NO_CAPACITY
        if gone_elsewhere and seen.resource.spec.startup.on_no_capacity == "Recreate":
            text = f"Instance {instance_id} found no free GPU for its start (spec.startup.onNoCapacity is Recreate)."
            return self._fail(actions.Fail("NoCapacityAtStart", text), seen)
        return Result(problem=problem, started_at=None if problem else at)

    async def _stop(self, instance_id: str, seen: Observation, account: Account, memory: Memory) -> Result:
        """Said before it is done: what a stop puts at risk cannot be had back."""
        at = self.clock.now()
        if seen.resource.status.data_kept_until is None and not seen.deleting:
            text = f"Stopping instance {instance_id}. {data_at_risk(at + DISK_KEPT)}"
            event = Event("Warning", EventReason.DATA_AT_RISK, text)
            self.recorder.record("GPUInstance", seen.resource.meta, (event,), at)
        call = partial(account.client.stop_instance, instance_id)
        problem = await self._call("stop", call, instance_id, seen, account, memory)
        return Result(problem=problem, stopped_at=None if problem else at, data_kept_until=at + DISK_KEPT)

    async def _delete(
        self, instance_ids: tuple[str, ...], seen: Observation, account: Account, memory: Memory
    ) -> Result:
        for instance_id in instance_ids:
            try:
                await proof.prove(instance_id, seen, account.client)
                crashpoints.reached("delete.before-call")
                await account.client.delete_instance(instance_id)
                crashpoints.reached("delete.after-call")
                memory.delete_accepted = True
            except errors.NotFound:
                memory.only_by_id = False
            except errors.NovitaError as error:
                return Result(problem=result.from_novita(error, f"delete instance {instance_id}"))
            except proof.NotProven as error:
                memory.only_by_id = False
                return Result(problem=error.as_problem())
            finally:
                memory.unseen_before = account.polls_begun
        return Result()

    async def _confirm_gone(self, instance_id: str, seen: Observation, account: Account, memory: Memory) -> Result:
        try:
            instance = await account.client.get_instance(instance_id)
            # One of another name belongs to somebody else: of this object, nothing is there under that id.
            foreign = not seen.adopts and instance.name not in {"", seen.name}
            if not instance.state.is_gone and not foreign:
                proof.check(instance, seen)
        except errors.NotFound:
            memory.gone_in_polls.add(account.snapshot_poll)
            return Result()
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"make sure that instance {instance_id} is gone"))
        except proof.NotProven as error:
            return Result(problem=error.as_problem())
        if instance.state.is_gone or foreign:
            memory.gone_in_polls.add(account.snapshot_poll)
            return Result()
        memory.gone_in_polls.clear()
        memory.only_by_id = instance.state is not InstanceState.REMOVING
        memory.delete_accepted &= not memory.only_by_id
        memory.unseen_before = account.polls_begun
        return Result(detail=instance)

    async def _call(
        self,
        verb: str,
        call: Callable[[], Awaitable[None]],
        instance_id: str,
        seen: Observation,
        account: Account,
        memory: Memory,
    ) -> Problem | None:
        doing = f"{verb} instance {instance_id}"
        try:
            await proof.prove(instance_id, seen, account.client)
            crashpoints.reached(f"{verb}.before-call")
            await call()
            crashpoints.reached(f"{verb}.after-call")
        except (errors.NotFound, errors.InvalidState) as error:
            # The next poll says what is true now; a state that does not allow the step is tried later, not at once.
            return Problem(ConditionType.SYNCED, Reason.NOVITA_UNAVAILABLE, f"Could not {doing}: {error.message}.")
        except errors.NovitaError as error:
            return result.from_novita(error, doing)
        except proof.NotProven as error:
            return error.as_problem()
        finally:
            memory.unseen_before = account.polls_begun
        return None

    async def _edit(self, edit: actions.Edit, seen: Observation, account: Account, memory: Memory) -> Result:
        memory.edited_at = self.clock.monotonic()
        call = partial(account.client.edit_instance, edit.instance_id, ports=edit.ports, expand_root_gb=edit.grow_gb)
        return Result(problem=await self._call("edit", call, edit.instance_id, seen, account, memory))

    def _end(self, decided: actions.End, seen: Observation) -> Result:
        at = seen.resource.meta
        ended = Ended(
            cause=decided.cause,
            action=decided.action,
            at=self.clock.now(),
            generation=at.generation,
            reconcile_requested_at=at.annotations.get(meta.RECONCILE_REQUESTED_AT),
        )
        return Result(ended=ended)

    def _fail(self, decided: actions.Fail, seen: Observation) -> Result:
        failure = restarts.failure(decided, seen.resource, seen.instance_id, self.clock.now())
        return Result(failure=failure, restarts=restarts.counted(failure, seen.resource))
