"""One pass over one GPUInstance: observe, decide, act, report."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from novita_operator.api import kinds, meta
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.resource import GPUInstance, account_of, is_ending, is_unanswered, is_unguarded
from novita_operator.api.gpu_instance.status import GPUInstanceStatus
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import action as actions
from novita_operator.controllers.gpu_instance.acting.departing import Departing
from novita_operator.controllers.gpu_instance.acting.describing import Describer
from novita_operator.controllers.gpu_instance.acting.executor import Executor
from novita_operator.controllers.gpu_instance.acting.notifier import Notifier
from novita_operator.controllers.gpu_instance.acting.service_writer import Serving
from novita_operator.controllers.gpu_instance.deciding import plan, returning
from novita_operator.controllers.gpu_instance.observing import observer as observing
from novita_operator.controllers.gpu_instance.observing.memory import Memories, Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.reachability.watching import Watching
from novita_operator.controllers.gpu_instance.reporting import status
from novita_operator.controllers.gpu_instance.result import Lasting, Result
from novita_operator.kube import errors as kube_errors
from novita_operator.kube import whole
from novita_operator.kube.cache import Body, Cache, Key
from novita_operator.kube.client import KubeClient
from novita_operator.metrics import Metrics
from novita_operator.novita import callers
from novita_operator.reconciling import naming
from novita_operator.reconciling.outcome import Outcome, Requeue, Woken
from novita_operator.reconciling.publishing import Publisher
from novita_operator.runtime.accounts.account import Account
from novita_operator.runtime.accounts.registry import Accounts

logger = logging.getLogger(__name__)

KIND = kinds.GPU_INSTANCE
_WRITTEN_BESIDE = frozenset({"novitaStatus", "novitaCreatedAt"})


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The reconciler of the kind. One instance per process; the queue never runs one key twice at a time."""

    kube: KubeClient
    cache: Cache
    publisher: Publisher
    accounts: Accounts
    observer: observing.Observer
    executor: Executor
    metrics: Metrics
    watching: Watching
    describer: Describer
    serving: Serving
    notifier: Notifier
    departing: Departing
    memories: Memories
    clock: Clock
    names: naming.Names
    cost_interval: float
    resync_seconds: float
    warning: timedelta

    async def reconcile(self, key: Key) -> Requeue:
        """Move the object one step. Raises kube errors."""
        body = self.cache.find(key)
        if body is None:
            self._leave_lines(key)
            return None
        account = self.accounts.find(account_of(body))
        if account is None:
            return await self._begin(None, key)
        first = account.creates.keeps_for(key) or self._is_news(body)
        if not account.passes.try_take(key, urgent=is_ending(body) or is_unguarded(body), first=first):
            return Woken()
        try:
            return await self._begin(account, key)
        finally:
            account.passes.give_back()

    def _is_news(self, body: Body) -> bool:
        """Whether a person waits for the first word on it.

        What wakes all objects of an account, such as another key, must not hold that up. Nor may a status be left
        standing that this process has not written: a backup's says what was true elsewhere.
        """
        return is_unanswered(body) or self.memories.find(body["metadata"]["uid"]) is None

    async def crashed(self, key: Key, error: Exception, pause: float) -> None:
        """Say so on the object. Raises kube errors."""
        now = self.clock.now()
        await self.publisher.crashed(
            key, error, lambda body: status.crashed(GPUInstance.parse(body), error, pause, now)
        )

    async def _begin(self, account: Account | None, key: Key) -> Requeue:
        body = await whole.read(KIND, key, self.cache, self.kube)
        return None if body is None else await self._pass(GPUInstance.parse(body), account, key)

    async def _pass(self, resource: GPUInstance, account: Account | None, key: Key) -> Requeue:
        began, memory = self.clock.now(), self.memories.of(resource.meta.uid, account.polls_begun if account else 0)
        seen = self._observe(resource, account, memory, key)
        if account is not None and seen.nothing_is_coming:
            account.usage.settle(seen.name)
        decided = plan.decide(seen, self.clock.now())
        with callers.on_behalf_of(callers.Caller(key.namespace, repeats=memory.repeats(seen))):
            result = (await self.executor.act(decided, seen, account, memory, key)).after(memory.unwritten)
        memory.tried(resource.meta.generation, refused=result.refused, rented=result.instance_id is not None)
        memory.unwritten = result.lasting
        self._too_late(seen, result, memory, key)
        if account is not None:
            result = await self.describer.restore(result, Pass(seen, account, memory, key))
        result = await self.serving.follow(seen, result)
        problem = result.problem
        if account is not None and problem is not None and problem.reason is Reason.CREDENTIALS_REJECTED:
            # One refused call is no verdict on the key: it may lack a right, or the account a quota. The poll judges.
            account.poll_by(self.clock.monotonic())
        self._mark(decided, result, account, key)
        if account is not None and not result.queued:
            account.creates.leave(key)
        memory.unwritten = result.lasting
        pace = status.Pace(self.cost_interval, self.warning)
        outcome = status.report(seen, result, self.clock.now(), pace)
        await self._publish(key, seen, result, outcome)
        memory.unwritten = Lasting()
        if result.released:
            self._let_adopted_go(resource, account)
            if account is not None:
                account.losses.forget(resource.meta.uid)
                account.usage.settle(seen.name)
        due = returning.Due(began, self.clock.now(), self.resync_seconds, self.warning)
        return returning.requeue(decided, result, seen, due)

    def _observe(self, resource: GPUInstance, account: Account | None, memory: Memory, key: Key) -> Observation:
        seen = self.observer.observe(resource, account, memory)
        if seen.account.state == "Usable":
            wanted = seen.power == "Running" and not seen.deleting and seen.not_ours is None
            reach = self.watching.follow(key, resource, seen.instance, wanted=wanted)
        else:
            reach = self.watching.known(key, resource, seen.instance)
        return replace(seen, reach=reach)

    def claim(self, key: Key, body: Body) -> None:
        """The object exists: instances of its name belong to it."""
        uid, recorded = body["metadata"]["uid"], (body.get("status") or {}).get("instanceName")
        name = self.names.of(uid, recorded if isinstance(recorded, str) else None)
        self.accounts.claim_for(uid, name, key)
        self.accounts.renamed.see(uid, account_of(body), self.names.unaccepted(name))

    def departed(self, key: Key, body: dict[str, Any]) -> None:
        """Its deletion was watched: what it leaves at Novita ends as it has asked."""
        resource = GPUInstance.parse(body)
        self.departing.watched(key, resource, self.memories.find(resource.meta.uid))

    def _too_late(self, seen: Observation, result: Result, memory: Memory, key: Key) -> None:
        """An id that came for an object which went while the call was under way."""
        newest = self.cache.find(key)
        gone = newest is None or newest["metadata"]["uid"] != seen.resource.meta.uid
        if gone:
            # Nobody would tell the accounts of it a second time.
            self._miss_no_more(seen.resource.meta.uid)
        if gone and result.instance_id is not None:
            self.departing.answered(key, seen.resource, memory, result.instance_id)

    def forget(self, uid: str) -> None:
        """The object is gone from the cluster: nothing of it is claimed or remembered any more."""
        memory = self.memories.find(uid)
        self.memories.forget(uid)
        name = self.accounts.release(uid)
        for account in self.accounts:
            if memory is not None and memory.had is not None:
                account.adopted.discard(memory.had)  # whoever else has it says so in each pass
                account.usage.settle(memory.had)
            account.usage.settle(name)
        self._miss_no_more(uid)

    def vacate(self, key: Key) -> None:
        """No object has the name any more: nothing is looked at or polled for it, and it waits in no line."""
        self._watch_no_more(key)
        self._leave_lines(key)

    def _watch_no_more(self, key: Key) -> None:
        self.watching.forget(key)
        for account in self.accounts:
            account.set_moving(key, moving=False)

    def _leave_lines(self, key: Key) -> None:
        for account in self.accounts:
            account.leave_lines(key)

    def _miss_no_more(self, uid: str) -> None:
        for account in self.accounts:
            account.losses.forget(uid)

    async def leave(self, key: Key, uid: str) -> bool:
        """Another operator works on it now: nothing is probed, polled for or remembered. Its names stay claimed."""
        known = self.memories.forget(uid)
        self._watch_no_more(key)
        self._miss_no_more(uid)
        return known

    def _let_adopted_go(self, resource: GPUInstance, account: Account | None) -> None:
        if resource.spec.adopt is not None and account is not None:
            account.adopted.discard(resource.spec.adopt.instance_id)

    async def _publish(self, key: Key, seen: Observation, result: Result, outcome: Outcome) -> None:
        """Write the status if it says anything new; only a pass whose status was taken tells its Events."""
        now = self.clock.now()
        at = seen.resource.meta
        old = seen.resource.status.to_wire()
        if seen.deleting and result.released:
            self.notifier.say_farewell(key, seen, result)
            if at.deleted_at is not None:
                self.metrics.deletion_seconds.observe((now - at.deleted_at).total_seconds())
            self.publisher.tell(at, outcome)
            return
        if not _says_more(old, outcome.status):
            self.publisher.tell(at, outcome)
            return
        newest = self.cache.find(key)
        if newest is None or newest["metadata"]["uid"] != at.uid:
            return
        current = meta.Meta.parse(newest["metadata"])
        if current.resource_version != at.resource_version and not _same_status(newest, seen.resource):
            # Another process was faster: it may have recorded an instance, and told the same Events.
            raise kube_errors.Conflict("the status is another one than when this pass began")
        outcome = self.notifier.amend(outcome, seen, newest)
        await self.publisher.write(key, current, newest.get("status") or {}, outcome.status)
        if outcome.status.get("readyAt") and seen.resource.status.ready_at is None:
            self._measure_ready(seen, now)
        self.publisher.tell(at, outcome)

    def _measure_ready(self, seen: Observation, now: datetime) -> None:
        started = seen.resource.status.started_at
        if started is not None:
            self.metrics.time_to_ready.observe(max(0.0, (now - started).total_seconds()))

    def _mark(self, decided: actions.Action, result: Result, account: Account | None, key: Key) -> None:
        """Tell the account whether to poll fast, and whether this object wants to hear of the next poll."""
        if account is None:
            return
        match decided:
            case actions.Nothing() | actions.Describe(again=True):
                moving, waking = False, False
            case actions.Wait(moving=moving, poll=waking):
                pass
            case _ if result.queued:
                # The slot wakes it. A crowd that hears of each poll, too, would take all the CPU.
                moving, waking = False, False
            case _:
                # A step was done, or it failed: then the back-off wakes the object, not the poll.
                moving = waking = not result.released and (result.problem is None or not result.problem.paused)
        account.set_moving(key, moving)
        if waking:
            account.wake_after_poll(key)


def _same_status(newest: dict[str, Any], resource: GPUInstance) -> bool:
    return _decided_upon(GPUInstance.parse(newest).status) == _decided_upon(resource.status)


def _decided_upon(status: GPUInstanceStatus) -> GPUInstanceStatus:
    """The status without what the courier strikes out while passes are under way."""
    return status.model_copy(update={"notifications": None})


def _says_more(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether the new status is worth a write: Novita's word and time alone, between two phases, are not."""
    return _worth(old) != _worth(new)


def _worth(wire: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in wire.items() if key not in _WRITTEN_BESIDE}
