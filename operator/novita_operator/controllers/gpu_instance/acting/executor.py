"""Which part carries out which Action."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import assert_never

from novita_operator.api import digest
from novita_operator.api.gpu_instance.reasons import Reason
from novita_operator.api.gpu_instance.status import Ended
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import action as actions
from novita_operator.controllers.gpu_instance.acting import calling, measuring, releasing
from novita_operator.controllers.gpu_instance.acting.calling import Caller
from novita_operator.controllers.gpu_instance.acting.describing import Describer
from novita_operator.controllers.gpu_instance.acting.pricing import Pricing
from novita_operator.controllers.gpu_instance.acting.releasing import Releaser
from novita_operator.controllers.gpu_instance.launching import obstacles, recovery
from novita_operator.controllers.gpu_instance.launching.adoption import Adopter
from novita_operator.controllers.gpu_instance.launching.launcher import Launcher
from novita_operator.controllers.gpu_instance.observing.memory import Memory
from novita_operator.controllers.gpu_instance.observing.observation import Observation
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.policies import restarts
from novita_operator.controllers.gpu_instance.result import Problem, Result
from novita_operator.kube.cache import Key
from novita_operator.runtime.accounts.account import Account

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Executor:
    """Carries out actions. Raises kube errors; what Novita says ends in the result."""

    clock: Clock
    describer: Describer
    launcher: Launcher
    adopter: Adopter
    releaser: Releaser
    caller: Caller
    pricing: Pricing

    async def act(
        self, decided: actions.Action, seen: Observation, account: Account | None, memory: Memory, key: Key
    ) -> Result:
        """One step. Without an account, only what the cluster alone is asked for is done."""
        logger.debug("%s: %s", key, decided, extra={"uid": seen.resource.meta.uid, "action": type(decided).__name__})
        if account is not None and (problem := _stepped_aside(decided, seen, account, key)) is not None:
            return Result(problem=problem)
        match decided:
            case actions.Nothing() | actions.Wait():
                return Result()
            case actions.Hold(note):
                return await self.releaser.hold(note, seen, key)
            case actions.Release(check_first=False):
                return await self.releaser.release(seen, memory, key)
            case actions.Leave():
                return await self.releaser.leave(seen, account, memory, key)
            case actions.Abandon(left_behind):
                return await self.releaser.abandon(left_behind, seen, account, memory, key)
        if account is None:
            return Result()
        return await self._at_novita(decided, Pass(seen, account, memory, key))

    async def _at_novita(self, decided: actions.AtNovita, this: Pass) -> Result:  # noqa: C901, PLR0911, PLR0912 - a table
        match decided:
            case actions.Launch():
                return await self.launcher.launch(this)
            case actions.Take(instance_id):
                instance = next(found for found in this.seen.found if found.id == instance_id)
                return await recovery.take(instance, this)
            case actions.ProvePrice(instance_id):
                return await self.pricing.prove(instance_id, this)
            case actions.Adopt(instance_id):
                return await self.adopter.adopt(instance_id, this)
            case actions.RemoveDuplicates(keep, remove):
                return await self.caller.remove_duplicates(keep, remove, this)
            case actions.Describe(instance_id):
                return await self.describer.describe(instance_id, this)
            case actions.Measure(instance_id):
                return await measuring.measure(instance_id, this, self.clock)
            case actions.Start(instance_id):
                started = await self.pricing.too_dear_to_start(this) or await self.caller.start(instance_id, this)
                return self._recreated(instance_id, started, this.seen)
            case actions.Stop(instance_id):
                return await self.caller.stop(instance_id, this)
            case actions.Edit():
                return await self.caller.edit(decided, this)
            case actions.Delete(instance_ids):
                return await releasing.put_right(this) or await calling.delete(instance_ids, this, self.clock)
            case actions.ConfirmGone(instance_id):
                return await releasing.confirm_gone(instance_id, this, self.clock)
            case actions.Release():
                return await self.releaser.search_and_release(this)
            case actions.Fail():
                return self._fail(decided, this.seen)
            case actions.End():
                return self._end(decided, this.seen)
            case _ as never:
                assert_never(never)

    def _recreated(self, instance_id: str, started: Result, seen: Observation) -> Result:
        """A start for which there is no free GPU is a failure where the spec asks for another instance then."""
        gone_elsewhere = started.problem is not None and started.problem.reason is Reason.NO_CAPACITY
        if not gone_elsewhere or seen.resource.spec.startup.on_no_capacity != "Recreate":
            return started
        text = f"Instance {instance_id} found no free GPU for its start (spec.startup.onNoCapacity is Recreate)."
        return self._fail(actions.Fail("NoCapacityAtStart", text), seen)

    def _end(self, decided: actions.End, seen: Observation) -> Result:
        at = seen.resource.meta
        ended = Ended(
            cause=decided.cause,
            action=decided.action,
            at=self.clock.now(),
            generation=at.generation,
            spec_digest=digest.of(seen.resource.spec),
            reconcile_requested_at=at.reconcile_requested_at,
        )
        return Result(ended=ended)

    def _fail(self, decided: actions.Fail, seen: Observation) -> Result:
        failure = restarts.failure(decided, seen.resource, seen.instance_id, self.clock.now())
        return Result(failure=failure, restarts=restarts.counted(failure, seen.resource))


def _stepped_aside(decided: actions.Action, seen: Observation, account: Account, key: Key) -> Problem | None:
    """It leaves the lines of what it does not ask for now. Why it was refused may still be true."""
    if isinstance(decided, actions.Launch | actions.Start | actions.Edit):
        return None
    aside, left = account.pauses.step_aside(key), seen.refusal_settles_in
    awaits = bool(left) or seen.edit_settles
    if aside is None or not awaits or not isinstance(decided, actions.Wait):
        return None
    return obstacles.refused(aside, account.name, left.total_seconds() if left else None)
