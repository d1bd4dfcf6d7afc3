"""Calls that change an instance: start, stop, edit, delete; each only after it is proven to be ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from novita_operator import crashpoints
from novita_operator.api.events import Event, EventReason
from novita_operator.api.gpu_instance.reasons import ConditionType, Reason
from novita_operator.clock import Clock
from novita_operator.controllers.gpu_instance import result
from novita_operator.controllers.gpu_instance.acting import proof
from novita_operator.controllers.gpu_instance.action import Edit
from novita_operator.controllers.gpu_instance.launching import entitling, obstacles
from novita_operator.controllers.gpu_instance.observing.one_pass import Pass
from novita_operator.controllers.gpu_instance.result import DISK_KEPT, Problem, Result, data_at_risk
from novita_operator.kube.recorder import Recorder
from novita_operator.metrics import Metrics
from novita_operator.novita import errors
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.runtime.accounts.pause import Need, Step


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls. What Novita says ends in the result."""

    clock: Clock
    recorder: Recorder
    metrics: Metrics

    async def start(self, instance_id: str, this: Pass) -> Result:
        """Start a stopped instance."""
        return await _for_all(_need("start", this), this, partial(self._start, instance_id))

    async def _start(self, instance_id: str, need: Need, this: Pass) -> Result:
        at, instance = self.clock.now(), this.seen.instance
        denied = await entitling.obstacle(instance, this, self.clock.monotonic()) if instance is not None else None
        if denied is not None:
            return Result(problem=denied)
        call = partial(this.account.client.start_instance, instance_id)
        problem = await _call("start", call, instance_id, this, partial(_refused, need, this))
        this.memory.detail = this.memory.checked = None
        return Result(problem=problem, started_at=None if problem else at)

    async def stop(self, instance_id: str, this: Pass) -> Result:
        """Said before it is done: what a stop puts at risk cannot be had back."""
        at, seen = self.clock.now(), this.seen
        if seen.resource.status.data_kept_until is None and not seen.deleting:
            text = f"Stopping instance {instance_id}. {data_at_risk(at + DISK_KEPT)}"
            event = Event("Warning", EventReason.DATA_AT_RISK, text)
            self.recorder.record("GPUInstance", seen.resource.meta, (event,), at)
        call = partial(this.account.client.stop_instance, instance_id)
        problem = await _call("stop", call, instance_id, this)
        return Result(problem=problem, stopped_at=None if problem else at, data_kept_until=at + DISK_KEPT)

    async def edit(self, edit: Edit, this: Pass) -> Result:
        """Change ports, and grow the root disk, which alone costs."""
        if not edit.grow_gb:
            return await self._edit(edit, None, this)
        return await _for_all(replace(_need("grow", this), price=None), this, partial(self._edit, edit))

    async def _edit(self, edit: Edit, need: Need | None, this: Pass) -> Result:
        this.memory.edited_at = self.clock.monotonic()
        client = this.account.client
        call = partial(client.edit_instance, edit.instance_id, ports=edit.ports, expand_root_gb=edit.grow_gb)
        tells = partial(_refused, need, this) if need is not None else _nothing
        return Result(problem=await _call("edit", call, edit.instance_id, this, tells))

    async def remove_duplicates(self, keep: str, remove: tuple[str, ...], this: Pass) -> Result:
        """Delete all of our name but one."""
        this.memory.learned(keep)
        found = await delete(remove, this, self.clock)
        this.memory.delete_accepted_at = None
        if found.problem is None:
            self.metrics.duplicates_removed.labels(this.account.name).inc(len(remove))
        return Result(problem=found.problem, instance_id=keep, duplicates_removed=() if found.problem else remove)


async def delete(instance_ids: tuple[str, ...], this: Pass, clock: Clock) -> Result:
    """Delete these instances; that one is gone already is as good."""
    account, memory = this.account, this.memory
    for instance_id in instance_ids:
        try:
            await proof.prove(instance_id, this)
            crashpoints.reached("delete.before-call")
            await account.client.delete_instance(instance_id)
            crashpoints.reached("delete.after-call")
            memory.delete_accepted_at = clock.monotonic()
        except errors.NotFound:
            memory.only_by_id = False
            if memory.delete_accepted_at is not None:
                memory.delete_accepted_at = clock.monotonic()  # it was done, as far as anybody can see
        except errors.NovitaError as error:
            return Result(problem=result.from_novita(error, f"delete instance {instance_id}"))
        except proof.NotProven as error:
            memory.only_by_id = False
            return Result(problem=error.as_problem())
        finally:
            memory.unseen_before = account.polls_begun
    return Result()


Costly = Callable[[Need, Pass], Awaitable[Result]]
"""A step that Novita may refuse for what the account has."""


async def _for_all(need: Need, this: Pass, step: Costly) -> Result:
    """The step, unless others wait for the same; what comes of it is true for them, too."""
    account = this.account
    held = account.pauses.admit(this.key, need, this.seen.resource.meta.reconcile_requested_at)
    if held is not None:
        return Result(problem=obstacles.refused(held, account.name))
    try:
        outcome = await step(need, this)
        if outcome.problem is None:
            account.pauses.succeeded(this.key)
        return outcome
    finally:
        account.pauses.settle(this.key)


def _need(step: Step, this: Pass) -> Need:
    """What the call asks of the account."""
    instance, status = this.seen.instance, this.seen.resource.status
    known = instance or Instance("", "", "", InstanceState.UNKNOWN)
    price = known.price_per_hour or (Decimal(status.price_per_hour) if status.price_per_hour else None)
    return Need(
        step,
        known.product_id,
        known.product_name,
        status.region or known.cluster_name,
        "Spot" if known.is_spot else "OnDemand",
        known.gpu_count or this.seen.resource.spec.gpu_count,
        price,
        known.cluster_id,
    )


def _refused(need: Need, this: Pass, error: errors.NovitaError) -> Problem | None:
    held = this.account.refused(this.key, need, error)
    return None if held is None else obstacles.refused(held, this.account.name)


Tells = Callable[[errors.NovitaError], Problem | None]
"""What a failed call means beyond itself; None: nothing."""


def _nothing(_: errors.NovitaError) -> None:
    return None


async def _call(
    verb: str, call: Callable[[], Awaitable[None]], instance_id: str, this: Pass, tells: Tells = _nothing
) -> Problem | None:
    doing = f"{verb} instance {instance_id}"
    try:
        await proof.prove(instance_id, this)
        crashpoints.reached(f"{verb}.before-call")
        await call()
        crashpoints.reached(f"{verb}.after-call")
    except (errors.NotFound, errors.InvalidState) as error:
        # The next poll says what is true now; a state that does not allow the step is tried later, not at once.
        return Problem(ConditionType.SYNCED, Reason.NOVITA_UNAVAILABLE, f"Could not {doing}: {error.message}.")
    except errors.NovitaError as error:
        return tells(error) or result.from_novita(error, doing)
    except proof.NotProven as error:
        return error.as_problem()
    finally:
        this.memory.unseen_before = this.account.polls_begun
    return None
