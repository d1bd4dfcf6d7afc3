"""Desired x observed -> Action: ordered checks, first match wins. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from novita_operator.api import meta
from novita_operator.controllers.gpu_instance import connection, drift, restarts
from novita_operator.controllers.gpu_instance.observation import Observation
from novita_operator.novita.models import Instance, InstanceState
from novita_operator.reconciling import action

Check = Callable[[Observation, datetime], action.Action | None]

# What we did last is not in the snapshot yet, or Novita is about to show something: the next poll tells.
_NEXT_POLL = action.Wait(moving=True, poll=True)


def decide(seen: Observation, now: datetime) -> action.Action:
    """The next step for this object."""
    checks = _DELETING if seen.deleting else _LIVING
    for check in checks:
        if (found := check(seen, now)) is not None:
            return found
    return action.Nothing()


def _paused(seen: Observation, _: datetime) -> action.Action | None:
    return action.Nothing() if seen.paused else None


def _unreadable(seen: Observation, _: datetime) -> action.Action | None:
    return action.Nothing() if seen.resource.unreadable is not None else None


def _account_is_of_no_use(seen: Observation, _: datetime) -> action.Action | None:
    if seen.account.state == "Usable":
        return None
    # Every end of a poll wakes the object: the cause may be gone then.
    return action.Wait(moving=seen.account.state == "Starting", poll=True)


def _more_than_one(seen: Observation, _: datetime) -> action.Action | None:
    live = seen.live
    if len(live) < 2:  # noqa: PLR2004 - one is what the object asks for
        return None
    keep = live[0].id
    return action.RemoveDuplicates(keep=keep, remove=tuple(extra.id for extra in live[1:]))


def _id_not_recorded(seen: Observation, _: datetime) -> action.Action | None:
    if seen.instance_id is None and seen.live:
        return action.Take(seen.live[0].id)
    return None


def _view_is_old(seen: Observation, _: datetime) -> action.Action | None:
    return None if seen.fresh else _NEXT_POLL


def _failed_before(seen: Observation, now: datetime) -> action.Action | None:
    """After a recorded failure: end what is billed, as `startup.onTimeout` says, and rent nothing."""
    failure = seen.resource.status.failure
    if failure is None or not seen.failure_stands:
        return None
    if seen.instance_id is None and not seen.found:
        return action.Nothing() if not seen.held else _let_go(seen)
    if failure.reason == "StartupTimeout":
        return _end_billing(seen, now)
    if failure.retry_at is not None and seen.instance is not None:
        # Its time will come; until then the instance is left as it is.
        return action.Nothing()
    if failure.reason == "InstanceLost":
        return _gone(seen, now)
    return None


def _end_billing(seen: Observation, now: datetime) -> action.Action | None:
    match seen.resource.spec.startup.on_timeout:
        case "Delete":
            return _delete_all(seen, now)
        case "Stop":
            instance = seen.instance
            return None if instance is None else _stop(instance)
        case "Keep":
            return None
        case other:
            assert_never(other)


def _replaced(seen: Observation, now: datetime) -> action.Action | None:
    """The instance of such a failure is of no use: it goes before another one comes."""
    failure = seen.resource.status.failure
    if failure is None or seen.failure_stands or failure.reason not in restarts.REPLACED or seen.power != "Running":
        return None
    old = failure.instance_id is not None and failure.instance_id == seen.instance_id
    return _delete_all(seen, now) if old else None


def _reclaimed(seen: Observation, _: datetime) -> action.Action | None:
    """Novita takes the spot instance back, or has done so."""
    instance, failure = seen.instance, seen.resource.status.failure
    if instance is None or seen.power != "Running" or not instance.reclaimed:
        return None
    if instance.state is InstanceState.MIGRATING or instance.jobs:
        # Novita moves it by itself; what comes of that is seen in the list.
        return action.Wait(moving=True)
    if failure is not None and failure.reason == "SpotReclaimed" and failure.instance_id == instance.id:
        return None
    if seen.resource.spec.on_spot_reclaim == "Stop" and instance.state is not InstanceState.EXITED:
        return None
    when = f" at {instance.spot_reclaim_at:%H:%M:%S} UTC" if instance.spot_reclaim_at else ""
    text = f"Novita takes spot instance {instance.id} back{when}."
    return action.Fail("SpotReclaimed", text, "the spot instance was taken back")


def _lifetime_is_over(seen: Observation, now: datetime) -> action.Action | None:
    if seen.power == "Released" and (seen.instance_id is not None or seen.found):
        return _delete_all(seen, now)
    end = seen.end
    if seen.power == "Running" and seen.instance_id is not None and end is not None and end.at <= now:
        return action.End(end.cause, end.action, end.message)
    return None


def _no_instance(seen: Observation, _: datetime) -> action.Action | None:
    if seen.instance_id is not None or seen.found:
        return None
    if seen.may_be_rented:
        return _NEXT_POLL
    if seen.power != "Running":
        return action.Nothing()
    return action.Launch() if seen.adopts is None else action.Adopt(seen.adopts)


def _gone(seen: Observation, _: datetime) -> action.Action | None:
    """An id that the list no longer shows: believed after the list lag, and after two looks by id."""
    if seen.instance_id is None or seen.instance is not None:
        return None
    if seen.create_may_be_hidden:
        return _NEXT_POLL
    if seen.gone_looks < 2:  # noqa: PLR2004 - a single 404 may be a flicker
        return action.ConfirmGone(seen.instance_id)
    if seen.live:
        # The recorded one is gone, and another carries our name: what was a duplicate is now the instance.
        return action.Take(seen.live[0].id)
    failure = seen.resource.status.failure
    # Told already: a user who asks for another try before it is let go asks for the next one, and for no second report.
    told = failure is not None and failure.reason == "InstanceLost" and failure.instance_id == seen.instance_id
    if told or (failure is not None and seen.failure_stands):
        return action.Release(look_first=True)
    return action.Fail(
        "InstanceLost",
        f"Instance {seen.instance_id} no longer exists at Novita; somebody else deleted it, or Novita did.",
    )


def _present(seen: Observation, now: datetime) -> action.Action | None:
    instance = seen.instance
    if instance is None:
        return None
    if seen.power == "Stopped":
        return _towards_stopped(instance)
    return _towards_running(seen, instance, now)


def _towards_stopped(instance: Instance) -> action.Action:
    if instance.state is InstanceState.EXITED:
        return action.Nothing()
    return _stop(instance)


def _stop(instance: Instance) -> action.Action:
    match instance.state:
        case InstanceState.RUNNING | InstanceState.PULLING:
            return action.Stop(instance.id)
        case InstanceState.EXITED | InstanceState.FROZEN:
            return action.Nothing()
        case _:
            return _NEXT_POLL


def _towards_running(seen: Observation, instance: Instance, now: datetime) -> action.Action:
    match instance.state:
        case InstanceState.RUNNING:
            if connection.is_current(seen.resource.status, instance):
                return _in_place(seen, instance) if seen.reach.usable else _unreached(seen, instance, now)
            # The deadline counts only for one that was asked and had no answer: nobody may have looked at it in time.
            return (_too_late(seen, now) if seen.detail is not None else None) or action.Describe(instance.id)
        case InstanceState.EXITED:
            return _exited(seen, instance)
        case InstanceState.REMOVING | InstanceState.REMOVED:
            return _NEXT_POLL
        case InstanceState.FROZEN:
            return action.Nothing()
        case _:
            return _too_late(seen, now) or _under_way(seen, now)


def _in_place(seen: Observation, instance: Instance) -> action.Action:
    """It runs, and is described: what is left is to change what the spec changed, and to see whether it is used."""
    change = drift.edit(seen, instance)
    if change is not None:
        return action.Wait(moving=True) if seen.edit_settles else change
    return action.Measure(instance.id) if seen.measure else action.Nothing()


def _unreached(seen: Observation, instance: Instance, now: datetime) -> action.Action:
    """It runs, and spec.readiness does not hold: the deadline counts on, and so does what the spec asks for."""
    step = _too_late(seen, now) or _in_place(seen, instance)
    if not isinstance(step, action.Nothing) or seen.deadline is None or seen.resource.status.ready_at is not None:
        return step
    return action.Wait(seconds=max(0.0, (seen.deadline - now).total_seconds()))


def _exited(seen: Observation, instance: Instance) -> action.Action:
    failure = seen.resource.status.failure
    if failure is not None and seen.failure_stands:
        return action.Nothing()
    if failure is not None or (seen.resource.status.stopped_at is not None and not instance.error):
        # We stopped it, or it failed and the user asks for another try.
        return action.Start(instance.id)
    reclaimed = instance.spot_status in {"reclaiming", "terminated"}
    said = instance.error or ("the spot instance was taken back" if reclaimed else None)
    cause = f"Novita says: {said}." if said else "Novita gives no reason; its command may have ended."
    return action.Fail("Failed", f"Instance {instance.id} ended by itself. {cause}", said)


def _under_way(seen: Observation, now: datetime) -> action.Wait:
    """A change in the list wakes the object, and so does the deadline."""
    if seen.deadline is None or seen.resource.status.ready_at is not None:
        return action.Wait(moving=True)
    return action.Wait(moving=True, seconds=max(0.0, (seen.deadline - now).total_seconds()))


def _too_late(seen: Observation, now: datetime) -> action.Action | None:
    """The deadline counts from a create or start call to the first Ready after it, and never later."""
    if seen.deadline is None or now < seen.deadline or seen.resource.status.ready_at is not None:
        return None
    if (seen.resource.status.failure is not None and seen.failure_stands) or seen.deadline_begins_anew:
        return None
    seconds = int(seen.startup.total_seconds())
    word = seen.instance.word if seen.instance else "unknown"
    why = f", and {seen.reach.why}" if word == "running" and not seen.reach.usable else ""
    return action.Fail(
        "StartupTimeout", f"Instance {seen.instance_id} was not Ready {seconds} s after its start; it is {word}{why}."
    )


# --- Deletion ---------------------------------------------------------------------------------------------------


def _not_held(seen: Observation, _: datetime) -> action.Action | None:
    return None if seen.held else action.Nothing()


def _given_up(seen: Observation, _: datetime) -> action.Action | None:
    left = seen.left_behind
    asked = seen.resource.meta.annotations.get(meta.FORCE_FINALIZE)
    return action.Abandon(left) if asked == left else None


def _unclear_how(seen: Observation, _: datetime) -> action.Action | None:
    unreadable = seen.resource.unreadable
    return action.Nothing() if unreadable is not None and not unreadable.can_delete else None


def _nothing_to_delete(seen: Observation, _: datetime) -> action.Action | None:
    return action.Release() if seen.nothing_was_ever_asked else None


def _retain(seen: Observation, _: datetime) -> action.Action | None:
    return action.Release() if seen.resource.spec.deletion_policy == "Retain" else None


def _account_is_out_of_reach(seen: Observation, now: datetime) -> action.Action | None:
    """A namespace that is no longer admitted rents nothing, and can still end what it has rented.

    Where lists fail, deletes may work all the same: what the last list showed is deleted without a new one.
    """
    if seen.account.state == "NotAdmitted":
        return None
    unasked = seen.resource.spec.deletion_policy == "Delete" and not seen.delete_accepted
    if seen.account.state == "Unreachable" and unasked and seen.live:
        return action.Delete(tuple(found.id for found in seen.live))
    return _account_is_of_no_use(seen, now)


def _stop_and_leave(seen: Observation, now: datetime) -> action.Action | None:
    if seen.resource.spec.deletion_policy != "Stop":
        return None
    instance = seen.instance
    if instance is None and seen.create_may_be_hidden:
        return _NEXT_POLL
    if instance is None:
        return action.Take(seen.live[0].id) if seen.live and seen.gone_looks else _let_go(seen)
    step = _more_than_one(seen, now) or _stop(instance)
    return action.Release() if isinstance(step, action.Nothing) else step


def _delete_all(seen: Observation, _: datetime) -> action.Action | None:
    if seen.live:
        return action.Delete(tuple(found.id for found in seen.live))
    if seen.found:
        return _NEXT_POLL
    unlisted = seen.only_by_id or seen.create_may_be_hidden
    if seen.instance_id is not None and not seen.delete_accepted and unlisted:
        # The list lacks it, perhaps since it is so young: asking by id is the only way to reach it.
        return action.Delete((seen.instance_id,))
    return _let_go(seen)


def _let_go(seen: Observation) -> action.Action:
    """Nothing is listed any more: make sure, then drop the finalizer."""
    if seen.instance_id is not None:
        return action.Release(look_first=True) if seen.gone_looks else action.ConfirmGone(seen.instance_id)
    return _NEXT_POLL if seen.may_be_rented else action.Release(look_first=True)


_LIVING: tuple[Check, ...] = (
    _paused,
    _unreadable,
    _account_is_of_no_use,
    _id_not_recorded,
    _view_is_old,
    _more_than_one,
    _failed_before,
    _replaced,
    _lifetime_is_over,
    _no_instance,
    _gone,
    _reclaimed,
    _present,
)

_DELETING: tuple[Check, ...] = (
    _not_held,
    _given_up,
    _paused,
    _nothing_to_delete,
    _unclear_how,
    _retain,
    _account_is_out_of_reach,
    _view_is_old,
    _stop_and_leave,
    _delete_all,
)
