"""One pass over one GPUInstanceSet: observe, decide, act, report. Nothing here ever speaks to Novita."""

from __future__ import annotations

from dataclasses import dataclass

from novita_operator.api import digest, kinds
from novita_operator.api.gpu_instance_set.resource import GPUInstanceSet
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance_set import action
from novita_operator.controllers.gpu_instance_set.deciding import plan, replicas
from novita_operator.controllers.gpu_instance_set.observing.observation import Observation
from novita_operator.controllers.gpu_instance_set.reporting import status
from novita_operator.controllers.gpu_instance_set.result import Result
from novita_operator.kube import errors, whole
from novita_operator.kube.cache import Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling import owned
from novita_operator.reconciling.children import Children
from novita_operator.reconciling.outcome import After, BackOff, Requeue
from novita_operator.reconciling.publishing import Publisher

KIND = kinds.GPU_INSTANCE_SET


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The reconciler of the kind. One instance per process; the queue never runs one key twice at a time."""

    kube: KubeClient
    cache: Cache
    children: Children
    publisher: Publisher
    clock: Clock
    resync_seconds: float

    async def reconcile(self, key: Key) -> Requeue:
        """Move the set one step. Raises kube errors."""
        body = await whole.read(KIND, key, self.cache, self.kube)
        if body is None:
            return None
        seen = await self._observe(GPUInstanceSet.parse(body))
        result = await self._act(plan.decide(seen, self.clock.now()), seen)
        if result.made or result.removed:
            seen = await self._observe(seen.resource)
        now = self.clock.now()
        outcome = status.report(seen, result, now)
        # Not when the write has ended: a deadline that comes meanwhile would be seen at the next resync.
        due_in = status.due_in(seen, outcome.status, now)
        await self.publisher.publish(key, seen.resource.meta, outcome)
        return self._come_back(result, due_in)

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Say so on the object. Raises kube errors."""
        now = self.clock.now()
        await self.publisher.crashed(
            key, error, lambda body: status.crashed(GPUInstanceSet.parse(body), error, pause, now)
        )

    async def leave(self, key: Key, uid: str) -> bool:  # noqa: ARG002 - the signature is that of all kinds
        """Another operator works on it now."""
        return self.children.forget(uid)

    async def _observe(self, resource: GPUInstanceSet) -> Observation:
        at, spec = resource.meta, resource.spec
        return Observation(
            resource=resource,
            children=tuple(owned.child(body) for body in await self.children.of(at)),
            template_hash="" if spec is None else digest.of(spec.template),
            taken=self.children.taken(at.namespace, at.uid),
        )

    async def _act(self, step: action.Step, seen: Observation) -> Result:
        match step:
            case action.Make(name):
                return await self._make(step, name, seen)
            case action.Remove(children):
                for child in children:
                    await self.children.delete(child.name, child.uid, seen.resource.meta)
                return Result(step, removed=tuple(child.name for child in children))
            case action.Nothing() | action.Wait():
                return Result(step)

    async def _make(self, step: action.Step, name: str, seen: Observation) -> Result:
        spec, at = seen.spec, seen.resource.meta
        if spec is None:
            return Result(step)
        try:
            taken = await self.children.make(replicas.body(at, spec, name, seen.template_hash), at)
        except errors.REFUSALS as error:
            return Result(step, refused=f"{error}.")
        # A name that is somebody else's is known by now, and the next pass takes another one.
        return Result(step, made=None if taken else name)

    def _come_back(self, result: Result, due_in: float | None) -> Requeue:
        if result.refused is not None:
            return BackOff(at_most=due_in)
        if isinstance(result.step, action.Make | action.Remove):
            return After(0.0)
        pauses = [self.resync_seconds, due_in]
        if isinstance(result.step, action.Wait):
            pauses.append(result.step.seconds)
        return After(min(pause for pause in pauses if pause is not None))
