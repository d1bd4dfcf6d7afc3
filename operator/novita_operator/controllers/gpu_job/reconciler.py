"""One pass over one GPUJob: observe, decide, act, report. Nothing here ever speaks to Novita."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from novita_operator.api import kinds, meta
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_job.resource import GPUJob
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_job import action
from novita_operator.controllers.gpu_job.attending.attendant import Attendant
from novita_operator.controllers.gpu_job.deciding import attempts, plan, program
from novita_operator.controllers.gpu_job.observing.observation import Observation, Pauses
from novita_operator.controllers.gpu_job.reporting import status
from novita_operator.controllers.gpu_job.result import Result
from novita_operator.kube import errors, whole
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.kube.recorder import Recorder
from novita_operator.reconciling import owned
from novita_operator.reconciling.children import Children
from novita_operator.reconciling.outcome import After, BackOff, Requeue
from novita_operator.reconciling.publishing import Publisher

KIND = kinds.GPU_JOB
_LEAVING_SECONDS = 5.0  # its end wakes the job, too


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The reconciler of the kind. One instance per process; the queue never runs one key twice at a time."""

    kube: KubeClient
    cache: Cache
    children: Children
    publisher: Publisher
    recorder: Recorder
    clock: Clock
    pauses: Pauses
    resync_seconds: float
    attendant: Attendant

    async def reconcile(self, key: Key) -> Requeue:
        """Move the job one step. Raises kube errors."""
        body = await whole.read(KIND, key, self.cache, self.kube)
        if body is None:
            self.attendant.forget(key)
            return None
        seen = self._attended(key, await self._observe(GPUJob.parse(body)))
        result = await self._act(plan.decide(seen, self.clock.now()), seen, key)
        if result.made or result.released:
            seen = await self._observe(seen.resource)
        if not isinstance(result.step, action.ClearReport | action.RemoveJob):
            await self.publisher.publish(key, seen.resource.meta, status.report(seen, result, self.clock.now()))
        return self._come_back(seen, result)

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Say so on the object. Raises kube errors."""
        now = self.clock.now()
        await self.publisher.crashed(key, error, lambda body: status.crashed(GPUJob.parse(body), error, pause, now))

    async def leave(self, key: Key, uid: str) -> bool:
        """Another operator works on it now."""
        self.attendant.forget(key)
        return self.children.forget(uid)

    async def _observe(self, resource: GPUJob) -> Observation:
        found = [owned.child(body) for body in await self.children.of(resource.meta)]
        seen = Observation(resource, tuple(found), self.pauses)
        if resource.status.instance_name is None or seen.current is not None:
            return seen
        # That an instance is missing decides about an attempt: the cache alone is not believed.
        missed = await self.children.find(resource.meta, resource.status.instance_name)
        return seen if missed is None else replace(seen, children=(*seen.children, owned.child(missed)))

    def _attended(self, key: Key, seen: Observation) -> Observation:
        sought = program.wanted(seen, self.clock.now())
        return replace(seen, program=self.attendant.follow(key, seen.resource.meta, sought))

    async def _act(self, step: action.Step, seen: Observation, key: Key) -> Result:
        at = seen.resource.meta
        match step:
            case action.Make(attempt):
                return await self._make(step, attempt, seen, key)
            case action.Release(children):
                return await self._release(step, children, seen, key)
            case action.Begin():
                # Read from etcd: an instance that the cache has missed must go before another one is made.
                await self.children.refresh(at)
                return Result(action.Wait(0.0) if await self.children.of(at) else step)
            case action.ClearReport():
                self.cache.put(key, await self.kube.patch_metadata(KIND, at, annotations={meta.JOB_RESULT: None}))
            case action.RemoveJob():
                await self._remove(at, key)
            case _:
                pass
        return Result(step)

    async def _make(self, step: action.Step, attempt: int, seen: Observation, key: Key) -> Result:
        spec, at = seen.spec, seen.resource.meta
        if spec is None or not await self._is_newest(seen, key):
            return Result(action.Wait(0.0))
        try:
            taken = await self.children.make(attempts.body(at, spec.template, attempt, over_ssh=seen.over_ssh), at)
        except errors.REFUSALS as error:
            return Result(step, refused=f"{error}.")
        if taken and self.children.is_leaving(at, attempts.attempt_name(at.name, attempt)):
            # It is that of an earlier job of this name, such as one that `kubectl replace --force` has replaced.
            return Result(action.Wait(_LEAVING_SECONDS))
        if taken:
            return Result(step, refused=f"{taken} exists and does not belong to this job; delete or rename it.")
        return Result(step, made=attempts.attempt_name(at.name, attempt))

    async def _release(self, step: action.Step, children: Sequence[owned.Child], seen: Observation, key: Key) -> Result:
        # To a job that is behind its children, the attempt under way looks like one that is over.
        if not await self._is_newest(seen, key):
            return Result(action.Wait(0.0))
        for child in children:
            await self.children.delete(child.name, child.uid, seen.resource.meta)
        return Result(step, released=tuple(child.name for child in children))

    async def _is_newest(self, seen: Observation, key: Key) -> bool:
        """Whether the API server holds this very version: a cache that is behind must not repeat or end an attempt."""
        at = seen.resource.meta
        try:
            fresh = await self.kube.get(KIND, at.namespace, at.name)
        except errors.NotFound:
            return False
        self.cache.put(key, fresh)
        return bool(fresh["metadata"]["resourceVersion"] == at.resource_version)

    async def _remove(self, at: meta.Meta, key: Key) -> None:
        text = "The job is deleted: spec.ttlSecondsAfterFinished has passed."
        self.recorder.record("GPUJob", at, [Event("Normal", EventReason.EXPIRED, text)], self.clock.now())
        try:
            await self.kube.delete(KIND, at.namespace, at.name, uid=at.uid, version=at.resource_version)
        except errors.NotFound:
            self.cache.remove(key, at.uid)

    def _come_back(self, seen: Observation, result: Result) -> Requeue:
        if result.refused is not None:
            return BackOff(at_most=self._until_deadline(seen))
        match result.step:
            case action.Nothing() | action.RemoveJob():
                return After(self.resync_seconds)
            case action.Wait(seconds):
                pauses = [self.resync_seconds, seconds, self._until_deadline(seen)]
                return After(min(pause for pause in pauses if pause is not None))
            case _:
                return After(0.0)

    def _until_deadline(self, seen: Observation) -> float | None:
        if seen.deadline is None or seen.concluded or seen.finished:
            return None
        return max(0.0, (seen.deadline - self.clock.now()).total_seconds())
